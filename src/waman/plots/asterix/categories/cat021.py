"""CAT021, ADS-B target reports (EUROCONTROL-SPEC-0149-12).

Layouts that cannot be told apart from the bytes alone, so the edition must be right: 2.2 to 2.7
(today's; they differ in extensions that FX announces), 2.1 (whose I021/271 ends without FX),
0.26, 0.24 and 0.25, 0.23. Positions in 0.23 have 24 bits; from 0.24 32; from 2.1 both exist (I021/130 and 131).
"""

from waman.plots.asterix.spec import (
    RE,
    SOURCE,
    SP,
    SPARE,
    TIME_LSB_S,
    Category,
    Item,
    Rule,
    Uap,
    code,
    compound,
    extended,
    fixed,
    number,
    octets,
    repetitive,
    replaced,
)


def _time(item: str, title: str, column: str = "") -> Item:
    return fixed(item, title, 3, *([number(column, item, 0, 24, TIME_LSB_S, "s")] if column else []))


I020 = fixed("020", "Emitter Category", 1)
I070 = fixed("070", "Mode 3/A Code in Octal Representation", 2, code("mode_3a", "MODE3A", 4, 12))
I080 = fixed("080", "Target Address", 3, code("address", "080", 0, 24))
I110 = compound(
    "110",
    "Trajectory Intent",
    extended("TIS", "Trajectory Intent Status"),
    repetitive("TID", "Trajectory Intent Data", 15),
)
I130_24 = fixed(
    "130",
    "Position in WGS-84 Co-ordinates",
    6,
    number("lat_deg", "LAT", 0, 24, 180 / 2**23, "deg", signed=True),
    number("lon_deg", "LON", 24, 24, 180 / 2**23, "deg", signed=True),
)
I130_32 = fixed(
    "130",
    "Position in WGS-84 Co-ordinates",
    8,
    number("lat_deg", "LAT", 0, 32, 180 / 2**25, "deg", signed=True),
    number("lon_deg", "LON", 32, 32, 180 / 2**25, "deg", signed=True),
)
I131 = fixed(
    "131",
    "High-Resolution Position in WGS-84 Co-ordinates",
    8,
    number("lat_fine_deg", "LAT", 0, 32, 180 / 2**30, "deg", signed=True),
    number("lon_fine_deg", "LON", 32, 32, 180 / 2**30, "deg", signed=True),
)
I140 = fixed("140", "Geometric Height", 2, number("height_m", "140", 0, 16, 6.25, "ft", signed=True))
I145 = fixed("145", "Flight Level", 2, number("altitude_fl", "145", 0, 16, 1 / 4, "FL", signed=True))
I146 = fixed("146", "Selected Altitude", 2)
I148 = fixed("148", "Final State Selected Altitude", 2)
I160 = fixed(
    "160",
    "Airborne Ground Vector",
    4,
    number("ground_speed_mps", "GS", 1, 15, 2**-14, "NM/s", void=(0,)),
    number("heading_deg", "TA", 16, 16, 360 / 65536, "deg"),
)
I160_OLD = fixed(
    "160",
    "Ground Vector",
    4,
    number("ground_speed_mps", "GS", 0, 16, 2**-14, "NM/s", signed=True),
    number("heading_deg", "TA", 16, 16, 360 / 65536, "deg"),
)
I170 = fixed("170", "Target Identification", 6, code("callsign", "170", 0, 48))
I220 = compound(
    "220",
    "Met Information",
    fixed("WS", "Wind Speed", 2),
    fixed("WD", "Wind Direction", 2),
    fixed("TMP", "Temperature", 2),
    fixed("TRB", "Turbulence", 1),
)
AGES = "AOS TRD M3A QI TI1 MAM GH FL SAL FSA AS TAS MH BVR GVR GV TAR TI2 TS MET ROA ARA SCC"
I295 = compound("295", "Data Ages", *octets(AGES, 1))

UAP = Uap(
    (
        SOURCE,
        extended(
            "040",
            "Target Report Descriptor",
            code("typ", "ATP", 0, 3),
            code("fixed_transponder", "RAB", 6, 1),
            code("simulated", "SIM", 2, 1, part=1),
            code("test", "TST", 3, 1, part=1),
        ),
        fixed("161", "Track Number", 2, code("track_number", "TRNUM", 4, 12)),
        fixed("015", "Service Identification", 1),
        _time("071", "Time of Applicability for Position", "tod_s"),
        I130_24,
        I131,
        _time("072", "Time of Applicability for Velocity"),
        fixed("150", "Air Speed", 2),
        fixed("151", "True Airspeed", 2),
        I080,
        _time("073", "Time of Message Reception for Position", "tod_reception_s"),
        fixed("074", "Time of Message Reception of Position-High Precision", 4),
        _time("075", "Time of Message Reception for Velocity"),
        fixed("076", "Time of Message Reception of Velocity-High Precision", 4),
        I140,
        extended("090", "Quality Indicators", code("nac_p", "NACP", 3, 4, part=1)),
        fixed("210", "MOPS Version", 1),
        I070,
        fixed("230", "Roll Angle", 2),
        I145,
        fixed("152", "Magnetic Heading", 2),
        fixed("200", "Target Status", 1),
        fixed("155", "Barometric Vertical Rate", 2),
        fixed("157", "Geometric Vertical Rate", 2),
        I160,
        fixed("165", "Track Angle Rate", 2),
        _time("077", "Time of ASTERIX Report Transmission", "tod_report_s"),
        I170,
        I020,
        I220,
        I146,
        I148,
        I110,
        fixed("016", "Service Management", 1),
        fixed("008", "Aircraft Operational Status", 1),
        extended("271", "Surface Capabilities and Characteristics"),
        fixed("132", "Message Amplitude", 1),
        repetitive("250", "BDS Register Data", 8),
        fixed("260", "ACAS Resolution Advisory Report", 7),
        fixed("400", "Receiver ID", 1),
        I295,
        SPARE,
        SPARE,
        SPARE,
        SPARE,
        SPARE,
        RE,
        SP,
    )
)
UAP_21 = Uap(replaced(UAP.items, extended("271", "Surface Capabilities and Characteristics", parts=2)))

OLD = (
    SOURCE,
    fixed(
        "040",
        "Target Report Descriptor",
        2,
        code("simulated", "SIM", 2, 1),
        code("test", "TST", 3, 1),
        code("fixed_transponder", "RAB", 4, 1),
        code("typ", "ATP", 8, 3),
    ),
    _time("030", "Time of Day", "tod_s"),
    I130_32,
    I080,
    I140,
    fixed("090", "Figure of Merit", 2),
    fixed("210", "Link Technology Indicator", 1),
    fixed("230", "Roll Angle", 2),
    I145,
    fixed("150", "Air Speed", 2),
    fixed("151", "True Air Speed", 2),
    fixed("152", "Magnetic Heading", 2),
    fixed("155", "Barometric Vertical Rate", 2),
    fixed("157", "Geometric Vertical Rate", 2),
    I160_OLD,
    Item("165", "Rate of Turn", Rule.EXTENDED, 1, 1),
    I170,
    fixed("095", "Velocity Accuracy", 1),
    fixed("032", "Time of Day Accuracy", 1),
    fixed("200", "Target Status", 1),
    I020,
    I220,
    fixed("146", "Intermediate State Selected Altitude", 2),
    I148,
    I110,
)
I070_OLD = fixed("070", "Mode 3/A Code in Octal Representation", 2, code("mode_3a", "MODE3A", 4, 12, void=(0, 1)))
SPARES = (SPARE,) * 5
UAP_026 = Uap((*OLD, I070_OLD, fixed("131", "Signal Amplitude", 1), *SPARES, RE, SP))
UAP_024 = Uap((*OLD, SPARE, SPARE, *SPARES, RE, SP))
UAP_023 = Uap((*replaced(OLD, I130_24), SPARE, SPARE, *SPARES, RE, SP))

EDITIONS = (
    Category(21, ("2.2", "2.3", "2.4", "2.5", "2.6", "2.7"), (UAP,)),
    Category(21, ("2.1",), (UAP_21,)),
    Category(21, ("0.26",), (UAP_026,)),
    Category(21, ("0.24", "0.25"), (UAP_024,)),
    Category(21, ("0.23",), (UAP_023,)),
)
