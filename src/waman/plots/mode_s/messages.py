"""Mode S frames to plots: parity here, fields and positions through rs1090.

The parity of every frame is checked first (ICAO Annex 10 volume IV, 3.1.2.3.3). Squitters carry
their address in clear and must check to zero; in surveillance and Comm-B replies the parity is
overlaid with the address, so a damaged reply looks like a reply of somebody who does not
exist: such an address counts only if a squitter of this recording confirmed it.

Positions: against pyModeS 3.6.1 on the 57,793 frames of ``full_flight_short.jsonl``, both decode the same
6,346 airborne positions to the last bit. rs1090 alone gives 6 at the first lock and all surface positions
(which pyModeS refuses without a reference); pyModeS alone gives 99, each within 2.2 s after an accepted
one, where jitter of the recorded times implies a speed that rs1090's own check refuses and pyModeS's limit
of 1,500 kt plus 2 km lets pass. So rs1090 is the stricter, and neither is wrong about CPR
(``authorities/cpr_rs1090_pymodes.txt``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waman import tables
from waman.errors import Problems
from waman.geo.geoid import msl_from_ellipsoid_m
from waman.geo.units import FEET_M, FLIGHT_LEVEL_M, KNOT_MPS, SECOND_US
from waman.plots.mode_s import carry
from waman.plots.mode_s.parity import LONG_BYTES, SHORT_BYTES, Bytes, syndrome, three_bytes
from waman.plots.records.columns import Flags, Floats, Offsets, constant
from waman.plots.records.identity import Source, callsign_word

DUPLICATE_US = 300_000  # a frame repeated sooner than squitters may be (0.4 s) was heard by two receivers
UNCONFIRMED_MIN = 10  # in a recording without squitters an address must come this often to be believed
SHORT_FORMATS, SQUITTERS, OVERLAID = (0, 4, 5, 11), (11, 17, 18), (0, 4, 5, 16, 20, 21)

# NUCp category -> 95 % horizontal bound [m] (RTCA DO-260B, table N-5); sigma of one axis = bound / 2.4477
NUCP_BOUND_M = np.array([np.nan, 18520, 9260, 1852, 926, 463, 185.2, 92.6, 10, 3, *[np.nan] * 6])
RAYLEIGH_95 = 2.4477

AGES_US = {
    "ground_speed": carry.VELOCITY_AGE_US,
    "heading": carry.VELOCITY_AGE_US,
    "difference": carry.DIFFERENCE_AGE_US,
    "mode_3a": carry.CODE_AGE_US,
    "callsign": carry.CALLSIGN_AGE_US,
}


@dataclass(frozen=True)
class Frames:
    """Raw frames: ``payload`` (n, 14) uint8, short ones padded with zeros; ``length`` (n,) 7 or 14 bytes."""

    payload: Bytes
    length: NDArray[np.int64]
    time_us: Offsets
    offsets: Offsets

    def take(self, rows: Any) -> Frames:
        """Return the frames of some rows."""
        return Frames(self.payload[rows], self.length[rows], self.time_us[rows], self.offsets[rows])


class _Callsign(msgspec.Struct):
    callsign: str | None = None


class _Message(msgspec.Struct):
    """The fields of an rs1090 message that make a plot."""

    timestamp: float
    df: str
    icao24: str | None = None
    bds: str | None = None
    tc: int | None = None
    tisb: str | None = None
    NUCp: int | None = None
    altitude: float | None = None
    source: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    groundspeed: float | None = None
    track: float | None = None
    geo_minus_baro: float | None = None
    squawk: str | None = None
    callsign: str | None = None
    bds20: _Callsign | None = None


def trimmed(frames: Frames) -> Frames:
    """Return the frames with short formats cut to 7 bytes; some receivers write 14 bytes of every frame."""
    short = np.isin(frames.payload[:, 0] >> 3, SHORT_FORMATS)
    length = np.where(short, SHORT_BYTES, frames.length)
    payload = np.where(np.arange(LONG_BYTES) < length[:, None], frames.payload, 0).astype(np.uint8)
    return Frames(payload, length, frames.time_us, frames.offsets)


def checked(frames: Frames) -> tuple[Flags, dict[str, int]]:
    """Return which frames are to be believed, and how many of the others there are by reason."""
    form = frames.payload[:, 0] >> 3
    rest = syndrome(frames.payload, frames.length)
    fits = np.isin(form, SHORT_FORMATS) | (frames.length == LONG_BYTES)
    # an all-call reply is overlaid with the interrogator's code, 7 bits (Annex 10 vol IV 3.1.2.3.3.2)
    clean = np.where(form == 11, rest & 0xFFFF80, rest) == 0
    squitter = fits & np.isin(form, SQUITTERS) & clean
    overlaid = fits & np.isin(form, OVERLAID)
    known = np.unique(three_bytes(frames.payload, np.ones(len(form), np.int64))[squitter])
    if len(known):
        confirmed = overlaid & np.isin(rest, known)
    else:
        address, inverse, counts = np.unique(rest, return_inverse=True, return_counts=True)
        confirmed = overlaid & (counts[inverse] >= UNCONFIRMED_MIN) & (address[inverse] != 0)
    reasons = {
        "frames too short for their format": int((~fits).sum()),
        "squitters with wrong parity": int((fits & np.isin(form, SQUITTERS) & ~clean).sum()),
        "replies of an address that no squitter confirms": int((overlaid & ~confirmed).sum()),
        "frames of other formats": int((fits & ~np.isin(form, SQUITTERS + OVERLAID)).sum()),
    }
    return squitter | confirmed, reasons


def once(frames: Frames) -> Flags:
    """Return which frames are the first of their kind: the same bits within 0.3 s were heard by two receivers."""
    order = np.lexsort((frames.time_us, *frames.payload.T))
    before, after = order[:-1], order[1:]
    same = (frames.payload[before] == frames.payload[after]).all(axis=1)
    keep = np.ones(len(order), np.bool_)
    keep[after] = ~(same & (frames.time_us[after] - frames.time_us[before] < DUPLICATE_US))
    return keep


def to_plots(
    frames: Frames, source: Source, problems: Problems, *, reference: tuple[float, float] | None = None
) -> tuple[pa.Table, dict[str, object]]:
    """Return the plots of Mode S frames and what was counted on the way.

    ``reference`` (latitude, longitude of the receiver, degrees) resolves surface positions.
    """
    frames = trimmed(frames)
    believed, reasons = checked(frames)
    good = frames.take(believed)
    keep = once(good)
    good = good.take(keep)
    good = good.take(np.argsort(good.time_us, kind="stable"))
    rows, messages = _decode(good, problems, source, reference)
    table = _table(good.take(rows), messages, source) if messages else tables.empty("plots")
    counted: dict[str, object] = {"frames": len(frames.length), "frames repeated within 0.3 s": int((~keep).sum())}
    counted |= {reason: n for reason, n in reasons.items() if n}
    for reason, n in reasons.items():
        if n and reason.startswith(("squitters", "frames too short")):
            problems.add(source.content.name, reason, times=n)
    return table, counted


def _decode(
    frames: Frames, problems: Problems, source: Source, reference: tuple[float, float] | None
) -> tuple[NDArray[np.int64], list[_Message]]:
    """Return the rows of the frames that rs1090 understood, and what they say.

    rs1090 leaves frames out and does not say which; the time it returns with each is made
    unique by a nanosecond a row, and so leads back to the row.
    """
    if not len(frames.length):
        return np.zeros(0, np.int64), []
    import rs1090

    seconds = (frames.time_us - frames.time_us[0]) / SECOND_US + np.arange(len(frames.length)) * 1e-9
    try:
        decoded = rs1090.decode(hex_texts(frames), seconds.tolist(), reference=reference)
    except BaseException as why:  # a panic of the extension is no Exception
        if isinstance(why, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        problems.add(source.content.name, "the Mode S decoder gave up on this recording", why)
        return np.zeros(0, np.int64), []
    messages = msgspec.convert(decoded, list[_Message], strict=False)
    times = np.array([m.timestamp for m in messages])
    return np.searchsorted(seconds, times), messages


def hex_texts(frames: Frames) -> list[str]:
    """Return the frames as hexadecimal texts of 14 or 28 digits."""
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    text = np.zeros((len(frames.payload), 2 * LONG_BYTES), np.uint8)
    text[:, 0::2], text[:, 1::2] = digits[frames.payload >> 4], digits[frames.payload & 15]
    text[np.arange(2 * LONG_BYTES) >= 2 * frames.length[:, None]] = 0
    return text.view(f"S{2 * LONG_BYTES}").ravel().astype(f"U{2 * LONG_BYTES}").tolist()


def _table(frames: Frames, messages: list[_Message], source: Source) -> pa.Table:
    def floats(values: list[Any]) -> Floats:
        return np.array(values, np.float64)

    addresses, aircraft = np.unique([m.icao24 or "" for m in messages], return_inverse=True)
    aircraft = np.where(addresses[aircraft] == "", -1, aircraft)
    names, called = np.unique(
        [callsign_word(m.callsign or (m.bds20.callsign if m.bds20 else None) or "") for m in messages],
        return_inverse=True,
    )
    form = np.array([m.df for m in messages])
    category = np.array([m.tc or 0 for m in messages])
    altitude = floats([m.altitude for m in messages])
    fields = carry.carry_all(
        aircraft,
        frames.time_us,
        {
            "ground_speed": floats([m.groundspeed for m in messages]) * KNOT_MPS,
            "heading": floats([m.track for m in messages]),
            "difference": floats([m.geo_minus_baro for m in messages]),
            "mode_3a": np.array([int(m.squawk, 8) if m.squawk else np.nan for m in messages]),
            "callsign": np.where(names[called] == "", np.nan, called.astype(np.float64)),
        },
        AGES_US,
    )
    lat, lon = floats([m.latitude for m in messages]), floats([m.longitude for m in messages])
    pressure_ft = np.where(category >= 20, np.nan, altitude)  # type codes 20 to 22 carry GNSS height, not pressure
    height_m = (pressure_ft + fields["difference"]) * FEET_M
    located = np.isfinite(lat)
    uplink = np.array([(m.tisb or "").startswith("TISB") for m in messages])
    sigma = NUCP_BOUND_M[np.clip([m.NUCp or 0 for m in messages], 0, 15)] / RAYLEIGH_95
    code = np.where(np.isin(form, ["5", "21"]) | located, fields["mode_3a"], np.nan)
    keep = located | np.isfinite(pressure_ft) | np.isfinite(code)
    n = int(keep.sum())
    return tables.table(
        "plots",
        {
            "time": pa.array(frames.time_us[keep]).cast(tables.TIME),
            "received": pa.array(frames.time_us[keep]).cast(tables.TIME),
            "sensor": constant(source.sensor, n),
            "kind": _words(np.where(uplink, 2, np.where(located, 0, 1))[keep], ["ads_b", "mode_s", "track"]),
            "lat_deg": lat[keep],
            "lon_deg": lon[keep],
            "altitude_fl": (pressure_ft * FEET_M / FLIGHT_LEVEL_M)[keep],
            "altitude_msl_m": msl_from_ellipsoid_m(height_m=height_m, lat_deg=lat, lon_deg=lon)[keep],
            "mode_3a": pa.array(np.nan_to_num(code)[keep].astype(np.uint16), mask=np.isnan(code)[keep]),
            "icao24": _words(aircraft[keep], addresses.tolist()),
            "callsign": _words(np.nan_to_num(fields["callsign"], nan=-1)[keep].astype(np.int64), names.tolist()),
            "ground_speed_mps": fields["ground_speed"][keep],
            "heading_deg": fields["heading"][keep],
            "sigma_m": np.where(located, sigma, np.nan)[keep],
            "source": constant(source.content.name, n),
            "offset": frames.offsets[keep],
        },
    )


def _words(codes: NDArray[Any], names: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32), mask=codes < 0), pa.array(names or [""], pa.string())
    )
