"""The trail: what is written, and that it is written with the act or not at all."""

import psycopg
import pytest

from tests.stores.audit.people import ANNA
from vesalius.app import House
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit


class TestRecord:
    async def test_keeps_who_what_and_why(self, tx: Transaction) -> None:
        await audit.record(
            tx,
            ANNA,
            "R",
            audit.kinds.QUERY,
            reference="Observation",
            patient_reference="p",
            purpose="TREAT",
            detail={"parameters": ["code", "date"], "count": 3},
        )
        [entry] = await audit.search(tx)
        assert (entry.action, entry.kind, entry.outcome) == ("R", "Query", "success")
        assert (entry.principal_kind, entry.principal_name) == ("user", "anna")
        assert entry.roles == ("nurse", "patient")
        assert (entry.address, entry.patient_reference) == ("192.0.2.1", "p")
        assert entry.detail == {"parameters": ["code", "date"], "count": 3}
        assert entry.purpose == "TREAT"

    async def test_an_act_of_nobody(self, tx: Transaction) -> None:
        await audit.record(tx, None, "E", audit.kinds.USER_AUTHENTICATION, outcome="minor")
        [entry] = await audit.search(tx)
        assert (entry.principal_kind, entry.principal_name) == ("nobody", "")

    async def test_is_gone_with_the_act(self, house: House) -> None:
        with pytest.raises(RuntimeError):
            async with house.database.transaction() as tx:
                await audit.record(tx, ANNA, "C", "Something")
                raise RuntimeError
        async with house.database.transaction() as tx:
            assert await audit.search(tx) == []

    @pytest.mark.parametrize(
        "change", ["UPDATE audit_event SET kind = 'x'", "DELETE FROM audit_event"]
    )
    async def test_is_not_changed_by_accident(self, tx: Transaction, change: str) -> None:
        await audit.record(tx, ANNA, "R", "Query")
        with pytest.raises(psycopg.errors.RaiseException, match="append only"):
            await tx.execute(change)


class TestSearch:
    async def test_by_each_criterion(self, tx: Transaction) -> None:
        await audit.record(tx, ANNA, "R", "Query", patient_reference="p")
        await audit.record(tx, ANNA, "R", "Other", patient_reference="q")
        await audit.record(tx, None, "E", "Query")
        newest, middle, oldest = await audit.search(tx)
        assert await audit.search(tx, patient_reference="q") == [middle]
        assert await audit.search(tx, principal_name="anna") == [middle, oldest]
        assert await audit.search(tx, kind="Query") == [newest, oldest]
        assert await audit.search(tx, since=middle.occurred) == [newest, middle]
        assert await audit.search(tx, until=middle.occurred) == [oldest]
        assert await audit.search(tx, before_id=middle.id) == [oldest]
        assert await audit.search(tx, limit=1) == [newest]


class TestTransfers:
    async def test_one_event_opens_and_one_closes_for_each_study(self, house: House) -> None:
        transfers = audit.Transfers(ANNA, "association 7")
        for study, sop_class in [("1.1", "CT"), ("1.1", "CT"), ("1.2", "MR"), ("1.1", "SR")]:
            async with house.database.transaction() as tx:
                await transfers.note(tx, study_instance_uid=study, sop_class_uid=sop_class)
        transfers.note_failure("1.2")
        async with house.database.transaction() as tx:
            await transfers.close(tx)
            entries = (await audit.search(tx))[::-1]
        assert [(e.kind, e.reference) for e in entries] == [
            ("Begin Transferring DICOM Instances", "1.1"),
            ("Begin Transferring DICOM Instances", "1.2"),
            ("DICOM Instances Transferred", "1.1"),
            ("DICOM Instances Transferred", "1.2"),
        ]
        assert entries[2].detail == {
            "association": "association 7",
            "instances": 3,
            "failures": 0,
            "sop_classes": {"CT": 2, "SR": 1},
        }
        assert entries[3].outcome == "minor"

    async def test_what_was_rolled_back_is_not_counted(self, house: House) -> None:
        transfers = audit.Transfers(ANNA, "a")
        with pytest.raises(RuntimeError):
            async with house.database.transaction() as tx:
                await transfers.note(tx, study_instance_uid="1.1", sop_class_uid="CT")
                raise RuntimeError
        async with house.database.transaction() as tx:
            await transfers.note(tx, study_instance_uid="1.1", sop_class_uid="CT")
        async with house.database.transaction() as tx:
            await transfers.close(tx)
            closed, opened = await audit.search(tx)
        assert closed.detail is not None
        assert closed.detail["instances"] == 1
        assert opened.kind == audit.kinds.BEGIN_TRANSFERRING_INSTANCES
