"""The running house: which processes there are, and what each of them does.

`supervise` is what `vesalius serve` runs on one machine: the embedded PostgreSQL if no other is
set, the migrations, then web workers, DICOM acceptors and a job worker, each a process that is
started again when it dies. `run_role` is one of those processes; other nodes start them alone
(`vesalius serve web`).
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import uvloop
from filelock import FileLock, Timeout
from starlette.types import ASGIApp

from vesalius.app import House, open_house
from vesalius.kit import log as logs
from vesalius.kit import metrics
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.kit.errors import Conflict, Unavailable
from vesalius.kit.log import logger
from vesalius.settings import Settings

log = logger(__name__)

RESTART_SECONDS = (0.1, 0.5, 2.0, 5.0)
STEADY_SECONDS = 30.0
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Progress(Protocol):
    """Told what is being done while the house starts, for whoever watches."""

    def __call__(self, sentence: str) -> None: ...


# ---------------------------------------------------------------- one role, one process


def http_application(house: House) -> ASGIApp:
    """All HTTP doors in one application: /fhir, /dicomweb, and the browser's at /."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Mount

    from vesalius.interfaces.dicomweb import routes as dicomweb
    from vesalius.interfaces.fhir import routes as fhir
    from vesalius.interfaces.web import routes as web
    from vesalius.kit.http.authentication import Authentication
    from vesalius.kit.http.protection import Protection

    application = Starlette(
        routes=[
            *fhir.mounted(house),
            Mount("/dicomweb", dicomweb.application(house)),
            Mount("/", web.application(house)),
        ],
        middleware=[
            Middleware(Protection, body_limit=web.body_limit(house)),
            Middleware(Authentication, resolve=web.resolver(house)),
        ],
    )
    application.state.house = house
    return application


async def serve_web(house: House, stop: asyncio.Event) -> None:
    """HTTP until told to stop; running requests get `drain_seconds`."""
    import uvicorn

    settings = house.settings
    config = uvicorn.Config(
        http_application(house),
        http="httptools",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(settings.drain_seconds),
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = uvicorn.Server(config)
    listener = shared_socket(settings.web_host, settings.web_port)
    listener.listen(2048)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server._serve([listener]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    house.stopping.set()
    server.should_exit = True
    await serving
    stopping.cancel()


async def serve_dimse(house: House, stop: asyncio.Event) -> None:
    """A DICOM acceptor until told to stop; running associations get `drain_seconds`."""
    from vesalius.interfaces.dimse import acceptor

    settings = house.settings
    listener = shared_socket(settings.dicom_host, settings.dicom_port)
    await acceptor.serve(house, listener, stop)


async def serve_jobs(house: House, stop: asyncio.Event) -> None:
    """Handlers of the news, queued jobs and chores until told to stop."""
    from vesalius import flow
    from vesalius.kit.jobs import JobWorker
    from vesalius.kit.outbox import Dispatcher
    from vesalius.stores import audit

    worker = JobWorker(house.database, house.settings.job_concurrency, house.settings.drain_seconds)
    dispatcher = Dispatcher(house.database, flow.HANDLERS)
    await asyncio.gather(
        worker.run(stop), dispatcher.run(stop), audit.keep_sealing(house.database, stop)
    )


Role = Callable[[House, asyncio.Event], Awaitable[None]]
ROLES: dict[str, Role] = {"web": serve_web, "dimse": serve_dimse, "jobs": serve_jobs}


def run_role(role: str, settings: Settings) -> None:
    """Be one process of the house until SIGTERM, or until the supervisor is gone."""
    logs.configure(settings.log_level, json_lines=settings.log_json)
    if "VESALIUS_SUPERVISED" in os.environ:
        threading.Thread(target=_end_with_supervisor, daemon=True).start()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_role(role, settings))


async def _run_role(role: str, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_house(settings) as house:
        connect_interfaces(house)
        log.info("started", role=role)
        await ROLES[role](house, stop)
    log.info("stopped", role=role)


def connect_interfaces(house: House) -> None:
    """Give rooms and interfaces upstream of an interface what they need of it."""
    from vesalius.exchange import routing
    from vesalius.interfaces.dimse import network

    house.echo_node = network.echo_node
    routing.connect(network.DicomNetwork())


def _end_with_supervisor() -> None:
    # Standard input is a pipe whose other end only the supervisor holds.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def shared_socket(host: str, port: int) -> socket.socket:
    """A bound TCP socket on a port that several processes of the house share."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.setblocking(False)
    return listener


# ---------------------------------------------------------------- all of them: the supervisor


@dataclass(slots=True)
class Child:
    """One process the supervisor keeps alive."""

    role: str
    number: int
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    again_at: float = 0.0


@dataclass
class Supervisor:
    """Starts the house on this machine and keeps it running."""

    settings: Settings
    progress: Progress = lambda sentence: None
    children: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._stopping = threading.Event()

    def start(self) -> Settings:
        """Bring everything up; the settings with the ports and the database in use.

        Raises Conflict when the folder or a port is taken, Unavailable when the database does
        not start or is newer than this program.
        """
        settings = self.settings
        settings.data_directory.mkdir(parents=True, exist_ok=True)
        self._take_folder(settings.data_directory)
        web_port = self._reserve(settings.web_host, settings.web_port, "web")
        dicom_port = self._reserve(settings.dicom_host, settings.dicom_port, "DICOM")
        url = settings.database_url or self._start_postgres(settings.data_directory)
        self.settings = settings = settings.model_copy(
            update={
                "database_url": url,
                "web_port": web_port,
                "dicom_port": dicom_port,
                "data_directory": settings.data_directory.resolve(),
            }
        )
        self.progress("bringing the database schema up to date")
        migrate(settings)
        metrics.share(settings.data_directory / "metrics")
        roles = ["web"] * settings.web_processes + ["dimse"] * settings.dicom_processes + ["jobs"]
        self.children = [Child(role, number) for number, role in enumerate(roles)]
        self.progress("starting web, DICOM and job processes")
        for child in self.children:
            self._spawn(child)
        self._await_ready()
        return settings

    def watch(self) -> None:
        """Keep the children alive until `stop` is called."""
        while not self._stopping.wait(0.1):
            for child in self.children:
                self._tend(child)

    def request_stop(self) -> None:
        """Make `watch` return; safe in a signal handler."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop the children gracefully, then the database."""
        self._stopping.set()
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + self.settings.drain_seconds + 5
        for child in self.children:
            if child.process is not None:
                try:
                    child.process.wait(max(0.1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    log.warning("process did not stop in time", role=child.role)
                    child.process.kill()
                    child.process.wait()
        self._stack.close()

    def _take_folder(self, folder: Path) -> None:
        lock = FileLock(folder / "lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise Conflict(f"another Vesalius is running on {folder}") from error
        self._stack.callback(lock.release)

    def _reserve(self, host: str, port: int, name: str) -> int:
        # Whoever binds a shared port without this look would silently share it with a stranger.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                port = probe.getsockname()[1]
            except OSError as error:
                raise Conflict(f"the {name} port {port} on {host} is taken") from error
        held = shared_socket(host, port)
        self._stack.callback(held.close)
        return port

    def _start_postgres(self, folder: Path) -> str:
        self.progress("starting PostgreSQL")
        server = EmbeddedPostgres(folder / "postgres")
        url = server.start()
        self._stack.callback(server.stop)
        return url

    def _spawn(self, child: Child) -> None:
        environment = {**os.environ, **self.settings.environment(), "VESALIUS_SUPERVISED": "1"}
        child.process = subprocess.Popen(
            [sys.executable, "-m", "vesalius", "serve", child.role],
            env=environment,
            stdin=subprocess.PIPE,
            # Ctrl-C reaches the supervisor only, who stops the children in order.
            start_new_session=True,
        )
        child.started = time.monotonic()

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.again_at:
                self._spawn(child)
            return
        code = child.process.poll()
        if code is None:
            if child.failures and now - child.started > STEADY_SECONDS:
                child.failures = 0
            return
        pause = RESTART_SECONDS[min(child.failures, len(RESTART_SECONDS) - 1)]
        log.error("process ended and is started again", role=child.role, code=code, seconds=pause)
        child.failures += 1
        child.process = None
        child.again_at = now + pause

    def _await_ready(self) -> None:
        targets = [(self.settings.web_host, self.settings.web_port)]
        targets.append((self.settings.dicom_host, self.settings.dicom_port))
        deadline = time.monotonic() + 60
        for host, port in targets:
            while not _listens(host, port):
                self._fail_early(deadline)
                time.sleep(0.05)

    def _fail_early(self, deadline: float) -> None:
        ended = [c for c in self.children if c.process is not None and c.process.poll() is not None]
        if ended or time.monotonic() > deadline:
            role = ended[0].role if ended else "house"
            self.stop()
            raise Unavailable(f"the {role} process did not start; its reason is above")


def _listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def migrate(settings: Settings) -> None:
    """Bring the schema up to date in a process of its own. Raises Unavailable with its words."""
    done = subprocess.run(
        [sys.executable, "-m", "vesalius.migrations"],
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()[-1:] or ["unknown reason"]
        raise Unavailable(f"the database schema could not be brought up to date: {words[0]}")


def supervise(
    settings: Settings,
    *,
    progress: Progress = lambda sentence: None,
    when_running: Callable[[Settings], None] = lambda settings: None,
) -> None:
    """Run the whole house in the foreground until SIGINT or SIGTERM."""
    supervisor = Supervisor(settings, progress)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.request_stop())
    try:
        running = supervisor.start()
        watcher = threading.Thread(target=when_running, args=(running,), daemon=True)
        watcher.start()
        supervisor.watch()
    finally:
        supervisor.stop()
