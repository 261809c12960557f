"""Principals are remembered for a moment, and forgotten the moment anything changes."""

import asyncio

import pytest

from vesalius.app import House
from vesalius.kit.errors import Unauthenticated
from vesalius.kit.http.authentication import Credentials
from vesalius.stores import access
from vesalius.stores.access import remembering


async def _token(house: House) -> str:
    async with house.database.transaction() as tx:
        await access.add_user(tx, access.SYSTEM, username="nora", display="N", roles={"nurse"})
        return await access.issue_token(tx, access.SYSTEM, username="nora", name="t")


async def _forgotten(credentials: Credentials) -> None:
    async with asyncio.timeout(5):
        while remembering.recall(credentials) is not None:
            await asyncio.sleep(0.005)


async def test_asked_once(house: House, listening: None) -> None:
    credentials = Credentials("GET", bearer=await _token(house))
    first = await access.authenticate(house.database, credentials)
    assert remembering.recall(credentials) is first
    other = Credentials("GET", bearer=credentials.bearer, address="10.0.0.9")
    assert remembering.recall(other) is None, "another address is asked for itself"


@pytest.mark.parametrize("change", ["roles", "revoked", "granted", "inactive"])
async def test_forgotten_when_anything_changes(house: House, listening: None, change: str) -> None:
    credentials = Credentials("GET", bearer=await _token(house))
    await access.authenticate(house.database, credentials)
    async with house.database.transaction() as tx:
        if change == "roles":
            await access.change_user(tx, access.SYSTEM, "nora", roles={"physician"})
        elif change == "inactive":
            await access.change_user(tx, access.SYSTEM, "nora", active=False)
        elif change == "granted":
            await access.grant(tx, access.SYSTEM, "p1", "nora")
        else:
            token = (await access.list_tokens(tx, access.SYSTEM, "nora"))[0]
            await access.revoke_token(tx, access.SYSTEM, "nora", token.id)
    await _forgotten(credentials)
    if change in ("revoked", "inactive"):
        with pytest.raises(Unauthenticated):
            await access.authenticate(house.database, credentials)
    else:
        again = await access.authenticate(house.database, credentials)
        assert again is not None
        assert ("physician" in again.roles) is (change == "roles")
        assert ("p1" in again.granted_patients) is (change == "granted")


async def test_not_across_a_request_that_may_change_something(
    house: House, listening: None
) -> None:
    token = await _token(house)
    await access.authenticate(house.database, Credentials("GET", bearer=token))
    await access.authenticate(house.database, Credentials("POST", bearer=token))
    assert remembering.recall(Credentials("GET", bearer=token)) is None


async def test_nothing_is_remembered_without_listening(house: House) -> None:
    credentials = Credentials("GET", bearer=await _token(house))
    await access.authenticate(house.database, credentials)
    assert remembering.recall(credentials) is None
