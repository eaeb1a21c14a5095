"""CAT065, status of a surveillance data processing system (EUROCONTROL-SPEC-0149-15, editions 1.4 to 1.6)."""

from waman.plots.asterix.spec import RE, SOURCE, SP, SPARE, TIME_LSB_S, Category, Uap, code, fixed, number

UAP = Uap(
    (
        SOURCE,
        fixed("000", "Message Type", 1, code("message", "000", 0, 8)),
        fixed("015", "Service Identification", 1),
        fixed("030", "Time of Message", 3, number("tod_s", "030", 0, 24, TIME_LSB_S, "s")),
        fixed("020", "Batch Number", 1),
        fixed("040", "SDPS Configuration and Status", 1, code("status", "NOGO", 0, 2)),
        fixed("050", "Service Status Report", 1),
        SPARE,
        SPARE,
        SPARE,
        SPARE,
        SPARE,
        RE,
        SP,
    )
)
EDITIONS = (Category(65, ("1.4", "1.5", "1.6"), (UAP,)),)
