"""F4: thousands of idle and slow sockets hold the DICOM port, and C-ECHO still answers."""

import asyncio
import random
import resource
import socket
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from tests.interfaces.dimse import wire
from tests.nodes import admit
from tests.running import RunningVesalius
from vesalius.interfaces.dimse import c_echo, pdu, requestor
from vesalius.interfaces.dimse.limits import Limits
from vesalius.interfaces.dimse.negotiation import Proposal
from vesalius.interfaces.dimse.requestor import Address

IDLE, SLOW, GIANTS, ECHOES = 5000, 200, 50, 150
PER_ADDRESS = 10
P99_SECONDS = 0.250
MEMORY_BYTES = 150 * 1024 * 1024

pytestmark = pytest.mark.fault


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    """As many open files as the system lets us have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * (IDLE + SLOW):
        pytest.skip(f"only {hard} open files are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def address(served: RunningVesalius) -> Address:
    title = f"F{generate_uid()[-12:]}"
    served.run(lambda house: admit(house, title))
    return Address("127.0.0.1", served.dicom_port, served.ae_title, title)


@dataclass
class Flood:
    """Sockets that hold the port."""

    port: int
    sockets: list[socket.socket] = field(default_factory=list)
    writers: list[asyncio.Task[None]] = field(default_factory=list)

    async def connect(self, number: int, *, spread: bool) -> socket.socket | None:
        """One connection, from an address of the loopback that few others share."""
        connection = socket.socket()
        connection.setblocking(False)
        if spread:
            host = number // PER_ADDRESS
            connection.bind((f"127.0.{1 + host // 250}.{1 + host % 250}", 0))
        try:
            loop = asyncio.get_running_loop()
            await asyncio.wait_for(loop.sock_connect(connection, ("127.0.0.1", self.port)), 20)
        except (OSError, TimeoutError):
            connection.close()
            return None
        self.sockets.append(connection)
        return connection

    async def hold(self, *, spread: bool) -> None:
        """5,000 that say nothing, 200 that say a little at a time, some that promise too much."""
        for start in range(0, IDLE, 100):
            numbers = range(start, start + 100)
            await asyncio.gather(*(self.connect(n, spread=spread) for n in numbers))
        for number in range(IDLE, IDLE + SLOW):
            connection = await self.connect(number, spread=spread)
            if connection is not None:
                self.writers.append(asyncio.create_task(self._drip(connection)))
        self.writers.append(asyncio.create_task(self._giants(spread)))

    async def _drip(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            for octet in wire.request(calling_ae_title="SLOW").encode() * 100:
                await loop.sock_sendall(connection, bytes((octet,)))
                await asyncio.sleep(0.1 + random.random() / 5)

    async def _giants(self, spread: bool) -> None:
        """PDUs as long as the length field can say, one connection after the other."""
        loop = asyncio.get_running_loop()
        for number in range(GIANTS):
            connection = await self.connect(IDLE + SLOW + number, spread=spread)
            with suppress(OSError):
                if connection is not None:
                    header = pdu.PDU_HEADER.pack(random.choice((1, 4)), 0xFFFFFFFF)
                    await loop.sock_sendall(connection, header + bytes(100_000))
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        for writer in self.writers:
            writer.cancel()
        await asyncio.gather(*self.writers, return_exceptions=True)
        for connection in self.sockets:
            connection.close()


@asynccontextmanager
async def flood(port: int, *, spread: bool) -> AsyncIterator[Flood]:
    holding = Flood(port)
    try:
        await holding.hold(spread=spread)
        yield holding
    finally:
        await holding.close()


async def echo(address: Address) -> float:
    """One association with one C-ECHO; seconds."""
    limits = Limits()
    began = time.perf_counter()
    async with requestor.associate(address, [Proposal(wire.VERIFICATION)], limits) as association:
        assert await c_echo.ask(association, limits) == 0
    return time.perf_counter() - began


async def p99_of_echoes(address: Address) -> float:
    """Every one must answer: a failure raises."""
    seconds = [await echo(address) for _ in range(ECHOES)]
    return statistics.quantiles(seconds, n=100)[98]


def acceptor_processes(served: RunningVesalius) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if not folder.name.isdigit():
                continue
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().split(b"\0")
            port = f"VESALIUS_DICOM_PORT={served.dicom_port}".encode()
            named = command[-2:-1] == [b"dimse"] or command[0] == b"vesalius: dimse"
            if named and port in environment:
                found.append(int(folder.name))
    assert found
    return found


def memory(processes: list[int]) -> int:
    """Resident memory of all of them, in octets."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in processes)
    return pages * resource.getpagesize()


@pytest.mark.parametrize("spread", [True, False], ids=["many addresses", "one address"])
async def test_echo_answers(served: RunningVesalius, address: Address, spread: bool) -> None:
    processes = acceptor_processes(served)
    await p99_of_echoes(address)
    calm = await p99_of_echoes(address)
    before = memory(processes)
    async with flood(served.dicom_port, spread=spread) as holding:
        if spread:
            assert len(holding.sockets) >= IDLE + SLOW
        p99 = await p99_of_echoes(address)
        grown = memory(processes) - before
    # On a machine that is busy with other things both take longer.
    assert p99 <= max(P99_SECONDS, 5 * calm), f"{p99:.3f} s, {calm:.3f} s when calm"
    assert grown <= MEMORY_BYTES
    assert acceptor_processes(served) == processes
