"""The inside of a worker process (see `workers`): read a call, answer it, again."""

import contextlib
import importlib
import os
import pickle
import struct
import sys
from typing import Any, BinaryIO

import orjson

from vesalius.kit.errors import VesaliusError

HEAD = struct.Struct(">I")


def main() -> None:
    """Serve calls from standard input until it closes."""
    _limit_memory(int(os.environ.get("VESALIUS_WORKER_MEMORY", "0")))
    calls = os.fdopen(os.dup(0), "rb")
    # Whatever a library prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while head := calls.read(HEAD.size):
        request = calls.read(HEAD.unpack(head)[0])
        # Calls come from our own parent only; answers, which hostile input may shape, do not
        # travel as pickles.
        function, arguments = pickle.loads(request)  # noqa: S301
        _send(answers, *_answer(function, arguments))


def _limit_memory(memory_bytes: int) -> None:
    if memory_bytes and sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(function: str, arguments: tuple[Any, ...]) -> tuple[dict[str, Any], list[bytes]]:
    blobs: list[bytes] = []
    try:
        module, _, name = function.partition(":")
        value = getattr(importlib.import_module(module), name)(*arguments)
        return {"value": _split(value, blobs)}, blobs
    except VesaliusError as error:
        return {"error": type(error).__name__, "message": error.message}, []
    except MemoryError:
        message = "the object needs more memory than one piece of work may use"
        return {"error": "Exhausted", "message": message, "spent": True}, []
    except Exception as error:
        return {"error": "Invalid", "message": f"the object could not be read ({error!r:.200})"}, []


def _split(value: Any, blobs: list[bytes]) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        blobs.append(bytes(value))
        return {"$blob": len(blobs) - 1}
    if isinstance(value, dict):
        return {key: _split(item, blobs) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_split(item, blobs) for item in value]
    return value


def _send(stream: BinaryIO, answer: dict[str, Any], blobs: list[bytes]) -> None:
    answer["sizes"] = [len(blob) for blob in blobs]
    body = orjson.dumps(answer)
    stream.write(HEAD.pack(len(body)) + body)
    for blob in blobs:
        stream.write(blob)
    stream.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
