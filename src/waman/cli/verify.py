"""``waman verify``: the full audit of a ledger or an exported bundle."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

import click

from waman.errors import Finding, InputError

UNPACKED_BYTES_MAX = 4_000_000_000


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--policy", type=click.File("r", encoding="utf-8", errors="replace"), help="The policy you trust (keys and quorum)."
)
@click.option("--key", help="The log's key you were given; the folder must be signed by it.")
@click.option(
    "--held",
    multiple=True,
    type=click.File("r", encoding="utf-8", errors="replace"),
    help="A checkpoint you kept from before.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the audit as JSON.")
def command(
    target: Path, policy: click.File | None, key: str | None, held: tuple[click.File, ...], as_json: bool
) -> None:
    """Audit TARGET (a ledger, an exported folder or its zip): every entry, tile, signature and witness.

    Exit 0: all of it holds. Exit 1: something does not; each finding names its file or entry.
    Without --policy or --key the folder is only shown to agree with itself. Checkpoints kept from
    before (--held) reveal a rollback or a second history.
    """
    from waman.ledger import audit
    from waman.ledger.audit import order_of
    from waman.ledger.fsck import check_database

    with tempfile.TemporaryDirectory() as scratch:
        folder = _unzip(target, Path(scratch)) if target.suffix == ".zip" else target
        rules = policy.read() if policy else None  # type: ignore[attr-defined]
        if key and rules is None and (folder / "policy").is_file():
            own = (folder / "policy").read_text(encoding="utf-8", errors="replace")
            rules = "\n".join([f"log {key}", *(line for line in own.splitlines() if not line.startswith("log "))])
        found = audit(folder, policy=rules, held=[file.read() for file in held])  # type: ignore[attr-defined]
        if found.origin:
            check_database(folder, found)
    row = {
        "ok": not found.failures,
        "origin": found.origin,
        "size": found.size,
        "root": found.root.hex(),
        "order": order_of(found),
        "cosigned": found.cosigned,
        "disclosed": len(found.disclosed),
        "failures": [{"kind": f.kind, "where": f.where, "what": f.what} for f in found.failures],
    }
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False))
    else:
        _say(found.steps, [f"FAILED {f.where}: {f.what} [{f.kind}]" for f in found.failures], str(row["order"]))
    if found.failures:
        first = found.failures[0]
        raise Finding(
            f"the audit found {len(found.failures)}: {first.where}: {first.what}", hint="keep this copy unchanged"
        )


def _say(steps: list[str], failures: list[str], order: str) -> None:
    for line in (*steps, *failures):
        click.echo(line)
    click.echo(f"{'the audit FAILED' if failures else 'all of it holds'}; {order}")


def _unzip(path: Path, into: Path) -> Path:
    """Unpack a bundle; refuses names that leave the folder and more bytes than a ledger can have."""
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(item.file_size for item in packed.infolist()) > UNPACKED_BYTES_MAX:
                raise InputError(f"{path}: unpacks to more than {UNPACKED_BYTES_MAX} bytes")
            packed.extractall(into)  # zipfile keeps members inside the folder
    except (OSError, zipfile.BadZipFile) as why:
        raise InputError(f"{path}: not a readable zip: {why}") from why
    inner = [p.parent for p in into.rglob("checkpoint")]
    return min(inner, key=lambda p: len(p.parts)) if inner else into
