"""The slow decoder the kernels are compared with: recursive descent over the items, bits cut from big integers.

It shares the tables of the standard with the kernels and nothing else: no programs, no slots, no arrays.
"""

from __future__ import annotations

from waman.plots.asterix.spec import Category, Field, Item, Rule, Uap

Values = dict[str, int]


class CannotReadError(Exception):
    """A record that does not fit its tables or its block."""


def records_ref(body: bytes, category: Category) -> tuple[list[tuple[int, Values]], int]:
    """Return the records of one block (offset and raw kept values; signed fields signed) and where reading ended.

    Reading ends at ``len(body)`` or at the first record that cannot be read. A void field is left out.
    """
    found: list[tuple[int, Values]] = []
    at = 0
    while at < len(body):
        try:
            values: Values = {}
            after = _record(body, at, category, values)
        except CannotReadError:
            break
        found.append((at, values))
        at = after
    return found, at


def _record(body: bytes, at: int, category: Category, values: Values) -> int:
    present, here = _presence(body, at)
    uap = category.uaps[0]
    if len(category.uaps) == 2:
        if 1 not in present or not body[here + 2 * (0 in present) :]:
            raise CannotReadError
        uap = category.uaps[body[here + 2 * (0 in present)] >> 7]
    if not present and here - at == 1:
        raise CannotReadError
    if 7 * (here - at) >= max(len(u.items) for u in category.uaps) + 7:
        raise CannotReadError
    for frn in present:
        if frn >= len(uap.items):
            raise CannotReadError
        here = _item(body, here, uap.items[frn], uap, values)
    return here


def _presence(body: bytes, at: int) -> tuple[list[int], int]:
    """Return the numbers of the presence bits that are set, and where the octets behind them begin."""
    bits = ""
    while True:
        octet = _cut(body, at, 1)[0]
        bits += f"{octet >> 1:07b}"
        at += 1
        if octet % 2 == 0:
            return [i for i, b in enumerate(bits) if b == "1"], at


def _cut(body: bytes, at: int, octets: int) -> bytes:
    if at + octets > len(body):
        raise CannotReadError
    return body[at : at + octets]


def _item(body: bytes, at: int, item: Item, uap: Uap, values: Values) -> int:
    if item.rule is Rule.FIXED:
        _keep(_cut(body, at, item.size), item.fields, 0, values)
        return at + item.size
    if item.rule is Rule.EXTENDED:
        part, octets = 0, _cut(body, at, item.size)
        while True:
            _keep(octets, item.fields, part, values)
            at += len(octets)
            if octets[-1] % 2 == 0 or part + 1 == item.parts:
                return at
            part, octets = part + 1, _cut(body, at, item.more)
    if item.rule is Rule.REPETITIVE_FX:
        octets = _cut(body, at, item.size)
        return at + item.size if octets[-1] % 2 == 0 else _item(body, at + item.size, item, uap, values)
    if item.rule is Rule.REPETITIVE:
        count = _cut(body, at, 1)[0]
        _cut(body, at + 1, count * item.size)
        return at + 1 + count * item.size
    if item.rule is Rule.EXPLICIT:
        length = _cut(body, at, 1)[0]
        if not length:
            raise CannotReadError
        _cut(body, at, length)
        return at + length
    return _nested(body, at, item, uap, values)


def _nested(body: bytes, at: int, item: Item, uap: Uap, values: Values) -> int:
    if item.rule is Rule.COMPOUND:
        present, here = _presence(body, at)
        if 7 * (here - at) >= len(item.items) + 7:
            raise CannotReadError
        for sub in present:
            if sub >= len(item.items):
                raise CannotReadError
            here = _item(body, here, item.items[sub], uap, values)
        return here
    if item.rule is not Rule.RANDOM:
        raise CannotReadError
    here = at + 1
    for _ in range(_cut(body, at, 1)[0]):
        frn = _cut(body, here, 1)[0]
        if not 1 <= frn <= len(uap.items) or uap.items[frn - 1].rule is Rule.RANDOM:
            raise CannotReadError
        here = _item(body, here + 1, uap.items[frn - 1], uap, values)
    return here


def _keep(octets: bytes, fields: tuple[Field, ...], part: int, values: Values) -> None:
    whole, bits = int.from_bytes(octets, "big"), 8 * len(octets)
    for f in fields:
        if f.part != part:
            continue
        raw = (whole >> (bits - f.bit - f.width)) % 2**f.width
        if f.signed and raw >= 2 ** (f.width - 1):
            raw -= 2**f.width
        if any((whole >> (bits - 1 - b)) % 2 for b in f.void):
            values.pop(f.column, None)
        else:
            values[f.column] = raw
