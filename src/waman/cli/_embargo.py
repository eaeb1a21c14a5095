"""``waman tip embargo`` and ``waman tip open``."""

from __future__ import annotations

from pathlib import Path

import click

from waman.errors import InputError

WORKSPACE = click.option("-w", "--workspace", type=click.Path(path_type=Path), default=".", help="Folder with ledger/.")
OFFICER = click.option("--officer", default="desk", help="Pseudonym of whoever acts.")


@click.command()
@click.argument("tip")
@WORKSPACE
@OFFICER
@click.option("--step", type=int, required=True)
@click.option("--custodian", "custodians", multiple=True, required=True, help="Pseudonym of a custodian.")
@click.option("--needed", type=int, default=2, show_default=True, help="How many must agree.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the shares.")
def embargo(
    tip: str, workspace: Path, officer: str, step: int, custodians: tuple[str, ...], needed: int, output: Path
) -> None:
    """Put a step of TIP in the hands of custodians: NEEDED of them open it.

    Against custodians who collude this is not cryptographic: it is seen afterwards, not prevented.
    """
    from waman.cli._desk import now, open_desk
    from waman.tips.custody import embargo as seal_step

    if output.exists() and any(output.iterdir()):
        raise InputError(f"{output} is not empty", hint="choose a new folder")
    with open_desk(workspace, officer) as desk:
        given = seal_step(desk, tip, step, custodians, needed, now())
    output.mkdir(parents=True, exist_ok=True)
    for who, share in given.items():
        path = output / f"{tip}.{step}.{who}.share"
        path.touch(mode=0o600)
        path.write_text(share + "\n", encoding="utf-8")
    click.echo(f"{len(given)} shares in {output}; hand each over, then delete them here")


@click.command(name="open")
@click.argument("tip")
@WORKSPACE
@OFFICER
@click.option("--step", type=int, required=True)
@click.option("--share", "shares", multiple=True, required=True, metavar="CUSTODIAN=FILE")
@click.option("--reason", required=True, help="Why it is opened; recorded.")
def open_step(tip: str, workspace: Path, officer: str, step: int, shares: tuple[str, ...], reason: str) -> None:
    """Open an embargoed step of TIP with the custodians' shares; each share is recorded."""
    from waman.cli._desk import now, open_desk
    from waman.tips.custody import open_embargo

    given = {}
    for word in shares:
        who, _, file = word.partition("=")
        given[who] = Path(file).read_text(encoding="utf-8").strip()
    with open_desk(workspace, officer) as desk:
        click.echo(open_embargo(desk, tip, step, given, reason, now()).decode())
