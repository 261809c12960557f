"""The first start over HTTP."""

from typing import Any

from tests.interfaces.web.asking import PASSWORD, browser, signed_in
from vesalius.app import House
from vesalius.stores import access


async def link(house: House) -> str:
    async with house.database.transaction() as tx:
        token = await access.offer_setup(tx)
    assert token is not None
    return token


def administrator(token: str, **changes: Any) -> dict[str, Any]:
    return {"token": token, "username": "anna", "display": "Anna", "password": PASSWORD, **changes}


class TestSetup:
    async def test_makes_and_signs_in_the_administrator_once(self, house: House) -> None:
        token = await link(house)
        async with browser(house) as client:
            assert (await client.get("/api/setup")).json() == {"needed": True}
            response = await client.post("/api/setup", json=administrator(token))
            assert response.status_code == 201
            assert response.json()["roles"] == ["administrator"]
            assert (await client.get("/api/users")).status_code == 200
            assert (await client.get("/api/setup")).json() == {"needed": False}
        async with browser(house) as client:
            again = administrator(token, username="bert")
            response = await client.post("/api/setup", json=again)
            assert response.status_code == 409

    async def test_a_practice_of_one_may_have_more_roles(self, house: House) -> None:
        token = await link(house)
        async with browser(house) as client:
            body = administrator(token, roles=["radiologist"], language="fr")
            session = (await client.post("/api/setup", json=body)).json()
        assert session["roles"] == ["administrator", "radiologist"]
        assert session["language"] == "fr"

    async def test_no_link_no_administrator(self, house: House) -> None:
        await link(house)
        async with browser(house) as client:
            for token in ("", "guess"):
                response = await client.post("/api/setup", json=administrator(token))
                assert response.status_code == 403
            assert (await client.get("/api/setup")).json() == {"needed": True}

    async def test_is_over_when_there_is_an_administrator(self, house: House) -> None:
        token = await link(house)
        async with signed_in(house, "bert", "administrator") as client:
            response = await client.post("/api/setup", json=administrator(token))
            assert response.status_code == 409
