"""``waman ledger``: the append-only record. ``waman verify`` audits it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from waman.errors import InputError, Problems, WamanError

if TYPE_CHECKING:
    from collections.abc import Callable

    from waman.ledger import Disclosed, Log, Record

BATCH = 5000
LINE_BYTES_MAX = 1_000_000
FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.group()
def command() -> None:
    """Keep an append-only record whose past cannot be rewritten unnoticed.

    A ledger is a folder in C2SP tlog-tiles form that any client of that format can read. Fields
    stand in it only as salted digests; what they say is kept, encrypted, in FOLDER/private.
    """


@command.command()
@FOLDER
@click.option("--origin", required=True, help="Name of the log for ever, like fiscalia.example/waman.")
def init(folder: Path, origin: str) -> None:
    """Make a new ledger in FOLDER, once."""
    from waman.ledger import create_log

    signer = create_log(folder, origin)
    click.echo(f"ledger {origin} made in {folder}")
    click.echo(f"its key, to be given on paper to whoever will verify:\n{signer.verifier().text()}")
    click.echo("order on this machine only: name witnesses in FOLDER/policy (see waman ledger witness --help)")


@command.command()
@FOLDER
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--clear", multiple=True, metavar="FIELD", help="A field that may stand readable for everybody.")
@click.option("--key", help="Name of this attempt: repeating it never records twice.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as JSON.")
def append(folder: Path, file: IO[bytes], clear: tuple[str, ...], key: str | None, as_json: bool) -> None:
    """Record the JSON lines of FILE (or standard input).

    Each line is an object with "type" and "t" (ISO 8601 with zone); all its other fields are hidden
    behind salted digests unless named with --clear. The command returns when the records are on
    the disk, signed and published.
    """
    from waman.cli._people import demand
    from waman.ledger import Log

    demand(folder.parent, "write", "ledger", "entry")
    problems = Problems()
    records = _records(file, clear, problems)
    _tell(problems)
    if not records:
        raise InputError("nothing to record", hint='a line looks like {"type": "note", "t": "2026-03-01T12:00:00Z"}')
    log = Log(folder)
    try:
        for low in range(0, len(records), BATCH):
            receipt = log.append(records[low : low + BATCH], None if key is None else f"{key}/{low}")
        order = _ask_all(log)
    finally:
        log.close()
    row = {"recorded": len(records), "size": receipt.size, "root": receipt.root.hex(), "order": order}
    text = f"recorded {len(records)}; the ledger holds {receipt.size} entries, root {row['root']}\n{order}"
    click.echo(json.dumps({**row, "problems": problems.count}) if as_json else text)


@command.command()
@FOLDER
@click.argument("index", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print entry and proof as JSON.")
def prove(folder: Path, index: int, as_json: bool) -> None:
    """Print the proof that entry INDEX (from 0) stands in the ledger, as a C2SP tlog-proof."""
    from waman.ledger import Log, proof_text

    log = Log(folder)
    try:
        text = proof_text(log, index)
        entry = log.entry(index)
    finally:
        log.close()
    if not as_json:
        click.echo(text, nl=False)
        return
    head, _, note = text.partition("\n\n")
    row = {"index": index, "entry": entry.decode(), "path": head.split("\n")[2:], "checkpoint": note}
    click.echo(json.dumps(row, ensure_ascii=False))


@command.command()
@FOLDER
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option("--disclose", multiple=True, metavar="FIELD", help="Show this field of every entry.")
@click.option("--disclose-all", is_flag=True, help="Show every field that is not erased.")
@click.option("--audience", default="public", help="Who will read it: widens or narrows what may be shown.")
def export(folder: Path, output: Path, disclose: tuple[str, ...], disclose_all: bool, audience: str) -> None:
    """Write a bundle a stranger can audit offline: tiles, checkpoint, policy, chosen fields, verify.html.

    For the public audience no field is shown unless named; a field the policy table keeps from the
    audience (see waman ledger export --audience) is refused by name.
    """
    from waman.access import audience as audience_named
    from waman.access import shows
    from waman.ledger import Log, export_bundle

    who = audience_named(audience)
    if disclose_all and who != "workspace":
        raise InputError("--disclose-all needs --audience workspace", hint="name the fields: --disclose kind")
    for name in disclose:
        if name in _SENSITIVE and not shows(who, _SENSITIVE[name]):
            raise InputError(
                f"the audience {who!r} may not see the field {name!r}", hint="choose --audience or leave it out"
            )
    allowed = _entries_shown(folder.parent)
    log = Log(folder)
    try:
        order = _order(log)
        wanted = lambda field: (disclose_all or field.name in disclose) and allowed(field)  # noqa: E731
        shown = export_bundle(log, output, wanted, order)
    finally:
        log.close()
    click.echo(f"exported to {output}: {shown} fields shown; {order}")


def _entries_shown(workspace: Path) -> Callable[[Disclosed], bool]:
    """Return whether whoever asks may show a field: by the compartment of the entry's tip or case."""
    from waman.access import Thing, decide
    from waman.access.decide import EVERY
    from waman.cases.file import compartments_of
    from waman.cli._desk import open_desk
    from waman.cli._people import asker_of
    from waman.ledger.disclose import disclosed
    from waman.tips.desk import load_tip

    if EVERY in asker_of(workspace).compartments:
        return lambda field: True
    with open_desk(workspace, "desk") as desk:
        known = compartments_of(desk)
        known |= {n: load_tip(desk, n[:-4]).compartment for n in desk.store.names() if n.endswith(".tip")}
        subject, of = desk.subject, {}
        for seq, texts in desk.log.disclosures():
            fields = {d.name: d.value for d in (disclosed(seq, text) for text in texts)}
            compartment = known.get(str(fields.get("case")), known.get(f"{fields.get('tip')}.tip", ""))
            of[seq] = Thing("ledger", str(seq), compartment, owner=str(fields.get("actor", "")))
    return lambda field: decide(subject, "read", of[field.seq], "disclosure", "export").permit


_SENSITIVE = {
    "callsign": "identity",
    "registration": "identity",
    "icao24": "identity",
    "lat_deg": "strip_exact",
    "lon_deg": "strip_exact",
    "observer_cell": "observer_cell",
    "observer": "observer_cell",
}


@command.command()
@FOLDER
def checkpoint(folder: Path) -> None:
    """Print the newest checkpoint as text and as QR code, to hand to a witness on paper."""
    from waman.cli._qr import qr_text
    from waman.ledger import Log

    log = Log(folder)
    try:
        note, order = log.note(), _order(log)
    finally:
        log.close()
    click.echo(note)
    click.echo(qr_text(note))
    click.echo(f"{order}. Whoever keeps this text can later prove a rewriting: waman verify FOLDER --held FILE")


@command.command()
@FOLDER
def publish(folder: Path) -> None:
    """Write again every tile, bundle and checkpoint that FOLDER lacks (after a restore or a power cut)."""
    from waman.ledger import Log

    log = Log(folder)
    try:
        log.publish(anew=True)
        click.echo(f"published: {log.head.size} entries")
    finally:
        log.close()


@command.command()
@FOLDER
@click.argument("index", type=int)
@click.argument("field", nargs=-1, required=True)
@click.option("--reason", required=True, help="The legal ground; it is recorded for everybody to read.")
def erase(folder: Path, index: int, field: tuple[str, ...], reason: str) -> None:
    """Erase FIELDs of entry INDEX for good. The entry's digest and every proof stay valid; the erasure is recorded.

    Copies that already left this machine are beyond reach. Where people were added, an auditor erases, after two
    people of different institutions have agreed (waman ledger agree).
    """
    from waman.cli._people import agreed_to, demand
    from waman.ledger import Log, Record
    from waman.ledger.entry import utc_text

    demand(folder.parent, "erase", "ledger", "disclosure", agreed_to(folder.parent, f"ledger.{index:09d}"))
    now = utc_text(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    log = Log(folder)
    try:
        log.entry(index)
        names = ", ".join(field)
        receipt = log.erase(index, field, Record("erasure", now, {}, {"reason": reason, "of": index, "fields": names}))
    finally:
        log.close()
    click.echo(f"erased {names} of entry {index}; recorded as entry {receipt.first}")


@command.command()
@FOLDER
@click.argument("index", type=int)
@click.option("--reason", required=True, help="Recorded.")
def agree(folder: Path, index: int, reason: str) -> None:
    """Agree that fields of entry INDEX are erased; two people of different institutions are needed."""
    from waman.access import Thing, require
    from waman.cli._desk import now, open_desk
    from waman.cli._people import keep_agreement
    from waman.ledger import Record

    with open_desk(folder.parent, "desk") as desk:
        require(desk.subject, "write", Thing("ledger"), "erasure")
        desk.log.entry(index)
        fields = {"kind": "erasure.agreed", "of": index, "reason": reason, "institution": desk.subject.institution}
        desk.log.append([Record("erasure", now(), fields, actor=desk.officer)])
        count = keep_agreement(desk, f"ledger.{index:09d}")
    click.echo(f"recorded; {count} have agreed")


@command.command()
@FOLDER
def cosign(folder: Path) -> None:
    """Ask every witness named with an address in FOLDER/policy to cosign the newest checkpoint."""
    from waman.ledger import Log

    log = Log(folder)
    try:
        click.echo(_ask_all(log))
    finally:
        log.close()


@command.command()
@click.argument("state", type=click.Path(path_type=Path))
@click.option("--name", help="Name of this witness, like defensoria.example/testigo (needed once).")
@click.option("--log", "logs", multiple=True, metavar="KEY", help="Key of a log to watch.")
@click.option("--listen", default="127.0.0.1:7380", show_default=True, help="HOST:PORT to serve on.")
@click.option("--post-quantum", is_flag=True, help="Make an ML-DSA-44 key instead of Ed25519.")
@click.option("--evidence", is_flag=True, help="Print the requests that did not fit, and stop.")
def witness(
    state: Path, name: str | None, logs: tuple[str, ...], listen: str, post_quantum: bool, evidence: bool
) -> None:
    """Be a witness: cosign a log's checkpoints as long as each one extends the last.

    STATE is this witness's own folder, on a machine and in hands other than the log's. It never sees
    an entry. A fork or a rollback is refused and kept as evidence. The log's keeper adds the printed
    line to the file 'policy'.
    """
    from waman.ledger.note import KeyKind, new_signer, parse_signer, parse_verifier
    from waman.ledger.witness import Witness, serve_witness

    key = state / "witness.key"
    if not key.is_file():
        if not name:
            raise InputError(f"{state} holds no witness yet", hint="give it a name: --name defensoria.example/testigo")
        state.mkdir(parents=True, exist_ok=True)
        kind = KeyKind.COSIGNER_ML_DSA_44 if post_quantum else KeyKind.COSIGNER
        key.touch(mode=0o600)
        key.write_text(new_signer(name, kind).text() + "\n", encoding="utf-8")
    signer = parse_signer(key.read_text(encoding="utf-8"))
    watching = Witness(state / "witness.db", signer, [parse_verifier(k) for k in logs], lambda: int(time.time()))
    if evidence:
        for row in watching.evidence():
            click.echo(json.dumps(row))
        return
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise InputError(f"{listen!r} is not HOST:PORT", hint="like 127.0.0.1:7380")
    server = serve_witness(watching, host, int(port))
    click.echo(f"witness W {signer.verifier().text()} http://{listen}\nserving; stop with Ctrl-C")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def _records(file: IO[bytes], clear: tuple[str, ...], problems: Problems) -> list[Record]:
    from waman.ledger import parse_record

    records = []
    for number, line in enumerate(file, 1):
        try:
            if len(line) > LINE_BYTES_MAX:
                raise InputError(f"a line of {len(line)} bytes, at most {LINE_BYTES_MAX}")
            if line.strip():
                records.append(parse_record(line.decode(), clear))
        except (InputError, UnicodeDecodeError) as why:
            problems.add(f"{getattr(file, 'name', '-')}:{number}", str(why), line[:100].decode(errors="replace"))
    return records


def _tell(problems: Problems) -> None:
    for problem in problems.kept[:3]:
        click.echo(f"problem: {problem.where}: {problem.what}", err=True)
    if problems.count:
        click.echo(f"{problems.count} lines could not be recorded", err=True)


def _ask_all(log: Log) -> str:
    """Ask the witnesses of the policy; a silent one is named, never hidden."""
    from waman.ledger.policy import parse_policy
    from waman.ledger.witness import ask_witness

    policy = parse_policy((log.folder / "policy").read_text(encoding="utf-8"))
    lines: dict[str, str] = {}
    for name, url in policy.urls.items():
        key = policy.witnesses[name]
        try:
            lines[key.name], _ = ask_witness(log.disk, url, key, log.note(), log.tile, log.signer.verifier())
        except WamanError as why:
            click.echo(f"{why}", err=True)
    if lines:
        log.add_cosignatures(log.head.size, lines)
    return _order(log)


def _order(log: Log) -> str:
    from waman.ledger.note import open_note
    from waman.ledger.policy import parse_policy

    policy = parse_policy((log.folder / "policy").read_text(encoding="utf-8"))
    cosigned = open_note(log.note(), policy.logs, list(policy.witnesses.values())).cosigned
    if policy.quorum != "none" and policy.met(cosigned):
        return "order witnessed by " + ", ".join(sorted(cosigned))
    missing = "" if policy.quorum == "none" else f" (the quorum {policy.quorum!r} is not reached)"
    return "order on this machine only" + missing
