"""What analysts correct holds in later runs, can be undone, and is never lost in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from waman import tables
from waman.errors import InputError, Problems
from waman.store.corrections import add_correction, read_corrections
from waman.tracks.corrections import Correction, active, around, joint, lost, nearest, revised, withheld

T0_US = 1_700_000_000_000_000


def tracks(parts: dict[int, list[int | None]], *, icao24: dict[int, str] | None = None) -> pa.Table:
    """One row a track and scan: the offset of its plot, or None where it coasts."""
    rows = [(k, n, offset) for k, plots in parts.items() for n, offset in enumerate(plots) if offset != -1]
    seen = [offset is not None for _, _, offset in rows]
    return tables.table(
        "tracks",
        {
            "track": [k for k, _, _ in rows], "time": [T0_US + 4_000_000 * n for _, n, _ in rows],
            "lat_deg": np.zeros(len(rows)), "lon_deg": np.zeros(len(rows)), "detected": seen,
            "state": ["confirmed" if s else "coasting" for s in seen], "sensor": ["hill"] * len(rows),
            "source": ["a.ast" if s else None for s in seen], "offset": [o for _, _, o in rows],
            "icao24": [(icao24 or {}).get(k) for k, _, _ in rows],
        },
    )  # fmt: skip


TWO = {3: [10, 11, None, None, None, None], 8: [-1, -1, -1, -1, 20, 21]}


def correction(kind: str, *offsets: int, number: int = 1, of: int | None = None) -> Correction:
    return Correction(number, kind, tuple(("a.ast", o) for o in offsets), of, "blue", T0_US, "seen on video")


def test_two_tracks_joined_become_one_with_a_stitched_gap() -> None:
    rows, outcomes = revised(tracks(TWO), [correction("merge", 11, 20)])
    assert outcomes[0].holds
    assert rows["track"].to_pylist() == [3] * 6
    assert rows["state"].cast(pa.string()).to_pylist() == ["confirmed"] * 2 + ["stitched"] * 2 + ["confirmed"] * 2
    assert len(set(rows["time"].to_pylist())) == 6


def test_a_correction_holds_in_a_later_run_that_numbers_tracks_anew() -> None:
    again = tracks({40: TWO[3], 77: TWO[8]})
    rows, outcomes = revised(again, [correction("merge", *(o for _, o in joint(tracks(TWO), 8, 3)))])
    assert outcomes[0].holds
    assert set(rows["track"].to_pylist()) == {40}


def test_one_track_cut_in_two_keeps_its_number_before_the_cut() -> None:
    whole = tracks({5: [10, 11, None, 20, 21]})
    before, after = around(whole, 5, T0_US + 10_000_000)
    rows, outcomes = revised(whole, [Correction(1, "split", (before, after), None, "blue", 0, "another aircraft")])
    assert outcomes[0].holds
    assert rows["track"].to_pylist() == [5, 5, 5, 6, 6]


def test_a_rejected_plot_is_left_out_before_tracking() -> None:
    plots = tables.table(
        "plots",
        {
            "time": [T0_US] * 3,
            "sensor": ["hill"] * 3,
            "kind": ["psr"] * 3,
            "source": ["a.ast"] * 3,
            "offset": [1, 2, 3],
        },
    )
    kept, outcomes = withheld(plots, [correction("reject", 2)])
    assert kept["offset"].to_pylist() == [1, 3]
    assert outcomes[0].holds
    assert nearest(tracks(TWO), 3, T0_US + 3_900_000) == ("a.ast", 11)


def test_what_no_longer_fits_is_listed_and_changes_nothing() -> None:
    given = [correction("merge", 11, 99), correction("reject", 98, number=2)]
    rows, outcomes = revised(tracks(TWO), given)
    _, more = withheld(tables.empty("plots"), given)
    assert rows.equals(tracks(TWO))
    assert [o.holds for o in (*outcomes, *more)] == [False, False]
    problems = Problems()
    lost([*outcomes, *more], "corrections.jsonl", problems)
    assert problems.count == 2
    assert "no longer applicable" in problems.kept[0].what


@pytest.mark.parametrize(
    ("parts", "icao24", "why"),
    [
        (TWO, {3: "0a0001", 8: "0a0002"}, "different addresses"),
        ({3: [10, 11, 12], 8: [20, 21, 22]}, {}, "same look"),
    ],
)
def test_what_cannot_be_one_aircraft_is_not_joined(
    parts: dict[int, list[int | None]], icao24: dict[int, str], why: str
) -> None:
    rows, outcomes = revised(tracks(parts, icao24=icao24), [correction("merge", 11, 20)])
    assert not outcomes[0].holds and why in outcomes[0].why
    assert set(rows["track"].to_pylist()) == {3, 8}


def test_an_undo_takes_a_correction_back_and_can_itself_be_undone() -> None:
    first = correction("merge", 11, 20)
    undo = replace(correction("undo", number=2, of=1), plots=())
    again = replace(undo, number=3, of=2)
    assert active([first, undo]) == []
    assert active([first, undo, again]) == [first]


def test_corrections_are_only_ever_added_and_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "corrections.jsonl"
    add_correction(correction("merge", 11, 20), file)
    with file.open("a", encoding="utf-8") as out:
        out.write("half a li\n")
    add_correction(replace(correction("undo", number=2, of=1), plots=()), file)
    problems = Problems()
    assert [c.kind for c in read_corrections(file, problems)] == ["merge", "undo"]
    assert problems.count == 1


@pytest.mark.parametrize(
    "bad",
    [
        replace(correction("merge", 11, 20), reason=" "),
        replace(correction("merge", 11, 20), by=""),
        correction("merge", 11),
        replace(correction("undo", of=7), plots=()),
        correction("delete", 1),
    ],
)
def test_a_correction_without_reason_author_or_object_is_refused(bad: Correction, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        add_correction(bad, tmp_path / "corrections.jsonl")
    assert not (tmp_path / "corrections.jsonl").exists()
