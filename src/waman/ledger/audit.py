"""The full audit: every entry, every tile against its parent, every signature. Standard library and cryptography only.

A proof of one entry says nothing about the rest; this reads all of it. Steps, as printed:

(1) read the policy, which names the keys that count; an empty one fails
(2) open the checkpoint: the log's signature
(3) cosignatures: the quorum, and the times they bound
(4) every bundle: its entries hash to the level-0 tile, and each says its own number
(5) every whole tile hashes to its place in the tile above
(6) the root is the checkpoint's
(7) every checkpoint held from before is a beginning of this tree
(8) every disclosure's digest stands in its entry
(9) what the entries say is in order (see ``meaning.py``)
(10) what is not disclosed, as counts
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from waman.errors import Finding, InputError
from waman.ledger.disclose import Disclosed, digest, disclosed, disclosure_salted
from waman.ledger.meaning import check_meaning
from waman.ledger.merkle import EMPTY_ROOT, fold, leaf_hash, root_at
from waman.ledger.note import Opened, open_note
from waman.ledger.policy import Policy, parse_policy
from waman.ledger.tiles import TILE_WIDTH, nodes_from, split_hashes, tile_path, tiles_of, unpack_entries

FAILURES_MAX = 100
"""Most failures one audit lists; one is enough to reject."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is wrong: a stable class, the file or entry, a sentence."""

    kind: str
    where: str
    what: str


@dataclass(slots=True)
class Audit:
    """What an audit found. ``steps`` are the sentences printed; no failures means that all of it holds."""

    origin: str = ""
    size: int = 0
    root: bytes = EMPTY_ROOT
    cosigned: dict[str, int] = field(default_factory=dict)
    quorum: bool = False
    steps: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    entries: int = 0
    digests: int = 0
    disclosed: list[Disclosed] = field(default_factory=list)

    def fail(self, kind: str, where: str, what: str) -> None:
        """Note one failure (at most FAILURES_MAX are kept)."""
        if len(self.failures) < FAILURES_MAX:
            self.failures.append(Failure(kind, where, what))


def audit(
    folder: Path,
    *,
    policy: str | None = None,
    held: Sequence[str] = (),
    disclosures: Iterable[tuple[int, str]] | None = None,
) -> Audit:
    """Audit a folder in tlog-tiles form, or an exported bundle.

    ``policy`` is the text of a policy file you trust (default: the folder's own, which proves only
    that the folder agrees with itself); ``held`` are checkpoints kept from earlier; ``disclosures``
    are (entry, text) pairs, by default those of ``disclosures.jsonl``. Raises InputError where the
    folder holds no ledger at all.
    """
    found = Audit()
    opened = _open(folder, found, policy)
    if opened is None:
        return found
    rules, head = opened
    _cosignatures(found, rules, head)
    found.origin, found.size, found.root = head.checkpoint.origin, head.checkpoint.size, head.checkpoint.root
    shown = list(_disclosures_in(folder, found)) if disclosures is None else list(disclosures)
    digests = _entries(folder, found, {seq for seq, _ in shown})
    _tiles(folder, found)
    _held(folder, found, rules, held)
    _disclosures(found, digests, shown)
    if not found.failures:
        check_meaning(found.disclosed, found.fail)
    found.steps.append(f"(9) meaning: {len(found.disclosed)} disclosed fields read in order")
    hidden = found.digests - len(found.disclosed)
    found.steps.append(f"(10) not disclosed: {hidden} digests, decoys among them, in {found.entries} entries")
    return found


def _open(folder: Path, found: Audit, policy: str | None) -> tuple[Policy, Opened] | None:
    path = folder / "checkpoint"
    if not path.is_file():
        raise InputError(f"{folder}: no checkpoint, so no ledger", hint="give the folder that holds 'checkpoint'")
    own = folder / "policy"
    if policy is None and not own.is_file():
        found.fail("policy", "policy", "no policy names the keys that count; give one with --policy or --key")
        return None
    try:
        rules = parse_policy(own.read_text(encoding="utf-8") if policy is None else policy)
        found.steps.append(
            f"(1) policy: {len(rules.logs)} log key, {len(rules.witnesses)} witnesses, quorum {rules.quorum}"
        )
        head = open_note(path.read_text(encoding="utf-8"), rules.logs, list(rules.witnesses.values()))
    except (InputError, Finding, UnicodeDecodeError) as why:
        found.fail("policy" if "policy" in str(why) else "signature", "checkpoint", str(why))
        return None
    found.steps.append(f"(2) checkpoint: {head.checkpoint.origin}, {head.checkpoint.size} entries, signature holds")
    return rules, head


def _cosignatures(found: Audit, rules: Policy, head: Opened) -> None:
    found.cosigned = head.cosigned
    found.quorum = rules.quorum != "none" and rules.met(head.cosigned)
    if not rules.met(head.cosigned):
        names = ", ".join(head.cosigned) or "nobody"
        found.fail("quorum", "checkpoint", f"the policy's quorum {rules.quorum!r} is not met: cosigned by {names}")
    if found.quorum:
        times = [f"{name} at {datetime.fromtimestamp(t, UTC):%Y-%m-%d %H:%M:%S}Z" for name, t in head.cosigned.items()]
        found.steps.append("(3) witnesses: " + ", ".join(times) + "; these entries existed before those times")
    else:
        found.steps.append("(3) witnesses: none needed by the policy: ORDER ON THIS MACHINE ONLY")


def _entries(folder: Path, found: Audit, wanted: set[int]) -> dict[int, frozenset[str]]:
    """Check every bundle against its level-0 tile; returns the digests of the wanted entries."""
    digests: dict[int, frozenset[str]] = {}
    for _, n, width in (t for t in tiles_of(found.size) if t[0] == 0):
        if len(found.failures) >= FAILURES_MAX:
            break  # a forged checkpoint may claim any number of entries
        name = tile_path("entries", n, width)
        bundle, tile = _read(folder, name, found, "bundle"), _read(folder, tile_path(0, n, width), found, "tile")
        if bundle is None or tile is None:
            continue
        try:
            entries = unpack_entries(bundle)
        except ValueError as why:
            found.fail("bundle-truncated", name, f"the bundle is cut short: {why}")
            continue
        if len(entries) != width:
            found.fail("bundle-truncated", name, f"it holds {len(entries)} entries where the tree has {width}")
            continue
        if b"".join(map(leaf_hash, entries)) != tile:
            _name_entry(found, n, entries, tile)
        found.entries += len(entries)
        for seq, entry in enumerate(entries, n * TILE_WIDTH):
            hidden = _entry(found, seq, entry)
            if seq in wanted:
                digests[seq] = frozenset(hidden)
    found.steps.append(f"(4) entries: {found.entries} of {found.size} read, each against its leaf hash")
    return digests


def _entry(found: Audit, seq: int, entry: bytes) -> list[str]:
    """Check that an entry is a record with its own number; returns the digests in it."""
    try:
        record = json.loads(entry)
        said, hidden = record["seq"], record["_sd"]
        if type(said) is not int or not isinstance(hidden, list):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        found.fail("entry", f"entry {seq}", "it is not a record of this program")
        return []
    if said != seq:
        found.fail("replay", f"entry {seq}", f"it calls itself number {said}: an entry was moved or replayed")
    digests = [text for text in (*hidden, record.get("actor")) if isinstance(text, str)]
    found.digests += len(digests)
    return digests


def _name_entry(found: Audit, n: int, entries: list[bytes], tile: bytes) -> None:
    name, below = tile_path("entries", n, len(entries)), tile_path(0, n, len(entries))
    if len(tile) != 32 * len(entries):
        return  # the tile's own length is reported in step 5
    for i, (entry, hash_) in enumerate(zip(entries, split_hashes(tile), strict=True)):
        if leaf_hash(entry) != hash_:
            what = f"entry {n * TILE_WIDTH + i} does not hash to its leaf in {below}: one of the two was changed"
            found.fail("entry-hash", name, what)


def _tiles(folder: Path, found: Audit) -> None:
    """Check every whole tile against its parent, and the root."""
    kept: dict[tuple[int, int], list[bytes]] = {}
    count = 0
    for level, n, width in tiles_of(found.size):
        if len(found.failures) >= FAILURES_MAX:
            break
        name = tile_path(level, n, width)
        data = _read(folder, name, found, "tile", again=level == 0)
        if data is None:
            continue
        if len(data) != 32 * width:
            found.fail("tile-truncated", name, f"the tile has {len(data)} bytes where {32 * width} belong")
            continue
        kept[level, n] = split_hashes(data)
        count += 1
        for i in range(width if level else 0):
            child = kept.get((level - 1, n * TILE_WIDTH + i))
            if child is not None and fold(child) != kept[level, n][i]:
                below = tile_path(level - 1, n * TILE_WIDTH + i)
                found.fail("tile-parent", below, f"the tile does not match its parent {name}: one of them was changed")
    found.steps.append(f"(5) tiles: {count} read, every whole one against its parent")
    if (
        any(f.kind.startswith(("tile-missing", "tile-trunc")) for f in found.failures)
        or len(found.failures) >= FAILURES_MAX
    ):
        return
    root = root_at(nodes_from(lambda level, n: kept[level, n]), found.size)
    if root != found.root:
        found.fail("root", "checkpoint", f"the tree's root {root.hex()[:16]} is not the signed {found.root.hex()[:16]}")
    found.steps.append(f"(6) root: {'as signed' if root == found.root else 'NOT as signed'}")


def _held(folder: Path, found: Audit, rules: Policy, held: Sequence[str]) -> None:
    """Compare with checkpoints kept from before; the tree's own tiles give the older roots."""
    for text in held:
        try:
            old = open_note(text, rules.logs, list(rules.witnesses.values())).checkpoint
        except (InputError, Finding) as why:
            found.fail("signature", "held checkpoint", str(why))
            continue
        if old.size > found.size:
            what = f"you hold a checkpoint of {old.size} entries, this ledger shows {found.size}: it was rolled back"
            found.fail("rollback", "checkpoint", what)
        elif not found.failures and root_of_first(folder, found, old.size) != old.root:
            what = f"its first {old.size} entries are not those of the checkpoint you hold: two histories (split view)"
            found.fail("fork", "checkpoint", what)
    found.steps.append(f"(7) earlier checkpoints: {len(held)} compared")


def root_of_first(folder: Path, found: Audit, size: int) -> bytes:
    """Return the root of an audited ledger's first ``size`` entries; raises ValueError beyond its end."""
    if not 0 <= size <= found.size:
        raise ValueError(f"the ledger holds {found.size} entries, not {size}")
    widths = {(level, n): width for level, n, width in tiles_of(found.size)}

    def read(level: int, n: int) -> list[bytes]:
        return split_hashes((folder / tile_path(level, n, widths[level, n])).read_bytes())

    return root_at(nodes_from(read), size)


def _disclosures_in(folder: Path, found: Audit) -> Iterator[tuple[int, str]]:
    path = folder / "disclosures.jsonl"
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            row = json.loads(line)
            yield int(row["seq"]), str(row["disclosure"])
        except (ValueError, KeyError, TypeError, RecursionError):
            found.fail("disclosure", f"disclosures.jsonl:{number}", "not a disclosure line")


def _disclosures(found: Audit, digests: dict[int, frozenset[str]], shown: Sequence[tuple[int, str]]) -> None:
    for seq, text in shown:
        try:
            value = disclosed(seq, text)
        except InputError as why:
            found.fail("disclosure", f"entry {seq}", str(why))
            continue
        if digest(text) not in digests.get(seq, frozenset()):
            found.fail(
                "disclosure", f"entry {seq}", f"the field {value.name!r} shown for it is not the one recorded: forged"
            )
        elif not disclosure_salted(text):
            found.fail(
                "disclosure", f"entry {seq}", f"the field {value.name!r} has too short a salt: it can be guessed"
            )
        else:
            found.disclosed.append(value)
    found.steps.append(f"(8) disclosures: {len(found.disclosed)} of {len(shown)} stand in their entries")


def _read(folder: Path, name: str, found: Audit, what: str, again: bool = False) -> bytes | None:
    try:
        return (folder / name).read_bytes()
    except OSError:
        if not again:
            found.fail(f"{what}-missing", name, f"the {what} is missing")
        return None


def order_of(found: Audit) -> str:
    """Say what the order of the entries rests on: witnesses, or one machine's word."""
    if found.quorum:
        return "order witnessed by " + ", ".join(found.cosigned)
    return "order on this machine only"
