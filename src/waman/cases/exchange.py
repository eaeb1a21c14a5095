"""Exchange between workspaces without a network: signed records, unions that converge, conflicts kept.

A record belongs to the workspace that made it (its origin) and never changes; a workspace's knowledge is a
set of records, so that bundles may come in any order, twice, or by way of others, and all end alike. Two
different records under one name are a conflict: both are kept and told. Each record is signed by its
origin and carries its compartment, which is asked when it leaves and again when it arrives.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256

from waman.access import Subject, Thing, decide
from waman.errors import InputError, Problems
from waman.ledger import Record
from waman.ledger.disclose import disclosed
from waman.ledger.note import Signer, Verifier, parse_verifier
from waman.tips import Desk
from waman.tips.sealed import open_with, seal_to

FORMAT = "waman/bundle/v1"
RECORDS_MAX = 100_000
RECORD_BYTES_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class Packed:
    """One record as exchanged: origin key, name, compartment, its bytes as base64, the origin's signature."""

    origin: str
    name: str
    compartment: str
    data: str
    signature: str

    @property
    def id(self) -> str:
        """Digest over origin, name, compartment and bytes."""
        return sha256(_message(self.origin, self.name, self.compartment, self.data)).hexdigest()

    def content(self) -> bytes:
        """Return the record's bytes."""
        return base64.b64decode(self.data)


@dataclass(frozen=True, slots=True)
class Merged:
    """What a bundle brought: new records, how many were known, names with two contents, and what was refused."""

    fresh: tuple[Packed, ...]
    known: int
    conflicts: tuple[str, ...]
    refused: Problems


def pack(signer: Signer, name: str, compartment: str, content: bytes) -> Packed:
    """Sign one record."""
    origin, data = signer.verifier().text(), base64.b64encode(content).decode()
    signature = base64.b64encode(signer.sign(_message(origin, name, compartment, data))).decode()
    return Packed(origin, name, compartment, data, signature)


def outgoing(records: Iterable[Packed], peer: Subject, sent: Collection[str]) -> list[Packed]:
    """Return the records a peer may have and has not been sent yet, in a fixed order; the policy decides each."""
    fit = [r for r in records if r.id not in sent and decide(peer, "read", *asked_of(r), "export").permit]
    return sorted(fit, key=lambda r: (r.origin, r.name, r.id))


def asked_of(record: Packed) -> tuple[Thing, str]:
    """Return what the policy is asked about a record: the thing and its field."""
    stem, _, suffix = record.name.rpartition(".")
    if suffix == "event":
        return Thing("case", stem.split(".")[0], record.compartment), "content"
    if suffix == "tip":
        return Thing("tip", stem, record.compartment), "content"
    kind = record.name.split(".", 2)[-1].rsplit(".", 1)[0] if record.name.startswith("entry.") else ""
    field = "content" if kind in ("tip.register", "tip.outcome", "tip.recall") else "history"
    if kind in ("tip.wrap", "tip.ack", "tip.canary", "share.given", "share.release"):
        field = "recipients"
    return Thing("tip" if kind else "unknown", "", record.compartment), field


def own_records(desk: Desk) -> list[Packed]:
    """Return what this workspace has to give, signed: case events, tips, and the ledger entries of those tips.

    Identities, seeds not yet revealed, keys and people never are among them.
    """
    signer, records = desk.log.signer, []
    compartments: dict[str, str] = {}
    for name in desk.store.names():
        case, _, suffix = name.partition(".")[0], *name.rpartition(".")[1:]
        if suffix not in ("event", "tip"):
            continue
        text = open_with(desk.store.get(name), desk.identity)
        row = json.loads(text)
        if suffix == "tip":
            compartments[f"{row['tip']}.tip"] = str(row["compartment"])
        elif row["number"] == 0:
            compartments[case] = str(row["fields"].get("compartment", "default"))
        key = name if suffix == "tip" else case
        records.append(pack(signer, name, compartments.get(key, "default"), text))
    for seq, texts in desk.log.disclosures():
        fields = {d.name: d.value for d in (disclosed(seq, text) for text in texts)}
        compartment = compartments.get(f"{fields.get('tip')}.tip")
        if compartment is not None and str(fields.get("kind")).startswith(("tip.", "share.")):
            row = {"seq": seq, "entry": desk.log.entry(seq).decode(), "disclosures": texts}
            mark = sha256(json.dumps(texts).encode()).hexdigest()[:8]  # an erased field makes another record
            name = f"entry.{seq:09d}.{fields['kind']}.{mark}"
            records.append(pack(signer, name, compartment, json.dumps(row, sort_keys=True).encode()))
    return records


def peer_records(desk: Desk) -> list[Packed]:
    """Return what was taken in from peers."""
    names = [n for n in desk.store.names() if n.endswith(".peer")]
    return [Packed(*json.loads(open_with(desk.store.get(n), desk.identity))) for n in names]


def take_in(desk: Desk, bundle: bytes, peers: Mapping[str, Collection[str]], t: str) -> Merged:
    """Take in a bundle's plaintext: once or often, in any order, the result is the same.

    ``peers`` gives the compartments shared with each origin key. What is new is recorded, then kept.
    """
    coming, problems = read_bundle(bundle)
    mine = sorted({c for shared in peers.values() for c in shared})
    origins = {**peers, desk.log.signer.verifier().text(): mine}
    found = merge([*own_records(desk), *peer_records(desk)], coming, origins, mine)
    if found.fresh:
        fields = {"kind": "import", "records": [r.id for r in found.fresh][:500], "count": len(found.fresh)}
        desk.log.append([Record("import", t, fields, actor=desk.officer)])
    for r in found.fresh:
        text = json.dumps([r.origin, r.name, r.compartment, r.data, r.signature])
        desk.store.put(f"{r.id}.peer", seal_to(text.encode(), [desk.identity]))
    problems.extend(found.refused)
    return Merged(found.fresh, found.known, found.conflicts, problems)


def write_bundle(records: Iterable[Packed]) -> bytes:
    """Return the bundle's plaintext, to be sealed to named recipients."""
    lines = [json.dumps({"format": FORMAT})] + [json.dumps(asdict(r), sort_keys=True) for r in records]
    return ("\n".join(lines) + "\n").encode()


def read_bundle(data: bytes) -> tuple[list[Packed], Problems]:
    """Read a bundle's plaintext; raises InputError for another format, reports lines it cannot read."""
    lines = data.decode(errors="replace").splitlines()
    problems = Problems()
    if not lines or _json(lines[0]) != {"format": FORMAT}:
        raise InputError("not a bundle of this program", hint=f"its first line names the format {FORMAT}")
    records = []
    for number, line in enumerate(lines[1 : RECORDS_MAX + 1], 2):
        row = _json(line)
        if not isinstance(row, dict) or set(row) != set(_FIELDS) or not all(isinstance(v, str) for v in row.values()):
            problems.add(f"line {number}", "not a record", line[:80])
        elif len(row["data"]) > RECORD_BYTES_MAX:
            problems.add(f"line {number}", f"a record of more than {RECORD_BYTES_MAX} bytes")
        else:
            records.append(Packed(**row))
    if len(lines) > RECORDS_MAX + 1:
        problems.add("bundle", f"more than {RECORDS_MAX} records; the rest is not read")
    return records, problems


def merge(
    held: Iterable[Packed], coming: Iterable[Packed], origins: Mapping[str, Collection[str]], mine: Collection[str]
) -> Merged:
    """Add what came to what is held.

    ``origins`` gives, for each known origin key, the compartments it may write; ``mine`` are the
    compartments this workspace may read. Everything else is refused and told.
    """
    known = {r.id for r in held}
    names = {(r.origin, r.name): r.id for r in held}
    fresh: list[Packed] = []
    refused, seen, conflicts = Problems(), 0, []
    for record in coming:
        why = _why_not(record, origins, mine)
        if why:
            refused.add(record.name[:80], why, record.origin[:80])
        elif record.id in known:
            seen += 1
        else:
            known.add(record.id)
            fresh.append(record)
            if names.setdefault((record.origin, record.name), record.id) != record.id:
                conflicts.append(record.name)
    return Merged(tuple(fresh), seen, tuple(conflicts), refused)


_FIELDS = ("origin", "name", "compartment", "data", "signature")


def _why_not(record: Packed, origins: Mapping[str, Collection[str]], mine: Collection[str]) -> str:
    if record.origin not in origins:
        return "its origin is not a known peer"
    if record.compartment not in origins[record.origin] or record.compartment not in mine:
        return f"its compartment {record.compartment!r} is not shared with that peer"
    try:
        key: Verifier = parse_verifier(record.origin)
        record.content()
        signature = base64.b64decode(record.signature, validate=True)
    except (InputError, binascii.Error, ValueError):
        return "it is damaged"
    message = _message(record.origin, record.name, record.compartment, record.data)
    return "" if key.accepts(message, signature) else "its signature does not hold"


def _message(origin: str, name: str, compartment: str, data: str) -> bytes:
    return json.dumps([FORMAT, origin, name, compartment, data]).encode()


def _json(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
