"""How the value of each VR is written: one small number per way, known to all compiled code."""

TEXT, NAME, LONG_TEXT, CODE, URL, DECIMAL, INTEGER = 1, 2, 3, 4, 5, 6, 7
US, SS, UL, SL, FL, FD, SV, UV, AT, BINARY, SEQUENCE = 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18

KINDS: dict[str, int] = {
    **dict.fromkeys(("LO", "SH", "UC"), TEXT),
    "PN": NAME,
    **dict.fromkeys(("ST", "LT", "UT"), LONG_TEXT),
    **dict.fromkeys(("AE", "AS", "CS", "DA", "DT", "TM", "UI"), CODE),
    "UR": URL,
    "DS": DECIMAL,
    "IS": INTEGER,
    "US": US,
    "SS": SS,
    "UL": UL,
    "SL": SL,
    "FL": FL,
    "FD": FD,
    "SV": SV,
    "UV": UV,
    "AT": AT,
    **dict.fromkeys(("OB", "OD", "OF", "OL", "OV", "OW", "UN"), BINARY),
    "SQ": SEQUENCE,
}

# VRs whose explicit length field is 32 bits wide behind two reserved bytes (PS3.5 7.1.2).
LONG_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))

# Bytes per word, for values that big endian data sets turn round.
WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}

# `struct` letter and width of the binary numbers.
FORMATS = {
    US: ("H", 2),
    SS: ("h", 2),
    UL: ("I", 4),
    SL: ("i", 4),
    FL: ("f", 4),
    FD: ("d", 8),
    SV: ("q", 8),
    UV: ("Q", 8),
}
