"""The kernels read what the reference decoder reads, whatever the octets are, and nothing beyond their end."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plots.asterix import oracle
from plots.asterix.test_against_libasterix import read
from waman.plots.asterix.columns import dtype_of
from waman.plots.asterix.kernels.reference import records_ref
from waman.plots.asterix.registry import CATEGORIES
from waman.plots.asterix.spec import Category, compile_layout
from waman.plots.asterix.words import rank, rank_ref

LAYOUTS = [(layout, getattr(oracle.generated, f"Cat_{n:03d}_{layout.editions[-1].replace('.', '_')}"))
           for n, layouts in CATEGORIES.items() for layout in layouts]  # fmt: skip


def same_as_reference(category: Category, body: bytes) -> None:
    data = bytes([category.number]) + (3 + len(body)).to_bytes(2, "big") + body
    records = read(data, category)
    wanted, end = records_ref(body, category)
    assert [(int(r) - 3) for r in records.record] == [at for at, _ in wanted]
    error_at = int(records.errors[0, 1]) - 3 if records.errors[0, 0] else len(body)
    assert error_at == end
    for column, field in category.fields.items():
        missing: Any = np.nan if field.lsb else -1
        values = np.array(
            [v[column] * (field.scale or 1) if column in v else missing for _, v in wanted], dtype_of(field)
        )
        np.testing.assert_array_equal(records.columns[column], values, column)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_mixed_good_records_and_flipped_bits_are_read_as_the_reference_reads_them(data: st.DataObject) -> None:
    category, cls = data.draw(st.sampled_from(LAYOUTS))
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    body = bytearray(b"".join(oracle.make_records(cls, data.draw(st.integers(1, 8)), rng))[:60_000])
    for bit in data.draw(st.lists(st.integers(0, 8 * len(body) - 1), max_size=6)):
        body[bit // 8] ^= 128 >> bit % 8
    same_as_reference(category, bytes(body[: data.draw(st.integers(1, len(body)))]))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(LAYOUTS), st.binary(min_size=1, max_size=200))
def test_random_octets_are_read_as_the_reference_reads_them(layout: tuple[Category, Any], body: bytes) -> None:
    same_as_reference(layout[0], body)


@pytest.mark.parametrize("number", [1, 2])
def test_random_field_sequences_are_walked(number: int) -> None:
    category = CATEGORIES[number][0]
    frn = next(i for i, item in enumerate(category.uaps[0].items) if item.number == "RFS")
    spec = bytearray(frn // 7 + 1)
    for i in (0, 1, frn):
        spec[i // 7] |= 0x80 >> i % 7
    for i in range(len(spec) - 1):
        spec[i] |= 1
    time_frn = 7 if number == 1 else 4
    fields = bytes([2, time_frn]) + b"\x01\x00" + (b"" if number == 1 else b"\x00") + bytes([1, 7, 8])
    body = bytes(spec) + b"\x05\x06" + b"\x00" + fields
    records = read(bytes([number, 0, 3 + len(body)]) + body, category)
    assert records.columns["source"].tolist() == [0x0708]
    assert records.columns["truncated_s" if number == 1 else "tod_s"].tolist() == [2.0 if number == 1 else 512.0]


def test_more_fspecs_than_programs_are_kept() -> None:
    category, cls = next((c, k) for c, k in LAYOUTS if c.number == 48)
    rng = random.Random(5)
    raw = [oracle.any_record(oracle.record_classes(cls)[0], rng, always=(0,), share=0.3) for _ in range(2500)]
    fspecs = {r[: next(i for i, o in enumerate(r) if not o & 1) + 1] for r in raw}
    assert len(fspecs) > 1024
    data = b"".join(bytes([48]) + (3 + len(r)).to_bytes(2, "big") + r for r in raw)
    records = read(data, category)
    assert len(records) == 2500 and not records.errors.any()


@pytest.mark.parametrize(
    "layout", [c for layouts in CATEGORIES.values() for c in layouts], ids=lambda c: f"{c.number}-{c.editions[0]}"
)
def test_every_layout_fits_the_bits_it_is_packed_in(layout: Category) -> None:
    compiled = compile_layout(layout)
    assert compiled.slots < 256
    assert compiled.items.size < 2**16
    assert all(k.octets <= 7 for kept in compiled.kept for k in kept)


@settings(deadline=None)
@given(st.lists(st.integers(-1, 2**48 - 1) | st.integers(-1, 5), max_size=300))
def test_ranks_are_those_of_sorting(values: list[int]) -> None:
    mine, theirs = rank(np.array(values, np.int64)), rank_ref(np.array(values, np.int64))
    np.testing.assert_array_equal(mine[0], theirs[0])
    np.testing.assert_array_equal(mine[1], theirs[1])
