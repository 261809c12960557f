"""What tests of several stores need."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from vesalius.app import House
from vesalius.stores import access
from vesalius.stores.access import remembering


@pytest.fixture
async def listening(house: House) -> AsyncIterator[None]:
    """This process hears what changes about access, and so remembers what was allowed."""
    stop = asyncio.Event()
    task = asyncio.create_task(access.keep_fresh(house.database, stop))
    async with asyncio.timeout(5):
        while not remembering._listening:
            await asyncio.sleep(0.01)
    yield
    stop.set()
    await task
