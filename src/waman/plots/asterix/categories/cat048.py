"""CAT048, monoradar target reports (EUROCONTROL-SPEC-0149-4, editions 1.27 to 1.32).

The editions differ in the number of extensions of I048/020 only, which FX announces.
"""

from waman.plots.asterix.spec import (
    RE,
    SOURCE,
    SP,
    TIME_LSB_S,
    Category,
    Uap,
    code,
    compound,
    extended,
    fixed,
    number,
    repetitive,
    repetitive_fx,
)

UAP = Uap(
    (
        SOURCE,
        fixed("140", "Time of Day", 3, number("tod_s", "140", 0, 24, TIME_LSB_S, "s")),
        extended(
            "020",
            "Target Report Descriptor",
            code("typ", "TYP", 0, 3),
            code("simulated", "SIM", 3, 1),
            code("fixed_transponder", "RAB", 6, 1),
            code("test", "TST", 0, 1, part=1),
        ),
        fixed(
            "040",
            "Measured Position in Polar Co-ordinates",
            4,
            number("range_m", "RHO", 0, 16, 1 / 256, "NM"),
            number("azimuth_deg", "THETA", 16, 16, 360 / 65536, "deg"),
        ),
        fixed("070", "Mode-3/A Code in Octal Representation", 2, code("mode_3a", "MODE3A", 4, 12, void=(0, 1))),
        fixed(
            "090",
            "Flight Level in Binary Representation",
            2,
            number("altitude_fl", "FL", 2, 14, 1 / 4, "FL", signed=True, void=(0, 1)),
        ),
        compound(
            "130",
            "Radar Plot Characteristics",
            fixed("SRL", "SSR Plot Runlength", 1),
            fixed("SRR", "Number of Received Replies for M(SSR)", 1),
            fixed("SAM", "Amplitude of Received Replies for M(SSR)", 1),
            fixed("PRL", "Primary Plot Runlength", 1),
            fixed("PAM", "Amplitude of Primary Plot", 1),
            fixed("RPD", "Difference in Range Between PSR and SSR Plot", 1),
            fixed("APD", "Difference in Azimuth Between PSR and SSR Plot", 1),
        ),
        fixed("220", "Aircraft Address", 3, code("address", "220", 0, 24)),
        fixed("240", "Aircraft Identification", 6, code("callsign", "240", 0, 48)),
        repetitive("250", "BDS Register Data", 8),
        fixed("161", "Track Number", 2, code("track_number", "TRN", 4, 12)),
        fixed("042", "Calculated Position in Cartesian Co-ordinates", 4),
        fixed(
            "200",
            "Calculated Track Velocity in Polar Co-ordinates",
            4,
            number("ground_speed_mps", "GSP", 0, 16, 2**-14, "NM/s"),
            number("heading_deg", "HDG", 16, 16, 360 / 65536, "deg"),
        ),
        extended("170", "Track Status"),
        fixed("210", "Track Quality", 4),
        repetitive_fx("030", "Warning/Error Conditions and Target Classification", 1),
        fixed("080", "Mode-3/A Code Confidence Indicator", 2),
        fixed("100", "Mode-C Code and Code Confidence Indicator", 4),
        fixed("110", "Height Measured by a 3D Radar", 2),
        compound(
            "120",
            "Radial Doppler Speed",
            fixed(
                "CAL",
                "Calculated Doppler Speed",
                2,
                number("range_rate_mps", "CAL", 6, 10, 1, "m/s", signed=True, void=(0,)),
            ),
            repetitive("RDS", "Raw Doppler Speed", 6),
        ),
        fixed("230", "Communications/ACAS Capability and Flight Status", 2),
        fixed("260", "ACAS Resolution Advisory Report", 7),
        fixed("055", "Mode-1 Code in Octal Representation", 1),
        fixed("050", "Mode-2 Code in Octal Representation", 2),
        fixed("065", "Mode-1 Code Confidence Indicator", 1),
        fixed("060", "Mode-2 Code Confidence Indicator", 2),
        SP,
        RE,
    )
)
EDITIONS = (Category(48, ("1.27", "1.28", "1.29", "1.30", "1.31", "1.32"), (UAP,)),)
