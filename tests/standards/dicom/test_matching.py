"""Matching in memory (PS3.4 C.2.2.2) and dates as texts that sort."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom import matches
from vesalius.standards.dicom.times import (
    date_span,
    datetime_span,
    datetime_text,
    time_span,
    time_text,
)

STEP = {
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane", "Ideographic": "土井"}]},
    "00100020": {"vr": "LO", "Value": ["M1"]},
    "00080061": {"vr": "CS", "Value": ["CT", "SR"]},
    "00400100": {
        "vr": "SQ",
        "Value": [
            {
                "00080060": {"vr": "CS", "Value": ["CT"]},
                "00400001": {"vr": "AE", "Value": ["CT1"]},
                "00400002": {"vr": "DA", "Value": ["20240309"]},
                "00400003": {"vr": "TM", "Value": ["101530"]},
            }
        ],
    },
}


def key(tag: str, vr: str, *values: Any) -> dict[str, Any]:
    return {tag: {"vr": vr, "Value": list(values)}}


def step(**keys: Any) -> dict[str, Any]:
    return key("00400100", "SQ", keys)


@pytest.mark.parametrize(
    ("identifier", "fits"),
    [
        ({}, True),
        ({"00100020": {"vr": "LO"}}, True),
        (key("00100020", "LO", "M1"), True),
        (key("00100020", "LO", "m1"), False),
        (key("00100020", "LO", "*"), True),
        (key("00100020", "LO", "M?"), True),
        (key("00100020", "LO", "M??"), False),
        (key("00100020", "LO", "M2", "M1"), True),
        (key("00100010", "PN", {"Alphabetic": "doe*"}), True),
        (key("00100010", "PN", {"Alphabetic": "土井"}), True),
        (key("00100010", "PN", {"Alphabetic": "doe"}), False),
        (key("00080061", "CS", "SR"), True),
        (key("00080050", "SH", "A1"), False),
        (key("00080050", "SH", '""'), True),
        (step(**key("00080060", "CS", "CT")), True),
        (step(**key("00080060", "CS", "MR")), False),
        (step(**key("00400001", "AE", "CT2")), False),
        (step(**key("00400002", "DA", "20240309-20240310")), True),
        (step(**key("00400002", "DA", "20240310-")), False),
        (step(**key("00400003", "TM", "10")), True),
        (step(**key("00400003", "TM", "11-")), False),
        (step(), True),
    ],
)
def test_matches(identifier: dict[str, Any], fits: bool) -> None:
    assert matches(STEP, identifier) is fits


def test_a_date_range_with_a_time_range_is_one_range() -> None:
    study = key("00080020", "DA", "20240309") | key("00080030", "TM", "230000")
    wanted = key("00080020", "DA", "20240308-20240310") | key("00080030", "TM", "1000-1100")
    assert matches(study, wanted)
    early = key("00080020", "DA", "20240308") | key("00080030", "TM", "0900")
    assert not matches(early, wanted)


@given(*[st.dates(min_value=date(1000, 1, 1))] * 3)
def test_date_ranges(one: date, other: date, day: date) -> None:
    low, high = sorted((one, other))
    span = date_span(f"{low:%Y%m%d}-{high:%Y%m%d}")
    assert span.holds(f"{day:%Y%m%d}") is (low <= day <= high)


def test_times_of_less_precision_are_whole_spans() -> None:
    assert time_span("10").holds(time_text("105959.999"))
    assert not time_span("10").holds(time_text("11"))
    assert time_span("-0930").holds(time_text("093059"))
    assert datetime_span("2024").holds(datetime_text("20241231235959.5"))
    assert datetime_span("20240101-20240102").holds(datetime_text("20240102235959"))


def test_offsets_are_not_ranges() -> None:
    assert datetime_text("20240101000000-0500") == "20240101050000.000000"
    assert datetime_span("20240101000000-0500").low == "20240101050000.000000"
    span = datetime_span("20240101000000-0500-20240102000000-0500")
    assert span.high.startswith("20240102050000")


@pytest.mark.parametrize(
    "text", ["2024", "20241301", "20240132", "x", "-", "20240101-x", "١٢٣٤٠١٠١"]
)
def test_malformed_dates(text: str) -> None:
    with pytest.raises(Invalid):
        date_span(text)


@pytest.mark.parametrize("text", ["1", "25", "1060", "-", "10:", "101530.1234567"])
def test_malformed_times(text: str) -> None:
    if text == "10:":
        assert time_text(text) == "100000.000000"
        return
    with pytest.raises(Invalid):
        time_span(text)
