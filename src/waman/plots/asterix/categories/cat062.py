"""CAT062, system tracks (EUROCONTROL-SPEC-0149-9, editions 1.16 to 1.21).

Tracks of another system, not plots: their errors are correlated in time and with the plots they
were made from. The editions differ in extensions of I062/080 that FX announces; in 1.16 the code of
I062/060 has no bits that say whether it was validated or garbled.
"""

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
    extended,
    fixed,
    number,
    octets,
    repetitive,
    repetitive_fx,
    replaced,
)

I380 = compound(
    "380",
    "Aircraft Derived Data",
    fixed("ADR", "Target Address", 3, code("address", "ADR", 0, 24)),
    fixed("ID", "Target Identification", 6, code("callsign", "ID", 0, 48)),
    *octets("MHG IAS TAS SAL FSS", 2),
    extended("TIS", "Trajectory Intent Status"),
    repetitive("TID", "Trajectory Intent Data", 15),
    *octets("COM SAB", 2),
    fixed("ACS", "ACAS Resolution Advisory Report", 7),
    *octets("BVR GVR RAN TAR TAN GS", 2),
    fixed("VUN", "Velocity Uncertainty", 1),
    fixed("MET", "Meteorological Data", 8),
    fixed("EMC", "Emitter Category", 1),
    fixed("POS", "Position", 6),
    fixed("GAL", "Geometric Altitude", 2),
    fixed("PUN", "Position Uncertainty", 1),
    repetitive("MB", "Mode S MB Data", 8),
    *octets("IAR MAC BPS", 2),
)
I290 = compound(
    "290",
    "System Track Update Ages",
    *octets("TRK PSR SSR MDS", 1),
    fixed("ADS", "ADS-C Age", 2),
    *octets("ES VDL UAT LOP MLT", 1),
)
I295 = compound(
    "295",
    "Track Data Ages",
    *octets("MFL MD1 MD2 MDA MD4 MD5 MHG IAS TAS SAL FSS TID COM SAB ACS BVR GVR RAN TAR TAN", 1),
    *octets("GSP VUN MET EMC POS GAL PUN MB IAR MAC BPS", 1),
)
I390 = compound(
    "390",
    "Flight Plan Related Data",
    fixed("TAG", "FPPS Identification Tag", 2),
    fixed("CS", "Callsign", 7),
    fixed("IFI", "IFPS Flight ID", 4),
    fixed("FCT", "Flight Category", 1),
    fixed("TAC", "Type of Aircraft", 4),
    fixed("WTC", "Wake Turbulence Category", 1),
    *octets("DEP DST", 4),
    fixed("RDS", "Runway Designation", 3),
    *octets("CFL CTL", 2),
    repetitive("TOD", "Time of Departure / Arrival", 4),
    fixed("AST", "Aircraft Stand", 6),
    fixed("STS", "Stand Status", 1),
    *octets("STD STA", 7),
    fixed("PEM", "Pre-emergency Mode 3/A", 2),
    fixed("PEC", "Pre-emergency Callsign", 7),
)
I110 = compound(
    "110",
    "Mode 5 Data Reports and Extended Mode 1 Code",
    fixed("SUM", "Mode 5 Summary", 1),
    fixed("PMN", "Mode 5 PIN, National Origin and Mission Code", 4),
    fixed("POS", "Mode 5 Reported Position", 6),
    *octets("GA EM1", 2),
    *octets("TOS XP", 1),
)
I500 = compound(
    "500",
    "Estimated Accuracies",
    fixed(
        "APC",
        "Estimated Accuracy of Track Position (Cartesian)",
        4,
        number("sigma_x_m", "X", 0, 16, 1 / 2, "m"),
        number("sigma_y_m", "Y", 16, 16, 1 / 2, "m"),
    ),
    fixed("COV", "XY Covariance", 2),
    fixed("APW", "Estimated Accuracy of Track Position (WGS-84)", 4),
    *octets("AGA ABA", 1),
    *octets("ATV AA", 2),
    fixed("ARC", "Estimated Accuracy of Rate of Climb/Descent", 1),
)
I340 = compound(
    "340",
    "Measured Information",
    fixed("SID", "Sensor Identification", 2),
    fixed("POS", "Measured Position", 4),
    *octets("HEIGHT MDC MDA", 2),
    fixed("TYP", "Report Type", 1),
)

UAP = Uap(
    (
        SOURCE,
        SPARE,
        fixed("015", "Service Identification", 1),
        fixed("070", "Time Of Track Information", 3, number("tod_s", "070", 0, 24, TIME_LSB_S, "s")),
        fixed(
            "105",
            "Calculated Position In WGS-84 Co-ordinates",
            8,
            number("lat_deg", "LAT", 0, 32, 180 / 2**25, "deg", signed=True),
            number("lon_deg", "LON", 32, 32, 180 / 2**25, "deg", signed=True),
        ),
        fixed("100", "Calculated Track Position (Cartesian)", 6),
        fixed(
            "185",
            "Calculated Track Velocity (Cartesian)",
            4,
            number("vx_mps", "VX", 0, 16, 1 / 4, "m/s", signed=True),
            number("vy_mps", "VY", 16, 16, 1 / 4, "m/s", signed=True),
        ),
        fixed("210", "Calculated Acceleration (Cartesian)", 2),
        fixed("060", "Track Mode 3/A Code", 2, code("mode_3a", "MODE3A", 4, 12, void=(0, 1))),
        fixed("245", "Target Identification", 7, code("callsign_track", "CHR", 8, 48)),
        I380,
        fixed("040", "Track Number", 2, code("track_number", "040", 0, 16)),
        extended("080", "Track Status", code("simulated", "SIM", 0, 1, part=1)),
        I290,
        fixed("200", "Mode of Movement", 1),
        I295,
        fixed("136", "Measured Flight Level", 2, number("altitude_fl", "136", 0, 16, 1 / 4, "FL", signed=True)),
        fixed(
            "130",
            "Calculated Track Geometric Altitude",
            2,
            number("height_m", "130", 0, 16, 6.25, "ft", signed=True),
        ),
        fixed("135", "Calculated Track Barometric Altitude", 2),
        fixed("220", "Calculated Rate of Climb/Descent", 2),
        I390,
        extended("270", "Target Size & Orientation"),
        fixed("300", "Vehicle Fleet Identification", 1),
        I110,
        fixed("120", "Track Mode 2 Code", 2),
        repetitive_fx("510", "Composed Track Number", 3),
        I500,
        I340,
        SPARE,
        SPARE,
        SPARE,
        SPARE,
        SPARE,
        RE,
        SP,
    )
)
UAP_116 = Uap(replaced(UAP.items, fixed("060", "Track Mode 3/A Code", 2, code("mode_3a", "MODE3A", 4, 12))))
EDITIONS = (
    Category(62, ("1.17", "1.18", "1.19", "1.20", "1.21"), (UAP,)),
    Category(62, ("1.16",), (UAP_116,)),
)
