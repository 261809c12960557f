"""`python -m bench`: this product beside Orthanc, in turn, on the same machine and files.

python -m bench                     the real run: about twenty minutes on two cores
python -m bench --only frame_ct     some measures
python -m bench --smoke             shows that everything runs; the numbers say nothing
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from bench import report
from bench.material import Material
from bench.measures import MEASURES, Bench, Measure, Sizes, load, of_size
from bench.processes import cpu_seconds, free_port
from bench.products import Orthanc, Product, Vesalius
from bench.report import Result

console = Console(stderr=True)
NEEDED = ("Orthanc", "storescu", "movescu", "getscu")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the report; the exit code."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", nargs="+", metavar="ID", help="these measures")
    parser.add_argument("--smoke", action="store_true", help="as little as shows that it works")
    parser.add_argument("--output", type=Path, default=Path("docs/reference"))
    parser.add_argument("--folder", type=Path, help="where the products keep their data")
    chosen = parser.parse_args(arguments)
    if missing := [program for program in NEEDED if shutil.which(program) is None]:
        console.print(f"[red]not installed: {', '.join(missing)}; `make peers` brings them[/red]")
        return 1
    sizes = Sizes.smoke() if chosen.smoke else Sizes()
    measures = of_size(MEASURES, sizes)
    if chosen.only:
        if unknown := set(chosen.only) - {measure.id for measure in measures}:
            console.print(f"[red]no such measure: {', '.join(sorted(unknown))}[/red]")
            return 1
        measures = tuple(measure for measure in measures if measure.id in chosen.only)
    repetitions = 1 if chosen.smoke else chosen.repetitions
    with tempfile.TemporaryDirectory(prefix="vesalius-bench-", dir=chosen.folder) as folder:
        run(Path(folder), sizes, measures, repetitions, chosen.output)
    return 0


def run(
    folder: Path, sizes: Sizes, measures: Sequence[Measure], repetitions: int, output: Path
) -> None:
    """Start both, load them, measure in turn, and write what came out."""
    move_port = free_port()
    ours, theirs = Vesalius(folder / "vesalius", move_port), Orthanc(folder / "orthanc", move_port)
    products: list[Product] = [theirs, ours]
    started: list[Product] = []
    try:
        with console.status("starting both and making the material"):
            for product in products:
                product.folder.mkdir(parents=True)
                product.start()
                started.append(product)
            bench = Bench(Material(folder / "material"), sizes)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        results = []
        with Progress(*columns, console=console) as progress:
            loading = progress.add_task("loading both", total=1)
            for share in load(bench, products):
                progress.advance(loading, share)
            progress.update(loading, completed=1)
            for measure in progress.track(measures, description="measuring"):
                results.append(_measure(measure, bench, ours, theirs, repetitions))
        report.write(output, results, ours, theirs, sizes)
        console.print(f"written to {output / 'benchmark.md'}")
    finally:
        for product in started:
            product.stop()


def _measure(
    measure: Measure, bench: Bench, ours: Product, theirs: Product, repetitions: int
) -> Result:
    """Peer and product in turn, so that whatever else the machine does befalls both."""
    result = Result(measure)
    for number in range(repetitions):
        for product in (theirs, ours):
            product.let_be_shipped(measure.shipped)
            if measure.restart:
                product.restart()
            before = cpu_seconds(product.roots)
            value = measure.run(bench, product, number)
            spent = cpu_seconds(product.roots) - before
            if product is ours:
                result.ours.append(value)
                result.our_cpu += spent
            else:
                result.theirs.append(value)
                result.their_cpu += spent
    console.print(f"{measure.id:24} {result.ratio:6.1f}×  {result.ours} {result.theirs}")
    return result


if __name__ == "__main__":
    sys.exit(main())
