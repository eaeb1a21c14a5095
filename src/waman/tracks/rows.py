"""From the rows the kernels write to the tracks table of the contract."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from waman import tables
from waman.geo.frames import Frame
from waman.geo.units import SECOND_US
from waman.tracks.core import columns as col
from waman.tracks.core.motion import Floats, Ints
from waman.tracks.prepare import Words


def tracks_table(
    out_f: Floats, out_i: Ints, frame: Frame, origin_us: int, words: Mapping[str, Words], plots: pa.Table
) -> pa.Table:
    """Return rows as the contract ``tracks``; ``plots`` are those of the batch, which the rows name by number."""
    lat, lon = frame.to_degrees(east_m=out_f[:, col.O_X], north_m=out_f[:, col.O_Y])
    vn, ve, turn = _true_velocity(out_f, lat, lon, frame)
    major, minor, azimuth = ellipse(out_f[:, col.O_PXX], out_f[:, col.O_PXY], out_f[:, col.O_PYY])
    plot = out_i[:, col.O_PLOT]
    seen = plot >= 0
    row = pa.array(np.where(seen, plot, 0), mask=~seen)
    mode_3a = out_i[:, col.O_M3A]
    return tables.table(
        "tracks",
        {
            "track": out_i[:, col.O_ID],
            "time": np.round(out_f[:, col.O_T] * SECOND_US).astype(np.int64) + origin_us,
            "lat_deg": lat,
            "lon_deg": lon,
            "altitude_msl_m": out_f[:, col.O_ALT],
            "altitude_sigma_m": out_f[:, col.O_ALT_SD],
            "altitude_source": _words(out_i[:, col.O_ALT_FROM], list(col.ALTITUDE_SOURCES)),
            "vn_mps": vn,
            "ve_mps": ve,
            "sigma_major_m": major,
            "sigma_minor_m": minor,
            "sigma_azimuth_deg": (azimuth + turn) % 180.0,
            "existence": out_f[:, col.O_R],
            "reportable": np.minimum(out_f[:, col.O_REPORT], out_f[:, col.O_R]),
            "state": _words(out_i[:, col.O_STATE], list(col.STATES)),
            "detected": out_i[:, col.O_DETECTED].astype(bool),
            "pd": np.clip(out_f[:, col.O_PD], 0.0, 1.0),
            "sensor": _words(out_i[:, col.O_SENSOR], words["sensor"].words),
            "icao24": _words(out_i[:, col.O_ICAO], words["icao24"].words),
            "callsign": _words(out_i[:, col.O_CALL], words["callsign"].words),
            "mode_3a": pa.array(np.maximum(mode_3a, 0), mask=mode_3a < 0).cast(pa.uint16()),
            "source": plots["source"].take(row).cast(pa.string()),
            "offset": plots["offset"].take(row),
        },
    )


def ellipse(pxx: Floats, pxy: Floats, pyy: Floats) -> tuple[Floats, Floats, Floats]:
    """Return 1-sigma of the major and minor axis [m] and the azimuth of the major one [deg, 0..180].

    >>> [round(float(v[0]), 3) for v in ellipse(np.array([4.0]), np.array([0.0]), np.array([9.0]))]
    [3.0, 2.0, 0.0]
    """
    half, root = 0.5 * (pxx + pyy), np.sqrt(0.25 * (pxx - pyy) ** 2 + pxy**2)
    angle = 0.5 * np.arctan2(2.0 * pxy, pxx - pyy)  # from east, counter-clockwise
    return np.sqrt(half + root), np.sqrt(np.maximum(half - root, 0.0)), (90.0 - np.degrees(angle)) % 180.0


def _true_velocity(out_f: Floats, lat: Floats, lon: Floats, frame: Frame) -> tuple[Floats, Floats, Floats]:
    """Return north and east velocity [m/s] on the ground and the local turn [deg] from plane to true azimuth.

    Far from its centre the plane is stretched and turned; moving a second ahead in the plane and
    measuring on the ground takes that out.
    """
    ahead_lat, ahead_lon = frame.to_degrees(
        east_m=out_f[:, col.O_X] + out_f[:, col.O_VX], north_m=out_f[:, col.O_Y] + out_f[:, col.O_VY]
    )
    phi = np.radians(lat)
    # WGS 84 radii of curvature in the meridian and the prime vertical
    w = np.sqrt(1.0 - 0.00669437999014 * np.sin(phi) ** 2)
    vn = np.radians(ahead_lat - lat) * 6_378_137.0 * (1.0 - 0.00669437999014) / w**3
    ve = np.radians((ahead_lon - lon + 180.0) % 360.0 - 180.0) * 6_378_137.0 / w * np.cos(phi)
    turn = np.degrees(np.arctan2(ve, vn) - np.arctan2(out_f[:, col.O_VX], out_f[:, col.O_VY]))
    still = np.hypot(out_f[:, col.O_VX], out_f[:, col.O_VY]) < 1.0
    return vn, ve, np.where(still, 0.0, turn)


def _words(codes: Ints, words: list[str]) -> pa.Array:
    mask = codes < 0
    indices = pa.array(np.where(mask, 0, codes).astype(np.int32), mask=mask)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words if words else [""], pa.string()))
