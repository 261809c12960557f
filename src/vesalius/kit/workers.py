"""Disposable processes for work that is long or touches hostile bytes.

A worker is a process with a memory limit, forked from the nursery or else a fresh Python; it runs
one plain function at a time, named `module:function`. One that exceeds its time or memory, or
dies, is thrown away and only that piece of work fails. Answers come back as JSON and raw bytes,
never pickled: a decoder that was taken over by its input must not speak for our process.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import struct
import sys
import time
from typing import Any, Protocol

import orjson

from vesalius.kit import errors
from vesalius.kit.log import logger
from vesalius.kit.nursery import Channel

log = logger(__name__)

TASKS_PER_PROCESS = 2000
# A worker with its libraries loaded is some 30 MB of its own; 10 MB when it was forked.
IDLE_SECONDS = 15.0
HEAD = struct.Struct(">I")
STREAM_LIMIT = 2**20


class Workers:
    """A pool of worker processes, started when first needed."""

    def __init__(
        self,
        processes: int,
        *,
        memory_bytes: int,
        seconds: float,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._limit = processes
        self._memory = memory_bytes
        self._seconds = seconds
        self._idle_seconds = idle_seconds
        self._idle: list[_Worker] = []
        self._nursery = Channel.of_this_process()
        self._slots = asyncio.Semaphore(processes)

    async def run(self, function: str, *arguments: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        """Call `module:function` with picklable arguments in a worker.

        The result is made of JSON values, bytes, lists and dicts. Raises what the function
        raised if that is one of our errors; Invalid when it raised anything else (its input was
        no good); Exhausted when memory ran out; Unavailable when it took too long or died.
        """
        async with self._slots:
            worker = self._idle.pop() if self._idle else await self._start(function)
            try:
                async with asyncio.timeout(timeout or self._seconds):
                    answer = await worker.call(function, arguments)
            except TimeoutError as error:
                worker.kill()
                log.warning("worker took too long", function=function)
                raise errors.Unavailable("the work took too long and was given up") from error
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                worker.kill()
                log.warning("worker died", function=function)
                raise errors.Unavailable("the work could not be finished") from error
            except BaseException:
                worker.kill()
                raise
            if worker.tasks >= TASKS_PER_PROCESS or answer.get("spent"):
                worker.kill()
            else:
                worker.used = time.monotonic()
                self._idle.append(worker)
                asyncio.get_running_loop().call_later(
                    1.1 * self._idle_seconds, self._retire, worker
                )
        return _result(answer)

    async def _start(self, function: str) -> "_Worker":
        if self._nursery is not None:
            module = function.partition(":")[0]
            try:
                return await _fork(self._nursery, module, self._memory)
            except OSError as error:
                log.warning("worker is started afresh", reason=str(error))
        return await _spawn(self._memory)

    def _retire(self, worker: "_Worker") -> None:
        """End a worker that had nothing to do for a while.

        The last one stays warm where its successor would be a fresh Python.
        """
        unused = time.monotonic() - worker.used
        kept = 1 if self._nursery is None else 0
        if len(self._idle) > kept and worker in self._idle and unused >= self._idle_seconds:
            self._idle.remove(worker)
            worker.kill()

    async def close(self) -> None:
        """End all workers."""
        for worker in self._idle:
            worker.kill()
        await asyncio.gather(*(worker.wait() for worker in self._idle))
        self._idle.clear()
        if self._nursery is not None:
            self._nursery.close()


class _Process(Protocol):
    """What a worker needs of the process it is."""

    def kill(self) -> None: ...

    async def wait(self) -> object: ...


class _Forked:
    """A process of the nursery, by a handle that never comes to mean another one."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __del__(self) -> None:
        os.close(self._handle)

    def kill(self) -> None:
        signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(self._handle, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._handle)


def _environment(memory_bytes: int) -> dict[str, str]:
    return {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "VESALIUS_WORKER_MEMORY": str(memory_bytes),
    }


async def _fork(nursery: Channel, module: str, memory_bytes: int) -> "_Worker":
    # The first to need a module waits until the nursery has loaded it, so not in the event loop.
    ours, handle = await asyncio.to_thread(_ask, nursery, module, memory_bytes)
    process = _Forked(handle)
    reader, writer = await asyncio.open_unix_connection(sock=ours, limit=STREAM_LIMIT)
    return _Worker(process, reader, writer)


def _ask(nursery: Channel, module: str, memory_bytes: int) -> tuple[socket.socket, int]:
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            pid = nursery.fork(
                "vesalius.kit.worker_process:main",
                environment=_environment(memory_bytes),
                title="vesalius: worker",
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                preload=[module],
            )
            return ours, os.pidfd_open(pid)
        except OSError:
            ours.close()
            raise


async def _spawn(memory_bytes: int) -> "_Worker":
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "vesalius.kit.worker_process"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=_environment(memory_bytes),
        limit=STREAM_LIMIT,
        # Ctrl-C is for the supervisor; workers end with their pipe.
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return _Worker(process, process.stdout, process.stdin)


class _Worker:
    def __init__(
        self, process: _Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self._reader = reader
        self._writer = writer
        self.tasks = 0
        self.used = 0.0

    async def call(self, function: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
        self.tasks += 1
        request = pickle.dumps((function, arguments), protocol=5)
        self._writer.write(HEAD.pack(len(request)) + request)
        await self._writer.drain()
        reader = self._reader
        length = HEAD.unpack(await reader.readexactly(HEAD.size))[0]
        answer: dict[str, Any] = orjson.loads(await reader.readexactly(length))
        answer["blobs"] = [await reader.readexactly(size) for size in answer["sizes"]]
        return answer

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self._writer.close()

    async def wait(self) -> None:
        await self.process.wait()


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        kind = getattr(errors, answer["error"], errors.Invalid)
        raise kind(answer["message"])
    return _join(answer["value"], answer["blobs"])


def _join(value: Any, blobs: list[bytes]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$blob"}:
            return blobs[value["$blob"]]
        return {key: _join(item, blobs) for key, item in value.items()}
    if isinstance(value, list):
        return [_join(item, blobs) for item in value]
    return value
