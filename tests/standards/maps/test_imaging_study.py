"""DICOM studies as FHIR ImagingStudies."""

from dataclasses import replace

import pytest

from vesalius.standards import fhir
from vesalius.standards.maps.dicom_to_imaging_study import (
    InstanceFacts,
    SeriesFacts,
    StudyFacts,
    date_time,
    imaging_study,
)

STUDY = StudyFacts(
    id="s1",
    study_instance_uid="1.2.3",
    status="available",
    patient_reference="p1",
    accession_number="A1",
    accession_system="urn:a",
    order_reference="o1",
    started="2026-11-24",
    description="CT head",
    procedure=("urn:p", "CT-HEAD", "CT head"),
    reasons=["Headache"],
    dicomweb_url="https://house.example/dicomweb",
    series=[
        SeriesFacts(
            "1.2.3.1",
            "CT",
            number=1,
            body_part="HEAD",
            laterality="L",
            instance_count=2,
            instances=[
                InstanceFacts("1.2.3.1.1", "1.2.840.10008.5.1.4.1.1.2", 1),
                InstanceFacts("1.2.3.1.2", "1.2.840.10008.5.1.4.1.1.2", -2),
            ],
        ),
        SeriesFacts("1.2.3.2", "SR", instance_count=1),
    ],
)


def test_the_body_is_valid_and_whole() -> None:
    body = imaging_study(STUDY)
    assert fhir.validate(body) == []
    assert body["numberOfSeries"] == 2
    assert body["numberOfInstances"] == 3
    assert [coding["code"] for coding in body["modality"]] == ["CT", "SR"]
    assert body["series"][0]["laterality"]["display"] == "Left"
    assert "number" not in body["series"][0]["instance"][1], "unsignedInt holds no -2"


def test_what_is_not_known_is_left_out() -> None:
    bare = StudyFacts("s1", "1.2.3", "available", None)
    body = imaging_study(bare)
    assert fhir.validate(body) == []
    assert set(body) == {
        "resourceType",
        "id",
        "identifier",
        "status",
        "subject",
        "numberOfSeries",
        "numberOfInstances",
    }
    assert "reference" not in body["subject"]


def test_an_unchanged_study_compares_equal() -> None:
    assert imaging_study(STUDY) == imaging_study(replace(STUDY))


@pytest.mark.parametrize(
    ("date", "time", "offset", "told"),
    [
        ("20261124", "101530", None, "2026-11-24"),
        ("20261124", "101530.123", "+0100", "2026-11-24T10:15:30+01:00"),
        ("20261124", "1015", "-0330", "2026-11-24T10:15:00-03:30"),
        ("20261124", "101530", "+0000", "2026-11-24T10:15:30+00:00"),
        ("20261124", "", "+0100", "2026-11-24"),
        ("20261124", "251530", "+0100", "2026-11-24"),
        ("20261124", "101530", "+9900", "2026-11-24"),
        ("2026.11.24", None, None, "2026-11-24"),
        ("20261399", "10", "+0100", None),
        ("", "10", "+0100", None),
        (None, None, None, None),
    ],
)
def test_no_zone_is_invented(
    date: str | None, time: str | None, offset: str | None, told: str | None
) -> None:
    assert date_time(date, time, offset) == told
