"""Disposable processes for work that is long or touches hostile bytes.

A worker is a fresh Python with a memory limit; it runs one plain function at a time, named
`module:function`. One that exceeds its time or memory, or dies, is thrown away and only that
piece of work fails. Answers come back as JSON and raw bytes, never pickled: a decoder that was
taken over by its input must not speak for our process.
"""

import asyncio
import contextlib
import os
import pickle
import struct
import sys
import time
from typing import Any

import orjson

from vesalius.kit import errors
from vesalius.kit.log import logger

log = logger(__name__)

TASKS_PER_PROCESS = 2000
# A worker with its libraries loaded is some 80 MB.
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
        self._slots = asyncio.Semaphore(processes)

    async def run(self, function: str, *arguments: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        """Call `module:function` with picklable arguments in a worker.

        The result is made of JSON values, bytes, lists and dicts. Raises what the function
        raised if that is one of our errors; Invalid when it raised anything else (its input was
        no good); Exhausted when memory ran out; Unavailable when it took too long or died.
        """
        async with self._slots:
            worker = self._idle.pop() if self._idle else await _Worker.start(self._memory)
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

    def _retire(self, worker: "_Worker") -> None:
        """End a worker that had nothing to do for a while; the last one stays warm."""
        unused = time.monotonic() - worker.used
        if len(self._idle) > 1 and worker in self._idle and unused >= self._idle_seconds:
            self._idle.remove(worker)
            worker.kill()

    async def close(self) -> None:
        """End all workers."""
        for worker in self._idle:
            worker.kill()
        await asyncio.gather(*(worker.wait() for worker in self._idle))
        self._idle.clear()


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.tasks = 0
        self.used = 0.0

    @classmethod
    async def start(cls, memory_bytes: int) -> "_Worker":
        environment = {
            **os.environ,
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "VESALIUS_WORKER_MEMORY": str(memory_bytes),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "vesalius.kit.worker_process"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
            limit=STREAM_LIMIT,
            # Ctrl-C is for the supervisor; workers end with their pipe.
            start_new_session=True,
        )
        return cls(process)

    async def call(self, function: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.tasks += 1
        request = pickle.dumps((function, arguments), protocol=5)
        self.process.stdin.write(HEAD.pack(len(request)) + request)
        await self.process.stdin.drain()
        reader = self.process.stdout
        length = HEAD.unpack(await reader.readexactly(HEAD.size))[0]
        answer: dict[str, Any] = orjson.loads(await reader.readexactly(length))
        answer["blobs"] = [await reader.readexactly(size) for size in answer["sizes"]]
        return answer

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

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
