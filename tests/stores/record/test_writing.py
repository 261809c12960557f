"""Creating, updating and deleting resources."""

import pytest

from vesalius.kit.errors import Gone, NotFound
from vesalius.stores import record
from vesalius.stores.access import SYSTEM

PATIENT = {"resourceType": "Patient", "name": [{"family": "Durand", "given": ["Zoé"]}]}


class TestCreate:
    async def test_is_read_back(self, tx):
        made = await record.create(tx, SYSTEM, "Patient", PATIENT)
        found = await record.read(tx, SYSTEM, "Patient", made.id)
        assert found.json()["name"] == PATIENT["name"]
        assert found.version == 1
        assert found.body == made.body

    async def test_names_the_broken_element(self, tx):
        with pytest.raises(record.Rejected) as refused:
            await record.create(
                tx, SYSTEM, "Patient", {"resourceType": "Patient", "contact": [{"name": "x"}]}
            )
        assert refused.value.issues[0].expression == "Patient.contact[0].name"


class TestUpdate:
    async def test_makes_a_version(self, tx):
        made = await record.create(tx, SYSTEM, "Patient", PATIENT)
        body = {**made.json(), "gender": "female"}
        second, created = await record.update(tx, SYSTEM, "Patient", made.id, body, if_match=1)
        assert (second.version, created) == (2, False)
        assert (await record.vread(tx, SYSTEM, "Patient", made.id, 1)).body == made.body

    async def test_refuses_a_stale_version(self, tx):
        made = await record.create(tx, SYSTEM, "Patient", PATIENT)
        with pytest.raises(record.PreconditionFailed):
            await record.update(tx, SYSTEM, "Patient", made.id, made.json(), if_match=2)

    async def test_creates_under_a_new_id(self, tx):
        body = {**PATIENT, "id": "zoe"}
        version, created = await record.update(tx, SYSTEM, "Patient", "zoe", body)
        assert (version.version, created) == (1, True)


class TestDelete:
    async def test_is_gone_and_comes_back(self, tx):
        body = {**PATIENT, "id": "zoe"}
        await record.update(tx, SYSTEM, "Patient", "zoe", body)
        gone = await record.delete(tx, SYSTEM, "Patient", "zoe")
        assert gone is not None
        assert gone.version == 2
        with pytest.raises(Gone):
            await record.read(tx, SYSTEM, "Patient", "zoe")
        assert (await record.search(tx, SYSTEM, "Patient", [])).matches == []
        again, created = await record.update(tx, SYSTEM, "Patient", "zoe", body)
        assert (again.version, created) == (3, True)
        versions = (await record.history(tx, SYSTEM, "Patient", "zoe")).versions
        assert [(v.version, v.deleted) for v in versions] == [(3, False), (2, True), (1, False)]

    async def test_of_nothing_is_not_found(self, tx):
        with pytest.raises(NotFound):
            await record.delete(tx, SYSTEM, "Patient", "nobody")
