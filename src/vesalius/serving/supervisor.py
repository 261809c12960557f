"""Which processes there are: the whole house on one machine, kept running.

The embedded PostgreSQL if no other is set, the migrations, then web workers, DICOM acceptors and a
job worker, each a process (`roles`) that is started again when it dies. They are forked from a
nursery (`kit.nursery`), and that from this process, which loads the rooms for all of them and uses
none: what it has loaded is the same memory everywhere.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from vesalius.kit import metrics
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.kit.errors import Conflict, Unavailable
from vesalius.kit.log import logger
from vesalius.kit.nursery import Forked, Nursery
from vesalius.kit.sockets import shared_socket
from vesalius.migrations import is_current
from vesalius.settings import Settings

log = logger(__name__)

RESTART_SECONDS = (0.1, 0.5, 2.0, 5.0)
STEADY_SECONDS = 30.0
# A role that ends with this asks to be started again (`roles`), nothing went wrong.
AGAIN = 75
# What the roles need, loaded once for all of them.
ROOMS = (
    "vesalius.serving.roles",
    "vesalius.flow",
    "vesalius.kit.jobs",
    "vesalius.interfaces.dicomweb.routes",
    "vesalius.interfaces.dimse.acceptor",
    "vesalius.interfaces.dimse.network",
    "vesalius.interfaces.fhir.routes",
    "vesalius.interfaces.web.routes",
    "procrastinate.worker",
    "uvicorn",
)


class Progress(Protocol):
    """Told what is being done while the house starts, for whoever watches."""

    def __call__(self, sentence: str) -> None: ...


@dataclass(slots=True)
class Child:
    """One process the supervisor keeps alive."""

    role: str
    number: int
    process: subprocess.Popen[bytes] | Forked | None = None
    started: float = 0.0
    failures: int = 0
    again_at: float = 0.0


@dataclass
class Supervisor:
    """Starts the house on this machine and keeps it running."""

    settings: Settings
    progress: Progress = lambda sentence: None
    # Whether the first web process prints the set-up link while there is no administrator.
    offers_setup: bool = True
    children: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._stopping = threading.Event()
        self._nursery: Nursery | None = None
        self._forker = Child("nursery", 0)
        self._held: list[int] = []

    def start(self) -> Settings:
        """Bring everything up; the settings with the ports and the database in use.

        Raises Conflict when the folder or a port is taken, Unavailable when the database does
        not start or is newer than this program.
        """
        settings = self.settings
        settings.data_directory.mkdir(parents=True, exist_ok=True)
        self._take_folder(settings.data_directory)
        metrics.share(settings.data_directory.resolve() / "metrics")
        web_port = self._reserve(settings.web_host, settings.web_port, "web")
        dicom_port = self._reserve(settings.dicom_host, settings.dicom_port, "DICOM")
        url = self._start_postgres_and_nursery()
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
            for child in [self._forker, *self.children]:
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
        if self._forker.process is not None:
            self._forker.process.kill()
            self._forker.process.wait()
        if self._nursery is not None:
            self._nursery.close()
        self._stack.close()

    def _take_folder(self, folder: Path) -> None:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        self._keep(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(f"another Vesalius is running on {folder}") from error

    def _keep(self, fd: int) -> None:
        """Hold this until the end, and alone."""
        self._stack.callback(os.close, fd)
        self._held.append(fd)

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
        self._keep(shared_socket(host, port).detach())
        return port

    def _start_postgres_and_nursery(self) -> str:
        """The database comes up while the rooms are loaded; both take a second."""
        settings = self.settings
        with ThreadPoolExecutor(1) as beside:
            url = beside.submit(
                lambda: settings.database_url or self._start_postgres(settings.data_directory)
            )
            self._nursery = Nursery.possible()
            if self._nursery is not None:
                for room in ROOMS:
                    import_module(room)
        started = url.result()
        # Only now, with no thread beside this one.
        self._start_nursery()
        return started

    def _start_postgres(self, folder: Path) -> str:
        self.progress("starting PostgreSQL")
        server = EmbeddedPostgres(folder / "postgres")
        url = server.start()
        self._stack.callback(server.stop)
        return url

    def _start_nursery(self) -> None:
        if self._nursery is None:
            return
        try:
            self._forker.process = self._nursery.start(self._held)
        except OSError as error:
            log.warning("no nursery: processes are started afresh", reason=str(error))
            self._nursery = None

    def _load_rooms(self) -> None:
        if self._nursery is not None:
            with suppress(OSError):
                self._nursery.channel.load(ROOMS, self._environment())

    def _environment(self) -> dict[str, str]:
        environment = {**os.environ, **self.settings.environment(), "VESALIUS_SUPERVISED": "1"}
        # A process that comes back must not compile its modules again first.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return environment

    def _spawn(self, child: Child) -> None:
        child.started = time.monotonic()
        if child is self._forker:
            self._start_nursery()
            self._load_rooms()
            return
        environment = self._environment()
        if child.number == 0 and self.offers_setup:
            environment["VESALIUS_OFFER_SETUP"] = "1"
        child.process = self._fork(child, environment) or subprocess.Popen(
            [sys.executable, "-m", "vesalius.serving", child.role],
            env=environment,
            stdin=subprocess.PIPE,
            # Ctrl-C reaches the supervisor only, who stops the children in order.
            start_new_session=True,
        )

    def _fork(self, child: Child, environment: dict[str, str]) -> Forked | None:
        """A process of the nursery; None when there is none now."""
        nursery, forker = self._nursery, self._forker.process
        if nursery is None or forker is None or forker.poll() is not None:
            return None
        try:
            return Forked.start(
                nursery.channel,
                "vesalius.serving:start_role",
                child.role,
                environment=environment,
                title=f"vesalius: {child.role}",
            )
        except OSError as error:
            log.warning("process is started afresh", role=child.role, reason=str(error))
            return None

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
        if code == AGAIN:
            self._spawn(child)
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
            # Without an administrator the web listens on the loopback only.
            while not (_listens(host, port) or _listens("127.0.0.1", port)):
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
    assert settings.database_url is not None
    if is_current(settings.database_url, settings.database_schema):
        return
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
    offers_setup: bool = True,
) -> None:
    """Run the whole house in the foreground until SIGINT or SIGTERM."""
    supervisor = Supervisor(settings, progress, offers_setup)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.request_stop())
    try:
        running = supervisor.start()
        watcher = threading.Thread(target=when_running, args=(running,), daemon=True)
        watcher.start()
        supervisor.watch()
    finally:
        supervisor.stop()
