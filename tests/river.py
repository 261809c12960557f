"""Fixtures of the river's tests: a transaction on a house shared by all tests of a worker.

Making a database takes longer than most of these tests; a rolled-back transaction leaves nothing.
"""

import uuid
from collections.abc import AsyncIterator

import psycopg
import pytest

from tests.conftest import TEMPLATE
from vesalius.app import House, open_house
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.kit.transaction import Transaction
from vesalius.settings import Settings


@pytest.fixture(scope="session")
async def shared_house(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """A house on a database of this worker's own."""
    name = f"river_{uuid.uuid4().hex}"
    settings = Settings(
        data_directory=tmp_path_factory.mktemp("river"),
        database_url=postgres.create_database(name, template=TEMPLATE),
        free_disk_fraction=0.001,
    )
    async with open_house(settings) as opened:
        yield opened
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class _RollBack(Exception):
    pass


@pytest.fixture
async def tx(shared_house: House) -> AsyncIterator[Transaction]:
    """A transaction that is rolled back at the end."""
    try:
        async with shared_house.database.transaction() as transaction:
            yield transaction
            raise _RollBack
    except _RollBack:
        pass
