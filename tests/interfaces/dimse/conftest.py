"""A DICOM acceptor on a house of its own, in the test's process."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.conftest import TEMPLATE
from tests.interfaces.dimse import wire
from tests.nodes import admit
from vesalius.app import House, open_house
from vesalius.exchange import routing
from vesalius.interfaces.dimse import network
from vesalius.interfaces.dimse.acceptor import Acceptor
from vesalius.interfaces.dimse.limits import Limits
from vesalius.interfaces.dimse.requestor import Address
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.kit.jobs import JobWorker
from vesalius.settings import Settings

TESTER = "TESTER"


@dataclass
class Door:
    """Where the acceptor listens, and how a test speaks to it."""

    house: House
    acceptor: Acceptor
    port: int
    limits: Limits

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.port, self.house.settings.ae_title, TESTER)

    @property
    def peer(self) -> routing.Peer:
        return routing.Peer(self.house.settings.ae_title, "127.0.0.1", self.port, TESTER)

    async def run_jobs(self) -> None:
        """Do the jobs that wait."""
        await JobWorker(self.house.database, 1, 1.0).run_waiting()

    async def settled(self) -> None:
        """No association is left."""
        async with asyncio.timeout(10):
            while self.acceptor._tasks:
                await asyncio.wait(self.acceptor._tasks)


@pytest.fixture
def limits() -> Limits:
    """The limits of the acceptor; a test module may give others."""
    return Limits()


@pytest.fixture(scope="session")
async def shared_house(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """One house for this folder's tests: a database for each would be most of their time."""
    settings = Settings(
        data_directory=tmp_path_factory.mktemp("dimse"),
        database_url=postgres.create_database(f"dimse_{uuid.uuid4().hex}", template=TEMPLATE),
        free_disk_fraction=0.001,
        drain_seconds=2.0,
    )
    async with open_house(settings) as house:
        routing.connect(network.DicomNetwork())
        await admit(house, TESTER)
        yield house


@pytest.fixture
async def door(shared_house: House, limits: Limits) -> AsyncIterator[Door]:
    """An acceptor that knows the node TESTER."""
    house = shared_house
    acceptor = Acceptor(house, limits)
    listener = socket.create_server(("127.0.0.1", 0))
    acceptor.listen(listener)
    yield Door(house, acceptor, listener.getsockname()[1], limits)
    while wire.OPEN:
        wire.OPEN.pop().close()
    async with asyncio.timeout(10):
        await acceptor.close()
