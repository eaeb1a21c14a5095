"""CAT023, ADS-B ground station and service status (EUROCONTROL-SPEC-0149-16, editions 1.2 and 1.3)."""

from waman.plots.asterix.spec import (
    RE,
    SOURCE,
    SP,
    SPARE,
    TIME_LSB_S,
    Category,
    Uap,
    code,
    extended,
    fixed,
    number,
    repetitive,
)

UAP = Uap(
    (
        SOURCE,
        fixed("000", "Report Type", 1, code("message", "000", 0, 8)),
        fixed("015", "Service Type and Identification", 1),
        fixed("070", "Time of Day", 3, number("tod_s", "070", 0, 24, TIME_LSB_S, "s")),
        extended("100", "Ground Station Status", code("status", "NOGO", 0, 1)),
        extended("101", "Service Configuration", first=2),
        fixed("200", "Operational Range", 1),
        extended("110", "Service Status", code("service_status", "STAT", 4, 3)),
        repetitive("120", "Service Statistics", 6),
        SPARE,
        SPARE,
        SPARE,
        RE,
        SP,
    )
)
EDITIONS = (Category(23, ("1.2", "1.3"), (UAP,)),)
