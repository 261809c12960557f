"""Nodes over HTTP."""

from typing import Any

from tests.interfaces.web.asking import signed_in
from vesalius.app import House
from vesalius.kit.errors import Unavailable
from vesalius.stores import access

CT = {"ae_title": "CT1", "host": "192.0.2.10", "port": 104, "may": ["store", "worklist"]}


class TestNodes:
    async def test_are_admitted_changed_and_removed(self, house: House) -> None:
        async with signed_in(house, "boss", "administrator") as client:
            response = await client.post("/api/nodes", json=CT)
            assert response.status_code == 201
            assert (await client.post("/api/nodes", json=CT)).status_code == 409
            [node] = (await client.get("/api/nodes")).json()
            assert node == {**CT, "description": "", "address_range": None}
            change = {"may": ["find"], "address_range": "10.0.0.0/8", "description": "CT, room 3"}
            node = (await client.patch("/api/nodes/CT1", json=change)).json()
            assert node == {**CT, **change}
            assert (await client.delete("/api/nodes/CT1")).status_code == 204
            assert (await client.delete("/api/nodes/CT1")).status_code == 404

    async def test_the_refused_are_shown(self, house: House) -> None:
        for _ in range(2):
            try:
                await access.admit_node(
                    house.database, calling_ae_title="MR9", address="192.0.2.99"
                )
            except access.NodeRefused:
                continue
        async with signed_in(house, "tom", "technologist") as client:
            [refused] = (await client.get("/api/nodes/refused")).json()
        assert (refused["ae_title"], refused["address"]) == ("MR9", "192.0.2.99")
        assert refused["attempts"] == 2
        assert refused["first_seen"] < refused["last_seen"]

    async def test_reading_is_not_managing(self, house: House) -> None:
        async with signed_in(house, "tom", "technologist") as client:
            assert (await client.get("/api/nodes")).status_code == 200
            response = await client.post("/api/nodes", json=CT)
        assert response.status_code == 403


class TestEcho:
    async def test_tells_what_came_back(self, house: House) -> None:
        called: list[Any] = []

        async def answers(_: House, node: access.Node) -> float:
            called.append(node.ae_title)
            return 12.345

        async def is_silent(_: House, node: access.Node) -> float:
            raise Unavailable(f"{node.ae_title} does not answer")

        async with signed_in(house, "boss", "administrator") as client:
            await client.post("/api/nodes", json=CT)
            house.echo_node = answers
            response = await client.post("/api/nodes/CT1/echo")
            assert response.json() == {
                "ok": True,
                "milliseconds": 12.3,
                "message": "the node answers",
            }
            assert called == ["CT1"]
            house.echo_node = is_silent
            answer = (await client.post("/api/nodes/CT1/echo")).json()
            assert (answer["ok"], answer["milliseconds"]) == (False, None)
            assert "does not answer" in answer["message"]
            assert (await client.post("/api/nodes/MR9/echo")).status_code == 404
