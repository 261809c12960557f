"""One house for all tests of the record: emptied between them, which is faster than a new one."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from vesalius.app import House, open_house
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.settings import Settings

TABLES = (
    "record_resource",
    "record_history",
    "record_token",
    "record_reference",
    "record_string",
    "record_date",
    "record_quantity",
    "restricted_patient",
    "access_grant",
    "outbox",
)


@asynccontextmanager
async def record_house(postgres: EmbeddedPostgres, name: str) -> AsyncIterator[House]:
    """A house on a database of its own."""
    url = postgres.create_database(name, template="template_vesalius")
    with tempfile.TemporaryDirectory(prefix="vesalius-record-") as folder:
        settings = Settings(data_directory=Path(folder), database_url=url, web_port=0, dicom_port=0)
        async with open_house(settings) as house:
            yield house


async def empty(house: House) -> None:
    """Remove every resource and restriction."""
    async with house.database.transaction() as tx:
        for table in TABLES:
            await tx.execute(f"DELETE FROM {table}")
