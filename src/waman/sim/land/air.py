"""The air a flight moves in: height against pressure height in an atmosphere off standard.

Transponders send pressure height. Where the air is warmer than the standard atmosphere the
same pressure lies higher: 15 degrees and 4,000 m make some 220 m.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SEA_LEVEL_K = 288.15  # ICAO Doc 7488
LAPSE_K_M = 0.0065  # ICAO Doc 7488, below 11 km
SEA_LEVEL_HPA = 1013.25
HEIGHT_PER_HPA_M = 8.31  # ICAO Doc 7488: hydrostatic at sea level, T0 R / (g p0)


def geometric_m(pressure_m: Array, *, isa_offset_c: float, qnh_hpa: float = SEA_LEVEL_HPA) -> Array:
    """Return the height above sea level [m] of a pressure height [m].

    Hydrostatic, with the standard lapse and a constant temperature offset:
    h = Hp + (dT / L) ln(T0 / (T0 - L Hp)), less the height of the pressure difference at sea level.
    Valid 0-11 km and offsets within 40 degrees.

    >>> round(float(geometric_m(np.array(4000.0), isa_offset_c=15.0)))
    4218
    """
    warm = isa_offset_c / LAPSE_K_M * np.log(SEA_LEVEL_K / (SEA_LEVEL_K - LAPSE_K_M * pressure_m))
    return np.asarray(pressure_m + warm - (SEA_LEVEL_HPA - qnh_hpa) * HEIGHT_PER_HPA_M, np.float64)


def pressure_height_m(height_m: Array, *, isa_offset_c: float, qnh_hpa: float = SEA_LEVEL_HPA) -> Array:
    """Return the pressure height [m] of a height above sea level: the inverse, by five Newton steps (1e-6 m)."""
    found = np.asarray(height_m, np.float64).copy()
    for _ in range(5):
        slope = 1.0 + isa_offset_c / (SEA_LEVEL_K - LAPSE_K_M * found)
        found = found - (geometric_m(found, isa_offset_c=isa_offset_c, qnh_hpa=qnh_hpa) - height_m) / slope
    return found
