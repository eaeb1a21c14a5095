"""Blocks made by hand and by the encoder of libasterix come out as plots, heartbeats and problems."""

from __future__ import annotations

import struct

import numpy as np

from waman.geo.units import DAY_US, SECOND_US
from waman.plots import asterix, capture

NOON_US = 20_000 * DAY_US + DAY_US // 2


def block(category: int, *records: str) -> bytes:
    body = b"".join(bytes.fromhex(r) for r in records)
    return bytes([category]) + struct.pack(">H", 3 + len(body)) + body


# I048/010 20/10, 140 43,200 s, 020 roll-call, 040 100 NM and 90 degrees, 070 1200, 090 FL 330
PLOT = "FC 140A 546000 A0 64004000 0280 0528"
NORTH_MARK = "F0 140A 01 546000 00"


def test_a_radar_plot_has_its_place_time_and_identity() -> None:
    payloads, _ = capture.read(block(48, PLOT), name="a")
    found = asterix.decode(payloads, name="a", near_us=NOON_US)
    row = found.plots.to_pylist()[0]
    assert (row["sensor"], row["kind"], row["offset"]) == ("20/10", "mode_s", 3)
    assert row["range_m"] == np.float32(185_200.0) and row["azimuth_deg"] == 90.0
    assert row["altitude_fl"] == 330.0 and row["mode_3a"] == 0o1200
    assert found.plots["time"].cast("int64").to_pylist() == [NOON_US]
    assert row["lat_deg"] is None and row["lon_deg"] is None


def test_a_heartbeat_makes_the_sensor_up_and_silence_makes_it_unknown() -> None:
    beats = b"".join(block(34, f"F0 140A 01 {(43_200 + s) * 128:06X} 00") for s in (0, 4, 8, 12, 100, 104))
    payloads, _ = capture.read(beats, name="a")
    found = asterix.decode(payloads, name="a", near_us=NOON_US)
    states = [(r["state"], (r["end"] - r["start"]).total_seconds()) for r in found.availability.to_pylist()]
    assert states == [("up", 12.0), ("unknown", 88.0), ("up", 4.0)]


def test_no_date_is_said() -> None:
    payloads, _ = capture.read(block(48, PLOT), name="a")
    found = asterix.decode(payloads, name="a", near_us=None)
    assert [p.what for p in found.problems.kept] == ["no capture time and no date: times count from 1970-01-01"]
    assert found.plots["time"].cast("int64").to_pylist() == [DAY_US // 2]


def test_a_time_of_day_before_midnight_received_after_it_belongs_to_the_day_before() -> None:
    late = PLOT.replace("546000", f"{86_399 * 128:06X}")
    payloads = capture.Payloads.whole(block(48, late), time_us=20_001 * DAY_US + SECOND_US)
    found = asterix.decode(payloads, name="a", near_us=None)
    assert found.plots["time"].cast("int64").to_pylist() == [20_001 * DAY_US - SECOND_US]


def test_an_unknown_category_is_skipped_by_its_length_and_counted() -> None:
    payloads, _ = capture.read(block(255, "0102") + block(48, PLOT) + block(255, "03"), name="a")
    found = asterix.decode(payloads, name="a", near_us=NOON_US)
    assert found.plots.num_rows == 1
    assert [(p.where, p.what, p.value) for p in found.problems.kept] == [
        ("a@0", "CAT255 is not read", "2 blocks skipped")
    ]


def test_bytes_behind_the_last_block_of_a_datagram_are_reported_and_not_read() -> None:
    whole = block(48, PLOT)
    payloads = capture.Payloads.whole(whole + block(48, PLOT)[:-1])
    payloads.cut[:] = False
    found = asterix.decode(payloads, name="a", near_us=NOON_US)
    assert found.plots.num_rows == 1
    assert [p.where for p in found.problems.kept] == [f"a@{len(whole)}"]


def test_simulated_and_test_targets_are_no_plots() -> None:
    payloads, _ = capture.read(block(48, PLOT, PLOT.replace(" A0 ", " B0 "), PLOT.replace(" A0 ", " A180 ")), name="a")
    found = asterix.decode(payloads, name="a", near_us=NOON_US)
    assert found.plots.num_rows == 1
    assert sorted(p.what for p in found.problems.kept) == [
        "CAT048: simulated targets left out",
        "CAT048: test targets left out",
    ]
