"""The desk: what is recorded, in which order, when a tip is registered, drawn, sent, answered and closed.

Every function records first and hands over afterwards, so that the ledger never claims less than somebody
could know. Storage is an argument; it sees only sealed bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from waman.access import Subject, Thing, decide, require
from waman.access.decide import EVERY
from waman.errors import InputError
from waman.ledger import Log, Record
from waman.tips.canary import assign, check_variants
from waman.tips.draw import Seed, coins, new_seed, variant
from waman.tips.evidence import SHARE_MAX, SHARE_MIN
from waman.tips.sealed import open_with, seal_to
from waman.tips.table import OUTCOMES

LEAVES_STEP = 8
"""Entries of one release are padded to a multiple of this, so that their count does not tell how many were told."""
STEPS_MAX = 4


class TipStore(Protocol):
    """Where sealed tips lie: bytes by name. Implementations encrypt nothing; what they get is sealed."""

    def put(self, name: str, data: bytes) -> None: ...

    def get(self, name: str) -> bytes: ...

    def names(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Tip:
    """A tip as registered. ``steps`` are texts, coarse first: sector and day, strip and window, place and time.

    ``told`` are units that hear in any case (its owner, whoever must supply transport); ``share_probability``
    those on whom a coin is thrown. ``safety``: it touches life, medevac or deconfliction; never randomised.
    """

    tip: str
    compartment: str
    grade: str
    window_start: str
    window_end: str
    cell: str
    plan: str
    pd: float
    steps: tuple[str, ...]
    told: tuple[str, ...] = ()
    share_probability: Mapping[str, float] = field(default_factory=dict)
    safety: bool = False


KEEPER = Subject("desk", "handler", frozenset({EVERY}))
"""Whoever holds the key of a workspace to which nobody was added yet."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Who records where: the ledger, the store, the desk's age identity, the officer's pseudonym, and who asks.

    Every function of this module asks :func:`waman.access.decide` for ``subject`` before it does anything.
    """

    log: Log
    store: TipStore
    identity: str
    officer: str
    subject: Subject = KEEPER


def register(desk: Desk, tip: Tip, t: str) -> int:
    """Record a tip and lay it sealed in the store; returns its entry number."""
    _check(tip)
    require(desk.subject, "write", thing_of(tip), "content")
    if f"{tip.tip}.tip" in desk.store.names():
        raise InputError(f"tip {tip.tip} is registered already", hint="a tip is never changed; register another one")
    row = {**asdict(tip), "share_probability": dict(tip.share_probability)}
    text = json.dumps(row, sort_keys=True, ensure_ascii=False).encode()
    public = {k: v for k, v in row.items() if k != "steps"}
    done = _record(desk, t, "tip.register", {**public, "text_digest": sha256(text).hexdigest()})
    desk.store.put(f"{tip.tip}.tip", seal_to(text, [desk.identity]))
    return done


def load_tip(desk: Desk, name: str) -> Tip:
    """Open a tip of the store for the desk's own work; whoever shows it asks :func:`permitted`."""
    raw = json.loads(open_with(desk.store.get(f"{name}.tip"), desk.identity))
    return Tip(**{**raw, "steps": tuple(raw["steps"]), "told": tuple(raw["told"])})


def thing_of(tip: Tip, step: int = 0) -> Thing:
    """Return what the policy is asked about for a tip, or one step of it."""
    return Thing("tip", tip.tip, tip.compartment, step=step)


def permitted(desk: Desk, name: str, action: str, field: str, channel: str = "read", step: int = 0) -> Tip:
    """Open a tip for whoever asks; the same error, after the same work, where it is refused and where there is none."""
    names = [n.removesuffix(".tip") for n in desk.store.names() if n.endswith(".tip")]
    tip = load_tip(desk, name if name in names else names[0]) if names else None
    require(desk.subject, action, thing_of(tip, step) if tip and tip.tip == name else None, field, channel)
    assert tip is not None, "require raised where there is none"
    return tip


def tips_of(desk: Desk, channel: str = "list") -> list[Tip]:
    """Return the tips whose existence whoever asks may know of."""
    tips = [load_tip(desk, n.removesuffix(".tip")) for n in desk.store.names() if n.endswith(".tip")]
    return [t for t in tips if any(_knows(desk, t, step, channel) for step in range(len(t.steps) + 1))]


def _knows(desk: Desk, tip: Tip, step: int, channel: str) -> bool:
    return decide(desk.subject, "read", thing_of(tip, step), "existence", channel).permit


def history(desk: Desk, name: str) -> list[dict[str, Any]]:
    """Return what the ledger says of a tip, entry by entry; those that name recipients need that right too."""
    from waman.ledger.disclose import disclosed

    tip = permitted(desk, name, "read", "history", "history")
    told = decide(desk.subject, "read", thing_of(tip), "recipients", "history").permit
    rows = []
    for seq, texts in desk.log.disclosures():
        fields = {d.name: d.value for d in (disclosed(seq, text) for text in texts)}
        if fields.get("tip") == name and (told or not {"recipient", "assignment", "custodian"} & set(fields)):
            rows.append({"entry": seq, **{k: v for k, v in fields.items() if k not in ("seed", "nonce", "variants")}})
    return rows


def draw(desk: Desk, name: str, t: str) -> dict[str, bool]:
    """Commit to a seed, then throw the coins from the ledger's next head; returns them for the desk only.

    Raises InputError for a tip that touches safety: it goes to everyone at once.
    """
    tip = permitted(desk, name, "write", "content")
    if tip.safety:
        raise InputError(f"tip {name} touches somebody's safety: it is never randomised", hint="share it with all now")
    if not tip.share_probability:
        raise InputError(f"tip {name} names no unit for a coin", hint="register it with --coin UNIT=0.5")
    if f"{name}.seed" in desk.store.names():
        raise InputError(f"tip {name} is drawn already", hint="a second draw would void the test")
    seed = new_seed()
    number = 1 + sum(other.endswith(".seed") for other in desk.store.names())
    desk.store.put(f"{name}.seed", seal_to(json.dumps(asdict(seed)).encode(), [desk.identity]))
    at = _record(desk, t, "tip.draw.commit", {"tip": name, "number": number, "commitment": seed.commitment(name)})
    root = root_hex(desk.log, at + 1)
    _record(desk, t, "tip.draw", {"tip": name, "head_size": at + 1, "head_root": root})
    desk.store.put(f"{name}.root", seal_to(root.encode(), [desk.identity]))
    return coins(seed, name, root, tip.share_probability)


def recipients(desk: Desk, name: str) -> list[str]:
    """Return the units that hear this tip, for the desk: those told in any case, and those whose coin says so."""
    tip = load_tip(desk, name)
    if tip.safety:
        return sorted({*tip.told, *tip.share_probability})
    if not tip.share_probability:
        return sorted(tip.told)
    if f"{name}.root" not in desk.store.names():
        raise InputError(f"tip {name} is not drawn yet", hint="waman tip plan first: the coins decide who hears")
    root = open_with(desk.store.get(f"{name}.root"), desk.identity).decode()
    thrown = coins(_seed(desk, name), name, root, tip.share_probability)
    return sorted({*tip.told, *(unit for unit, coin in thrown.items() if coin)})


def release(
    desk: Desk, name: str, step: int, keys: Mapping[str, str], t: str, texts: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Seal one step for each unit that hears it; every wrap is in the ledger before a ciphertext is returned.

    ``keys`` are age recipients by unit; ``texts`` gives a unit its own variant of the step (see
    ``canary.py``). Returns the age files by unit.
    """
    tip = permitted(desk, name, "write", "recipients")
    if not 1 <= step <= len(tip.steps):
        raise InputError(f"tip {name} has steps 1 to {len(tip.steps)}, not {step}")
    units = recipients(desk, name)
    if missing := [unit for unit in units if unit not in keys]:
        raise InputError(f"no key for unit {missing[0]}", hint="give --key UNIT=age1...")
    sealed = {u: seal_to((texts or {}).get(u, tip.steps[step - 1]).encode(), [keys[u]]) for u in units}
    wraps = [
        {"kind": "tip.wrap", "tip": name, "step": step, "recipient": u, "ciphertext": sha256(sealed[u]).hexdigest()}
        for u in units
    ]
    records = [Record("tip", t, fields, actor=desk.officer) for fields in wraps]
    records += [
        Record("tip", t, {}, actor="") for _ in range(-len(records) % LEAVES_STEP or LEAVES_STEP * (not records))
    ]
    desk.log.append(records, key=f"wrap/{name}/{step}/{sha256(repr(sorted(sealed)).encode()).hexdigest()}/{t}")
    for unit, data in sealed.items():
        desk.store.put(f"{name}.{step}.{unit}.age", data)
    return sealed


def draw_variants(desk: Desk, name: str, step: int, variants: Sequence[str], order: str, t: str) -> dict[str, str]:
    """Draw a variant for each unit that hears and record the assignment; returns the texts by unit."""
    tip = permitted(desk, name, "write", "recipients")
    if tip.safety:
        raise InputError(f"tip {name} touches somebody's safety: everybody gets the same words")
    check_variants(tip.steps[step - 1], variants, order)
    if f"{name}.canary" in desk.store.names():
        raise InputError(f"tip {name} has variants already", hint="one step of a tip may have variants")
    seed, root = _seed(desk, name), open_with(desk.store.get(f"{name}.root"), desk.identity).decode()
    numbers = {unit: variant(seed, f"{name}/{step}", root, unit, len(variants)) for unit in recipients(desk, name)}
    fields = {"tip": name, "step": step, "assignment": numbers, "variants": list(variants), "order": order}
    _record(desk, t, "tip.canary", fields)
    desk.store.put(f"{name}.canary", seal_to(json.dumps(list(variants)).encode(), [desk.identity]))
    return assign(variants, numbers)


def variants_of(desk: Desk, name: str) -> list[str]:
    """Return the variants a tip was released in, in the order of their numbers; none: an empty list."""
    if f"{name}.canary" not in desk.store.names():
        return []
    return [str(text) for text in json.loads(open_with(desk.store.get(f"{name}.canary"), desk.identity))]


def acknowledge(desk: Desk, name: str, step: int, unit: str, t: str) -> int:
    """Record that a unit says it has read a step ("did know"; the wrap was "could know")."""
    permitted(desk, name, "write", "ack", step=step)
    if desk.subject.role == "unit" and unit != desk.subject.user:
        raise InputError("a unit acknowledges for itself only")
    if f"{name}.{step}.{unit}.age" not in desk.store.names():
        raise InputError(f"step {step} of tip {name} was never wrapped to {unit}")
    return _record(desk, t, "tip.ack", {"tip": name, "step": step, "recipient": unit})


def record_outcome(
    desk: Desk,
    name: str,
    outcome: str,
    recorder: str,
    t: str,
    evidence: Sequence[str] = (),
    reaction: int | None = None,
) -> int:
    """Record what came of a tip, by somebody who was not told; then the draw may be revealed.

    ``reaction`` is the number, from 1, of the variant that somebody acted upon, where that was seen.
    """
    tip = permitted(desk, name, "write", "outcome")
    if outcome not in OUTCOMES:
        raise InputError(f"outcome {outcome!r}", hint="one of: " + ", ".join(OUTCOMES))
    if recorder in recipients(desk, name):
        raise InputError(f"{recorder} was told of tip {name} and cannot record its outcome", hint="ask somebody blind")
    fields = {"tip": name, "outcome": outcome, "recorder": recorder, "pd": tip.pd, "evidence": list(evidence)}
    if reaction is not None:
        count = len(variants_of(desk, name))
        if not 1 <= reaction <= count:
            raise InputError(f"variant {reaction} of {count}", hint="the number printed when the step was released")
        fields["reaction"] = reaction - 1
    return _record(desk, t, "tip.outcome", fields)


def reveal(desk: Desk, name: str, t: str) -> int:
    """Show the seed after the outcome, so that anybody can throw the coins again."""
    permitted(desk, name, "write", "outcome")
    return _record(desk, t, "tip.draw.reveal", {"tip": name, **asdict(_seed(desk, name))})


RECALL_LIMIT = "Later steps will not be sent. Nothing calls back a file that was already opened."


def recall(desk: Desk, name: str, reason: str, t: str) -> int:
    """Record that a tip is withdrawn; RECALL_LIMIT says what that cannot do."""
    permitted(desk, name, "write", "content")
    return _record(desk, t, "tip.recall", {"tip": name, "reason": reason, "limit": RECALL_LIMIT})


def root_hex(log: Log, size: int) -> str:
    """Return the root of the ledger's first ``size`` entries."""
    from waman.ledger.merkle import root_at
    from waman.ledger.tiles import nodes_from

    return root_at(nodes_from(log.tile), size).hex()


def _seed(desk: Desk, name: str) -> Seed:
    return Seed(**json.loads(open_with(desk.store.get(f"{name}.seed"), desk.identity)))


def _record(desk: Desk, t: str, kind: str, fields: dict[str, Any]) -> int:
    return desk.log.append([Record("tip", t, {"kind": kind, **fields}, actor=desk.officer)]).first


def _check(tip: Tip) -> None:
    if not tip.tip or not tip.tip.isprintable() or "/" in tip.tip or tip.tip.startswith("."):
        raise InputError(f"a tip cannot be called {tip.tip!r}")
    if not 0 < len(tip.steps) <= STEPS_MAX:
        raise InputError(f"{len(tip.steps)} steps, a tip has 1 to {STEPS_MAX}")
    if not 0 <= tip.pd <= 1:
        raise InputError(f"pd {tip.pd} is not a chance", hint="how likely a show would be seen: waman ask")
    for unit, chance in tip.share_probability.items():
        if not SHARE_MIN <= chance <= SHARE_MAX:
            raise InputError(
                f"unit {unit}: a coin of {chance}", hint=f"use {SHARE_MIN} to {SHARE_MAX}, or --tell {unit}"
            )
        if unit in tip.told:
            raise InputError(f"unit {unit} is told in any case and has a coin", hint="one or the other")
    if tip.window_end <= tip.window_start:
        raise InputError("the window ends before it begins")
