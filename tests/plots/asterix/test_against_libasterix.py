"""Each table is that of the standard as libasterix has it, and each kept value is what libasterix reads."""

from __future__ import annotations

import random
from typing import Any

import asterix.base as base
import numpy as np
import pytest

from plots.asterix import oracle
from waman.plots.asterix.columns import Records, dtype_of, find_blocks, read_records
from waman.plots.asterix.spec import Category, Field, Item, Rule

EDITIONS = list(oracle.editions())
NAMES = [f"CAT{c.number:03d}-{e}" for c, e, _ in EDITIONS]
UNITS = {"NM": "NM", "m": "m", "ft": "ft", "s": "s", "deg": "°", "FL": "FL", "NM/s": "NM/s", "m/s": "m/s"}

OTHERWISE = {(10, "VX"): 1 / 4, (10, "VY"): 1 / 4}
"""I010/202: libasterix 0.36 has 1/16 m/s, which 16 bits cannot stretch to the ±8,192 m/s of the standard."""

SIGNED_ALWAYS = {("090", "FL")}
"""I048/090: unsigned in libasterix up to edition 1.28, but an aircraft below 1013.25 hPa has a negative level."""

RECORDS = 25
"""Records of each edition in the quick tests; bench/decode.py compares 100,000."""


def block_of(category: int, records: list[bytes]) -> bytes:
    return b"".join(bytes([category]) + (3 + len(r)).to_bytes(2, "big") + r for r in records)


def read(data: bytes, category: Category) -> Records:
    buffer = np.frombuffer(data, np.uint8)
    blocks, _ = find_blocks(buffer, np.array([0]), np.array([buffer.size]), np.array([False]))
    return read_records(buffer, blocks[category.number], category)


@pytest.mark.parametrize(("category", "edition", "cls"), EDITIONS, ids=NAMES)
def test_every_item_has_the_length_rule_of_the_standard(category: Category, edition: str, cls: type[Any]) -> None:
    for uap, record in zip(category.uaps, oracle.record_classes(cls), strict=True):
        theirs = record.cv_items_list
        assert len(uap.items) == len(theirs)
        for item, their in zip(uap.items, theirs, strict=True):
            if issubclass(their, base.UapItem):
                same_item(item, their.cv_non_spare)
            else:
                assert item.rule is (Rule.RANDOM if issubclass(their, base.UapItemRFS) else Rule.SPARE)


def same_item(item: Item, their: Any) -> None:
    assert item.number in (
        their.cv_name,
        "MB" if their.cv_name == "BDSDATA" else "",
        "SAL" if their.cv_name == "ISA" else "",
    )
    variation = oracle.variation_class(their)
    if item.rule is Rule.FIXED:
        assert issubclass(variation, base.Element | base.Group)
        assert variation.cv_bit_size == 8 * item.size, item.number
    elif item.rule is Rule.EXTENDED:
        parts = [sum(1 if p is None else p[1] for p in g) for g in variation.cv_items_list]
        assert parts[0] == 8 * item.size
        assert set(parts[1:]) <= {8 * item.more}
        ends_with_fx = [g[-1] is None for g in variation.cv_items_list]
        assert all(ends_with_fx[:-1])
        assert ends_with_fx[-1] == (item.parts == 0)
    elif item.rule is Rule.REPETITIVE:
        assert variation.cv_rep_bytes == 1
        assert variation.cv_variation.cv_bit_size == 8 * item.size
    elif item.rule is Rule.REPETITIVE_FX:
        assert variation.cv_rep_bytes is None
        assert variation.cv_variation.cv_bit_size == 8 * item.size - 1
    elif item.rule is Rule.EXPLICIT:
        assert issubclass(variation, base.Explicit)
    else:
        assert item.rule is Rule.COMPOUND
        assert len(item.items) == len(variation.cv_items_list)
        for sub, inner in zip(item.items, variation.cv_items_list, strict=True):
            if inner is None:
                assert sub.rule is Rule.SPARE
            else:
                same_item(sub, inner)
    for field in item.fields:
        same_field(item, field, variation)


def same_field(item: Item, field: Field, variation: Any) -> None:
    if field.name == "SAC+SIC":
        assert (field.bit, field.width) == (0, 16)
        return
    group = variation.cv_items_list[field.part] if issubclass(variation, base.Extended) else None
    if issubclass(variation, base.Element):
        bit, element = 0, variation
    else:
        bit = 0
        for part in group if group is not None else variation.cv_items_list:
            inner, width = (None, 1) if part is None else part
            if inner is not None and issubclass(inner, base.Item) and inner.cv_non_spare.cv_name == field.name:
                element = oracle.variation_class(inner.cv_non_spare)
                break
            bit += width
        else:
            raise AssertionError(f"{item.number}: no {field.name}")
    assert (field.bit, field.width) == (bit, element.cv_bit_size), field.name
    content = element.cv_rule.cv_content if hasattr(element.cv_rule, "cv_content") else None
    if field.lsb:
        category = {"202": 10}.get(item.number, 0)
        wanted = content.cv_lsb
        if wanted == 1 / 16 and item.number == "202":
            wanted = OTHERWISE[category, field.name]
        assert field.lsb == pytest.approx(wanted, rel=1e-12), field.name
        assert content.cv_unit == UNITS[field.unit]
        signed = content.cv_signedness is base.Signed
        assert field.signed == signed or (item.number, field.name) in SIGNED_ALWAYS


@pytest.mark.parametrize(("category", "edition", "cls"), EDITIONS, ids=NAMES)
def test_random_records_are_read_as_libasterix_reads_them(category: Category, edition: str, cls: type[Any]) -> None:
    rng = random.Random(f"{category.number}-{edition}")
    raw = oracle.make_records(cls, RECORDS, rng)
    assert mismatches(category, cls, raw) == {}


def mismatches(category: Category, cls: type[Any], raw: list[bytes]) -> dict[str, int]:
    """Return the number of records that differ, by kept column."""
    records = read(block_of(category.number, raw), category)
    assert len(records) == len(raw)
    assert not records.errors.any()
    theirs = [oracle.values(category, oracle.parsed(cls, r)) for r in raw]
    out = {}
    for column, field in category.fields.items():
        missing = np.nan if field.lsb else -1
        wanted = np.array([t[column] * (field.scale or 1) if column in t else missing for t in theirs], dtype_of(field))
        wrong = ~(
            (records.columns[column] == wanted)
            | ((wanted != wanted) & (records.columns[column] != records.columns[column]))
        )
        if wrong.any():
            out[column] = int(wrong.sum())
    return out
