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
SHOWN = 40


@click.command()
@click.argument("area_file", metavar="AREA", type=_PATH)
@click.option("--place", help="Where, as people write it: -12.1,-75.9 or 12 06 S 75 54 W.")
@click.option("--from", "start", help="Start, ISO 8601; without a zone the area's applies.")
@click.option("--to", "end", help="End, ISO 8601.")
@click.option("--height", type=click.FloatRange(0.0, 30_000.0), help="Height above ground [m].")
@click.option("--weather", type=click.Choice(["calm", "wind", "rain"]), help="Weather at observers, where known.")
@click.option("--dark", is_flag=True, help="Ask instead when it was dark: hours sensors were off or unknown.")
@click.option("--field", "field_folder", type=_PATH, help="Field folder [default: field/ beside AREA].")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(
    area_file: Path, place: str | None, start: str | None, end: str | None, height: float | None,
    weather: str | None, dark: bool, field_folder: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Say whether any sensor could have seen an aircraft at a place, time and height.

    Per sensor: the probability of detection a scan for cross-sections of 1 to 5 m2, how long it was
    on, off or in an unknown state, and why it sees nothing where it does. Then what is on record
    near the place: plots, reports, plans, scenes. A sensor whose state nobody recorded is unknown.

    With --dark: the hours each sensor was down, degraded or unknown, and which reports and flights
    fell inside them; without --from and --to over the span of the plots.
    """
    from waman.config import load_area
    from waman.geo.time import parse_utc_us, zone

    area = load_area(area_file)
    folder, local = Path(area.folder), zone(area.timezone)
    start_us, end_us = (None if text is None else parse_utc_us(text, timezone=local) for text in (start, end))
    root = field_folder or folder / "field"
    if dark:
        _dark(root, folder, start_us, end_us, as_json=as_json)
        return
    if place is None or start_us is None or end_us is None or height is None:
        raise click.UsageError("a question needs --place, --from, --to and --height (or --dark)")
    from waman.coverage.answer.ask import Question, ask
    from waman.geo.positions import parse_position

    where = parse_position(place)
    answer = ask(root, folder, Question(where.lat_deg, where.lon_deg, start_us, end_us, height, weather))
    click.echo(json.dumps({"answer": answer.sentences, **asdict(answer)}, indent=2) if as_json else _text(answer))


def _dark(root: Path, folder: Path, start_us: int | None, end_us: int | None, *, as_json: bool) -> None:
    from waman.coverage.answer.dark import dark_hours
    from waman.geo.time import us_text

    found = dark_hours(root, folder, start_us, end_us)
    if as_json:
        click.echo(json.dumps({"answer": found.sentences, **asdict(found)}, indent=2))
        return
    lines = [found.sentences, "", f"{'sensor':<16} {'down h':>8} {'degraded h':>11} {'unknown h':>10}"]
    for sensor in found.sensors:
        down, degraded, unknown = (found.hours(sensor, state) for state in ("down", "degraded", "unknown"))
        lines.append(f"{sensor:<16} {down:8.1f} {degraded:11.1f} {unknown:10.1f}")
    lines += [
        "",
        *(f"{d.sensor}: {d.state} {us_text(d.start_us)} to {us_text(d.end_us)}" for d in found.stretches[:SHOWN]),
    ]
    if len(found.stretches) > SHOWN:
        lines.append(f"and {len(found.stretches) - SHOWN} stretches more (--json has all)")
    lines += [f"{event}: dark at {', '.join(sensors)}" for event, sensors in list(found.events.items())[:SHOWN]]
    if len(found.events) > SHOWN:
        lines.append(f"and {len(found.events) - SHOWN} reports and flights more (--json has all)")
    click.echo("\n".join(lines))


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
