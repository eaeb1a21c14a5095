"""``waman case``: statements, evidence, custody, what was taken; the printed file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import IO, Any

import click

from waman.cli._video import video
from waman.errors import Finding, InputError

WORKSPACE = click.option("-w", "--workspace", type=click.Path(path_type=Path), default=".", help="Folder with ledger/.")
OFFICER = click.option("--officer", default="desk", help="Pseudonym of whoever acts.")
PURPOSE = click.option("--purpose", required=True, help="Why it is read; recorded before it is opened.")


@click.group()
def command() -> None:
    """Keep a case: sealed, every event in the ledger before it is kept, every reading recorded."""


command.add_command(video)


@command.command()
@click.argument("case")
@click.option("--title", required=True)
@click.option("--compartment", default="default", show_default=True, help="Who may have it: see waman bundle peer.")
@WORKSPACE
@OFFICER
def new(case: str, title: str, compartment: str, workspace: Path, officer: str) -> None:
    """Open CASE."""
    from waman.cases import open_case
    from waman.cli._desk import now, open_desk

    with open_desk(workspace, officer) as desk:
        event = open_case(desk, case, title, now(), compartment)
    click.echo(f"case {case} opened, entry {event.entry}")


@command.command()
@click.argument("case")
@click.argument(
    "kind",
    type=click.Choice(
        ["statement", "corroborate", "contradict", "ask", "reply", "evidence", "custody", "taken", "link", "correct"]
    ),
)
@click.argument("fields", nargs=-1, metavar="FIELD=VALUE...")
@click.option("--file", "original", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Evidence file.")
@click.option("--identity", default="", help="Who a pseudonym is; sealed apart. Leave it out unless it must be kept.")
@WORKSPACE
@OFFICER
def add(
    case: str,
    kind: str,
    fields: tuple[str, ...],
    original: Path | None,
    identity: str,
    workspace: Path,
    officer: str,
) -> None:
    """Add an event to CASE, such as: add C1 statement text=... attribution=... basis=witness institution=...

    Values that read as JSON (true, 357) are taken so. An evidence file is read, never copied or changed.
    """
    from waman.cases import add_event
    from waman.cases.evidence import EVIDENCE_BYTES_MAX, describe
    from waman.cli._desk import now, open_desk

    row = dict(_field(word) for word in fields)
    if original is not None:
        if original.stat().st_size > EVIDENCE_BYTES_MAX:
            raise InputError(f"{original} is larger than {EVIDENCE_BYTES_MAX} bytes")
        row = {**describe(original.read_bytes()), **row}
    with open_desk(workspace, officer) as desk:
        event = add_event(desk, case, f"case.{kind}", row, now(), identity)
    click.echo(f"{event.name} added to case {case}, entry {event.entry}")


@command.command(name="list")
@WORKSPACE
@OFFICER
def list_cases(workspace: Path, officer: str) -> None:
    """List the cases of the workspace."""
    from waman.cases.file import cases_of
    from waman.cli._desk import open_desk

    with open_desk(workspace, officer) as desk:
        for case in cases_of(desk):
            click.echo(case)


@command.command()
@click.argument("case")
@PURPOSE
@WORKSPACE
@OFFICER
def read(case: str, purpose: str, workspace: Path, officer: str) -> None:
    """Print the events of CASE as JSON lines; the reading is recorded."""
    for event in _read(case, purpose, workspace, officer).events:
        row = {"event": event.name, "kind": event.kind, "t": event.t, "by": event.by, "entry": event.entry}
        click.echo(json.dumps({**row, **event.fields}, ensure_ascii=False))


@command.command()
@click.argument("case")
@click.argument("event", type=int)
@click.option("--reason", required=True, help="Recorded.")
@WORKSPACE
@OFFICER
def agree(case: str, event: int, reason: str, workspace: Path, officer: str) -> None:
    """Agree that the identity sealed with EVENT of CASE is opened. Two people of different institutions are needed."""
    from waman.cases.file import agree as agree_to
    from waman.cli._desk import now, open_desk

    with open_desk(workspace, officer) as desk:
        click.echo(f"recorded; {agree_to(desk, case, event, reason, now())} have agreed")


@command.command()
@click.argument("case")
@click.argument("event", type=int)
@click.option("--reason", required=True, help="Recorded before it is opened.")
@WORKSPACE
@OFFICER
def identity(case: str, event: int, reason: str, workspace: Path, officer: str) -> None:
    """Open the identity sealed with EVENT of CASE, after two other people have agreed (waman case agree)."""
    from waman.cases.file import open_identity
    from waman.cli._desk import now, open_desk

    with open_desk(workspace, officer) as desk:
        click.echo(open_identity(desk, case, event, reason, now()))


@command.command()
@click.argument("takings", type=click.File("r", encoding="utf-8", errors="replace"), required=False)
@click.option("--case", "case", help="Add up the takings of this case instead of a file.")
@click.option("--json", "as_json", is_flag=True)
@WORKSPACE
@OFFICER
def tally(takings: IO[str] | None, case: str | None, as_json: bool, workspace: Path, officer: str) -> None:
    """Add up what was taken: aircraft, pilots, drugs, cash. TAKINGS is JSON lines (see examples)."""
    from dataclasses import asdict

    from waman.cases import tally as add_up

    if case is not None:
        rows: list[Any] = [e.fields for e in _read(case, "tally", workspace, officer, "count").of("case.taken")]
    elif takings is not None:
        rows = [_json(line) for line in takings if line.strip()]
    else:
        raise InputError("nothing to add up", hint="give a file of takings, or --case")
    sums, problems = add_up(rows, getattr(takings, "name", case or ""))
    for problem in problems.kept[:3]:
        click.echo(f"problem: {problem.where}: {problem.what}", err=True)
    if not sums.operations:
        raise InputError("no taking could be read", hint='like {"operation": "a", "aircraft": true, "pilot": false}')
    click.echo(json.dumps({**asdict(sums), "problems": problems.count}) if as_json else sums.text())


@command.command(name="print")
@click.argument("case")
@PURPOSE
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The PDF.")
@click.option("--language", type=click.Choice(["es", "en"]), default="es", show_default=True)
@WORKSPACE
@OFFICER
def print_file(case: str, purpose: str, output: Path, language: str, workspace: Path, officer: str) -> None:
    """Print CASE as a foliated PDF for a court: statements, other side, evidence, custody, method, limits."""
    from waman.cases.printed import print_case

    whole = _read(case, purpose, workspace, officer, "export")
    standing = _standing(workspace, [e.entry for e in whole.events if e.origin in ("", _origin(workspace))])
    rebuild = f"waman case print {case} --language {language} --purpose ... -o file.pdf"
    output.write_bytes(print_case(whole, language, standing, rebuild))
    click.echo(f"printed to {output}; {'witnessed' if standing.witnesses else 'order on this machine only'}")


@command.command()
@click.argument("case")
@PURPOSE
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option(
    "--language", type=click.Choice(["es", "en"]), default="es", show_default=True, help="Of the map and note."
)
@WORKSPACE
@OFFICER
def export(case: str, purpose: str, output: Path, language: str, workspace: Path, officer: str) -> None:
    """Write the newsroom pack of CASE: JSON, CSV, a map with its caveat inside, method note, FollowTheMoney, proofs.

    It is the public version: who spoke is withheld unless it was a document, places are cells of about 5 km, and
    for every institution named its side stands beside. Refused while a side was not asked.
    """
    from waman.cases import follow_the_money, public_case
    from waman.cases.picture import box_of, cells_of, draw_map
    from waman.store import read_borders

    whole = _read(case, purpose, workspace, officer, "export")
    public, entities = public_case(whole), follow_the_money(whole)
    if output.exists():
        raise InputError(f"{output} already exists", hint="choose a new folder")
    output.mkdir(parents=True)
    (output / "case.json").write_text(json.dumps(public, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (output / "events.csv").write_text(_csv(public["events"]), encoding="utf-8")
    lines = "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in entities)
    (output / "entities.ftm.json").write_text(lines, encoding="utf-8")
    standing = _standing(workspace, [row["entry"] for row in public["events"] if "@" not in row["event"]])
    note = METHOD[language].format(origin=standing.origin, size=standing.size, checkpoint=standing.checkpoint)
    (output / "METHOD.txt").write_text(note, encoding="utf-8")
    (output / "proofs").mkdir()
    for seq in standing.entries:
        (output / "proofs" / f"{seq}.tlog-proof").write_text(_proof(workspace, seq), encoding="utf-8")
        (output / "proofs" / f"{seq}.json").write_text(standing.entries[seq], encoding="utf-8")
    cells = cells_of(public)
    if cells:
        order = ", ".join(standing.witnesses) or (
            "orden solo en esta máquina" if language == "es" else "order on this machine only"
        )
        about = {"origin": standing.origin, "size": standing.size, "order": order}
        for form, data in draw_map(public, read_borders(box_of(cells)), language, about).items():
            (output / f"map.{form}").write_bytes(data)
    drawn = f"{len(cells)} takings on the map" if cells else "no map: no taking has lat_deg and lon_deg"
    click.echo(f"public version written to {output}; {drawn}")


METHOD = {
    "en": """How to read this folder
events.csv and case.json hold the same events. 'entry' is the number of the event in the ledger; proofs/ holds
each of these entries and its C2SP tlog-proof, which any client of that format checks against the checkpoint below.
'basis' says what a statement rests on: document, witness or anonymous; who spoke is withheld unless it was a
document. 'sides' gives, for every institution named, its reply or the day it was asked. A number said to be 'at
least' is a lower bound from its source. map.svg and map.png show cells of about 5 km, never places; copy them with
the caveat that is in them.

Ledger {origin}, {size} entries. Its checkpoint:
{checkpoint}""",
    "es": """Cómo leer esta carpeta
events.csv y case.json contienen los mismos hechos. 'entry' es el número del asiento en el libro; proofs/ guarda cada
asiento y su prueba (C2SP tlog-proof), que cualquier cliente de ese formato comprueba con el punto de control de abajo.
'basis' dice en qué descansa una declaración: document (documento), witness (testigo) o anonymous (anónimo); quién habló
se reserva salvo que sea un documento. 'sides' da, para cada institución nombrada, su respuesta o el día en que se le
preguntó. Un número 'al menos' es una cota inferior de su fuente. map.svg y map.png muestran celdas de unos 5 km, nunca
lugares; cópielos con la advertencia que llevan dentro.

Libro {origin}, {size} asientos. Su punto de control:
{checkpoint}""",
}


def _origin(workspace: Path) -> str:
    return (workspace / "ledger" / "checkpoint").read_text(encoding="utf-8").split("\n", 1)[0]


def _standing(workspace: Path, entries: list[int]) -> Any:
    """Return what the ledger says now, after a full audit, with the entries of a case."""
    from waman.cases.printed import Standing
    from waman.ledger import Log, audit

    found = audit(workspace / "ledger")
    if found.failures:
        raise Finding(f"the ledger does not hold: {found.failures[0].what}", hint="waman verify says more")
    log = Log(workspace / "ledger")
    try:
        rows = {seq: log.entry(seq).decode() for seq in sorted(set(entries))}
        witnesses = tuple(sorted(found.cosigned)) if found.quorum else ()
        return Standing(found.origin, found.size, found.root.hex(), log.note(), witnesses, rows)
    finally:
        log.close()


def _proof(workspace: Path, seq: int) -> str:
    from waman.ledger import Log, proof_text

    log = Log(workspace / "ledger")
    try:
        return proof_text(log, seq)
    finally:
        log.close()


def _read(case: str, purpose: str, workspace: Path, officer: str, channel: str = "read") -> Any:
    from waman.cases import read_case
    from waman.cli._desk import now, open_desk

    with open_desk(workspace, officer) as desk:
        whole = read_case(desk, case, purpose, now(), channel)
    for name in whole.conflicts:
        click.echo(f"conflict: two events are called {name}; both are kept", err=True)
    return whole


def _field(word: str) -> tuple[str, Any]:
    name, equals, value = word.partition("=")
    if not equals or not name.isidentifier():
        raise InputError(f"{word!r} is not FIELD=VALUE")
    parsed = _json(value)
    return name, value if parsed is None or isinstance(parsed, dict | list) else parsed


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _csv(rows: list[dict[str, Any]]) -> str:
    """Write CSV; a cell that a spreadsheet would run as a formula gets a quote before it."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: "'" + v if isinstance(v, str) and v[:1] in "=+-@\t" else v for k, v in row.items()})
    return out.getvalue()
