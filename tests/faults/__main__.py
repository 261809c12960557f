"""`make faults`: the long fault runs, and the page of their figures.

    python -m tests.faults [--kills 500] [--only F1 F4]

Writes docs/reference/faults.md and faults.json. Nothing here has a threshold on anything but loss:
the figures are what was seen, on the machine named on the page.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from tests.faults import killing
from tests.faults import test_dimse_flood as flooding
from tests.nodes import admit
from tests.running import RunningVesalius
from vesalius.interfaces.dimse.requestor import Address

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
CALLER = "FLOODED"


def kill(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """F1: SIGKILL everything at random moments under C-STORE, STOW-RS and FHIR transactions."""
    report = killing.run(folder, options.kills)
    return {
        "procedure": "SIGKILL of all processes, PostgreSQL included, under C-STORE, STOW-RS and"
        " FHIR transactions; every acknowledged object read back by WADO-RS, C-FIND and FHIR",
        "acknowledged": report.acknowledged,
        "lost": len(report.lost),
        "trials": report.trials,
        "ready_seconds_median": round(median(report.ready_seconds), 2),
        "ready_seconds_max": round(max(report.ready_seconds), 2),
    }


def flood(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """F4: C-ECHO while idle and slow sockets hold the port, and giant PDUs arrive."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with RunningVesalius(folder, None) as running:
        running.run(lambda house: admit(house, CALLER))
        address = Address("127.0.0.1", running.dicom_port, running.ae_title, CALLER)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_flooded(running, address))


async def _flooded(running: RunningVesalius, address: Address) -> dict[str, Any]:
    processes = flooding.acceptor_processes(running)
    calm = await flooding.p99_of_echoes(address)
    before = flooding.memory(processes)
    async with flooding.flood(running.dicom_port, spread=True):
        p99 = await flooding.p99_of_echoes(address)
        grown = flooding.memory(processes) - before
    return {
        "procedure": f"{flooding.ECHOES} C-ECHO one after the other while {flooding.IDLE} idle and"
        f" {flooding.SLOW} slow sockets hold the port and giant PDUs arrive",
        "acknowledged": flooding.ECHOES,
        "lost": 0,
        "trials": flooding.ECHOES,
        "p99_milliseconds": round(p99 * 1000, 1),
        "p99_calm_milliseconds": round(calm * 1000, 1),
        "memory_grown_mb": round(grown / 2**20, 1),
    }


RUNS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {"F1": kill, "F4": flood}


def page(figures: dict[str, dict[str, Any]]) -> str:
    """The figures as a page."""
    machine = f"{os.cpu_count()} CPU, {platform.system()} {platform.machine()}"
    lines = [
        "# Faults\n",
        f"Written by `make faults` on {date.today()}, {machine}. The same in `faults.json`.\n",
        "| | procedure | trials | acknowledged | lost | also seen |",
        "|---|---|---:|---:|---:|---|",
    ]
    known = {"procedure", "trials", "acknowledged", "lost"}
    for name, seen in sorted(figures.items()):
        also = "; ".join(f"{k.replace('_', ' ')} {v}" for k, v in seen.items() if k not in known)
        lines.append(
            f"| {name} | {seen['procedure']} | {seen['trials']} | {seen['acknowledged']:,}"
            f" | {seen['lost']} | {also} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run what was asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--only", nargs="+", choices=sorted(RUNS), default=sorted(RUNS))
    options = parser.parse_args()
    target = REFERENCE / "faults.json"
    figures = json.loads(target.read_text()) if target.exists() else {}
    for name in options.only:
        with tempfile.TemporaryDirectory(prefix="vesalius-faults-") as folder:
            figures[name] = RUNS[name](Path(folder), options)
        print(name, json.dumps(figures[name]), flush=True)
        target.write_text(json.dumps(figures, indent=2) + "\n")
        (REFERENCE / "faults.md").write_text(page(figures))


if __name__ == "__main__":
    main()
