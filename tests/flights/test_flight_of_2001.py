"""The flight of 20 April 2001 must come out as insufficient, with the list of what was not checked.

Rebuilt from the public facts: a floatplane on the Amazon coming from the border at 4,500 ft,
no plan that the source could find, its registration unread, no evasion, river to river.
"""

from __future__ import annotations

import numpy as np

from flights.made import track, tracks
from waman.flights import explain, given_of
from waman.flights.checks import CHECKS, not_done

FEET = 0.3048
BORDER = np.array([[-70.0, -6.0], [-70.05, -4.3], [-69.95, -3.0]])
IQUITOS = {"id": "SPQT", "kind": "aerodrome", "name": "Iquitos", "lat_deg": -3.785, "lon_deg": -73.309}


def test_it_is_insufficient_and_says_what_nobody_checked() -> None:
    along_the_river = track(
        [(0.0, -4.25, -69.7, 0.0), (400.0, -4.2, -69.9, 4500 * FEET), (4800.0, -3.4, -72.0, 4500 * FEET)],
        icao24=None,
        callsign=None,
    )
    given = given_of(
        bbox=(-74.0, -6.0, -69.0, -2.0),
        places=[{**IQUITOS, "listed": True, "elevation_msl_m": 93.0}],
        borders=[BORDER],
        aerodromes=False,
        plans=[],
        completeness=(0.9, 1.0),
        terrain=lambda lat, lon: np.full(np.shape(lat), 90.0),
    )
    (row,) = explain(tracks(along_the_river), given).to_pylist()
    rules = {f["rule"] for f in row["findings"]}
    assert {"border.crossed", "plan.none", "identity.none"} <= rules
    assert row["verdict"] == "insufficient"
    assert not_done(row["checks"]) == list(CHECKS)
    assert not_done(row["checks"])[:2] == ["registration_read", "radio_tried"]
