"""Person names between DICOM and FHIR."""

from typing import Any

import pytest

from vesalius.standards.maps import dicom_to_patient, patient_to_dicom
from vesalius.standards.maps.dicom_to_patient import REPRESENTATION_URL, display_name


def represented(code: str) -> list[dict[str, str]]:
    return [{"url": REPRESENTATION_URL, "valueCode": code}]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Doe^Jane", [{"family": "Doe", "given": ["Jane"]}]),
        (
            "Doe^Jane^Ann Mary^Dr.^PhD",
            [
                {
                    "family": "Doe",
                    "given": ["Jane", "Ann", "Mary"],
                    "prefix": ["Dr."],
                    "suffix": ["PhD"],
                }
            ],
        ),
        (
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            [
                {"family": "Yamada", "given": ["Tarou"]},
                {"family": "山田", "given": ["太郎"], "extension": represented("IDE")},
                {"family": "やまだ", "given": ["たろう"], "extension": represented("SYL")},
            ],
        ),
        (
            {"Ideographic": "山田^太郎"},
            [{"family": "山田", "given": ["太郎"], "extension": represented("IDE")}],
        ),
        ("=山田^太郎", [{"family": "山田", "given": ["太郎"], "extension": represented("IDE")}]),
        ("Doe", [{"family": "Doe"}]),
        ("^^^", [{}]),
        ("", []),
        (None, []),
    ],
)
def test_dicom_to_fhir(value: Any, names: list[dict[str, Any]]) -> None:
    assert dicom_to_patient.human_names(value) == names


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ([{"family": "Doe", "given": ["Jane", "Ann"]}], {"Alphabetic": "Doe^Jane^Ann"}),
        (
            [{"family": "山田", "given": ["太郎"]}, {"family": "Yamada", "given": ["Tarou"]}],
            {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"},
        ),
        (
            [{"family": "ヤマダ", "given": ["タロウ"], "extension": represented("SYL")}],
            {"Phonetic": "ヤマダ^タロウ"},
        ),
        (
            [
                {"family": "Old", "use": "old"},
                {"family": "Maid", "use": "maiden"},
                {"family": "New"},
            ],
            {"Alphabetic": "New"},
        ),
        ([{"text": "Jane Doe"}], {"Alphabetic": "Jane Doe"}),
        ([{"family": "A^B=C\\D"}], {"Alphabetic": "A B C D"}),
        ([{"given": ["Cher"]}], {"Alphabetic": "^Cher"}),
        ([], {}),
    ],
)
def test_fhir_to_dicom(names: list[dict[str, Any]], groups: dict[str, str]) -> None:
    assert patient_to_dicom.person_name(names) == groups


def test_there_and_back() -> None:
    value = {"Alphabetic": "Hong^Gildong", "Ideographic": "洪^吉洞", "Phonetic": "홍^길동"}
    names = dicom_to_patient.human_names(value)
    assert patient_to_dicom.person_name(names) == value


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ([{"family": "Doe", "given": ["Jane"]}], "Doe, Jane"),
        ([{"family": "山田", "given": ["太郎"]}], "山田 太郎"),
        ([{"family": "Иванов", "given": ["Пётр"]}], "Иванов, Пётр"),
        ([{"family": "X", "use": "old"}, {"family": "Y", "use": "official"}], "Y"),
        ([{"text": "Jane Doe"}], "Jane Doe"),
        ([], ""),
    ],
)
def test_display(names: list[dict[str, Any]], line: str) -> None:
    assert display_name(names) == line


@pytest.mark.parametrize(
    ("da", "date"),
    [("19800501", "1980-05-01"), ("1980.05.01", "1980-05-01"), ("1980", None), ("", None)],
)
def test_birth_date(da: str, date: str | None) -> None:
    assert dicom_to_patient.birth_date(da) == date


def test_what_is_not_known_to_the_day_is_not_told() -> None:
    assert patient_to_dicom.birth_date("1980-05-01") == "19800501"
    assert patient_to_dicom.birth_date("1980-05") == ""
    assert patient_to_dicom.birth_date(None) == ""


def test_sex() -> None:
    assert [dicom_to_patient.gender(code) for code in ("M", "f", "O", "", "X")] == [
        "male",
        "female",
        "other",
        None,
        None,
    ]
    assert [patient_to_dicom.sex(g) for g in ("male", "female", "other", "unknown", None)] == [
        "M",
        "F",
        "O",
        "",
        "",
    ]
