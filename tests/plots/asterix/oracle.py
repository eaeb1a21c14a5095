"""libasterix (MIT) as the oracle: its tables, records made from them, and the raw values it reads in records."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import asterix.base as base
import asterix.generated as generated

from waman.plots.asterix.registry import CATEGORIES
from waman.plots.asterix.spec import Category, Field, Item

EXPLICIT_MAX = 6
REPEATS_MAX = 3


def editions() -> Iterator[tuple[Category, str, type[Any]]]:
    """Yield every edition that Waman lists and libasterix knows, with the class of libasterix."""
    for number, layouts in CATEGORIES.items():
        for layout in layouts:
            for edition in layout.editions:
                yield layout, edition, getattr(generated, f"Cat_{number:03d}_{edition.replace('.', '_')}")


def record_classes(cls: type[Any]) -> list[type[Any]]:
    """Return the record classes of a category: one, or CAT001's plot and track."""
    uap = cls.cv_uap
    return [uap.cv_record] if issubclass(uap, base.UapSingle) else list(uap.cv_uaps.values())


def variation_class(non_spare: type[Any]) -> type[Any]:
    rule = non_spare.cv_rule
    return rule.cv_variation if issubclass(rule, base.RuleVariationContextFree) else rule.cv_default_variation


def any_bytes(variation: type[Any], rng: random.Random) -> bytes:
    """Return random octets that are one item of this variation."""
    if issubclass(variation, base.Element | base.Group):
        return rng.randbytes(variation.cv_bit_size // 8)
    if issubclass(variation, base.Extended):
        out = b""
        parts = rng.randint(1, len(variation.cv_items_list))
        for i, group in enumerate(variation.cv_items_list[:parts]):
            octets = sum(1 if p is None else p[1] for p in group) // 8
            value = int.from_bytes(rng.randbytes(octets), "big") | 1
            goes_on = i < parts - 1 or (group[-1] is not None and rng.random() < 0.5)
            out += (value if goes_on else value - 1).to_bytes(octets, "big")
        return out
    if issubclass(variation, base.Repetitive):
        inner = variation.cv_variation.cv_bit_size
        if variation.cv_rep_bytes is None:
            count = rng.randint(1, REPEATS_MAX)
            size = (inner + 1) // 8
            values = [int.from_bytes(rng.randbytes(size), "big") | 1 for _ in range(count)]
            return b"".join((v - (i == count - 1)).to_bytes(size, "big") for i, v in enumerate(values))
        count = rng.randint(0, REPEATS_MAX)
        return bytes([count]) + rng.randbytes(count * inner // 8)
    if issubclass(variation, base.Explicit):
        size = rng.randint(1, EXPLICIT_MAX)
        return bytes([size]) + rng.randbytes(size - 1)
    return _listed([(None if i is None else variation_class(i)) for i in variation.cv_items_list], rng, 0.3)


def _listed(
    variations: list[type[Any] | None], rng: random.Random, share: float, always: tuple[int, ...] = ()
) -> bytes:
    """Return presence bits and items: each with probability ``share``, at least one."""
    some = [i for i, v in enumerate(variations) if v is not None]
    present = {i for i in some if rng.random() < share} | set(always) or {rng.choice(some)}
    octets = max(present) // 7 + 1
    spec = bytearray(octets)
    for i in present:
        spec[i // 7] |= 0x80 >> (i % 7)
    for i in range(octets - 1):
        spec[i] |= 1
    return bytes(spec) + b"".join(any_bytes(variations[i], rng) for i in sorted(present))  # type: ignore[arg-type]


def any_record(record: type[Any], rng: random.Random, *, always: tuple[int, ...] = (), share: float = 0.4) -> bytes:
    """Return a random record; the items of FRN ``always`` (from 0) are in it."""
    items = [variation_class(i.cv_non_spare) if issubclass(i, base.UapItem) else None for i in record.cv_items_list]
    return _listed(items, rng, share, always)


def make_records(cls: type[Any], count: int, rng: random.Random) -> list[bytes]:
    """Return random records of a category; those of CAT001 say rightly whether they are plots or tracks."""
    classes = record_classes(cls)
    out = []
    for _ in range(count):
        number = rng.randrange(len(classes))
        always = (0, 1) if len(classes) == 2 else ()
        raw = bytearray(any_record(classes[number], rng, always=always, share=rng.choice((0.2, 0.5, 0.9))))
        if len(classes) == 2:
            at = next(i for i, octet in enumerate(raw) if not octet & 1) + 3
            raw[at] = raw[at] & 0x7F | number << 7
        out.append(bytes(raw))
    return out


def parsed(cls: type[Any], raw: bytes) -> Any:
    """Return libasterix's record of these octets; it must use them all."""
    classes = record_classes(cls)
    record = classes[0]
    if len(classes) == 2:
        at = next(i for i, octet in enumerate(raw) if not octet & 1) + 3
        record = classes[raw[at] >> 7]
    result = record.parse(base.ParsingMode.StrictParsing, base.Bits.from_bytes(raw))
    assert not isinstance(result, ValueError), (result, raw.hex())
    assert len(result[1]) == 0
    return result[0]


def values(category: Category, record: Any) -> dict[str, int]:
    """Return the raw kept values of a record by column, as libasterix reads them (V and G as in the tables)."""
    uap = category.uaps[0]
    if len(category.uaps) == 2:
        uap = category.uaps["161" in type(record).cv_items_dict]
    out: dict[str, int] = {}
    for item in uap.items:
        if item.fields or item.items:
            _read(item, record.items_regular.get(item.number), out)
    return out


def _read(item: Item, non_spare: Any, out: dict[str, int]) -> None:
    if non_spare is None:
        return
    variation = non_spare.arg.arg
    for sub in item.items:
        _read(sub, variation.arg.get(sub.number), out)
    for field in item.fields:
        raw = _field(variation, field)
        if raw is None:
            continue
        if any(_field(variation, Field("", "VGD"[b] if field.name != "CAL" else "D", b, 1)) for b in field.void):
            continue
        if field.signed and raw >= 1 << (field.width - 1):
            raw -= 1 << field.width
        out[field.column] = raw


def _field(variation: Any, field: Field) -> int | None:
    if isinstance(variation, base.Element):
        return variation.as_uint()
    if isinstance(variation, base.Group):
        if field.name == "SAC+SIC":
            return variation.as_uint()
        name = "RE" if field.name == "V" and not _names(variation.arg) & {"V"} else field.name
        return next(
            (i.arg.as_uint() for i in variation.arg if isinstance(i, base.Item) and i.arg.cv_name == name), None
        )
    groups = variation.arg
    if field.part >= len(groups):
        return None
    return next(i.arg.as_uint() for i in groups[field.part] if isinstance(i, base.Item) and i.arg.cv_name == field.name)


def _names(items: list[Any]) -> set[str]:
    return {i.arg.cv_name for i in items if isinstance(i, base.Item)}
