"""The chain: everything that is committed gets into it, and nothing in it can be touched unseen."""

import asyncio
import os
import stat

import pytest

from tests.stores.audit.people import ANNA
from vesalius.app import House
from vesalius.stores import audit
from vesalius.stores.audit import chain
from vesalius.stores.audit.checkpoints import checkpoint_file, key_file


async def act(house: House, count: int = 1) -> None:
    async with house.database.transaction() as tx:
        for number in range(count):
            await audit.record(
                tx, ANNA, "R", "Query", patient_reference=f"p{number}", detail={"n": number}
            )


async def verify(house: House) -> audit.Verification:
    async with house.database.transaction() as tx:
        return await audit.verify(tx)


async def tamper(house: House, *statements: str) -> None:
    """What somebody with all rights on the database can do."""
    async with house.database.transaction() as tx:
        await tx.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            await tx.execute(statement)


@pytest.fixture
async def sealed(house: House) -> House:
    """Ten events in five blocks, all signed."""
    for _ in range(5):
        await act(house, 2)
        await audit.seal_all(house.database)
    return house


class TestSealing:
    async def test_takes_all_that_is_committed_once(self, house: House) -> None:
        await act(house, 7)
        assert (await verify(house)).unsealed == 7
        assert await audit.seal_all(house.database) == 7
        assert await audit.seal_all(house.database) == 0
        result = await verify(house)
        assert (result.checked, result.blocks, result.unsealed) == (7, 1, 0)
        assert result.intact

    async def test_waits_for_an_older_transaction_still_running(self, house: House) -> None:
        """Or a row with a lower number could slip in behind a sealed one."""
        async with house.database.transaction() as slow:
            await audit.record(slow, ANNA, "C", "slow")
            await act(house)
            assert await audit.seal_all(house.database) == 0
        assert await audit.seal_all(house.database) == 2
        assert (await verify(house)).intact

    async def test_goes_on_while_a_newer_transaction_runs(self, house: House) -> None:
        await act(house)
        async with house.database.transaction() as slow:
            await audit.record(slow, ANNA, "C", "slow")
            assert await audit.seal_all(house.database) == 1
        assert await audit.seal_all(house.database) == 1
        assert (await verify(house)).intact

    async def test_misses_nothing_under_concurrent_acts(self, house: House) -> None:
        stop = asyncio.Event()

        async def keep_acting(worker: int) -> int:
            for number in range(30):
                async with house.database.transaction() as tx:
                    await audit.record(tx, ANNA, "R", f"{worker}.{number}")
                    if number % 7 == worker:
                        await asyncio.sleep(0.01)
            return 30

        async def keep_sealing() -> None:
            while not stop.is_set():
                async with house.database.transaction() as tx:
                    await audit.seal(tx, block_events=11)

        sealing = asyncio.create_task(keep_sealing())
        done = await asyncio.gather(*(keep_acting(worker) for worker in range(4)))
        stop.set()
        await sealing
        await audit.seal_all(house.database)
        result = await verify(house)
        assert result.problems == []
        assert (result.checked, result.unsealed) == (sum(done), 0)

    async def test_rolled_back_acts_leave_no_hole(self, house: House) -> None:
        await act(house)
        with pytest.raises(RuntimeError):
            async with house.database.transaction() as tx:
                await audit.record(tx, ANNA, "C", "never")
                raise RuntimeError
        await act(house)
        await audit.seal_all(house.database)
        result = await verify(house)
        assert result.intact
        assert result.checked == 2

    async def test_goes_on_in_another_cluster(self, sealed: House) -> None:
        """A restored dump: transaction numbers begin anew, far below the sealed ones."""
        await act(sealed)
        await tamper(
            sealed,
            "UPDATE audit_event SET transaction_number = transaction_number + 1000000",
        )
        # The leaves name the number, so this chain is of events that have the high ones.
        await tamper(sealed, "TRUNCATE audit_block, audit_checkpoint")
        checkpoint_file(sealed.settings.data_directory).unlink()
        async with sealed.database.transaction() as tx:
            empty = chain.Block(0, chain.GENESIS, chain.GENESIS, [], b"", "elsewhere", 0, 0, 0)
            assert await chain._sweep(tx, empty, "elsewhere") == 11
        await act(sealed, 3)
        assert await audit.seal_all(sealed.database) == 3
        await act(sealed, 2)
        assert await audit.seal_all(sealed.database) == 2
        result = await verify(sealed)
        assert result.problems == []
        assert (result.checked, result.unsealed) == (16, 0)

    async def test_runs_until_told_to_stop(self, house: House) -> None:
        stop = asyncio.Event()
        sealing = asyncio.create_task(audit.keep_sealing(house.database, stop))
        await act(house, 3)
        stop.set()
        await asyncio.wait_for(sealing, 10)
        result = await verify(house)
        assert (result.checked, result.unsealed, result.checkpoints) == (3, 0, 1)


class TestTampering:
    @pytest.mark.parametrize(
        "column",
        [
            "occurred = occurred - interval '1 second'",
            "action = 'C'",
            "kind = 'x'",
            "outcome = 'minor'",
            "principal_kind = 'node'",
            "principal_name = 'bert'",
            "roles = '{}'",
            "address = NULL",
            "patient_reference = 'z'",
            "reference = 'x'",
            "purpose = 'x'",
            "detail = '{}'",
            "transaction_number = transaction_number - 1",
        ],
    )
    async def test_a_changed_column_is_seen(self, sealed: House, column: str) -> None:
        await tamper(sealed, f"UPDATE audit_event SET {column} WHERE id = 5")
        assert (await verify(sealed)).problems == ["Event 5 of block 3 was changed."]

    async def test_a_deleted_event_is_seen(self, sealed: House) -> None:
        await tamper(sealed, "DELETE FROM audit_event WHERE id = 5")
        assert (await verify(sealed)).problems == ["Event 5 of block 3 is gone."]

    async def test_two_events_that_changed_places_are_seen(self, sealed: House) -> None:
        await tamper(
            sealed,
            "ALTER TABLE audit_event ALTER id DROP IDENTITY",
            "UPDATE audit_event SET id = 1005 WHERE id = 5",
            "UPDATE audit_event SET id = 5 WHERE id = 6",
            "UPDATE audit_event SET id = 6 WHERE id = 1005",
        )
        assert len((await verify(sealed)).problems) == 2

    async def test_a_reordered_block_is_seen(self, sealed: House) -> None:
        await tamper(
            sealed,
            "UPDATE audit_block SET event_ids = ARRAY[event_ids[2], event_ids[1]],"
            " leaves = substr(leaves, 33) || substr(leaves, 1, 32) WHERE number = 3",
        )
        assert "Block 3 was changed." in (await verify(sealed)).problems

    async def test_an_event_put_in_later_is_seen(self, sealed: House) -> None:
        await tamper(
            sealed,
            "INSERT INTO audit_event (transaction_number, action, kind, outcome, principal_kind,"
            " principal_name, roles) VALUES (3, 'R', 'forged', 'success', 'user', 'bert', '{}')",
        )
        [problem] = (await verify(sealed)).problems
        assert "was put in behind the sealed ones" in problem

    async def test_a_missing_block_is_seen(self, sealed: House) -> None:
        await tamper(sealed, "DELETE FROM audit_block WHERE number = 3")
        assert "Blocks 3 to 3 are missing." in (await verify(sealed)).problems

    async def test_a_cut_end_is_seen_by_the_signed_checkpoints(self, sealed: House) -> None:
        await tamper(
            sealed,
            "DELETE FROM audit_event WHERE id > 6",
            "DELETE FROM audit_block WHERE number > 3",
            "DELETE FROM audit_checkpoint WHERE block > 3",
        )
        assert (await verify(sealed)).problems == [
            "The chain was cut: block 4 was signed and is gone.",
            "The chain was cut: block 5 was signed and is gone.",
        ]

    async def test_a_rewritten_chain_is_seen_by_the_signed_checkpoints(self, sealed: House) -> None:
        """Somebody who knows how changes an event and computes every hash anew."""
        await tamper(
            sealed,
            "UPDATE audit_event SET principal_name = 'bert' WHERE id = 5",
            "TRUNCATE audit_block, audit_checkpoint",
        )
        async with sealed.database.transaction() as tx:
            while await audit.seal(tx, block_events=2):
                pass
        problems = (await verify(sealed)).problems
        assert problems == [
            f"The chain was rewritten: block {n} is not the one that was signed." for n in (3, 4, 5)
        ]

    async def test_a_forged_checkpoint_is_seen(self, sealed: House) -> None:
        file = checkpoint_file(sealed.settings.data_directory)
        lines = file.read_text().splitlines()
        file.write_text("\n".join([*lines[:-1], lines[-1].replace('"block":5', '"block":4')]))
        problems = (await verify(sealed)).problems
        assert "The checkpoint of block 4 was not signed by this house's key." in problems
        assert "The checkpoint of block 5 is gone from the file." in problems

    async def test_a_cut_checkpoint_file_is_seen(self, sealed: House) -> None:
        file = checkpoint_file(sealed.settings.data_directory)
        lines = file.read_text().splitlines()
        file.write_text("\n".join(lines[:3]) + "\n")
        assert (await verify(sealed)).problems == [
            "The checkpoint of block 4 is gone from the file.",
            "The checkpoint of block 5 is gone from the file.",
        ]

    async def test_a_broken_checkpoint_file_is_said(self, sealed: House) -> None:
        with checkpoint_file(sealed.settings.data_directory).open("a") as file:
            file.write('{"torn": ')
        [problem] = (await verify(sealed)).problems
        assert "is no checkpoint" in problem


class TestTheKey:
    async def test_is_readable_by_its_owner_only(self, sealed: House) -> None:
        mode = stat.S_IMODE(os.stat(key_file(sealed.settings.data_directory)).st_mode)
        assert mode == 0o600
        assert len(key_file(sealed.settings.data_directory).read_bytes()) == 32
