"""Unit factors, each exact by definition, with its source."""

FEET_M = 0.3048  # international foot, exact (1959 agreement)
NAUTICAL_MILE_M = 1852.0  # exact (ICAO Annex 5)
KNOT_MPS = NAUTICAL_MILE_M / 3600.0
FLIGHT_LEVEL_M = 100.0 * FEET_M  # pressure height per flight level in the standard atmosphere
FEET_PER_MINUTE_MPS = FEET_M / 60.0
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
