"""`docs/reference/benchmark.md` and `benchmark.json`: medians, ratios, and every single run."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bench.measures import Measure, Sizes
from bench.products import Product


@dataclass
class Result:
    """One measure on both: every run, and the CPU seconds each product spent on it."""

    measure: Measure
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    our_cpu: float = 0.0
    their_cpu: float = 0.0

    @property
    def ratio(self) -> float:
        """Ours over theirs, so that more than one says that we are ahead."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        return ours / theirs if self.measure.better == "higher" else theirs / ours


def write(
    folder: Path, results: Sequence[Result], ours: Product, theirs: Product, sizes: Sizes
) -> None:
    """Both files."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_row(result, ours, theirs) for result in results]
    (folder / "benchmark.json").write_text(json.dumps(rows, indent=1) + "\n")
    (folder / "benchmark.md").write_text(_page(results, ours, theirs, sizes))


def _row(result: Result, ours: Product, theirs: Product) -> dict[str, object]:
    return {
        "id": result.measure.id,
        "product": round(statistics.median(result.ours), 3),
        "peer": round(statistics.median(result.theirs), 3),
        "peer_name": theirs.name,
        "peer_version": theirs.version(),
        "unit": result.measure.unit,
        "better": result.measure.better,
        "ratio": round(result.ratio, 2),
        "runs": {
            "product": [round(value, 3) for value in result.ours],
            "peer": [round(value, 3) for value in result.theirs],
        },
        "cpu_seconds": {
            "product": round(result.our_cpu, 2),
            "peer": round(result.their_cpu, 2),
        },
    }


def _page(results: Sequence[Result], ours: Product, theirs: Product, sizes: Sizes) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    lines = [
        "# Benchmark",
        "",
        f"{ours.name} {ours.version()} beside {theirs.name} {theirs.version()} on one machine"
        f" ({os.cpu_count()} CPU, {memory:.0f} GB, {platform.system()} {platform.machine()},"
        f" loopback), {date.today().isoformat()}. Written by `make bench`; the same numbers are in"
        " `benchmark.json`.",
        "",
        f"- {ours.name}: {ours.settings()}.",
        f"- {theirs.name}: {theirs.settings()}.",
        "- Both get the same files and are asked in turn, run by run; the numbers are medians of"
        f" {max(len(r.ours) for r in results)} runs. Every answer is checked.",
        "- *As shipped* is DCMTK's client and each product as they come: Nagle's algorithm and"
        " delayed acknowledgements make the client wait at every instance unless the product cures"
        " it. *NODELAY* is TCP_NODELAY=1 for client and Orthanc; it is the fairer comparison.",
        f"- While measured, both hold {sizes.studies:,} studies of {sizes.per_study} instances"
        " besides what the lines name.",
        "- CPU is what all processes of a product spent on all runs of a line, PostgreSQL"
        " included; the client's is in neither.",
        "",
        f"| measured | {ours.name} | {theirs.name} | ratio | CPU s {ours.name} |"
        f" CPU s {theirs.name} |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for result in results:
        unit = result.measure.unit
        lines.append(
            f"| {result.measure.title} | {_number(result.ours)} {unit} | {_number(result.theirs)}"
            f" {unit} | {result.ratio:.1f}× | {result.our_cpu:.1f} | {result.their_cpu:.1f} |"
        )
    behind = [result.measure.title for result in results if result.ratio < 1]
    lines += ["", "## Where we are behind", ""]
    lines += [f"- {title}" for title in behind] or ["Nowhere in this table."]
    return "\n".join(lines) + "\n"


def _number(runs: Sequence[float]) -> str:
    value = statistics.median(runs)
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
