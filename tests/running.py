"""A whole running Vesalius for tests: the real supervisor in a process group of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from vesalius.app import House, open_house
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.settings import Settings

T = TypeVar("T")

START_SECONDS = 60.0


def free_port() -> int:
    """A TCP port of the loopback nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningVesalius:
    """`vesalius serve` on free ports over the given database; a context manager."""

    def __init__(self, folder: Path, database_url: str | None, **overrides: Any) -> None:
        self.folder = folder
        self.settings = Settings(
            data_directory=folder / "data",
            database_url=database_url,
            web_port=free_port(),
            dicom_port=free_port(),
            **{
                "study_quiet_seconds": 1.0,
                "free_disk_fraction": 0.001,
                "database_pool_size": 6,
                "sign_in_attempts": 1000,
                **overrides,
            },
        )
        self.ae_title = self.settings.ae_title
        self.dicom_port = self.settings.dicom_port
        self.url = f"http://127.0.0.1:{self.settings.web_port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.log_path = folder / "vesalius.log"
        self._tokens: dict[tuple[str, ...], str] = {}

    def __enter__(self) -> "RunningVesalius":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until every door is open."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vesalius", "serve"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_ready()

    def _environment(self) -> dict[str, str]:
        environment = {**os.environ, **self.settings.environment()}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return environment

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Return when /health/ready says so; fails with the log's tail."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError("Vesalius did not start:\n" + self.log_tail())

    def log_tail(self) -> str:
        """The end of what the processes said."""
        return self.log_path.read_text(errors="replace")[-5000:]

    def stop(self) -> int:
        """Stop gracefully; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(45)

    def kill(self) -> None:
        """SIGKILL the supervisor and its children at once, and PostgreSQL if it is ours."""
        assert self.process is not None
        victims = _descendants(self.process.pid)
        pid_file = self.settings.data_directory / "postgres" / "cluster" / "postmaster.pid"
        if pid_file.exists():
            postmaster = int(pid_file.read_text().split()[0])
            victims += [postmaster, *_descendants(postmaster)]
        for pid in [self.process.pid, *victims]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()

    def token(self, *roles: str) -> str:
        """A bearer token of a user with these roles (made once per combination)."""
        if roles not in self._tokens:
            self._tokens[roles] = self.run(lambda house: _make_token(house, roles))
        return self._tokens[roles]

    def client(self, *roles: str) -> httpx.Client:
        """An HTTP client that is signed in with these roles."""
        headers = {"Authorization": f"Bearer {self.token(*roles)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def run(self, work: Callable[[House], Awaitable[T]]) -> T:
        """Call an async function with a house on the server's database, from a sync test."""
        box: list[T] = []
        failure: list[BaseException] = []

        url = self.settings.database_url
        if url is None:
            url = EmbeddedPostgres(self.settings.data_directory / "postgres").url()
        settings = self.settings.model_copy(update={"database_url": url})

        async def call() -> None:
            async with open_house(settings) as house:
                box.append(await work(house))

        def in_thread() -> None:
            try:
                asyncio.run(call())
            except BaseException as error:
                failure.append(error)

        thread = threading.Thread(target=in_thread)
        thread.start()
        thread.join()
        if failure:
            raise failure[0]
        return box[0]


async def _make_token(house: House, roles: tuple[str, ...]) -> str:
    from vesalius.stores import access

    username = "test-" + "-".join(roles or ("nobody",))
    async with house.database.transaction() as tx:
        await access.add_user(
            tx, access.SYSTEM, username=username, display=username, roles=frozenset(roles)
        )
        return await access.issue_token(tx, access.SYSTEM, username=username, name="test")


def _descendants(pid: int) -> list[int]:
    out: list[int] = []
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return out
    for child in children:
        out.append(int(child))
        out += _descendants(int(child))
    return out
