"""``waman check``: who asked what about a flight, when, and what the answer was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from waman.store import Workspace


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path))
@click.argument("flight", required=False)
@click.argument("check", required=False)
@click.option("--by", default="", help="Pseudonym of the person who went through the check.")
@click.option("--answer", default="", help="What was answered, in words. Name no person.")
@click.option("--not-done", is_flag=True, help="Say that the check was not done: an answer too, kept as a doubt.")
@click.option("--json", "as_json", is_flag=True, help="Print the flight's checks as JSON.")
def command(
    workspace: Path, flight: str | None, check: str | None, by: str, answer: str, not_done: bool, as_json: bool
) -> None:
    """Show or answer the checks of a flight, the ones that failed on 20 April 2001.

    Without FLIGHT: the flights that wait. With FLIGHT: its list. With CHECK, such as tower_asked, and --by and
    --answer: record one answer. CHECK may be "doubt": then the answer says what does not fit. Or "confirmed": somebody
    who was asked knows the flight; it is weighed again, and --not-done takes the confirmation back.

    Answers are only ever added. They stay with the flight through every later run, and a doubt stands in every
    product made of it. A flight is shown as unexplained outside the workspace only after two people have gone
    through the whole list.
    """
    from waman.store import open_workspace

    space = open_workspace(workspace)
    rows = {row["flight"]: row for row in space.read("flights").to_pylist()}
    if flight is None:
        _list(rows)
        return
    if check is not None:
        rows[flight] = _record(space, _known(rows, flight), check, by=by, answer=answer, done=not not_done)
    _show(_known(rows, flight), as_json)


def _known(rows: dict[str, Any], flight: str) -> dict[str, Any]:
    from waman.errors import InputError

    if flight not in rows:
        raise InputError(f"no flight {flight!r}", hint="waman check WORKSPACE lists the flights that wait")
    return dict(rows[flight])


def _record(space: Workspace, row: dict[str, Any], check: str, *, by: str, answer: str, done: bool) -> dict[str, Any]:
    """Add one answer to the file of answers and to the flights table."""
    import time

    import shapely

    from waman.flights.checks import DOUBT, Answer, answered, carried
    from waman.flights.confirm import confirmed
    from waman.geo.time import datetime_us
    from waman.store.answers import add_answer

    now = time.time_ns() // 1000
    done = done and check != DOUBT
    answered(row["checks"], check=check, done=done, by=by, time_us=now, answer=answer)  # refuses what is no answer
    start, end = datetime_us(row["start"]), datetime_us(row["end"])
    middle = shapely.from_wkb(row["geometry"]).interpolate(0.5, normalized=True)
    given = Answer(row["flight"], check, done, by, now, answer, (start + end) // 2, middle.y, middle.x)
    add_answer(given, space.path("checks"))
    flights = confirmed(carried(space.read("flights"), [given])[0])
    space.write("flights", flights)
    return next(r for r in flights.to_pylist() if r["flight"] == row["flight"])


def _list(rows: dict[str, Any]) -> None:
    from waman.flights.checks import doubts, may_publish_unexplained

    waiting = [r for r in rows.values() if r["verdict"] == "unexplained" and may_publish_unexplained(r["checks"])]
    click.echo(f"{len(waiting)} flights wait for two people before they may be called unexplained outside")
    for row in waiting:
        click.echo(f"  {row['flight']}  {len(may_publish_unexplained(row['checks']))} checks to go")
    for row in rows.values():
        for doubt in doubts(row["checks"]):
            click.echo(
                f"  doubt: {row['flight']} ({row['verdict']}): {doubt['check']}: {doubt['answer'] or 'not done'}"
            )


def _show(row: dict[str, Any], as_json: bool) -> None:
    from waman.flights.checks import may_publish_unexplained, question

    if as_json:
        click.echo(json.dumps({k: row[k] for k in ("flight", "verdict", "checks")}, default=str, ensure_ascii=False))
        return
    click.echo(f"{row['flight']}: {row['verdict']}")
    for c in row["checks"]:
        state = ("done" if c["done"] else "not done") if c["by"] else "nobody has answered"
        told = f": {c['answer']}" if c["answer"] else ""
        who = f" ({c['by']}, {c['time']:%Y-%m-%d %H:%M} UTC)" if c["by"] else ""
        click.echo(f"  {question(c['check'], 'en')} {state}{told}{who}")
    if row["verdict"] == "unexplained":
        missing = may_publish_unexplained(row["checks"])
        click.echo(f"  {len(missing)} checks still need a person" if missing else "  two people have gone through all")
