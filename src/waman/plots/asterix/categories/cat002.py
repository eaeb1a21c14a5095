"""CAT002, monoradar service messages: north marks and sector crossings (editions 1.0 to 1.2)."""

from waman.plots.asterix.spec import (
    RFS,
    SOURCE,
    SP,
    SPARE,
    TIME_LSB_S,
    Category,
    Uap,
    code,
    fixed,
    number,
    repetitive,
    repetitive_fx,
)

UAP = Uap(
    (
        SOURCE,
        fixed("000", "Message Type", 1, code("message", "000", 0, 8)),
        fixed("020", "Sector Number", 1),
        fixed("030", "Time of Day", 3, number("tod_s", "030", 0, 24, TIME_LSB_S, "s")),
        fixed("041", "Antenna Rotation Speed", 2, number("rotation_s", "041", 0, 16, 1 / 128, "s")),
        repetitive_fx("050", "Station Configuration Status", 1),
        repetitive_fx("060", "Station Processing Mode", 1),
        repetitive("070", "Plot Count Values", 2),
        fixed("100", "Dynamic Window - Type 1", 8),
        fixed("090", "Collimation Error", 2),
        repetitive_fx("080", "Warning/Error Conditions", 1),
        SPARE,
        SP,
        RFS,
    )
)
EDITIONS = (Category(2, ("1.0", "1.1", "1.2"), (UAP,)),)
