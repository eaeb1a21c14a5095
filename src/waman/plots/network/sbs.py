"""BaseStation (SBS-1) lines: ``MSG,3,...`` on port 30003 of receivers, and files of them.

The format gives altitude in feet of pressure, speed in knots, and times in the local time of
the receiver's computer without naming its zone; the area file or ``--timezone`` must.
Source: Kinetic BaseStation socket data, field list of 22.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waman import tables
from waman.errors import Problems
from waman.geo.time import NO_TIME_US
from waman.geo.units import FEET_M, FLIGHT_LEVEL_M, KNOT_MPS
from waman.plots.mode_s import carry
from waman.plots.records.columns import constant, numbers, times_us, words
from waman.plots.records.csv_records import read_csv
from waman.plots.records.envelope import Content
from waman.plots.records.identity import Source, callsign_word, icao24_word, squawk_codes, tell

NAMES = tuple(
    (  # noqa: SIM905
        "message kind session aircraft hex flight_number day clock day_logged clock_logged callsign "
        "altitude speed track lat lon climb squawk alert emergency spi ground"
    ).split()
)
OTHER_LINES = ("SEL,", "ID,", "AIR,", "STA,", "CLK,")  # selection, identity, new aircraft, status, click: no plots
AGES_US = {
    "speed": carry.VELOCITY_AGE_US,
    "heading": carry.VELOCITY_AGE_US,
    "mode_3a": carry.CODE_AGE_US,
    "callsign": carry.CALLSIGN_AGE_US,
}


def read_sbs(content: Content, source: Source, problems: Problems) -> tuple[pa.Table, dict[str, object]]:
    """Return the plots of BaseStation lines: one for each message with a position, a height or a code.

    Speed, heading, callsign and code come in messages of their own and are carried (see ``mode_s.carry``).
    """
    found, offsets = read_csv(content, problems, names=NAMES, quiet=OTHER_LINES)
    if not found or not len(offsets):
        return tables.empty("plots"), {"lines": 0}
    source = Source(content, offsets, source.sensor, source.timezone)
    is_message = np.asarray(pc.fill_null(pc.equal(found["message"].cast(pa.string()), "MSG"), False)).astype(np.bool_)
    text = pc.binary_join_element_wise(pc.replace_substring(found["day"], "/", "-"), found["clock"], "T")
    clock = times_us(text, timezone=source.timezone)
    what = "no time, or one without a zone (name it in the area file): the line is left out"
    tell(problems, source, is_message & (clock == NO_TIME_US), what, text)
    icao24, refused = words(found["hex"], icao24_word)
    tell(problems, source, is_message & refused, "not a 24-bit address", found["hex"])
    aircraft = np.asarray(pc.fill_null(icao24.indices, -1)).astype(np.int64)
    callsign, _ = words(found["callsign"], callsign_word)
    code = np.asarray(squawk_codes(found["squawk"], source, problems).cast(pa.float64()).to_numpy(zero_copy_only=False))
    lat, lon, feet, knots, heading = (numbers(found[n])[0] for n in ("lat", "lon", "altitude", "speed", "track"))
    fields = carry.carry_all(
        aircraft,
        clock,
        {
            "speed": knots * KNOT_MPS,
            "heading": heading % 360.0,
            "mode_3a": code.astype(np.float64),
            "callsign": np.array(callsign.indices.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64),
        },
        AGES_US,
    )
    good = np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90.0) & (np.abs(lon) <= 180.0)
    tell(problems, source, (np.isfinite(lat) | np.isfinite(lon)) & ~good, "position outside the globe", found["lat"])
    carried_code = np.where(good | np.isfinite(code), fields["mode_3a"], np.nan)
    keep = is_message & (clock != NO_TIME_US) & (good | np.isfinite(feet) | np.isfinite(code))
    n = int(keep.sum())
    named = pa.array(np.nan_to_num(fields["callsign"]).astype(np.int32), mask=np.isnan(fields["callsign"]))
    table = tables.table(
        "plots",
        {
            "time": pa.array(clock[keep]).cast(tables.TIME),
            "received": pa.array(clock[keep]).cast(tables.TIME),
            "sensor": constant(source.sensor, n),
            "kind": pa.DictionaryArray.from_arrays(
                pa.array(np.where(good, 0, 1)[keep].astype(np.int32)), ["ads_b", "mode_s"]
            ),
            "lat_deg": np.where(good, lat, np.nan)[keep],
            "lon_deg": np.where(good, lon, np.nan)[keep],
            "altitude_fl": (feet * FEET_M / FLIGHT_LEVEL_M)[keep],
            "mode_3a": pa.array(np.nan_to_num(carried_code)[keep].astype(np.uint16), mask=np.isnan(carried_code)[keep]),
            "icao24": icao24.filter(pa.array(keep)),
            "callsign": pa.DictionaryArray.from_arrays(named, callsign.dictionary).filter(pa.array(keep)),
            "ground_speed_mps": fields["speed"][keep],
            "heading_deg": fields["heading"][keep],
            "source": constant(content.name, n),
            "offset": offsets[keep],
        },
    )
    return table, {"lines": len(offsets)}
