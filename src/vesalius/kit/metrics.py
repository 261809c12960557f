"""Prometheus metrics, of all processes of one house together.

prometheus-client's multiprocess mode keeps them in small files in a directory of the data
directory; any process can answer /metrics for all.
"""

import os
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)

__all__ = ["Counter", "Gauge", "Histogram", "exposition", "join", "share"]


def share(directory: Path) -> None:
    """Let processes started from here share their metrics; call before any metric is made."""
    directory.mkdir(parents=True, exist_ok=True)
    for stale in directory.glob("*.db"):
        stale.unlink(missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    join()


def join() -> None:
    """Share metrics as the environment says; prometheus-client looks at it only when imported."""
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
