"""``waman backup``: one sealed file of the ledger, the tips and the cases."""

from __future__ import annotations

import io
import sqlite3
import tempfile
import zipfile
from pathlib import Path

import click

from waman.errors import InputError

PARTS = ("ledger", "tips")
BACKUP_BYTES_MAX = 2_000_000_000


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The sealed file.")
@click.option("--to", "recipients", multiple=True, required=True, metavar="age1...", help="Who may open it.")
def command(workspace: Path, output: Path, recipients: tuple[str, ...]) -> None:
    """Back up WORKSPACE/ledger and WORKSPACE/tips into one file sealed to named recipients.

    The database is copied by SQLite's own backup while it may be in use. The file holds the ledger's
    private key and the desk's key: whoever opens it is the desk.
    """
    from waman.cli._people import demand
    from waman.tips.sealed import seal_to

    demand(workspace, "write", "config", "settings")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as into, tempfile.TemporaryDirectory() as scratch:
        count = 0
        for path in sorted(p for part in PARTS for p in (workspace / part).rglob("*") if p.is_file()):
            name = path.relative_to(workspace)
            if path.name.startswith("log.db-") or "staging" in name.parts:
                continue  # what they hold is in the copy of the database
            into.write(_copied(path, Path(scratch)) if path.name == "log.db" else path, str(name))
            count += 1
            if packed.tell() > BACKUP_BYTES_MAX:
                raise InputError(
                    f"the backup passes {BACKUP_BYTES_MAX} bytes", hint="back up the folders by other means"
                )
    if not count:
        raise InputError(f"{workspace} holds neither ledger nor tips")
    part = output.with_name(output.name + ".part")
    part.write_bytes(seal_to(packed.getvalue(), list(recipients)))
    part.replace(output)
    click.echo(f"{count} files sealed in {output}")


def _copied(path: Path, scratch: Path) -> Path:
    """Copy a live database through SQLite's backup."""
    source, copy = sqlite3.connect(path, timeout=10.0), sqlite3.connect(scratch / "copy.db")
    try:
        source.backup(copy)
    finally:
        source.close()
        copy.close()
    return scratch / "copy.db"
