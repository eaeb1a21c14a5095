"""``waman correct``: what an analyst knows better than the tracker, with a reason, and reversible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from waman.store import Workspace
    from waman.tracks.corrections import Plot


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path))
@click.argument("kind", required=False, type=click.Choice(["merge", "split", "reject", "undo"]))
@click.option("--track", "tracks", type=int, multiple=True, help="Track number in tracks.parquet; twice for merge.")
@click.option("--at", help="Time (ISO 8601, UTC): where to split, or near which plot to reject.")
@click.option("--plot", type=(str, int), help="Source and offset of the plot to reject, instead of --track and --at.")
@click.option("--of", type=int, help="Number of the correction to undo.")
@click.option("--because", default="", help="The reason. It stays with the correction.")
@click.option("--by", default="", help="Pseudonym of the person who corrects.")
@click.option("--json", "as_json", is_flag=True, help="Print the corrections and what became of them as JSON.")
def command(
    workspace: Path,
    kind: str | None,
    tracks: tuple[int, ...],
    at: str | None,
    plot: tuple[str, int] | None,
    of: int | None,
    because: str,
    by: str,
    as_json: bool,
) -> None:
    """List or add corrections of a workspace's tracks: merge two, split one, reject a plot, undo.

    A correction is kept under the plots it speaks of in corrections.jsonl, which is only ever added to. Every later
    run applies it again, or lists it as no longer applicable where those plots are in no track. It takes effect with
    the next "waman run".
    """
    from waman.store import open_workspace

    space = open_workspace(workspace)
    if kind is not None:
        _add(space, kind, _plots(space, kind, tracks, at, plot), of=of, because=because, by=by)
    _show(space, as_json)


def _plots(
    space: Workspace, kind: str, tracks: tuple[int, ...], at: str | None, plot: tuple[str, int] | None
) -> tuple[Plot, ...]:
    """Return the plots a correction names, from track numbers and times as people give them."""
    from waman.errors import InputError
    from waman.geo.time import parse_utc_us
    from waman.tracks.corrections import around, joint, nearest

    if kind == "undo":
        return ()
    if kind == "reject" and plot is not None:
        return (plot,)
    rows = space.read("tracks")
    if kind == "merge":
        if len(set(tracks)) != 2:
            raise InputError("merge needs two different tracks", hint="--track 3 --track 9")
        return joint(rows, tracks[0], tracks[1])
    if len(tracks) != 1 or at is None:
        raise InputError(f"{kind} needs one track and a time", hint="--track 3 --at 2026-03-01T06:10:00Z")
    time_us = parse_utc_us(at)
    return around(rows, tracks[0], time_us) if kind == "split" else (nearest(rows, tracks[0], time_us),)


def _add(space: Workspace, kind: str, plots: tuple[Plot, ...], *, of: int | None, because: str, by: str) -> None:
    import time

    from waman.store.corrections import add_correction, read_corrections
    from waman.tracks.corrections import Correction

    path = space.path("corrections")
    number = max((c.number for c in read_corrections(path)), default=0) + 1
    new = Correction(number, kind, plots, of if kind == "undo" else None, by, time.time_ns() // 1000, because)
    add_correction(new, path)


def _show(space: Workspace, as_json: bool) -> None:
    """Print every correction and whether it holds in the workspace as it stands."""
    from dataclasses import asdict

    from waman.geo.time import us_text
    from waman.store.corrections import read_corrections
    from waman.tracks.corrections import active, revised, withheld

    every = read_corrections(space.path("corrections"))
    found = []
    if space.path("plots").exists():
        found += withheld(space.read("plots"), every)[1]
    if space.path("tracks").exists():
        found += revised(space.read("tracks"), every)[1]
    became = {o.number: o for o in found}
    force = {c.number for c in active(every)}
    if as_json:
        rows = [
            asdict(c)
            | {"in_force": c.number in force, "outcome": asdict(became[c.number]) if c.number in became else None}
            for c in every
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    click.echo(f"{len(every)} corrections, {len(force)} in force; the next run applies them")
    for c in every:
        state = "in force" if c.number in force else ("undo" if c.kind == "undo" else "undone")
        if c.number in became and not became[c.number].holds:
            state = f"no longer applicable: {became[c.number].why}"
        what = f"of {c.of}" if c.kind == "undo" else " ".join(f"{s}@{o}" for s, o in c.plots)
        click.echo(f"  {c.number} {c.kind} {what} ({c.by}, {us_text(c.time_us)[:16]}): {c.reason} [{state}]")
