"""Processes forked from one that has loaded the program already.

Modules and what they make on import are then the same pages in every process (some 70 MB, once
instead of six times), and a process that comes back is there at once. The nursery is small and
dull: no threads, no event loop, no connections, only a socket on which it is asked for processes.

Its owner's children are forked twice, so that the orphans are given to the owner, who is their
"child subreaper" (prctl(2)): a nursery that is killed ends none of them, and is replaced. Only
where Linux offers all this; elsewhere, and when there is no nursery, processes start afresh.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import orjson

from vesalius.kit import metrics

# Each request is one datagram; it brings the pipe in which its answer is wanted.
LARGEST_REQUEST = 256 * 1024
ANSWER_SECONDS = 20.0
PR_SET_CHILD_SUBREAPER = 36
M_ARENA_MAX = -8
ARENAS = 2
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Not `-m`: what it bears must find this very module, not another called `__main__`.
AFRESH = "from vesalius.kit import nursery; nursery.main()"


# Where this process may ask, if it was forked as one that may.
_given: int | None = None


def bore_this_process() -> bool:
    """Whether this process was forked, as one that may have others forked."""
    return _given is not None


class Channel:
    """Where a nursery is asked for processes; the processes it bears may have one too."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    @classmethod
    def of_this_process(cls) -> "Channel | None":
        """The one this process was given when it was forked."""
        return None if _given is None else cls(socket.socket(fileno=os.dup(_given)))

    def load(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        """Have modules imported, in this environment; nobody waits for it."""
        self._send({"load": list(modules), "environment": dict(environment)}, [])

    def fork(
        self,
        function: str,
        *arguments: str,
        environment: Mapping[str, str],
        title: str,
        stdin: int,
        stdout: int | None = None,
        preload: Sequence[str] = (),
        adopted: bool = False,
    ) -> int:
        """The number of a new process that calls `module:function`.

        An `adopted` one is a child of the nursery's owner and may ask for processes too, others
        are the nursery's. What is to `preload` is loaded by the nursery, for all that follow.
        Raises OSError when there is no nursery any more.
        """
        answer, answered = os.pipe()
        try:
            request = {
                "function": function,
                "arguments": arguments,
                "environment": dict(environment),
                "title": title,
                "stdout": stdout is not None,
                "preload": preload,
                "adopted": adopted,
            }
            fds = [answered, stdin]
            fds += [] if stdout is None else [stdout]
            fds += [self._connection.fileno()] if adopted else []
            try:
                self._send(request, fds)
            finally:
                os.close(answered)
            return _read_pid(answer)
        finally:
            os.close(answer)

    def close(self) -> None:
        """Give up this end; a nursery nobody can ask any more ends."""
        self._connection.close()

    def _send(self, request: dict[str, Any], fds: list[int]) -> None:
        socket.send_fds(self._connection, [orjson.dumps(request)], fds)


def _read_pid(answer: int) -> int:
    # To the end: only then has the process been given to its parent.
    waiting = select.poll()
    waiting.register(answer, select.POLLIN)
    text = b""
    while waiting.poll(ANSWER_SECONDS * 1000):
        part = os.read(answer, 64)
        if part:
            text += part
        elif text:
            return int(text)
        else:
            raise ConnectionError("the nursery bore no process")
    raise TimeoutError("the nursery does not answer")


class Forked:
    """A child that was forked; what is needed of subprocess.Popen."""

    def __init__(self, pid: int, lifeline: int | None = None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._lifeline = lifeline
        # Unlike its number, this never comes to mean another process.
        self._handle = os.pidfd_open(pid)

    @classmethod
    def start(
        cls,
        channel: Channel,
        function: str,
        *arguments: str,
        environment: Mapping[str, str],
        title: str,
    ) -> "Forked":
        """Have one forked and adopt it; its standard input ends when this process does."""
        theirs, ours = os.pipe()
        try:
            pid = channel.fork(
                function,
                *arguments,
                environment=environment,
                title=title,
                stdin=theirs,
                adopted=True,
            )
            return cls(pid, ours)
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)

    def poll(self) -> int | None:
        """The exit code if it has ended; minus the signal that killed it."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
                self._close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; subprocess.TimeoutExpired when it still runs."""
        code = self.poll()
        if code is None:
            waiting = select.poll()
            waiting.register(self._handle, select.POLLIN)
            waiting.poll(None if timeout is None else timeout * 1000)
            code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def _close(self) -> None:
        os.close(self._handle)
        self._handle = -1
        if self._lifeline is not None:
            os.close(self._lifeline)


class Nursery:
    """The nursery as its owner sees it; one that died is started again behind the same channel."""

    def __init__(self, ours: socket.socket, theirs: socket.socket) -> None:
        self.channel = Channel(ours)
        self._theirs = theirs
        self._started = False

    @classmethod
    def possible(cls) -> "Nursery | None":
        """One that is to be started; None where processes cannot be forked or handed on."""
        if not _adopt_orphans():
            return None
        try:
            return cls(*socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        except OSError:
            return None

    def start(self, held: Sequence[int] = ()) -> "Forked | subprocess.Popen[bytes]":
        """Its process, which lets go of what only this one is to have `held` open.

        Forked itself at first, for what this process has loaded is then shared too; later, when
        there are threads and pipes to others, a fresh Python.
        """
        if self._started or threading.active_count() > 1:
            return _spawn(self._theirs)
        self._started = True
        # Or the nursery's collector would write into every page that is shared with it.
        gc.collect()
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            self.channel.close()
            for fd in held:
                os.close(fd)
            os.setsid()
            _end(_call(serve, self._theirs))
        return Forked(pid)

    def close(self) -> None:
        """Ask no more."""
        self.channel.close()
        self._theirs.close()


def _adopt_orphans() -> bool:
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def _spawn(connection: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", AFRESH, str(connection.fileno())],
        stdin=subprocess.DEVNULL,
        pass_fds=[connection.fileno()],
        start_new_session=True,
    )


def serve(connection: socket.socket) -> int:
    """Be the nursery until nobody is left to ask."""
    # The owner's handlers were inherited; Ctrl-C and stops are the owner's business.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, _collect)
    # One thread does the numerics; a pool of them would not survive a fork.
    os.environ.update(ONE_THREAD)
    sys.dont_write_bytecode = False
    _entitle("vesalius: nursery")
    # Must be said before there is a second thread; each arena keeps what it once needed.
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
    while True:
        message, fds, _, _ = socket.recv_fds(
            connection, LARGEST_REQUEST, 8, socket.MSG_CMSG_CLOEXEC
        )
        if not message:
            return 0
        request = orjson.loads(message)
        try:
            if "load" in request:
                _load(request)
            else:
                _bear(request, fds, connection)
        except OSError:
            # Who asked reads no number and starts a process afresh.
            traceback.print_exc()
        finally:
            for fd in fds:
                os.close(fd)


def _load(request: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(request["environment"], **ONE_THREAD)
    metrics.join()
    _import(request["load"])


def _import(modules: Sequence[str]) -> None:
    """Import what is not there yet, to stay: a child's collector must not touch its pages."""
    missing = [module for module in modules if module not in sys.modules]
    if not missing:
        return
    gc.disable()
    for module in missing:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()


def _collect(*_: object) -> None:
    """Let ended children go."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _bear(request: dict[str, Any], fds: list[int], connection: socket.socket) -> None:
    try:
        _import(request["preload"])
    except ImportError:
        # The process will say so itself, to whom it concerns.
        traceback.print_exc()
    if not request["adopted"]:
        _fork(request, fds, connection)
        return
    between = os.fork()
    if between == 0:
        try:
            _fork(request, fds, connection)
        finally:
            os._exit(0)
    # Unless `_collect` was quicker.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(between, 0)


def _fork(request: dict[str, Any], fds: list[int], connection: socket.socket) -> None:
    pid = os.fork()
    if pid == 0:
        _end(_call(_live, request, fds, connection))
    os.write(fds[0], str(pid).encode())


def _live(request: dict[str, Any], fds: list[int], connection: socket.socket) -> int:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    connection.close()
    answered, stdin, *others = fds
    os.dup2(stdin, 0)
    if request["stdout"]:
        os.dup2(others.pop(0), 1)
    os.environ.clear()
    os.environ.update(request["environment"])
    if request["adopted"]:
        global _given
        _given = others.pop(0)
    for fd in (answered, stdin, *others):
        os.close(fd)
    _entitle(request["title"])
    gc.enable()
    module, _, name = request["function"].partition(":")
    code = getattr(importlib.import_module(module), name)(*request["arguments"])
    return code if isinstance(code, int) else 0


def _call(function: Any, *arguments: Any) -> int:
    """The exit code Python itself would give this call."""
    try:
        return int(function(*arguments))
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
        return 1


def _end(code: int) -> NoReturn:
    # Not through the interpreter's end: that belongs to the process this one was forked from, and
    # would write into every page shared with it.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _entitle(title: str) -> None:
    """What `ps` shows of this process: its arguments' place is written over."""
    with contextlib.suppress(OSError, IndexError, ValueError), open("/proc/self/stat") as file:
        # arg_start and arg_end (proc(5), fields 48 and 49); zero when they are hidden.
        fields = file.read().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])
        if 0 < start < end:
            text = title.encode()[: end - start - 1]
            ctypes.memmove(start, text.ljust(end - start, b"\0"), end - start)


def main() -> None:
    """Serve on the connection the command line names by number."""
    _end(_call(serve, socket.socket(fileno=int(sys.argv[1]))))
