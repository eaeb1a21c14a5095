"""What an ASTERIX category is, as data: items in the order of their UAP, and the fields that are kept.

The modules of ``categories`` hold nothing but these records, with the numbers of the standard:
item number and title, length rule, and for a kept field its mnemonic, first bit, width, least
significant bit and unit. :func:`compile_layout` turns a category into the integer table that the
kernels walk. Source of the length rules: EUROCONTROL-SPEC-0149, part 1 (ASTERIX), section 5.

Bits are counted from 0 at the first (most significant) bit of the item, or of the part in which
the field lies: an extended item has one part an octet group, a repetitive item only its first part is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from waman.geo.units import FEET_M, NAUTICAL_MILE_M

UNITS = {"": 1.0, "s": 1.0, "deg": 1.0, "m": 1.0, "m/s": 1.0, "FL": 1.0, "NM": NAUTICAL_MILE_M, "ft": FEET_M} | {
    "NM/s": NAUTICAL_MILE_M
}
"""Factor from the unit of the standard to the unit of the kept column."""


class Rule(IntEnum):
    """How the length of an item is found."""

    SPARE = 0
    FIXED = 1  # size octets
    EXTENDED = 2  # size octets, then parts of `more` octets while the last bit (FX) of the part before is 1;
    #               at most `parts` of them where that is not 0: the last part then has no FX
    REPETITIVE = 3  # one octet count, then count x size octets
    REPETITIVE_FX = 4  # size octets, then parts of `more` (the same) octets while FX is 1
    EXPLICIT = 5  # first octet is the whole length, itself included
    COMPOUND = 6  # FX-extended list of presence bits, then the subitems present
    RANDOM = 7  # random field sequencing: one octet count, then count x (FRN, item)


@dataclass(frozen=True, slots=True)
class Field:
    """One kept field: ``column`` gets ``raw * lsb * UNITS[unit]``, or the raw integer where ``lsb`` is 0.

    ``void`` lists bits of the same part that make the value unusable when set (V: not validated,
    G: garbled); ``part`` is the octet group of an extended item.
    """

    column: str
    name: str
    bit: int
    width: int
    lsb: float = 0.0
    unit: str = ""
    signed: bool = False
    void: tuple[int, ...] = ()
    part: int = 0

    @property
    def scale(self) -> float:
        """Factor from the raw integer to the column's unit; 0 for raw integers."""
        return self.lsb * UNITS[self.unit]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a UAP, or one subitem of a compound item."""

    number: str
    title: str
    rule: Rule
    size: int = 0
    more: int = 0
    parts: int = 0
    fields: tuple[Field, ...] = ()
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Uap:
    """One user application profile: the items by field reference number, from FRN 1."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """One category in the editions that share one layout. Two UAPs (CAT001) are chosen by a bit of FRN 2."""

    number: int
    editions: tuple[str, ...]
    uaps: tuple[Uap, ...]

    @property
    def fields(self) -> dict[str, Field]:
        """The kept fields by column name, in UAP order; the first UAP wins."""
        found: dict[str, Field] = {}
        for uap in self.uaps:
            for item in _flat(uap.items):
                for field in item.fields:
                    found.setdefault(field.column, field)
        return found


def code(column: str, name: str, bit: int, width: int, *, void: tuple[int, ...] = (), part: int = 0) -> Field:
    """Return a field kept as a raw integer (a code, a flag or an address)."""
    return Field(column, name, bit, width, void=void, part=part)


def number(
    column: str,
    name: str,
    bit: int,
    width: int,
    lsb: float,
    unit: str,
    *,
    signed: bool = False,
    void: tuple[int, ...] = (),
) -> Field:
    """Return a field kept as a number in the unit its column names."""
    return Field(column, name, bit, width, lsb, unit, signed, void)


def fixed(item: str, title: str, octets: int, *fields: Field) -> Item:
    """Return an item of fixed length."""
    return Item(item, title, Rule.FIXED, octets, fields=fields)


def extended(item: str, title: str, *fields: Field, first: int = 1, parts: int = 0) -> Item:
    """Return an item that grows by one octet while the FX bit is set, up to ``parts`` parts if given."""
    return Item(item, title, Rule.EXTENDED, first, 1, parts, fields)


def repetitive(item: str, title: str, octets: int) -> Item:
    """Return an item with a one-octet count and parts of fixed length."""
    return Item(item, title, Rule.REPETITIVE, octets)


def repetitive_fx(item: str, title: str, octets: int) -> Item:
    """Return an item whose parts carry an FX bit."""
    return Item(item, title, Rule.REPETITIVE_FX, octets, octets)


def compound(item: str, title: str, *items: Item) -> Item:
    """Return an item of subitems announced by presence bits."""
    return Item(item, title, Rule.COMPOUND, items=items)


def octets(listing: str, size: int) -> tuple[Item, ...]:
    """Return subitems of one fixed length, none of them kept, named by the words of a list."""
    return tuple(fixed(name, name, size) for name in listing.split())


SPARE = Item("-", "spare", Rule.SPARE)
RE = Item("RE", "Reserved Expansion Field", Rule.EXPLICIT)
SP = Item("SP", "Special Purpose Field", Rule.EXPLICIT)
RFS = Item("RFS", "Random Field Sequencing Indicator", Rule.RANDOM)
SOURCE = fixed("010", "Data Source Identifier", 2, code("source", "SAC+SIC", 0, 16))
TIME_LSB_S = 1 / 128


def _flat(items: Sequence[Item]) -> list[Item]:
    return [leaf for item in items for leaf in ((item, *_flat(item.items)) if item.items else (item,))]


def replaced(uap: Sequence[Item], *changes: Item) -> tuple[Item, ...]:
    """Return a UAP in which each of ``changes`` stands in the place of the item of its number."""
    by_number = {c.number: c for c in changes}
    return tuple(by_number.get(item.number, item) for item in uap)


def without_fields(item: Item) -> Item:
    """Return an item that is skipped and not kept."""
    return replace(item, fields=(), items=tuple(without_fields(i) for i in item.items))


ROW_RULE, ROW_SLOT, ROW_PARTS, ROW_SIZE, ROW_MORE = range(5)
"""One item of a layout before packing. A compound item has the row of its first subitem and their number in
place of size and more; slot 0 is "not kept"."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a kept field is found: a slot of the position matrix, octets from there, and the bits in them."""

    field: Field
    slot: int
    octet: int
    octets: int
    shift: int
    void_mask: int


@dataclass(frozen=True)
class Layout:
    """A category ready for the kernels.

    ``items[frn - 1]`` (+ ``uap_rows`` for the second UAP) is an item packed into 64 bits: rule (4 bits),
    slot (8), kept parts (4), size (16), more (8), most parts (8); ``slots`` counts the columns of the position matrix.
    """

    items: NDArray[np.uint64]
    uap_rows: int
    uaps: int
    slots: int
    kept: tuple[tuple[Kept, ...], ...]  # by column: one entry a UAP that holds it


def compile_layout(category: Category) -> Layout:
    """Turn the items of a category into the integers that ``kernels.walk.walk_records`` reads.

    >>> from waman.plots.asterix.categories import cat034
    >>> int(compile_layout(cat034.EDITIONS[0]).items[3])  # FRN 4, I034/020: one octet, skipped
    65537
    """
    uap_rows = max(len(u.items) for u in category.uaps)
    rows: list[list[int]] = []
    for uap in category.uaps:
        rows += [_row(item) for item in uap.items]
        rows += [[Rule.SPARE, 0, 0, 0, 0]] * (uap_rows - len(uap.items))
    kept: dict[str, list[Kept]] = {}
    slots = 1
    for number_of_uap, uap in enumerate(category.uaps):
        for frn, item in enumerate(uap.items):
            slots = _place(rows, number_of_uap * uap_rows + frn, item, slots, kept)
    items = np.array([r | s << 4 | p << 12 | size << 16 | more << 32 for r, s, p, size, more in rows], np.uint64)
    return Layout(items, uap_rows, len(category.uaps), slots, tuple(tuple(kept[c]) for c in category.fields))


def _row(item: Item) -> list[int]:
    grows = item.rule in (Rule.EXTENDED, Rule.REPETITIVE_FX)
    assert not grows or (item.size and item.more), f"{item.number} would never end"
    return [int(item.rule), 0, 0, item.size, item.more | item.parts << 8]


def _place(rows: list[list[int]], at: int, item: Item, slots: int, kept: dict[str, list[Kept]]) -> int:
    """Give the fields of one item their slots and append its subitems; return the next free slot."""
    if item.fields:
        parts = 1 + max(f.part for f in item.fields)
        rows[at][ROW_SLOT], rows[at][ROW_PARTS] = slots, parts
        for f in item.fields:
            kept.setdefault(f.column, []).append(_kept(item, f, slots + f.part))
        slots += parts
    if item.items:
        first = len(rows)
        rows[at][ROW_SIZE], rows[at][ROW_MORE] = first, len(item.items)
        rows += [_row(sub) for sub in item.items]
        for i, sub in enumerate(item.items):
            slots = _place(rows, first + i, sub, slots, kept)
    return slots


def _kept(item: Item, f: Field, slot: int) -> Kept:
    bits = [f.bit, f.bit + f.width - 1, *f.void]
    octet, last = min(bits) // 8, max(bits) // 8
    assert last < (item.more if f.part else item.size), f"{item.number} {f.name} lies outside its item"
    end = 8 * (last + 1)
    return Kept(f, slot, octet, last + 1 - octet, end - f.bit - f.width, sum(1 << (end - 1 - b) for b in f.void))
