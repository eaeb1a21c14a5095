"""CAT034, monoradar service messages (EUROCONTROL-SPEC-0149-2b, editions 1.27 to 1.29)."""

from waman.plots.asterix.spec import (
    RE,
    SOURCE,
    SP,
    SPARE,
    TIME_LSB_S,
    Category,
    Uap,
    code,
    compound,
    fixed,
    number,
    repetitive,
)

UAP = Uap(
    (
        SOURCE,
        fixed("000", "Message Type", 1, code("message", "000", 0, 8)),
        fixed("030", "Time of Day", 3, number("tod_s", "030", 0, 24, TIME_LSB_S, "s")),
        fixed("020", "Sector Number", 1),
        fixed("041", "Antenna Rotation Speed", 2, number("rotation_s", "041", 0, 16, 1 / 128, "s")),
        compound(
            "050",
            "System Configuration and Status",
            fixed("COM", "Common Part", 1, code("status", "NOGO", 0, 1)),
            SPARE,
            SPARE,
            fixed("PSR", "Specific Status for PSR Sensor", 1),
            fixed("SSR", "Specific Status for SSR Sensor", 1),
            fixed("MDS", "Specific Status for Mode S Sensor", 2),
        ),
        compound(
            "060",
            "System Processing Mode",
            fixed("COM", "Common Part", 1),
            SPARE,
            SPARE,
            fixed("PSR", "Specific Processing Mode for PSR Sensor", 1),
            fixed("SSR", "Specific Processing Mode for SSR Sensor", 1),
            fixed("MDS", "Specific Processing Mode for Mode S Sensor", 1),
        ),
        repetitive("070", "Message Count Values", 2),
        fixed("100", "Generic Polar Window", 8),
        fixed("110", "Data Filter", 1),
        fixed(
            "120",
            "3D-Position Of Data Source",
            8,
            number("height_m", "HGT", 0, 16, 1, "m", signed=True),
            number("lat_deg", "LAT", 16, 24, 180 / 2**23, "deg", signed=True),
            number("lon_deg", "LON", 40, 24, 180 / 2**23, "deg", signed=True),
        ),
        fixed("090", "Collimation Error", 2),
        RE,
        SP,
    )
)
EDITIONS = (Category(34, ("1.27", "1.28", "1.29"), (UAP,)),)
