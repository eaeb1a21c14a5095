"""CAT010, monosensor surface movement data (EUROCONTROL-SPEC-0149-7, edition 1.1).

I010/202 has a least significant bit of 0.25 m/s: 16 bits for the range of ±8,192 m/s that the standard gives.
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
    extended,
    fixed,
    number,
    repetitive,
)

UAP = Uap(
    (
        SOURCE,
        fixed("000", "Message Type", 1, code("message", "000", 0, 8)),
        extended(
            "020",
            "Target Report Descriptor",
            code("typ", "TYP", 0, 3),
            code("simulated", "SIM", 0, 1, part=1),
            code("test", "TST", 1, 1, part=1),
            code("fixed_transponder", "RAB", 2, 1, part=1),
        ),
        fixed("140", "Time of Day", 3, number("tod_s", "140", 0, 24, TIME_LSB_S, "s")),
        fixed(
            "041",
            "Position in WGS-84 Co-ordinates",
            8,
            number("lat_deg", "LAT", 0, 32, 180 / 2**31, "deg", signed=True),
            number("lon_deg", "LON", 32, 32, 180 / 2**31, "deg", signed=True),
        ),
        fixed(
            "040",
            "Measured Position in Polar Co-ordinates",
            4,
            number("range_m", "RHO", 0, 16, 1, "m"),
            number("azimuth_deg", "TH", 16, 16, 360 / 65536, "deg"),
        ),
        fixed("042", "Position in Cartesian Co-ordinates", 4),
        fixed(
            "200",
            "Calculated Track Velocity in Polar Co-ordinates",
            4,
            number("ground_speed_mps", "GSP", 0, 16, 2**-14, "NM/s"),
            number("heading_deg", "TRA", 16, 16, 360 / 65536, "deg"),
        ),
        fixed(
            "202",
            "Calculated Track Velocity in Cartesian Co-ordinates",
            4,
            number("vx_mps", "VX", 0, 16, 1 / 4, "m/s", signed=True),
            number("vy_mps", "VY", 16, 16, 1 / 4, "m/s", signed=True),
        ),
        fixed("161", "Track Number", 2, code("track_number", "TRK", 4, 12)),
        extended("170", "Track Status"),
        fixed("060", "Mode-3/A Code in Octal Representation", 2, code("mode_3a", "MODE3A", 4, 12, void=(0, 1))),
        fixed("220", "Target Address", 3, code("address", "220", 0, 24)),
        fixed("245", "Target Identification", 7, code("callsign", "CHR", 8, 48)),
        repetitive("250", "Mode S MB Data", 8),
        fixed("300", "Vehicle Fleet Identification", 1),
        fixed(
            "090",
            "Flight Level in Binary Representation",
            2,
            number("altitude_fl", "FL", 2, 14, 1 / 4, "FL", signed=True, void=(0, 1)),
        ),
        fixed("091", "Measured Height", 2),
        extended("270", "Target Size & Orientation"),
        fixed("550", "System Status", 1, code("status", "NOGO", 0, 2)),
        fixed("310", "Pre-programmed Message", 1),
        fixed("500", "Standard Deviation of Position", 4),
        repetitive("280", "Presence", 2),
        fixed("131", "Amplitude of Primary Plot", 1),
        fixed("210", "Calculated Acceleration", 2),
        SPARE,
        SP,
        RE,
    )
)
EDITIONS = (Category(10, ("1.1",), (UAP,)),)
