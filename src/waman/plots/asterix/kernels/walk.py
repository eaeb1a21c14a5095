"""The compiled loops: walk the blocks, walk the records of one category, pick bits out of items.

Every loop is bounded by the bytes of its payload and moves forward by at least one octet. Nothing is
read at or behind ``end``: an item of variable length is checked before it is read, the record as a
whole before its row counts, and a kept field lies inside its item (``spec.compile_layout`` sees to it).

**Programs.** A sensor repeats a few dozen FSPECs, so each is turned once into a short program and found
again by its octets. Items of fixed length cost nothing but a mark where they are kept::

    FSPEC F0 (010 140 020 040) -> MARK slot 1 at +0 | MARK slot 2 at +2 | EXTENDED after +5 | MARK slot 5 at +0 | END +4

**Positions.** One row a record, one column a kept part, in octets from the record's first octet; 0 stands for
"absent", which no item can have because the FSPEC is there. Column 0 takes what is not kept. Offsets are unsigned
because a signed index costs numba a comparison more.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from waman.jit import inlined_kernel, kernel

U64 = np.uint64
Octets: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Positions: TypeAlias = NDArray[np.uint16]
Whole: TypeAlias = Any
"""An integer as numba types it: int64 or uint64."""

# What can end a block before its last octet (decode.ENDED has the sentences). A failed walk
# answers end + code, which is beyond any octet that belongs to the block.
RECORD_OVER, UNKNOWN_ITEM, EMPTY, NO_TYPE, FSPEC_TOO_LONG, BAD_LENGTH = (U64(code) for code in range(1, 7))

# rules of spec.Rule as numba folds them, and the two that only programs have
FIXED, EXTENDED, REPETITIVE, REPETITIVE_FX, EXPLICIT, COMPOUND, RANDOM, MARK, END = (U64(r) for r in range(1, 10))
ZERO, ONE = U64(0), U64(1)  # an unsigned and a signed integer must never meet: numba makes them a float

PROGRAMS = 1024
"""Programs kept at a time; a feed uses some dozens. When half are taken the store is emptied."""


@inlined_kernel
def _variable_end(
    buffer: Octets, here: np.uint64, end: np.uint64, op: np.uint64, positions: Positions, row: np.uint64, at: np.uint64
) -> np.uint64:
    """Return where one item ends that is neither compound nor random, or more than ``end``."""
    rule = op & U64(0xF)
    size = (op >> U64(16)) & U64(0xFFFF)
    slot = row + ((op >> U64(4)) & U64(0xFF))
    positions[slot] = here - at
    if rule == FIXED:
        return here + size if here + size <= end else end + RECORD_OVER
    if here >= end:
        return end + RECORD_OVER
    if rule == REPETITIVE:
        here += ONE + size * U64(buffer[here])
    elif rule == EXPLICIT:
        if buffer[here] == 0:
            return end + BAD_LENGTH
        here += U64(buffer[here])
    elif rule in (EXTENDED, REPETITIVE_FX):
        more = (op >> U64(32)) & U64(0xFF)
        parts_max = (op >> U64(40)) & U64(0xFF)
        parts = (op >> U64(12)) & U64(0xF)
        here += size
        part = ONE
        while here <= end and buffer[here - ONE] & 1 and part != parts_max:
            if part < parts:
                positions[slot + part] = here - at
            part += ONE
            here += more
    else:
        return end + UNKNOWN_ITEM
    return here if here <= end else end + RECORD_OVER


@kernel
def _compound_end(
    buffer: Octets,
    here: np.uint64,
    end: np.uint64,
    op: np.uint64,
    store: Words,
    positions: Positions,
    row: np.uint64,
    at: np.uint64,
) -> np.uint64:
    """Return where a compound item ends, or more than ``end``."""
    first, count = (op >> U64(16)) & U64(0xFFFF), (op >> U64(32)) & U64(0xFFFF)
    body = here
    while body < end and buffer[body] & 1:
        body += ONE
    body += ONE
    if body > end:
        return end + RECORD_OVER
    if U64(7) * (body - here) >= count + U64(7):
        return end + FSPEC_TOO_LONG
    inner = body
    last = first + count
    for octet in range(here, body):
        bits = U64(buffer[octet]) & U64(0xFE)
        this = first
        while bits != ZERO:
            if bits & U64(0x80) != ZERO:
                if this >= last:
                    return end + UNKNOWN_ITEM
                inner_op = store[this]
                if inner_op & U64(0xFFF) == FIXED and inner < end:  # of fixed length and not kept
                    inner += (inner_op >> U64(16)) & U64(0xFFFF)
                else:
                    inner = _variable_end(buffer, inner, end, inner_op, positions, row, at)
                    if inner > end:
                        return inner
            bits = (bits << ONE) & U64(0xFF)
            this += ONE
        first += U64(7)
    return inner if inner <= end else end + RECORD_OVER


@kernel
def _random_end(
    buffer: Octets,
    here: np.uint64,
    end: np.uint64,
    store: Words,
    base: np.uint64,
    count: np.uint64,
    positions: Positions,
    row: np.uint64,
    at: np.uint64,
) -> np.uint64:
    """Return where a random field sequence (count, then FRN and item each) ends, or more than ``end``."""
    if here >= end:
        return end + RECORD_OVER
    fields = U64(buffer[here])
    here += ONE
    for _ in range(fields):
        if here >= end:
            return end + RECORD_OVER
        frn = U64(buffer[here])
        if frn < ONE or frn > count:
            return end + UNKNOWN_ITEM
        op = store[base + frn - ONE]
        if op & U64(0xF) == COMPOUND:
            here = _compound_end(buffer, here + ONE, end, op, store, positions, row, at)
        else:
            here = _variable_end(buffer, here + ONE, end, op, positions, row, at)
        if here > end:
            break
    return here


@kernel
def _add_program(
    buffer: Octets, at: np.uint64, body: np.uint64, store: Words, base: np.uint64, count: np.uint64, n: np.uint64
) -> np.uint64:
    """Turn the FSPEC at ``at`` .. ``body`` into operations from ``store[n]`` on; return 0 or an error code."""
    delta = ZERO
    for octet in range(body - at):
        bits = buffer[at + octet]
        for bit in range(7):
            if not bits & (128 >> bit):
                continue
            frn = U64(7) * U64(octet) + U64(bit)
            if frn >= count or store[base + frn] & U64(0xF) == ZERO:
                return UNKNOWN_ITEM
            op = store[base + frn]
            if op & U64(0xF) == FIXED:
                slot = (op >> U64(4)) & U64(0xFF)
                if slot != ZERO:
                    store[n] = MARK | (slot << U64(4)) | (delta << U64(48))
                    n += ONE
                delta += (op >> U64(16)) & U64(0xFFFF)
            else:
                if op & U64(0xF) == RANDOM:
                    op |= base << U64(16)
                store[n] = op | (delta << U64(48))
                delta = ZERO
                n += ONE
    store[n] = END | (delta << U64(48))
    return ZERO


@kernel
def _find_program(
    buffer: Octets,
    at: np.uint64,
    body: np.uint64,
    end: np.uint64,
    key: np.uint64,
    store: Words,
    count: np.uint64,
    uaps: np.uint64,
    keys: Words,
) -> np.uint64:
    """Return where in ``store`` the program of the FSPEC at ``at`` .. ``body`` begins, or an error code.

    ``keys[-1]`` counts the programs; those of the second profile have the top bit of their key set.
    """
    if key == ZERO:
        return EMPTY
    if U64(7) * (body - at) >= count + U64(7):
        return FSPEC_TOO_LONG
    base = ZERO
    if uaps == U64(2):
        selector = body + U64(2) if buffer[at] & 0x80 else body
        if not buffer[at] & 0x40 or selector >= end:
            return NO_TYPE
        if buffer[selector] & 0x80:
            base = count
            key |= ONE << U64(63)
    length = count + U64(2)
    first = U64(store.size) - U64(PROGRAMS) * length
    spot = _spot(key, keys)
    if keys[spot] == ZERO:
        if keys[PROGRAMS] >= U64(PROGRAMS // 2):
            keys[:] = ZERO
            spot = _spot(key, keys)
        error = _add_program(buffer, at, body, store, base, count, first + spot * length)
        if error != ZERO:
            return error
        keys[spot] = key
        keys[PROGRAMS] += ONE
    return first + spot * length


@kernel
def _spot(key: np.uint64, keys: Words) -> np.uint64:
    """Return the place of a key in the open-addressing table, or the free place where it belongs."""
    mask = U64(PROGRAMS - 1)
    spot = ((key * U64(0x9E3779B97F4A7C15)) >> U64(32)) & mask
    while keys[spot] != key and keys[spot] != ZERO:
        spot = (spot + ONE) & mask
    return spot


@inlined_kernel
def _record_end(
    buffer: Octets,
    at: np.uint64,
    body: np.uint64,
    end: np.uint64,
    n: np.uint64,
    store: Words,
    count: np.uint64,
    positions: Positions,
    row: np.uint64,
) -> np.uint64:
    """Run the program at ``store[n]``: return where the record ends, or more than ``end``."""
    here = body
    while True:
        op = store[n]
        n += ONE
        rule = op & U64(0xF)
        if rule == MARK:
            positions[row + ((op >> U64(4)) & U64(0xFF))] = here - at + (op >> U64(48))
            continue
        here += op >> U64(48)
        if rule == END:
            return here if here <= end else end + RECORD_OVER
        if rule == COMPOUND:
            here = _compound_end(buffer, here, end, op, store, positions, row, at)
        elif rule == RANDOM:
            base = (op >> U64(16)) & U64(0xFFFF)
            here = _random_end(buffer, here, end, store, base, count, positions, row, at)
        else:
            here = _variable_end(buffer, here, end, op, positions, row, at)
        if here > end:
            return here


@kernel
def walk_records(
    buffer: Octets,
    begin: NDArray[np.int64],
    stop: NDArray[np.int64],
    store: Words,
    uap_rows: int,
    uaps: int,
    keys: Words,
    block: int,
    at: int,
    positions: Positions,
    record: NDArray[np.int64],
    block_of: NDArray[np.int32],
    errors: NDArray[np.int64],
) -> tuple[Whole, Whole, Whole]:
    """Walk records from octet ``at`` of block ``block`` until the rows are full or the blocks end.

    ``store`` holds the items of the layout and, behind them, room for PROGRAMS programs of ``uap_rows + 2``
    operations; ``keys`` their FSPECs. Returns rows filled, and the block and octet to go on with. A record
    that cannot be walked ends its block: ``errors[block]`` gets the code and the record's first octet.
    """
    rows, room, slots = ZERO, U64(record.size), U64(positions.size // record.size)
    number, blocks, here, count = U64(block), U64(begin.size), U64(at), U64(uap_rows)
    last_key, last_program = ZERO, EMPTY
    positions[:] = 0
    while number < blocks:
        here = max(here, U64(begin[number]))
        end = U64(stop[number])
        while here < end:
            if rows == room:
                return rows, number, here
            body, key = here, U64(buffer[here])
            while buffer[body] & 1:
                body += ONE
                if body >= end:
                    break
                key = (key << U64(8)) | U64(buffer[body])
            body += ONE
            after = end + RECORD_OVER
            if body <= end:
                program = last_program
                if key != last_key or uaps == 2:
                    program = _find_program(buffer, here, body, end, key, store, count, U64(uaps), keys)
                    last_key, last_program = key, program
                after = end + program
                if program > BAD_LENGTH:
                    after = _record_end(buffer, here, body, end, program, store, count, positions, rows * slots)
            if after > end:
                errors[number, 0] = after - end
                errors[number, 1] = here
                positions[rows * slots : (rows + ONE) * slots] = 0
                break
            record[rows] = here
            block_of[rows] = number
            rows += ONE
            here = after
        number += ONE
        here = ZERO
    return rows, number, here
