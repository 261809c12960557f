"""Keys of a query as people write them."""

from typing import Any

import pytest

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.keys import item_at, path_of, values_of


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("PatientName", ["00100010"]),
        ("00100010", ["00100010"]),
        ("ScheduledProcedureStepSequence.Modality", ["00400100", "00080060"]),
    ],
)
def test_path(name: str, path: list[str]) -> None:
    assert path_of(name) == path


@pytest.mark.parametrize("name", ["", "PatientNam", "PatientName.", ".".join(["00400100"] * 9)])
def test_what_is_no_path(name: str) -> None:
    with pytest.raises(Invalid):
        path_of(name)


@pytest.mark.parametrize(
    ("vr", "text", "values"),
    [
        ("LO", "", []),
        ("UI", "1.2,1.3", ["1.2", "1.3"]),
        ("UI", "1.2\\1.3", ["1.2", "1.3"]),
        ("PN", "A*", [{"Alphabetic": "A*"}]),
        ("IS", "3", [3]),
        ("DS", "1.5", [1.5]),
        ("DA", "20260101-", ["20260101-"]),
        ("LO", "a,b", ["a,b"]),
        ("LT", "a\\b", ["a\\b"]),
    ],
)
def test_values(vr: str, text: str, values: list[Any]) -> None:
    assert values_of(vr, text) == values


def test_number_that_is_none() -> None:
    with pytest.raises(Invalid):
        values_of("US", "many")


def test_items_share_their_sequence() -> None:
    identifier: dict[str, Any] = {}
    for name in ("Modality", "ScheduledStationAETitle"):
        path = path_of(f"ScheduledProcedureStepSequence.{name}")
        item_at(identifier, path, name)[path[-1]] = {}
    assert identifier == {"00400100": {"vr": "SQ", "Value": [{"00080060": {}, "00400001": {}}]}}
    with pytest.raises(Invalid):
        item_at({}, ["00100010", "00080060"], "PatientName.Modality")
