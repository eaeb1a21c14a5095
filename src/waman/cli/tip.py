"""``waman tip``: sealed tips, provable coins, the leak test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click

from waman.cli._embargo import embargo, open_step
from waman.cli._tip_reading import history, list_tips, read
from waman.errors import Finding, InputError

WORKSPACE = click.option(
    "-w", "--workspace", type=click.Path(path_type=Path), default=".", help="Folder with ledger/ and tips/."
)
OFFICER = click.option("--officer", default="desk", help="Pseudonym of whoever acts.")


@click.group()
def command() -> None:
    """Seal tips, decide by coin who hears, share them in steps, and test for leaks.

    Everything is recorded in WORKSPACE/ledger before it leaves; the order new, plan, release, outcome
    makes the leak test possible later.
    """


@command.command()
@click.argument("tip")
@WORKSPACE
@OFFICER
@click.option("--step", "steps", multiple=True, required=True, help="Text of a step, coarse first (1 to 4 times).")
@click.option("--start", required=True, help="Begin of the watched window, ISO 8601 with zone.")
@click.option("--end", required=True, help="End of the watched window.")
@click.option("--cell", required=True, help="Place cell that is watched.")
@click.option("--watch", required=True, help="The watching plan, fixed now.")
@click.option("--pd", required=True, type=float, help="Chance that a show would be seen (waman ask), fixed now.")
@click.option("--tell", multiple=True, metavar="UNIT", help="A unit that hears in any case.")
@click.option("--coin", multiple=True, metavar="UNIT=P", help="A unit that hears with chance P (0.2 to 0.8).")
@click.option("--team", help="A team of the area file; whoever must supply its transport is told too.")
@click.option("--grade", default="F6", help="Grade of the source (A1 to F6).")
@click.option("--compartment", default="default")
@click.option("--safety", is_flag=True, help="It touches life, medevac or deconfliction: all hear at once, no coin.")
def new(
    tip: str,
    workspace: Path,
    officer: str,
    steps: tuple[str, ...],
    start: str,
    end: str,
    cell: str,
    watch: str,
    pd: float,
    tell: tuple[str, ...],
    coin: tuple[str, ...],
    team: str | None,
    grade: str,
    compartment: str,
    safety: bool,
) -> None:
    """Register TIP: window, place, watching plan and chances are fixed here, before any coin."""
    from waman.cli._desk import now, open_desk
    from waman.ledger.entry import utc_text
    from waman.tips import Tip, register

    told = [*tell, *_transport(workspace, team)]
    row = Tip(
        tip,
        compartment,
        grade,
        utc_text(start),
        utc_text(end),
        cell,
        watch,
        pd,
        steps,
        tuple(dict.fromkeys(told)),
        _shares(coin),
        safety,
    )
    with open_desk(workspace, officer) as desk:
        seq = register(desk, row, now())
    click.echo(f"tip {tip} registered as entry {seq}; could know so far: {', '.join(told) or 'the desk only'}")


@command.command()
@click.argument("tip")
@WORKSPACE
@OFFICER
@click.option("--json", "as_json", is_flag=True)
def plan(tip: str, workspace: Path, officer: str, as_json: bool) -> None:
    """Draw which units hear TIP: the draw is committed to the ledger before anything is shared."""
    from waman.cli._desk import now, open_desk
    from waman.tips.desk import draw, recipients

    with open_desk(workspace, officer) as desk:
        thrown = draw(desk, tip, now())
        hearing = recipients(desk, tip)
    if as_json:
        click.echo(json.dumps({"tip": tip, "coins": thrown, "told": hearing}))
        return
    for unit, coin in thrown.items():
        click.echo(f"{unit}: {'hears' if coin else 'does not hear'}")
    click.echo(f"could know: {', '.join(hearing) or 'the desk only'}. Keep this page to yourself until the outcome.")


@command.command()
@click.argument("tip")
@WORKSPACE
@OFFICER
@click.option("--step", type=int, default=1, show_default=True)
@click.option("--key", "keys", multiple=True, metavar="UNIT=age1...", help="Key of each unit that hears.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the age files.")
@click.option("--variant", "variants", multiple=True, help="A wording of the step (4 are best); needs --authorised-by.")
@click.option("--authorised-by", default="", help="Reference of the prosecutor's written order for variants.")
def release(
    tip: str,
    workspace: Path,
    officer: str,
    step: int,
    keys: tuple[str, ...],
    output: Path,
    variants: tuple[str, ...],
    authorised_by: str,
) -> None:
    """Seal a step of TIP for each unit that hears it; the ledger knows before the files exist."""
    from waman.cli._desk import now, open_desk
    from waman.tips.desk import draw_variants
    from waman.tips.desk import release as release_step

    named = dict(k.split("=", 1) for k in keys if "=" in k)
    with open_desk(workspace, officer) as desk:
        texts = draw_variants(desk, tip, step, variants, authorised_by, now()) if variants else None
        files = release_step(desk, tip, step, named, now(), texts)
    output.mkdir(parents=True, exist_ok=True)
    for unit, data in files.items():
        (output / f"{tip}.{step}.{unit}.age").write_bytes(data)
    click.echo(f"step {step} sealed for {', '.join(files) or 'nobody'} in {output}; they could know from now on")
    for number, text in enumerate(variants, 1):
        click.echo(f"variant {number}: {text}")


command.add_command(release, name="share")
command.add_command(embargo)
command.add_command(open_step)
command.add_command(list_tips)
command.add_command(read)
command.add_command(history)


@command.command()
@click.argument("tip")
@click.argument("unit")
@WORKSPACE
@OFFICER
@click.option("--step", type=int, default=1, show_default=True)
def ack(tip: str, unit: str, workspace: Path, officer: str, step: int) -> None:
    """Record that UNIT says it has read a step of TIP."""
    from waman.cli._desk import now, open_desk
    from waman.tips.desk import acknowledge

    with open_desk(workspace, officer) as desk:
        click.echo(f"recorded as entry {acknowledge(desk, tip, step, unit, now())}")


@command.command()
@click.argument("tip")
@click.argument("result", type=click.Choice(["show", "no_show", "unknown"]))
@WORKSPACE
@OFFICER
@click.option("--recorder", required=True, help="Pseudonym of the recorder, who must not have been told.")
@click.option("--evidence", multiple=True, metavar="SHA256", help="Digest of an evidence file.")
@click.option("--reaction", type=int, help="Number of the variant somebody acted upon, where that was seen.")
def outcome(
    tip: str,
    result: str,
    workspace: Path,
    officer: str,
    recorder: str,
    evidence: tuple[str, ...],
    reaction: int | None,
) -> None:
    """Record what came of TIP, then reveal its draw."""
    from waman.cli._desk import now, open_desk
    from waman.tips.desk import load_tip, record_outcome, reveal

    with open_desk(workspace, officer) as desk:
        record_outcome(desk, tip, result, recorder, now(), evidence, reaction)
        if load_tip(desk, tip).share_probability and not load_tip(desk, tip).safety:
            reveal(desk, tip, now())
    click.echo(f"tip {tip}: {result} recorded, draw revealed")


@command.command()
@click.argument("tip")
@WORKSPACE
@OFFICER
@click.option("--reason", required=True)
def recall(tip: str, workspace: Path, officer: str, reason: str) -> None:
    """Withdraw TIP: later steps are not sent. What was opened stays known."""
    from waman.cli._desk import now, open_desk
    from waman.tips.desk import RECALL_LIMIT
    from waman.tips.desk import recall as recall_tip

    with open_desk(workspace, officer) as desk:
        recall_tip(desk, tip, reason, now())
    click.echo(f"tip {tip} withdrawn. {RECALL_LIMIT}")


@command.command()
@click.argument("tips", type=click.File("r", encoding="utf-8", errors="replace"), required=False)
@click.option("--ledger", type=click.Path(path_type=Path), help="A ledger or export that proves the coins.")
@click.option("--assume-randomised", is_flag=True, help="For research: believe the flags; marks every page.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write leak.json here.")
@click.option("--json", "as_json", is_flag=True, help="Print leak.json.")
def leak(
    tips: IO[str] | None, ledger: Path | None, assume_randomised: bool, output: Path | None, as_json: bool
) -> None:
    """Test whether telling a unit makes the plane stay away. TIPS is tips.jsonl.

    A file alone proves nothing: it names nobody. With --ledger the coins are checked against the
    record (register, commit, draw, send, outcome, reveal); one tip left out, re-dated, changed or
    revealed early voids the run (exit 1).
    """
    from waman.cli._leak import run_leak

    result, refusal = run_leak(tips, ledger, assume_randomised)
    text = json.dumps(result.as_dict(), ensure_ascii=False, indent=2)
    if output:
        output.write_text(text + "\n", encoding="utf-8")
    click.echo(text if as_json else result.statement)
    if refusal:
        raise Finding(refusal, hint="nobody is named; correct the record's cause, never the record")


def _shares(coins: tuple[str, ...]) -> dict[str, float]:
    shares = {}
    for coin in coins:
        unit, _, chance = coin.partition("=")
        try:
            shares[unit] = float(chance)
        except ValueError as why:
            raise InputError(f"--coin {coin!r} is not UNIT=P", hint="like --coin unit-1=0.5") from why
    return shares


def _transport(workspace: Path, team: str | None) -> list[str]:
    """Return the unit that must be asked for a team's transport, and so is told."""
    if team is None:
        return []
    from waman.config import load_area

    teams = {t.id: t for t in load_area(workspace).team}
    if team not in teams:
        raise InputError(f"no team {team!r} in the area file", hint="known: " + (", ".join(teams) or "none"))
    unit = teams[team].transport_unit
    return [unit] if unit else []
