"""Modality Worklist and MPPS as provider and user, and the simulated modality that uses them."""

from typing import Any

import pytest
from pydicom.uid import generate_uid

from tests.interfaces.dimse.conftest import Door
from tests.nodes import admit
from tests.peers.orders import scheduled
from vesalius.exchange import routing
from vesalius.imaging import studies
from vesalius.interfaces.command_line import simulate
from vesalius.interfaces.dimse import status
from vesalius.kit.errors import Unavailable
from vesalius.kit.ids import new_uid
from vesalius.stores import access, archive


async def items(door: Door, kind: str, accession_number: str) -> list[dict[str, Any]]:
    return await simulate.ask_worklist(door.house, door.peer, kind, accession_number)


class TestPerformedStep:
    async def test_unknown_step(self, door: Door) -> None:
        ended = {"00400252": {"vr": "CS", "Value": ["COMPLETED"]}}
        code = await routing.network().set_step(door.house, door.peer, new_uid(), ended)
        assert code == status.NO_SUCH_SOP_INSTANCE

    async def test_attribute_missing(self, door: Door) -> None:
        code = await routing.network().create_step(door.house, door.peer, new_uid(), {})
        assert code == status.MISSING_ATTRIBUTE

    async def test_node_that_may_not(self, door: Door) -> None:
        title = f"N{generate_uid()[-10:]}"
        await admit(door.house, title, may=frozenset({"store"}))
        peer = routing.Peer("VESALIUS", "127.0.0.1", door.port, title)
        code = await routing.network().create_step(door.house, peer, new_uid(), {})
        assert code == status.NOT_AUTHORIZED
        with pytest.raises(Unavailable, match="0124"):
            await simulate.ask_worklist(door.house, peer, "CT")


class TestSimulatedModality:
    @pytest.mark.parametrize(
        ("procedure", "kind", "instances"),
        [("CT-CHEST", "CT", 3), ("DX-CHEST", "DX", 1)],
    )
    async def test_from_worklist_to_study(
        self, door: Door, procedure: str, kind: str, instances: int
    ) -> None:
        step = await scheduled(door.house, f"Sim{generate_uid()[-8:]}", procedure)
        (item,) = await items(door, step.modality, step.accession_number)
        performed = await simulate.perform(door.house, door.peer, item, slices=3)
        assert performed.study_instance_uid == step.study_instance_uid
        assert performed.instances == instances
        assert await items(door, step.modality, step.accession_number) == []
        async with door.house.database.transaction() as tx:
            rows = await archive.instances(tx, access.SYSTEM, study=step.study_instance_uid)
            study = await studies.find_study(tx, step.study_instance_uid)
            steps = await tx.fetch_all(
                "SELECT status FROM performed_step JOIN performed_for USING (sop_instance_uid)"
                " WHERE step_id = %s",
                (step.step_id,),
            )
        assert len(rows) == instances
        assert {row.patient_reference for row in rows} == {step.patient_reference}
        assert study is not None
        assert study.order_reference == step.order_reference
        assert [row["status"] for row in steps] == ["COMPLETED"]
        assert kind == step.modality
