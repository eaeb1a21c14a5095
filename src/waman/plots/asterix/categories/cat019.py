"""CAT019, multilateration system status (EUROCONTROL-SPEC-0149-18, edition 1.3)."""

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
        fixed("000", "Message Type", 1, code("message", "000", 0, 8)),
        fixed("140", "Time of Day", 3, number("tod_s", "140", 0, 24, TIME_LSB_S, "s")),
        fixed("550", "System Status", 1, code("status", "NOGO", 0, 2)),
        fixed("551", "Tracking Processor Detailed Status", 1),
        repetitive("552", "Remote Sensor Detailed Status", 2),
        extended("553", "Reference Transponder Detailed Status"),
        fixed("600", "Position of the MLT System Reference Point", 8),
        fixed("610", "Height of the MLT System Reference Point", 2),
        fixed("620", "WGS-84 Undulation", 1),
        SPARE,
        SPARE,
        RE,
        SP,
    )
)
EDITIONS = (Category(19, ("1.3",), (UAP,)),)
