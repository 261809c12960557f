"""The first start."""

import asyncio
from datetime import timedelta

import pytest

from tests.stores.access.people import PASSWORD
from vesalius.app import House
from vesalius.kit.errors import Conflict, Forbidden, Invalid, VesaliusError
from vesalius.kit.transaction import Transaction
from vesalius.stores import access


async def complete(tx: Transaction, token: str, username: str = "anna") -> access.User:
    return await access.complete_setup(
        tx, token, username=username, display="Anna", password=PASSWORD
    )


class TestSetup:
    async def test_makes_an_administrator_once(self, tx: Transaction) -> None:
        token = await access.offer_setup(tx)
        assert token is not None
        assert not await access.has_administrator(tx)
        user = await complete(tx, token)
        assert user.roles == ("administrator",)
        assert await access.has_administrator(tx)
        assert await access.offer_setup(tx) is None
        with pytest.raises(Conflict):
            await complete(tx, token, "bert")

    async def test_a_guessed_token_makes_nobody(self, tx: Transaction) -> None:
        await access.offer_setup(tx)
        for token in ("", "guess", "x" * 43):
            with pytest.raises(Forbidden):
                await complete(tx, token)
        assert not await access.has_administrator(tx)

    async def test_a_new_start_makes_the_old_link_worthless(self, tx: Transaction) -> None:
        old, new = await access.offer_setup(tx), await access.offer_setup(tx)
        assert old
        assert new
        with pytest.raises(Forbidden):
            await complete(tx, old)
        await complete(tx, new)

    async def test_the_link_expires(self, house: House) -> None:
        async with house.database.transaction() as tx:
            token = await access.offer_setup(tx)
        assert token is not None
        later = house.clock.now() + timedelta(hours=house.settings.setup_hours, seconds=1)
        house.clock.turn(lambda: later)
        with pytest.raises(Forbidden):
            async with house.database.transaction() as tx:
                await complete(tx, token)

    async def test_a_weak_password_leaves_the_link_working(self, house: House) -> None:
        async with house.database.transaction() as tx:
            token = await access.offer_setup(tx)
        assert token is not None
        with pytest.raises(Invalid):
            async with house.database.transaction() as tx:
                await access.complete_setup(
                    tx, token, username="anna", display="Anna", password="short"
                )
        async with house.database.transaction() as tx:
            await complete(tx, token)

    async def test_two_at_once_make_one(self, house: House) -> None:
        async with house.database.transaction() as tx:
            token = await access.offer_setup(tx)
        assert token is not None

        async def attempt(username: str) -> bool:
            try:
                async with house.database.transaction() as tx:
                    await complete(tx, token, username)
            except VesaliusError:
                return False
            return True

        done = await asyncio.gather(*(attempt(f"user{n}") for n in range(4)))
        assert sorted(done) == [False, False, False, True]

    async def test_a_token_only_administrator_is_not_enough(self, tx: Transaction) -> None:
        """Scripts may have one before anybody can sign in; the link must go on working."""
        await access.add_user(
            tx, access.SYSTEM, username="robot", display="Robot", roles=["administrator"]
        )
        assert not await access.has_administrator(tx)
