"""``waman restore``: open a backup into a new folder and audit it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import click

from waman.errors import Finding, InputError

UNPACKED_BYTES_MAX = 8_000_000_000


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("workspace", type=click.Path(path_type=Path))
@click.option(
    "--identity",
    type=click.File("r", encoding="utf-8", errors="replace"),
    required=True,
    help="File with the age identity.",
)
def command(file: Path, workspace: Path, identity: click.File) -> None:
    """Restore a backup FILE into WORKSPACE, which must not hold a ledger, and audit what came out.

    Entries made after the backup are not in it. If anybody holds a newer checkpoint, or a witness has
    signed one, do not append here: it would be a second history.
    """
    from waman.ledger import audit
    from waman.ledger.fsck import check_database
    from waman.tips.sealed import open_with

    if (workspace / "ledger").exists() or (workspace / "tips").exists():
        raise InputError(f"{workspace} already holds a ledger or tips", hint="restore into a new folder")
    lines = [line for line in identity.read().splitlines() if line.startswith("AGE-SECRET-KEY-")]  # type: ignore[attr-defined]
    if not lines:
        raise InputError("no age identity in that file", hint="it holds a line AGE-SECRET-KEY-1...")
    data = open_with(file.read_bytes(), lines[0])
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(item.file_size for item in packed.infolist()) > UNPACKED_BYTES_MAX:
                raise InputError(f"{file}: unpacks to more than {UNPACKED_BYTES_MAX} bytes")
            packed.extractall(workspace)
    except zipfile.BadZipFile as why:
        raise InputError(f"{file}: not a backup of this program") from why
    for private in (workspace / "ledger" / "private", workspace / "tips"):
        for path in [private, *private.rglob("*")] if private.is_dir() else []:
            path.chmod(0o700 if path.is_dir() else 0o600)
    found = audit(workspace / "ledger")
    check_database(workspace / "ledger", found)
    if found.failures:
        raise Finding(f"restored, but the audit fails: {found.failures[0].where}: {found.failures[0].what}")
    click.echo(
        f"restored {found.size} entries, audit clean; before appending, ask the witnesses for a newer checkpoint"
    )
