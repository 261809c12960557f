"""Functions the worker tests run inside worker processes."""

import os
import time
from typing import Any

from vesalius.kit.errors import NotFound


def describe(data: bytes, given: Any) -> Any:
    return {"size": len(data), "again": [data, b""], "given": given}


def miss() -> None:
    raise NotFound("no such slice")


def divide(a: int, b: int) -> float:
    return a / b


def die() -> None:
    os._exit(9)


def hang() -> None:
    time.sleep(600)


def swell(size: int) -> int:
    return len(bytearray(size))


def chatter() -> str:
    print("noise on standard output", flush=True)
    return "quiet"
