"""A house for one command: the running one's database, or the embedded one started for it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any, TypeVar

from vesalius.app import House, open_house
from vesalius.kit import log
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.settings import Settings

T = TypeVar("T")


def run_command(launch: Any, work: Callable[[House], Awaitable[T]]) -> T:
    """Call `work` with a house whose schema is current, on an event loop of its own.

    The embedded database is started for the command when no house runs on the data directory.
    """
    settings = Settings()
    log.configure("warning")
    embedded = EmbeddedPostgres(settings.data_directory / "postgres")
    database = nullcontext(settings.database_url) if settings.database_url else embedded.running()
    with database as url:
        settings = settings.model_copy(update={"database_url": url})
        launch.migrate(settings)

        async def call() -> T:
            async with open_house(settings) as house:
                launch.connect_interfaces(house)
                return await work(house)

        return asyncio.run(call())
