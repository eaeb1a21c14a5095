"""Were the coins real? Reads a ledger's disclosed entries and accepts tips only where the record proves it.

For each tip, in the order of the entries: register, commit, draw, wraps to exactly the units whose
coins said so, outcome by a recorder who was not told, reveal. Every drawn tip counts: one left out,
re-dated, changed or revealed early voids the run, each with a message of its own, for otherwise one
could keep drawing until chance names the unit one wants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from waman.errors import Finding
from waman.ledger import Disclosed
from waman.tips.draw import Seed, coins, variant
from waman.tips.table import TipRow

RootAt = Callable[[int], str]
"""Gives the hex root of the ledger's first n entries."""

Fields = dict[str, Any]


@dataclass(slots=True)
class _Trail:
    """What the ledger says of one tip: (entry number, fields) by kind, in order."""

    steps: dict[str, list[tuple[int, Fields]]] = field(default_factory=dict)

    def first(self, kind: str) -> tuple[int, Fields] | None:
        found = self.steps.get(kind)
        return found[0] if found else None

    def all(self, kind: str) -> list[tuple[int, Fields]]:
        return self.steps.get(kind, [])


@dataclass(frozen=True, slots=True)
class Proven:
    """The tips whose coins are proven, and those not yet decided or drawn, each with the reason."""

    rows: tuple[TipRow, ...]
    excluded: tuple[tuple[str, str], ...]


def prove_tips(
    disclosed: Iterable[Disclosed], root_at: RootAt, now: str, given: Sequence[TipRow] | None = None
) -> Proven:
    """Return the proven tips of a ledger at time ``now`` (ISO 8601, UTC).

    ``given`` is the file the user tests; it must say what the ledger says. Raises Finding where the
    record or the file refutes the randomisation.
    """
    rows: list[TipRow] = []
    excluded: list[tuple[str, str]] = []
    trails = _trails(disclosed)
    _counted(trails)
    for tip, trail in trails.items():
        if trail.first("tip.draw.commit") is None:
            excluded.append((tip, "no coins were drawn: " + str(_why_undrawn(trail))))
            continue
        try:
            row = _prove(tip, trail, root_at, now)
        except (KeyError, TypeError, ValueError, AttributeError) as why:
            raise Finding(f"tip {tip}: its entries lack a field or hold another kind of value: {why}") from why
        if row is None:
            excluded.append((tip, "its window is still open"))
        else:
            rows.append(row)
    if given is not None:
        _compare(given, rows, excluded)
    return Proven(tuple(rows), tuple(excluded))


def _trails(disclosed: Iterable[Disclosed]) -> dict[str, _Trail]:
    entries: dict[int, Fields] = {}
    for one in disclosed:
        entries.setdefault(one.seq, {})[one.name] = one.value
    trails: dict[str, _Trail] = {}
    for seq in sorted(entries):
        fields = entries[seq]
        kind, tip = fields.get("kind"), fields.get("tip")
        if isinstance(kind, str) and kind.startswith("tip.") and isinstance(tip, str):
            trails.setdefault(tip, _Trail()).steps.setdefault(kind, []).append((seq, fields))
    return trails


def _counted(trails: dict[str, _Trail]) -> None:
    """Every draw carries its number, so that one left out of an export leaves a gap."""
    drawn = [step for trail in trails.values() for step in trail.all("tip.draw.commit")]
    drawn.sort(key=lambda step: step[0])
    for expected, (seq, fields) in enumerate(drawn, 1):
        if fields.get("number") != expected:
            raise Finding(
                f"entry {seq}: draw number {fields.get('number')} where {expected} belongs: a drawn tip is hidden"
            )


def _why_undrawn(trail: _Trail) -> str:
    register = trail.first("tip.register")
    if register and register[1].get("safety"):
        return "it touches somebody's safety and went to everyone at once"
    return "sharing was not randomised"


def _prove(tip: str, trail: _Trail, root_at: RootAt, now: str) -> TipRow | None:
    """Check one drawn tip; None while its window is open."""
    registers, commits = trail.all("tip.register"), trail.all("tip.draw.commit")
    _unchanged(tip, registers, commits[0][0])
    register, commit = registers[0], commits[0]
    if len(commits) > 1 or len(trail.all("tip.draw")) > 1:
        raise Finding(f"tip {tip}: drawn twice (entries {[s for s, _ in commits]}); a second draw voids the run")
    draw = trail.first("tip.draw")
    wraps = trail.all("tip.wrap")
    if draw is None:
        if wraps:
            raise Finding(f"tip {tip}: sent (entry {wraps[0][0]}) without a draw after its commitment")
        return None
    _order(tip, [register, commit, draw])
    if wraps and wraps[0][0] < draw[0]:
        raise Finding(f"tip {tip}: sent (entry {wraps[0][0]}) before its draw (entry {draw[0]})")
    size = draw[1].get("head_size")
    if size != commit[0] + 1 or draw[1].get("head_root") != root_at(int(size)):
        raise Finding(f"tip {tip}: the draw does not use the ledger's head that holds its commitment")
    outcome, reveal = trail.first("tip.outcome"), trail.first("tip.draw.reveal")
    end = str(register[1]["window_end"])
    if reveal is not None and (outcome is None or reveal[0] < outcome[0]):
        raise Finding(f"tip {tip}: the draw was revealed (entry {reveal[0]}) before its outcome was recorded")
    if outcome is None or reveal is None:
        if now <= end:
            return None
        what = "has no outcome" if outcome is None else "was not revealed"
        raise Finding(f"tip {tip}: its window closed at {end} and it {what}; leaving a drawn tip out voids the run")
    return _row(tip, register[1], commit[1], str(draw[1]["head_root"]), trail, outcome, reveal[1])


def _unchanged(tip: str, registers: list[tuple[int, Fields]], drawn: int) -> None:
    if not registers or registers[0][0] > drawn:
        raise Finding(f"tip {tip}: drawn (entry {drawn}) without being registered first")
    first = registers[0][1]
    for seq, later in registers[1:]:
        for name, words in _FIXED.items():
            if later.get(name) != first.get(name):
                raise Finding(f"tip {tip}: {words} in entry {seq}, after it was registered; that voids the run")
        raise Finding(f"tip {tip}: registered again in entry {seq}; that voids the run")


_FIXED = {
    "window_start": "re-dated",
    "window_end": "re-dated",
    "pd": "the chance of seeing it (pd) was changed",
    "share_probability": "the chances of sharing were changed",
    "cell": "moved to another place",
}


def _order(tip: str, steps: list[tuple[int, Fields]]) -> None:
    numbers = [seq for seq, _ in steps]
    if numbers != sorted(numbers):
        raise Finding(f"tip {tip}: register, commit and draw stand in the wrong order (entries {numbers})")


def _row(
    tip: str, register: Fields, commit: Fields, root: str, trail: _Trail, outcome: tuple[int, Fields], reveal: Fields
) -> TipRow:
    seed = Seed(str(reveal.get("seed")), str(reveal.get("nonce")))
    if seed.commitment(tip) != commit.get("commitment"):
        raise Finding(f"tip {tip}: the revealed seed is not the committed one")
    share = {str(u): float(p) for u, p in dict(register["share_probability"]).items()}
    thrown = coins(seed, tip, root, share)
    before = {str(f.get("recipient")) for seq, f in trail.all("tip.wrap") if seq < outcome[0]}
    told = {unit for unit, coin in thrown.items() if coin}
    if wrong := (told ^ before) & set(share):
        unit = min(wrong)
        raise Finding(
            f"tip {tip}: the coin of unit {unit} says {'told' if unit in told else 'not told'}, the record not"
        )
    recorder = outcome[1].get("recorder")
    if not recorder or recorder in before or recorder in register.get("told", []):
        raise Finding(f"tip {tip}: its outcome was recorded by {recorder or 'nobody named'}, who was among the told")
    if outcome[1].get("pd", register.get("pd")) != register.get("pd"):
        raise Finding(f"tip {tip}: the chance of seeing it (pd) was changed after the draw; that voids the run")
    pd = register.get("pd")
    given, count = _variants(tip, trail, seed, root, outcome[0])
    reaction = outcome[1].get("reaction")
    if reaction is not None and not 0 <= int(reaction) < count:
        raise Finding(f"tip {tip}: its outcome names variant {reaction} of {count}")
    return TipRow(
        tip,
        str(register["window_start"]),
        True,
        share,
        frozenset(told),
        str(outcome[1]["outcome"]),
        None if pd is None else float(pd),
        given,
        count,
        None if reaction is None else int(reaction),
    )


def _variants(tip: str, trail: _Trail, seed: Seed, root: str, ended: int) -> tuple[dict[str, int], int]:
    """Check that each unit's variant is the drawn one, fixed before the step left; returns {unit: number}, count."""
    found = trail.all("tip.canary")
    if not found:
        return {}, 0
    if len(found) > 1:
        raise Finding(f"tip {tip}: its variants were drawn twice (entries {[s for s, _ in found]})")
    at, fields = found[0]
    step, count = fields.get("step"), len(fields["variants"])
    sent = [seq for seq, wrap in trail.all("tip.wrap") if wrap.get("step") == step]
    if at > ended or (sent and sent[0] < at):
        raise Finding(f"tip {tip}: its variants were fixed (entry {at}) only after the step had left or ended")
    given = {str(u): int(n) for u, n in dict(fields["assignment"]).items()}
    for unit, number in given.items():
        if number != variant(seed, f"{tip}/{step}", root, unit, count):
            raise Finding(f"tip {tip}: the variant recorded for unit {unit} is not the drawn one")
    return given, count


def _compare(given: Sequence[TipRow], rows: Sequence[TipRow], excluded: list[tuple[str, str]]) -> None:
    """Refuse a file that says other things than the ledger."""
    by_tip = {row.tip: row for row in given}
    for row in rows:
        other = by_tip.pop(row.tip, None)
        if other is None:
            raise Finding(f"tip {row.tip}: drawn according to the ledger, missing from the file")
        if other.time is not None and other.time != row.time:
            raise Finding(f"tip {row.tip}: the file dates it {other.time}, the ledger {row.time}")
        if other.pd != row.pd:
            raise Finding(f"tip {row.tip}: the file says pd {other.pd}, the ledger fixed {row.pd} before the draw")
        same = replace(other, time=row.time, shared_with=other.shared_with & set(row.share_probability))
        if not other.variant_count:  # a file need not speak of variants; the ledger does
            same = replace(same, variants=row.variants, variant_count=row.variant_count, reaction=row.reaction)
        if same != row:
            raise Finding(f"tip {row.tip}: the file and the ledger differ in coins, sharing or outcome")
    known = {tip for tip, _ in excluded}
    excluded.extend((tip, "the ledger does not know it") for tip in by_tip if tip not in known)
