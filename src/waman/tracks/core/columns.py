"""Names for the columns of the arrays that kernels share: one place, so that no index is ever written as a number."""

from __future__ import annotations

# columns of State.val, one float each
R, SEEN, ROW, BORN, ALT, ALT_RATE, ALT_PP, ALT_PV, ALT_VV, PD, FACTOR, X0, Y0, FAR = range(14)
# the track's own mean of geometric minus pressure height in the band it is in: one more than the band's number,
# 0 none yet, -1 none yet but the address was met before
BOTH_BAND, BOTH_N, BOTH_DZ, BOTH_FL = range(14, 18)
VAL_COLUMNS = 18
# columns of State.tag, one integer each
ID, MODES, ICAO, M3A, CALL, CONFIRMED, ALT_FROM, ALT_BAD, HITS, PLOT, SEEN_NOW, BIRTH, SECOND = range(13)
TAG_COLUMNS = 13
# columns of Batch.f
P_T, P_X, P_Y, P_RXX, P_RXY, P_RYY, P_FL, P_GEO, P_VX, P_VY, P_FRESH = range(11)
PLOT_FLOATS = 11
# columns of Batch.i
P_ICAO, P_M3A, P_CALL, P_ROW, P_KNOWN = range(5)
PLOT_INTS = 5
# columns of Sensors.f
S_X, S_Y, S_BIRTH, S_COUNTED, S_RANGE, S_VSIGMA, S_GX, S_GY, S_CELL, S_FALSE = range(10)
SENSOR_FLOATS = 10
# columns of the rows that come out
O_T, O_X, O_Y, O_VX, O_VY, O_PXX, O_PXY, O_PYY, O_ALT, O_ALT_SD, O_R, O_REPORT, O_PD, O_FACTOR = range(14)
ROW_FLOATS = 14
O_ID, O_DETECTED, O_STATE, O_ALT_FROM, O_SENSOR, O_ICAO, O_M3A, O_CALL, O_PLOT, O_FRAME, O_BIRTH, O_SECOND = range(12)
ROW_INTS = 12
TENTATIVE, TRACKED, COASTING, STITCHED = range(4)
STATES = ("tentative", "confirmed", "coasting", "stitched")
ALTITUDE_SOURCES = ("none", "pressure", "geometric", "3d", "assumed")
NONE, PRESSURE, GEOMETRIC = range(3)

BANDS = 20
LINE_ROWS = 3
"""After the bands of the pressure table: line, variance and covariance, variance (see pressure.fit_pressure)."""
"""Altitude bands of 1,000 m in which the geometric-minus-pressure difference is learned."""
