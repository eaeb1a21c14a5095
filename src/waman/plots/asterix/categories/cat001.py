"""CAT001, monoradar target reports (EUROCONTROL-SPEC-0149-2a, editions 1.2 to 1.4).

Two profiles share the category; I001/020 TYP (0 plot, 1 track), which is FRN 2 of both, chooses.
The time of day is truncated to 16 bits and wraps every 512 s; CAT002 of the same radar has it whole.
"""

from waman.plots.asterix.spec import (
    RFS,
    SOURCE,
    SP,
    SPARE,
    Category,
    Uap,
    code,
    extended,
    fixed,
    number,
    repetitive_fx,
)

I020 = extended(
    "020",
    "Target Report Descriptor",
    code("typ", "TYP", 0, 1),
    code("simulated", "SIM", 1, 1),
    code("detection", "SSRPSR", 2, 2),
    code("fixed_transponder", "RAB", 6, 1),
    code("test", "TST", 0, 1, part=1),
)
I030 = repetitive_fx("030", "Warning/Error Conditions", 1)
I040 = fixed(
    "040",
    "Measured Position in Polar Co-ordinates",
    4,
    number("range_m", "RHO", 0, 16, 1 / 128, "NM"),
    number("azimuth_deg", "THETA", 16, 16, 360 / 65536, "deg"),
)
I042 = fixed("042", "Calculated Position in Cartesian Co-ordinates", 4)
I050 = fixed("050", "Mode-2 Code in Octal Representation", 2)
I060 = fixed("060", "Mode-2 Code Confidence Indicator", 2)
I070 = fixed("070", "Mode-3/A Code in Octal Representation", 2, code("mode_3a", "MODE3A", 4, 12, void=(0, 1)))
I080 = fixed("080", "Mode-3/A Code Confidence Indicator", 2)
I090 = fixed(
    "090",
    "Mode-C Code in Binary Representation",
    2,
    number("altitude_fl", "HGT", 2, 14, 1 / 4, "FL", signed=True, void=(0, 1)),
)
I100 = fixed("100", "Mode-C Code and Code Confidence Indicator", 4)
I120 = fixed(
    "120", "Measured Radial Doppler Speed", 1, number("range_rate_mps", "120", 0, 8, 2**-8, "NM/s", signed=True)
)
I130 = repetitive_fx("130", "Radar Plot Characteristics", 1)
I131 = fixed("131", "Received Power", 1)
I141 = fixed("141", "Truncated Time of Day", 2, number("truncated_s", "141", 0, 16, 1 / 128, "s"))
I150 = fixed("150", "Presence of X-Pulse", 1)
I161 = fixed("161", "Track Plot Number", 2, code("track_number", "161", 0, 16))
I170 = extended("170", "Track Status")
I200 = fixed(
    "200",
    "Calculated Track Velocity in Polar Co-ordinates",
    4,
    number("ground_speed_mps", "GSP", 0, 16, 2**-14, "NM/s"),
    number("heading_deg", "HDG", 16, 16, 360 / 65536, "deg"),
)
I210 = repetitive_fx("210", "Track Quality", 1)

PLOT = Uap(
    (SOURCE, I020, I040, I070, I090, I130, I141, I050, I120, I131, I080, I100, I060, I030, I150, *(SPARE,) * 4, SP, RFS)
)
TRACK = Uap(
    (
        *(SOURCE, I020, I161, I040, I042, I200, I070),
        *(I090, I141, I130, I131, I120, I170, I210),
        *(I050, I080, I100, I060, I030, SP, RFS),
        I150,
    )
)
EDITIONS = (Category(1, ("1.2", "1.3", "1.4"), (PLOT, TRACK)),)
