"""``waman tip list``, ``read`` and ``history``: what whoever is signed in may see of tips."""

from __future__ import annotations

import json
from pathlib import Path

import click

from waman.errors import InputError

WORKSPACE = click.option("-w", "--workspace", type=click.Path(path_type=Path), default=".", help="Folder with ledger/.")
OFFICER = click.option("--officer", default="desk", help="Pseudonym of whoever acts, while nobody was added.")


@click.command(name="list")
@WORKSPACE
@OFFICER
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_tips(workspace: Path, officer: str, as_json: bool) -> None:
    """List the tips whose existence you may know of, and those that came from peers."""
    from waman.access import decide
    from waman.cases.exchange import asked_of, peer_records
    from waman.cli._desk import open_desk
    from waman.tips.desk import tips_of

    with open_desk(workspace, officer) as desk:
        rows = [(t.tip, "", t.grade, t.window_start) for t in tips_of(desk)]
        for record in peer_records(desk):
            if record.name.endswith(".tip") and decide(desk.subject, "read", *asked_of(record), "list").permit:
                raw = json.loads(record.content())
                rows.append((raw["tip"], record.origin.split("+")[0], raw["grade"], raw["window_start"]))
    for tip, origin, grade, start in sorted(rows):
        row = {"tip": tip, "origin": origin, "grade": grade, "window_start": start}
        click.echo(json.dumps(row) if as_json else f"{tip}{'@' + origin if origin else ''}  {grade}  {start}")


@click.command()
@click.argument("tip")
@WORKSPACE
@OFFICER
@click.option("--step", type=int, default=1, show_default=True)
@click.option("--purpose", required=True, help="Why it is read; recorded before it is opened.")
def read(tip: str, workspace: Path, officer: str, step: int, purpose: str) -> None:
    """Print a step of TIP; the reading is recorded. A unit sees the steps released to it."""
    from waman.cli._desk import now, open_desk
    from waman.ledger import Record
    from waman.tips.desk import permitted

    with open_desk(workspace, officer) as desk:
        whole = permitted(desk, tip, "read", "content", step=step)
        if not 1 <= step <= len(whole.steps):
            raise InputError(f"tip {tip} has steps 1 to {len(whole.steps)}, not {step}")
        fields = {"kind": "tip.read", "tip": tip, "step": step, "purpose": purpose}
        desk.log.append([Record("tip", now(), fields, actor=desk.officer)])
        click.echo(whole.steps[step - 1])


@click.command()
@click.argument("tip")
@WORKSPACE
@OFFICER
def history(tip: str, workspace: Path, officer: str) -> None:
    """Print what the ledger holds on TIP, one JSON object an entry; who was told only to those who may know."""
    from waman.cli._desk import open_desk
    from waman.tips.desk import history as history_of

    with open_desk(workspace, officer) as desk:
        for row in history_of(desk, tip):
            click.echo(json.dumps(row, ensure_ascii=False))
