"""Step 9 of the audit: whether the disclosed entries make sense in the order in which they stand.

The order is that of the entry numbers; the times they state are the writers' claims. An entry
whose fields are not disclosed is not judged. Kinds (field ``kind``): ``tip.register``,
``tip.draw.commit``, ``tip.draw``, ``tip.wrap``, ``tip.ack``, ``tip.outcome``, ``tip.draw.reveal``,
``event.revision``, ``erasure``, ``export``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from waman.ledger.disclose import Disclosed

Fail = Callable[[str, str, str], None]
Fields = dict[str, Any]


def check_meaning(disclosed: Iterable[Disclosed], fail: Fail) -> None:
    """Report, through ``fail(class, where, sentence)``, each entry that contradicts an earlier one."""
    records: dict[int, Fields] = {}
    for one in disclosed:
        records.setdefault(one.seq, {})[one.name] = one.value
    seen: dict[tuple[object, ...], int] = {}
    for seq in sorted(records):
        record = records[seq]
        kind = record.get("kind")
        if isinstance(kind, str):
            if kind in _RULES and _hashable(record):
                _RULES[kind](seq, record, seen, fail)
            if _hashable(record):
                seen.setdefault((kind, record.get("tip"), record.get("recipient"), record.get("step")), seq)
                seen.setdefault((kind, record.get("tip")), seq)


def _ack(seq: int, record: Fields, seen: dict[tuple[object, ...], int], fail: Fail) -> None:
    if ("tip.wrap", record.get("tip"), record.get("recipient"), record.get("step")) not in seen:
        fail("meaning", f"entry {seq}", f"{record.get('recipient')} acknowledges a step that was never wrapped to them")


def _wrap(seq: int, record: Fields, seen: dict[tuple[object, ...], int], fail: Fail) -> None:
    tip = record.get("tip")
    if ("tip.draw.commit", tip) in seen and ("tip.draw", tip) not in seen:
        fail("meaning", f"entry {seq}", f"tip {tip} left before its draw was made")


def _commit(seq: int, record: Fields, seen: dict[tuple[object, ...], int], fail: Fail) -> None:
    tip = record.get("tip")
    if ("tip.wrap", tip) in seen:
        fail("meaning", f"entry {seq}", f"tip {tip} had left before its draw was committed")
    if ("tip.draw.commit", tip) in seen:
        fail("meaning", f"entry {seq}", f"tip {tip} has a second committed draw")


def _reveal(seq: int, record: Fields, seen: dict[tuple[object, ...], int], fail: Fail) -> None:
    tip = record.get("tip")
    if ("tip.outcome", tip) not in seen:
        fail("meaning", f"entry {seq}", f"the draw of tip {tip} was revealed before its outcome was recorded")


def _erasure(seq: int, record: Fields, seen: dict[tuple[object, ...], int], fail: Fail) -> None:
    if not record.get("reason"):
        fail("meaning", f"entry {seq}", "an erasure without a reason")


def _revision(seq: int, record: Fields, seen: dict[tuple[object, ...], int], fail: Fail) -> None:
    thing, old = record.get("thing"), record.get("old")
    latest = ("latest", thing)
    if latest in seen and ("digest", thing, old) not in seen:
        fail("meaning", f"entry {seq}", f"the revision of {thing} starts from a state that was never recorded")
    seen[latest] = seq
    seen["digest", thing, record.get("new")] = seq


def _hashable(record: Fields) -> bool:
    return all(isinstance(record.get(k), str | int | None) for k in ("tip", "recipient", "step", "thing", "old", "new"))


_RULES = {
    "tip.ack": _ack,
    "tip.wrap": _wrap,
    "tip.draw.commit": _commit,
    "tip.draw.reveal": _reveal,
    "erasure": _erasure,
    "event.revision": _revision,
}
