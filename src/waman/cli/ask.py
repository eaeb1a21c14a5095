"""``waman ask`` says whether any sensor could have seen an aircraft here then."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from waman.coverage.answer.ask import Answer

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("area_file", metavar="AREA", type=_PATH)
@click.option("--place", required=True, help="Where, as people write it: -12.1,-75.9 or 12 06 S 75 54 W.")
@click.option("--from", "start", required=True, help="Start, ISO 8601; without a zone the area's applies.")
@click.option("--to", "end", required=True, help="End, ISO 8601.")
@click.option("--height", type=click.FloatRange(0.0, 30_000.0), required=True, help="Height above ground [m].")
@click.option("--field", "field_folder", type=_PATH, help="Field folder [default: field/ beside AREA].")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(
    area_file: Path, place: str, start: str, end: str, height: float, field_folder: Path | None, as_json: bool
) -> None:
    """Say whether any sensor could have seen an aircraft at a place, time and height.

    Per sensor: the probability of detection a scan for cross-sections of 1 to 5 m2, how long it was
    on, off or in an unknown state, and why it sees nothing where it does. Then what is on record
    near the place: plots, reports, plans, scenes. A sensor whose state nobody recorded is unknown.
    """
    from waman.config import load_area
    from waman.coverage.answer.ask import Question, ask
    from waman.geo.positions import parse_position
    from waman.geo.time import parse_utc_us, zone

    area = load_area(area_file)
    where = parse_position(place)
    local = zone(area.timezone)
    question = Question(
        where.lat_deg, where.lon_deg, parse_utc_us(start, timezone=local), parse_utc_us(end, timezone=local), height
    )
    answer = ask(field_folder or Path(area.folder) / "field", Path(area.folder), question)
    click.echo(json.dumps({"answer": answer.sentences, **asdict(answer)}, indent=2) if as_json else _text(answer))


def _text(answer: Answer) -> str:
    lines = [answer.sentences, "", f"{'sensor':<16} {'Pd a scan':>11} {'on':>7} {'off':>7} {'unknown':>8}  remark"]
    total = max((answer.question.end_us - answer.question.start_us) / 1e6, 1e-6)
    for s in answer.sensors:
        pd = "unknown" if s.pd is None else f"{s.pd[0]:.2f}-{s.pd[1]:.2f}"
        note = "; ".join(t for t in (s.why, s.resolution_class if "bound" in s.resolution_class else "") if t)
        shares = f"{s.on_s / total:7.0%} {s.off_s / total:7.0%} {s.unknown_s / total:8.0%}"
        lines.append(f"{s.sensor:<16} {pd:>11} {shares}  {note}")
    for name, rows in answer.examples.items():
        lines += [f"{name}: {row}" for row in rows]
    return "\n".join(lines)
