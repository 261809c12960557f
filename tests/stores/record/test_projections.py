"""ImagingStudy as a projection: found, read, kept and guarded like any other resource."""

import pytest

from vesalius.kit.errors import Conflict, Gone, NotFound
from vesalius.stores import access, record
from vesalius.stores.access import SYSTEM, Principal
from vesalius.stores.record import projections

STUDY = {
    "resourceType": "ImagingStudy",
    "status": "available",
    "subject": {"reference": "Patient/p"},
    "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}],
    "started": "2024-05-01T10:00:00Z",
    "numberOfInstances": 1,
}
DOCTOR = Principal(
    kind="user",
    name="doctor",
    display="doctor",
    roles=frozenset(),
    permissions=frozenset({"record.read:*", "record.write:*"}),
    sees_all_patients=True,
)


@pytest.fixture
def bodies(monkeypatch):
    """Bodies that the owner of the studies would compose, by id."""
    held = {"s": dict(STUDY)}

    async def compose(tx, id):
        if id not in held:
            raise NotFound("there is no such study")
        return held[id]

    monkeypatch.setattr(projections, "_compose", {"ImagingStudy": compose})
    return held


@pytest.fixture
async def projected(tx, bodies):
    await record.update(tx, SYSTEM, "Patient", "p", {"resourceType": "Patient", "id": "p"})
    await record.project(tx, "ImagingStudy", "s", bodies["s"], patient_reference="p")
    return tx


async def found(tx, who, *parameters) -> list[str]:
    result = await record.search(tx, who, "ImagingStudy", parameters)
    return [v.id for v in result.matches]


async def test_is_found_and_read_as_composed(projected, bodies):
    tx = projected
    assert await found(tx, SYSTEM, ("patient", "p"), ("started", "2024-05")) == ["s"]
    bodies["s"]["description"] = "composed later"
    body = (await record.read(tx, SYSTEM, "ImagingStudy", "s")).json()
    assert body["description"] == "composed later"
    assert body["meta"]["versionId"] == "1"
    included = await record.search(
        tx, SYSTEM, "Patient", [("_id", "p"), ("_revinclude", "ImagingStudy:patient")]
    )
    assert included.included[0].json()["description"] == "composed later"


async def test_version_grows_with_what_is_told_and_only_then(projected, bodies):
    tx = projected
    same = await record.project(tx, "ImagingStudy", "s", bodies["s"], patient_reference="p")
    assert same == 1
    bodies["s"]["numberOfInstances"] = 2
    more = await record.project(tx, "ImagingStudy", "s", bodies["s"], patient_reference="p")
    assert more == 2
    bodies["s"]["started"] = "2025-01-01"
    moved = await record.project(tx, "ImagingStudy", "s", bodies["s"], patient_reference="p")
    assert moved == 3
    assert await found(tx, SYSTEM, ("started", "2024")) == []
    assert await found(tx, SYSTEM, ("started", "2025")) == ["s"]


async def test_kept_versions_are_its_history(projected, bodies):
    tx = projected
    assert await record.keep_version(tx, "ImagingStudy", "s", bodies["s"]) == 1
    bodies["s"]["description"] = "second"
    assert await record.keep_version(tx, "ImagingStudy", "s", bodies["s"]) == 2
    history = await record.history(tx, SYSTEM, "ImagingStudy", "s")
    assert [v.version for v in history.versions] == [2, 1]
    first = await record.vread(tx, SYSTEM, "ImagingStudy", "s", 1)
    assert "description" not in first.json()


async def test_clients_do_not_write_it(projected, bodies):
    tx = projected
    body = {**STUDY, "id": "s"}
    with pytest.raises(Conflict):
        await record.update(tx, SYSTEM, "ImagingStudy", "s", body)
    with pytest.raises(Conflict):
        await record.delete(tx, SYSTEM, "ImagingStudy", "s")
    with pytest.raises(Conflict):
        await record.patch(tx, SYSTEM, "ImagingStudy", "s", [])
    elsewhere = await record.create(tx, SYSTEM, "ImagingStudy", STUDY)
    assert set(await found(tx, SYSTEM)) == {"s", elsewhere.id}
    with pytest.raises(Conflict):
        await record.project(tx, "ImagingStudy", elsewhere.id, STUDY, patient_reference="p")


async def test_follows_its_patient(projected, bodies):
    """Attached to a restricted patient it is hidden; detached it is of nobody."""
    tx = projected
    assert await found(tx, DOCTOR) == ["s"]
    await access.restrict(tx, SYSTEM, "p", True)
    assert await found(tx, DOCTOR) == []
    with pytest.raises(NotFound):
        await record.read(tx, DOCTOR, "ImagingStudy", "s")
    bodies["s"].pop("subject")
    await record.project(tx, "ImagingStudy", "s", bodies["s"], patient_reference=None)
    assert await found(tx, DOCTOR) == ["s"]
    assert await found(tx, SYSTEM, ("patient", "p")) == []


async def test_is_removed_and_comes_back(projected, bodies):
    tx = projected
    await record.project(tx, "ImagingStudy", "s", {}, patient_reference="p", remove=True)
    assert await found(tx, SYSTEM) == []
    with pytest.raises(Gone):
        await record.read(tx, SYSTEM, "ImagingStudy", "s")
    await record.project(tx, "ImagingStudy", "s", bodies["s"], patient_reference="p")
    assert await found(tx, SYSTEM, ("patient", "p")) == ["s"]
