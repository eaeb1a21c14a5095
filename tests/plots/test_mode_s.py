"""Mode S: parity, framings, carried fields, and what a damaged or foreign frame must not become."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waman.errors import Problems
from waman.geo.units import FEET_M, SECOND_US
from waman.plots import read
from waman.plots.mode_s.carry import carried, carried_ref
from waman.plots.mode_s.frames import from_hex, read_beast
from waman.plots.mode_s.parity import syndrome, syndrome_ref
from waman.plots.mode_s.stream import FrameStream
from waman.plots.records.envelope import Content

# the worked example of "The 1090 Megahertz Riddle" (J. Sun, TU Delft, second edition), chapters 4 and 5:
# an even and an odd airborne position of 40621d, decoded there to 52.2572, 3.91937 at 38,000 ft
EVEN, ODD = "8d40621d58c382d690c8ac2863a7", "8d40621d58c386435cc412692ad6"
IDENTITY = "8d4840d6202cc371c32ce0576098"  # the same book, 4840d6 calls itself KLM1023
VELOCITY = "8d485020994409940838175b284f"  # 159.20 kt, 182.88 degrees, GNSS height 550 ft above pressure height
T0_S = 1_457_996_400.0


def _jsonl(folder: Path, *frames: tuple[float, str]) -> Path:
    file = folder / "frames"
    file.write_text("".join(json.dumps({"timestamp": T0_S + t, "frame": f}) + "\n" for t, f in frames))
    return file


def _beast(*frames: tuple[int, str], kind: bytes = b"3") -> bytes:
    out = b""
    for ticks, text in frames:
        body = ticks.to_bytes(6, "big") + b"\x50" + bytes.fromhex(text)
        out += b"\x1a" + (b"2" if len(text) == 14 else kind) + body.replace(b"\x1a", b"\x1a\x1a")
    return out


def test_the_published_example_is_decoded_to_its_published_position(tmp_path: Path) -> None:
    rows = read(_jsonl(tmp_path, (2.0, EVEN), (0.0, ODD))).plots.to_pylist()
    even = rows[-1]
    assert even["lat_deg"] == pytest.approx(52.2572, abs=1e-4) and even["lon_deg"] == pytest.approx(3.91937, abs=1e-5)
    assert (even["icao24"], even["altitude_fl"], even["kind"]) == ("40621d", 380.0, "ads_b")
    assert even["altitude_msl_m"] is None  # pressure is not height, and nothing geometric was heard
    assert rows[0]["lat_deg"] is None and rows[0]["altitude_fl"] == 380.0


def test_speed_and_geometric_height_come_from_the_velocity_message(tmp_path: Path) -> None:
    from waman.plots.mode_s.messages import Frames, to_plots
    from waman.plots.records.identity import Source

    payload, length = from_hex([VELOCITY, ODD, EVEN])
    # one aircraft says it all: the address of the velocity message is overwritten and its parity made right
    payload[0, 1:4] = payload[1, 1:4]
    wrong = int(syndrome(payload[:1], length[:1])[0])
    payload[0, 11:] ^= np.frombuffer(wrong.to_bytes(3, "big"), np.uint8)
    times = np.array([0, 1, 2], np.int64) * SECOND_US // 2 + 10**15
    source = Source(Content("x", b"", 0), np.zeros(0, np.int64), "own")
    table, _ = to_plots(Frames(payload, length, times, np.arange(3)), source, Problems())
    row = table.to_pylist()[-1]
    assert row["ground_speed_mps"] == pytest.approx(159.20 * 1852 / 3600, abs=0.01)
    assert row["heading_deg"] == pytest.approx(182.88, abs=0.01)
    # 38,550 ft above the ellipsoid; the geoid lies 42 to 46 m above it over the North Sea
    assert row["altitude_msl_m"] == pytest.approx(38_550 * FEET_M - 44, abs=3)


def test_a_squitter_with_one_wrong_bit_is_no_plot(tmp_path: Path) -> None:
    wrong = EVEN[:12] + "3" + EVEN[13:]
    found = read(_jsonl(tmp_path, (0.0, ODD), (1.0, wrong)))
    assert found.plots.num_rows == 1
    assert found.summary["squitters with wrong parity"] == 1


def test_a_reply_counts_only_for_an_address_that_a_squitter_confirms(tmp_path: Path) -> None:
    def reply(address: int) -> str:
        payload, length = from_hex(["20000fb0000000"])
        rest = int(syndrome(payload, length)[0]) ^ address
        return "20000fb0" + rest.to_bytes(3, "big").hex()

    found = read(_jsonl(tmp_path, (0.0, ODD), (1.0, reply(0x40621D)), (1.5, reply(0x123456))))
    assert found.plots["icao24"].to_pylist() == ["40621d", "40621d"]
    assert found.summary["replies of an address that no squitter confirms"] == 1


def test_one_frame_heard_by_two_receivers_counts_once(tmp_path: Path) -> None:
    found = read(_jsonl(tmp_path, (0.0, ODD), (0.0002, ODD), (1.0, ODD)))
    assert found.plots.num_rows == 2


def test_escaped_bytes_beast_types_and_trailing_bytes_are_told_apart(tmp_path: Path) -> None:
    # 0x1a in the time and in the message must be undone; a Mode A/C reply and a status frame are not plots
    first = _beast((0x1A1A1A000000, ODD), (0x1A1A1A000000 + 12_000_000, EVEN))
    others = b"\x1a1" + bytes(6) + b"\x50\x12\x34"
    file = tmp_path / "x"
    file.write_bytes(b"noise" + first + others + b"\x1a3\x00\x01")
    found = read(file)
    assert found.format == "Beast"
    assert found.plots["altitude_fl"].to_pylist() == [380.0, 380.0]
    assert found.plots["offset"].to_pylist()[0] == 5
    whats = " ".join(p.what for p in found.problems.kept)
    assert "before the first" in whats and "not a whole" in whats and "Mode A/C" in whats and "no date" in whats


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**47), st.binary(min_size=14, max_size=14)), max_size=6))
def test_beast_frames_come_back_as_they_were_sent(frames: list[tuple[int, bytes]]) -> None:
    sent = [(t, f.hex()) for t, f in frames]
    found = read_beast(Content("x", _beast(*sent), 0), Problems(), date=None)
    assert [bytes(p).hex() for p in found.payload] == [f for _, f in sent]


def test_avr_lines_with_and_without_times_are_read(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text(f"@000000000000{ODD};\n@0000016E3600{EVEN};\n")
    found = read(file)
    assert found.format == "AVR" and found.plots["lat_deg"].null_count == 1
    file.write_text(f"*{ODD};\n*{EVEN};\n*1234;\n")
    assert "no time" in " ".join(p.what for p in read(file).problems.kept)


def test_a_bad_line_of_json_or_csv_frames_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text(f"{T0_S},{ODD}\n{T0_S + 1},{EVEN[:-1]}z\n{T0_S + 2},{EVEN}\n")
    found = read(file)
    assert found.plots.num_rows == 2 and found.problems.count == 1
    assert "hexadecimal" in found.problems.kept[0].what


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(min_size=14, max_size=14), min_size=1, max_size=8), st.data())
def test_the_table_of_remainders_equals_long_division(frames: list[bytes], data: st.DataObject) -> None:
    length = np.array(data.draw(st.lists(st.sampled_from([7, 14]), min_size=len(frames), max_size=len(frames))))
    payload = np.frombuffer(b"".join(frames), np.uint8).reshape(-1, 14).copy()
    assert syndrome(payload, length).tolist() == syndrome_ref(payload, length).tolist()


def test_the_published_squitters_have_right_parity() -> None:
    assert syndrome(*from_hex([EVEN, ODD, IDENTITY, VELOCITY])).tolist() == [0, 0, 0, 0]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_carrying_equals_asking_every_earlier_message(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 12))

    def column(values: st.SearchStrategy[float]) -> np.ndarray:
        return np.array(data.draw(st.lists(values, min_size=n, max_size=n)))

    aircraft = column(st.integers(-1, 2)).astype(np.int64)
    time_us = column(st.integers(0, 5)).astype(np.int64)
    values = column(st.sampled_from([np.nan, 1.0, 2.0])).astype(np.float64)
    np.testing.assert_array_equal(carried(aircraft, time_us, values, 2), carried_ref(aircraft, time_us, values, 2))


@pytest.mark.parametrize("step", [1, 7, 40, 1000])
def test_a_stream_cut_anywhere_gives_the_plots_of_the_file(step: int) -> None:
    data = _beast((1, ODD), (2, IDENTITY), (0x1A1A, EVEN), (4, ODD), (5, IDENTITY))
    feed = FrameStream("beast", name="lan", sensor="own")
    offsets, rows = [], 0
    for i, at in enumerate(range(0, len(data), step)):
        plots, problems = feed.feed(data[at : at + step], received_us=round(T0_S) * SECOND_US + i * 400_000)
        offsets += plots["offset"].to_pylist()
        rows += plots.num_rows
        assert problems.count == 0
    assert offsets[:2] == [0, data.index(b"\x1a3\x00\x00\x00\x00\x1a\x1a")]
    assert rows in (2, 3)  # the last frame of a stream is whole only when the next begins


def test_a_stream_of_noise_is_thrown_away_and_said_so() -> None:
    feed = FrameStream("avr", name="lan", sensor="own")
    plots, problems = feed.feed(b"\x00" * 100_000, received_us=round(T0_S) * SECOND_US)
    assert plots.num_rows == 0 and problems.count == 1 and feed.tail == b""


@pytest.mark.samples
def test_the_recorded_flight_has_the_positions_that_two_decoders_agree_on(sample_files) -> None:  # type: ignore[no-untyped-def]
    file = next(p for p in sample_files("mode_s") if p.suffix == ".jsonl")
    found = read(file)
    recorded = {
        round(r["timestamp"] * 1e6): r for r in map(json.loads, file.read_text().splitlines()) if "latitude" in r
    }
    rows = [r for r in found.plots.select(["time", "lat_deg", "lon_deg"]).to_pylist() if r["lat_deg"] is not None]
    assert len(rows) > 6400
    from waman.geo.time import datetime_us

    for row in rows[::50]:
        told = recorded[datetime_us(row["time"])]
        assert abs(row["lat_deg"] - told["latitude"]) < 1e-9 and abs(row["lon_deg"] - told["longitude"]) < 1e-9
