"""The record in a house that is shared by these tests and emptied between them."""

import uuid
from collections.abc import AsyncIterator

import pytest
from tests.record_house import empty, record_house

from vesalius.app import House
from vesalius.kit.database.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
async def shared_house(postgres: EmbeddedPostgres) -> AsyncIterator[House]:
    """One house a worker."""
    async with record_house(postgres, f"record_{uuid.uuid4().hex}") as house:
        yield house


@pytest.fixture
async def house(shared_house: House) -> House:
    """That house, without resources."""
    await empty(shared_house)
    return shared_house
