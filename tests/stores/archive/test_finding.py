"""Finding: every kind of matching at every level, and nothing that may not be seen."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.stores.archive.building import ct, series_of, store, values
from vesalius.app import House
from vesalius.kit.errors import Forbidden, Invalid, NotFound
from vesalius.standards.dicom import matches, tag_of, vr_of
from vesalius.stores import archive
from vesalius.stores.access import SYSTEM, Principal

NAMES = {
    "P1": "Müller^Zoë",
    "P2": "MULLER^HANS^^DR",
    "P3": "O'Brien^Mary-Ann",
    "P4": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "P5": "Мюллер^Анна",
    "P6": "Łukasz^Żółć",
}


def identifier(**keys: Any) -> dict[str, Any]:
    """An identifier from keywords; a dict goes into a sequence."""
    out: dict[str, Any] = {}
    for keyword, value in keys.items():
        tag = tag_of(keyword)
        assert tag
        vr = vr_of(tag)
        if isinstance(value, dict):
            wanted: list[Any] = [identifier(**value)]
        else:
            wanted = value if isinstance(value, list) else [value]
        out[tag] = {"vr": vr, "Value": [{"Alphabetic": v} if vr == "PN" else v for v in wanted]}
    return out


@pytest.fixture
async def stocked(house: House) -> House:
    """Six patients' CT studies on six days, an MR and a two-series PET/CT of P1."""
    for number, (mrn, name) in enumerate(NAMES.items(), 1):
        request = Dataset()
        request.RequestedProcedureID = f"RP{number}"
        request.ScheduledProcedureStepID = f"S{number}"
        await store(
            house,
            *series_of(
                2,
                PatientID=mrn,
                PatientName=name,
                SpecificCharacterSet="ISO_IR 192",
                StudyDate=f"2024030{number}",
                StudyTime=f"{8 + number:02d}1500",
                AccessionNumber=f"ACC_{number}",
                StudyDescription=f"Thorax {number}",
                RequestAttributesSequence=Sequence([request]),
                SeriesDate=f"2024030{number}",
            ),
        )
    await store(
        house,
        ct(
            PatientID="P1",
            PatientName="Müller^Zoë",
            StudyDate="20230101",
            Modality="MR",
            AccessionNumber="",
            SOPClassUID="1.2.840.10008.5.1.4.1.1.4",
        ),
    )
    return house


async def ask(
    house: House,
    level: archive.Level,
    keys: dict[str, Any],
    principal: Principal = SYSTEM,
    **options: Any,
) -> list[dict[str, Any]]:
    options.setdefault("returning", "default")
    async with house.database.transaction() as tx:
        return await archive.find(tx, principal, level, archive.Query(keys, **options))


CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"PatientID": "P3"}, ["P3"]),
    ({"PatientID": "p3"}, []),
    ({"PatientID": ["P2", "P5"]}, ["P2", "P5"]),
    ({"PatientID": "P?"}, ["P1", "P1", "P2", "P3", "P4", "P5", "P6"]),
    ({"PatientID": "*4"}, ["P4"]),
    ({"PatientName": "muller*"}, ["P1", "P1", "P2"]),
    ({"PatientName": "Muller^Zoe"}, ["P1", "P1"]),
    ({"PatientName": "MÜLLER^HANS^^DR^"}, ["P2"]),
    ({"PatientName": "muller"}, []),
    ({"PatientName": "*zo?"}, ["P1", "P1"]),
    ({"PatientName": "*o'brien*"}, ["P3"]),
    ({"PatientName": "山田*"}, ["P4"]),
    ({"PatientName": "*たろう"}, ["P4"]),
    ({"PatientName": "мюллер*"}, ["P5"]),
    ({"PatientName": "lukasz^zolc"}, ["P6"]),
    ({"PatientName": ".*"}, []),
    ({"StudyDate": "20240302"}, ["P2"]),
    ({"StudyDate": "20240302-20240304"}, ["P2", "P3", "P4"]),
    ({"StudyDate": "-20240301"}, ["P1", "P1"]),
    ({"StudyDate": "20240305-"}, ["P5", "P6"]),
    ({"StudyTime": "10-11"}, ["P1", "P2", "P3"]),
    ({"StudyDate": "20240302-20240304", "StudyTime": "1100-1130"}, ["P3"]),
    ({"AccessionNumber": "ACC_2"}, ["P2"]),
    ({"AccessionNumber": "ACC?2"}, ["P2"]),
    ({"AccessionNumber": "ACC%"}, []),
    ({"AccessionNumber": '""'}, ["P1"]),
    ({"ModalitiesInStudy": "MR"}, ["P1"]),
    ({"ModalitiesInStudy": ["MR", "US"]}, ["P1"]),
    ({"ModalitiesInStudy": "M*"}, ["P1"]),
    ({"SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.4"}, ["P1"]),
    ({"StudyDescription": "*4"}, ["P4"]),
    ({"PatientSex": "M"}, []),
    ({"PatientBirthDate": "19700101-19701231", "PatientID": "P1"}, ["P1", "P1"]),
]


async def test_matching_at_study_level(stocked: House) -> None:
    every = await ask(stocked, "STUDY", {}, returning="all")
    for keys, expected in CASES:
        found = await ask(stocked, "STUDY", identifier(**keys))
        assert sorted(values(found, "00100020")) == expected, keys
        if not {"PatientName", "SOPClassesInStudy"} & set(keys):
            # The same answer as the standard's rules give in memory.
            plain = [each for each in every if matches(each, identifier(**keys))]
            assert len(plain) == len(found), keys


async def test_fuzzy(stocked: House) -> None:
    for text, expected in (
        ("zoe mul", ["P1", "P1"]),
        ("hans muller", ["P2"]),
        ("ann brien", []),
        ("mary o'br", ["P3"]),
        ("taro", ["P4"]),
    ):
        found = await ask(stocked, "STUDY", identifier(PatientName=text), fuzzy=True)
        assert sorted(values(found, "00100020")) == expected, text


class TestLevels:
    async def test_series(self, stocked: House) -> None:
        found = await ask(stocked, "SERIES", identifier(Modality="MR"))
        assert values(found, "00100020") == ["P1"]
        assert values(found, "00201209") == [1]
        keys = identifier(RequestAttributesSequence={"RequestedProcedureID": "RP3"})
        assert values(await ask(stocked, "SERIES", keys), "00100020") == ["P3"]
        keys = identifier(RequestAttributesSequence={"ScheduledProcedureStepID": "S[35]"})
        assert await ask(stocked, "SERIES", keys) == []
        keys = identifier(SeriesDate="20240305-20240306")
        assert sorted(values(await ask(stocked, "SERIES", keys), "00100020")) == ["P5", "P6"]

    async def test_instances(self, stocked: House) -> None:
        keys = identifier(PatientID="P2", InstanceNumber="2")
        [found] = await ask(stocked, "IMAGE", keys)
        assert found["00280010"]["Value"] == [16]
        assert await ask(stocked, "IMAGE", identifier(InstanceNumber="x")) == []
        keys = identifier(PatientID="P2", Rows="16")
        assert len(await ask(stocked, "IMAGE", keys)) == 2

    async def test_patients(self, stocked: House) -> None:
        found = await ask(stocked, "PATIENT", {}, returning="all")
        assert values(found, "00100020") == list(NAMES)
        assert values(found, "00201200") == [2, 1, 1, 1, 1, 1]
        assert values(found, "00201204") == [3, 2, 2, 2, 2, 2]

    async def test_counts(self, stocked: House) -> None:
        keys = identifier(PatientID="P2")
        keys |= {tag: {"vr": "IS"} for tag in ("00201206", "00201208")}
        [found] = await ask(stocked, "STUDY", keys, returning="requested")
        assert found["00201206"]["Value"] == [1]
        assert found["00201208"]["Value"] == [2]


class TestAnswers:
    async def test_requested_keys_only_and_empty_ones_too(self, stocked: House) -> None:
        keys = identifier(PatientID="P2") | {"00081030": {"vr": "LO"}, "00102160": {"vr": "SH"}}
        [found] = await ask(stocked, "STUDY", keys, returning="requested")
        assert sorted(found) == ["00080005", "00081030", "00100020", "00102160", "0020000D"]
        assert found["00102160"] == {"vr": "SH"}

    async def test_pages(self, stocked: House) -> None:
        every = await ask(stocked, "STUDY", {})
        assert values(every, "00080020") == sorted(values(every, "00080020"), reverse=True)
        pages = [
            one
            for offset in range(0, 8, 3)
            for one in await ask(stocked, "STUDY", {}, limit=3, offset=offset)
        ]
        assert pages == every
        async with stocked.database.transaction() as tx:
            query = archive.Query(returning="default")
            each = [one async for one in archive.find_each(tx, SYSTEM, "STUDY", query)]
        assert each == every

    async def test_malformed_ranges_are_refused(self, stocked: House) -> None:
        for date in ("2024-13-01", "yesterday", "-", "20240301-x"):
            with pytest.raises(Invalid):
                await ask(stocked, "STUDY", identifier(StudyDate=date))

    def test_findable(self) -> None:
        assert archive.findable("STUDY", "00100010")
        assert not archive.findable("STUDY", "00080060")
        assert archive.findable("SERIES", "00080060")
        assert not archive.findable("PATIENT", "00080061")
        assert not archive.findable("IMAGE", "00091001")


class TestPolicy:
    async def test_hidden_patients_are_not_found(self, stocked: House) -> None:
        doctor = Principal(
            "user", "d", "D", frozenset(["physician"]), frozenset(["study.read"]),
            sees_all_patients=True,
        )  # fmt: skip
        own = Principal(
            "user", "p", "P", frozenset(["patient"]), frozenset(["study.read"]),
            own_patients=frozenset(["pat2"]),
        )  # fmt: skip
        async with stocked.database.transaction() as tx:
            for mrn, reference in (("P1", "pat1"), ("P2", "pat2")):
                found = await archive.find(
                    tx, SYSTEM, "STUDY", archive.Query(identifier(PatientID=mrn))
                )
                for uid in values(found, "0020000D"):
                    await archive.attach(tx, SYSTEM, uid, reference)
            await tx.execute(
                "INSERT INTO restricted_patient (patient_reference, since, restricted_by)"
                " VALUES ('pat1', now(), 'test')"
            )
        for level in ("PATIENT", "STUDY", "SERIES", "IMAGE"):
            seen = set(values(await ask(stocked, level, {}, doctor), "00100020"))
            assert "P1" not in seen
            mine = set(values(await ask(stocked, level, {}, own), "00100020"))
            assert mine <= {"P2"}
        hidden = await ask(stocked, "STUDY", identifier(PatientID="P1"))
        uid = values(hidden, "0020000D")[0]
        async with stocked.database.transaction() as tx:
            assert await archive.instances(tx, doctor, study=uid) == []
            assert await archive.series(tx, doctor, uid) == []
            assert await archive.studies(tx, doctor, [uid]) == []
            with pytest.raises(NotFound):
                await archive.metadata(tx, doctor, uid)

    async def test_without_permission(self, stocked: House) -> None:
        nobody = Principal("user", "x", "X", frozenset(), frozenset(), sees_all_patients=True)
        with pytest.raises(Forbidden):
            await ask(stocked, "STUDY", {}, nobody)
