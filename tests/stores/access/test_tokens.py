"""Bearer tokens."""

from datetime import timedelta

import pytest

from tests.stores.access.people import add
from vesalius.app import House
from vesalius.kit.errors import Forbidden, Invalid, NotFound, Unauthenticated
from vesalius.kit.transaction import Transaction
from vesalius.stores import access


class TestTokens:
    async def test_carry_the_roles_of_the_user(self, tx: Transaction) -> None:
        await add(tx, "robot", "integrator")
        token = await access.issue_token(tx, access.SYSTEM, "robot", name="HL7 engine")
        principal = await access.authenticate_bearer(tx, token, address="192.0.2.7")
        assert principal.roles == {"integrator"}
        assert principal.address == "192.0.2.7"

    async def test_are_not_stored(self, tx: Transaction) -> None:
        await add(tx, "robot", "integrator")
        token = await access.issue_token(tx, access.SYSTEM, "robot")
        rows = await tx.fetch_all("SELECT bearer_token::text AS row FROM bearer_token")
        assert not any(token.removeprefix("vesalius_") in row["row"] for row in rows)

    @pytest.mark.parametrize("token", ["", "x", "vesalius_", "' OR true --", "\udcff", "\0"])
    async def test_forged_ones_are_nobody(self, tx: Transaction, token: str) -> None:
        await add(tx, "robot", "integrator")
        with pytest.raises(Unauthenticated):
            await access.authenticate_bearer(tx, token)

    async def test_expire(self, house: House) -> None:
        async with house.database.transaction() as tx:
            await add(tx, "robot", "integrator")
            token = await access.issue_token(tx, access.SYSTEM, "robot", days=1)
        later = house.clock.now() + timedelta(days=1, seconds=1)
        house.clock.turn(lambda: later)
        async with house.database.transaction() as tx:
            with pytest.raises(Unauthenticated):
                await access.authenticate_bearer(tx, token)

    async def test_are_revoked_by_name(self, tx: Transaction) -> None:
        robot = await add(tx, "robot", "integrator")
        token = await access.issue_token(tx, robot, "robot", name="old laptop")
        found = {t.name: t.id for t in await access.list_tokens(tx, robot, "robot")}
        await access.revoke_token(tx, robot, "robot", found["old laptop"])
        with pytest.raises(Unauthenticated):
            await access.authenticate_bearer(tx, token)
        with pytest.raises(NotFound):
            await access.revoke_token(tx, robot, "robot", found["old laptop"])

    async def test_are_made_for_oneself_only(self, tx: Transaction) -> None:
        robot = await add(tx, "robot", "integrator")
        await add(tx, "boss", "administrator")
        for verb in (access.issue_token, access.list_tokens):
            with pytest.raises(Forbidden):
                await verb(tx, robot, "boss")

    @pytest.mark.parametrize("days", [0, -1, 4000])
    async def test_live_a_sensible_time(self, tx: Transaction, days: float) -> None:
        await add(tx, "robot", "integrator")
        with pytest.raises(Invalid):
            await access.issue_token(tx, access.SYSTEM, "robot", days=days)
