"""``waman run``: the stages in order, over one workspace."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path))
@click.option(
    "--audience", default="public", show_default=True, help="Whom the report is for; what it may show follows."
)
@click.option("--causal", is_flag=True, help="Track as a live display would have: no row uses later plots.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object at the end instead of lines.")
def command(workspace: Path, audience: str, causal: bool, as_json: bool) -> None:
    """Decode, cover, track, explain and report the recordings of WORKSPACE.

    WORKSPACE is a folder with an area.toml (waman new makes one). Every stage writes its table there; the report is
    report.html, one page that works without a network, and report.json beside it.
    """
    from collections import Counter

    from waman.access import audience as audience_of
    from waman.cli._stages import run_workspace
    from waman.store import open_workspace

    who = audience_of(audience)
    say = (lambda line: None) if as_json else click.echo
    done = run_workspace(open_workspace(workspace), say=say, audience=who, causal=causal)
    verdicts = Counter(done.flights["verdict"].to_pylist())
    if as_json:
        told = {
            "plots": done.plots.num_rows,
            "tracks": len(done.tracks["track"].unique()),
            "flights": done.flights.num_rows,
            **{v: verdicts.get(v, 0) for v in ("explained", "insufficient", "unexplained")},
            "problems": done.problems.count,
            "seconds": {k: round(v, 3) for k, v in done.seconds.items()},
            "report": str(done.workspace.path("report_html")),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if done.problems.count:
        click.echo(f"{done.problems.count} problems, in {done.workspace.path('problems')}; the first:")
        for problem in done.problems.kept[:3]:
            click.echo(f"  {problem.where}: {problem.what} {problem.value}".rstrip())
    click.echo(f"report: {done.workspace.path('report_html')}")
