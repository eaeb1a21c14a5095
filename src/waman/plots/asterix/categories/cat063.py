"""CAT063, sensor status as a tracking system sees it (EUROCONTROL-SPEC-0149-10, editions 1.6 and 1.7).

I063/010 is the system that reports; I063/050 is the sensor that the status is about.
"""

from waman.plots.asterix.spec import (
    RE,
    SP,
    SPARE,
    TIME_LSB_S,
    Category,
    Uap,
    code,
    extended,
    fixed,
    number,
)

UAP = Uap(
    (
        fixed("010", "Data Source Identifier", 2, code("reporter", "SAC+SIC", 0, 16)),
        fixed("015", "Service Identification", 1),
        fixed("030", "Time of Message", 3, number("tod_s", "030", 0, 24, TIME_LSB_S, "s")),
        fixed("050", "Sensor Identifier", 2, code("source", "SAC+SIC", 0, 16)),
        extended("060", "Sensor Configuration and Status", code("status", "CON", 0, 2)),
        fixed("070", "Time Stamping Bias", 2),
        fixed("080", "SSR/Mode S Range Gain and Bias", 4),
        fixed("081", "SSR/Mode S Azimuth Bias", 2),
        fixed("090", "PSR Range Gain and Bias", 4),
        fixed("091", "PSR Azimuth Bias", 2),
        fixed("092", "PSR Elevation Bias", 2),
        SPARE,
        RE,
        SP,
    )
)
EDITIONS = (Category(63, ("1.6", "1.7"), (UAP,)),)
