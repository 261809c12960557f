"""Fixtures everybody uses: a real PostgreSQL, a house on a clean database, a running server.

One embedded PostgreSQL serves the whole test run (all xdist workers); each test that asks for
`house` gets a database of its own, copied from a migrated template, and a data directory.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import uvloop
from bench.reactor import repair
from filelock import FileLock

from tests.running import RunningVesalius
from vesalius.app import House, open_house
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.kit.transaction import Transaction
from vesalius.settings import Settings

TEMPLATE = "template_vesalius"

repair()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """A base folder of this run's own.

    pytest's usual one is closed to other users again by every run that starts; as root,
    PostgreSQL is another user and would lose its way to its folder.
    """
    if not hasattr(config, "workerinput") and config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="vesalius-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that folder when the run is over."""
    if not hasattr(config, "workerinput") and config.option.basetemp:
        shutil.rmtree(config.option.basetemp, ignore_errors=True)


def _run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder shared by the xdist workers of one run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The run's PostgreSQL with the migrated template; stopped by whoever leaves last."""
    folder = _run_folder(tmp_path_factory) / "postgres"
    folder.mkdir(exist_ok=True)
    users = folder / "users"
    server = EmbeddedPostgres(folder)
    with FileLock(folder / "lock"):
        if not users.exists():
            # Tests commit thousands of small databases; what must be durable is tested apart.
            (folder / "postgresql.conf").write_text("fsync = off\nmax_connections = 300\n")
            server.start()
            _migrate(server.create_database(TEMPLATE))
        users.write_text(str(int(users.read_text() if users.exists() else "0") + 1))
    yield server
    with FileLock(folder / "lock"):
        left = int(users.read_text()) - 1
        users.write_text(str(left))
        if left == 0:
            server.stop()
            users.unlink()


def _migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "vesalius.migrations"],
        env={**os.environ, "VESALIUS_DATABASE_URL": url},
        check=True,
    )


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A fresh, migrated database of its own; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres.create_database(name, template=TEMPLATE)
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a house in a temporary folder."""
    return Settings(
        data_directory=tmp_path / "data",
        database_url=database_url,
        web_port=0,
        dicom_port=0,
        study_quiet_seconds=0.2,
        free_disk_fraction=0.001,
    )


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """A house on a clean database; nothing listens."""
    async with open_house(settings) as opened:
        yield opened


@pytest.fixture
async def tx(house: House) -> AsyncIterator[Transaction]:
    """A transaction on a clean house, rolled back at the end."""

    class RollBack(Exception):
        pass

    try:
        async with house.database.transaction() as transaction:
            yield transaction
            raise RollBack
    except RollBack:
        pass


@pytest.fixture(scope="session")
def served(postgres: EmbeddedPostgres) -> Iterator[RunningVesalius]:
    """A whole running house (one per xdist worker): web, DICOM and jobs on free ports."""
    name = f"served_{uuid.uuid4().hex}"
    url = postgres.create_database(name, template=TEMPLATE)
    with tempfile.TemporaryDirectory(prefix="vesalius-served-") as folder:
        with RunningVesalius(Path(folder), url) as running:
            yield running


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """uvloop, as in production."""
    return {"uvloop": uvloop.new_event_loop}
