"""What is measured: one line each in `MEASURES`, run on both products in turn."""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from bench import clients
from bench.clients import Failed, Web
from bench.material import Instance, Material, Template, folder_of
from bench.processes import pss_bytes
from bench.products import Product

JSON = "application/dicom+json"
OCTETS = 'multipart/related; type="application/octet-stream"'
DICOM = 'multipart/related; type="application/dicom"'
JPEG = "image/jpeg"
CONNECTIONS = 6


@dataclass(frozen=True)
class Sizes:
    """How much of everything: the real run, and the smoke that only shows that it works."""

    store: int = 60
    stow: int = 150
    mr: int = 120
    studies: int = 1000
    metadata: tuple[int, ...] = (100, 1000, 4000)
    study: int = 300
    # The stock: so many studies of so many instances, what a small practice has after some months.
    per_study: int = 40
    requests: int = 100
    slow_requests: int = 5
    stacks: int = 3
    patients: int = 10
    priors: int = 3
    prior: int = 100

    @classmethod
    def smoke(cls) -> Sizes:
        """As little as shows every door."""
        return cls(
            store=3, stow=4, mr=3, studies=4, metadata=(3,), study=3, per_study=2, requests=2,
            slow_requests=1, stacks=4, patients=1, priors=2, prior=2,
        )  # fmt: skip


@dataclass
class Bench:
    """Both products loaded with the same, and what a measure needs of it."""

    material: Material
    sizes: Sizes
    # Patients with priors: each has several studies of a hundred instances, as patients do.
    patients: list[list[list[Instance]]] = field(default_factory=list)
    stacks: dict[int, list[Instance]] = field(default_factory=dict)
    ct: list[Instance] = field(default_factory=list)
    cine: list[Instance] = field(default_factory=list)
    fresh: dict[tuple[str, int], list[list[Instance]]] = field(default_factory=dict)

    def new(
        self, measure: str, run: int, template: Template, counts: list[int]
    ) -> list[list[Instance]]:
        """Studies nobody has seen, the same for both products in the same run."""
        key = (measure, run)
        if key not in self.fresh:
            self.fresh[key] = [self.material.study(template, count) for count in counts]
        return self.fresh[key]

    def patient(self, number: int) -> str:
        """PatientID of one of those with priors."""
        return self.patients[number % len(self.patients)][0][0].patient


Run = Callable[[Bench, Product, int], float]


@dataclass(frozen=True)
class Measure:
    """One number: what it says, in which unit, and whether more of it is better."""

    id: str
    title: str
    unit: str
    better: Literal["higher", "lower"]
    run: Run
    restart: bool = False
    # Both products and the client as they are delivered, without TCP_NODELAY where it is a choice.
    shipped: bool = False


def _store(template: str, folders: int, nodelay: bool, size: str = "store") -> Run:
    name = f"store {template} {folders} {nodelay}"

    def run(bench: Bench, product: Product, number: int) -> float:
        count = getattr(bench.sizes, size)
        studies = bench.new(name, number, getattr(bench.material, template), [count] * folders)
        seconds = clients.store(product, [folder_of(study) for study in studies], nodelay=nodelay)
        _expect_stored(product, studies)
        return folders * count / seconds

    return run


def _expect_stored(product: Product, studies: list[list[Instance]]) -> None:
    """A rate of instances that are not there is no rate."""
    web = Web(product)
    for study in studies:
        path = f"/studies/{study[0].study}/instances"
        if len(json.loads(web.get(path, JSON))) != len(study):
            raise Failed(f"{product.name} does not have every instance it acknowledged")
    web.close()


def _stow(bench: Bench, product: Product, number: int) -> float:
    [study] = bench.new("stow", number, bench.material.ct, [bench.sizes.stow])
    web = Web(product)
    began = time.perf_counter()
    for first in range(0, len(study), 50):
        web.stow(study[first : first + 50])
    seconds = time.perf_counter() - began
    web.close()
    _expect_stored(product, [study])
    return len(study) / seconds


def _median_ms(product: Product, requests: int, ask: Callable[[Web, int], object]) -> float:
    """The median of single requests over one connection; the first warms the product."""
    web = Web(product)
    ask(web, 0)
    taken = []
    for number in range(requests):
        began = time.perf_counter()
        ask(web, number)
        taken.append(time.perf_counter() - began)
    web.close()
    return statistics.median(taken) * 1000


def _qido_patient(bench: Bench, product: Product, number: int) -> float:
    def ask(web: Web, index: int) -> None:
        patient = bench.patient(index + number)
        found = json.loads(web.get(f"/studies?PatientID={patient}", JSON))
        if len(found) != bench.sizes.priors:
            raise Failed(f"{product.name} finds {len(found)} studies of one patient")

    return _median_ms(product, bench.sizes.requests, ask)


def _qido_all(bench: Bench, product: Product, number: int) -> float:
    def ask(web: Web, index: int) -> None:
        found = json.loads(web.get("/studies?limit=1000000", JSON))
        if len(found) < bench.sizes.studies:
            raise Failed(f"{product.name} finds {len(found)} studies")

    return _median_ms(product, bench.sizes.slow_requests, ask)


def _metadata(bench: Bench, product: Product, size: int, requests: int) -> float:
    stack = bench.stacks[size]

    def ask(web: Web, index: int) -> None:
        body = web.get(f"/studies/{stack[0].study}/metadata", JSON, gzip=True)
        if len(body) < 200:
            raise Failed(f"{product.name} tells nothing of {size} instances")

    return _median_ms(product, requests, ask)


def _metadata_warm(size: int) -> Run:
    return lambda bench, product, number: _metadata(bench, product, size, bench.sizes.slow_requests)


def _metadata_cold(size: int) -> Run:
    def run(bench: Bench, product: Product, number: int) -> float:
        web = Web(product)
        began = time.perf_counter()
        web.get(f"/studies/{bench.stacks[size][0].study}/metadata", JSON, gzip=True)
        seconds = time.perf_counter() - began
        web.close()
        return seconds * 1000

    return run


def _instance(each: Instance) -> str:
    return f"/studies/{each.study}/series/{each.series}/instances/{each.uid}"


def _frame_ct(bench: Bench, product: Product, number: int) -> float:
    def ask(web: Web, index: int) -> None:
        each = bench.ct[index % len(bench.ct)]
        if len(web.get(f"{_instance(each)}/frames/1", OCTETS)) < 512 * 512 * 2:
            raise Failed(f"{product.name} sends less than a frame")

    return _median_ms(product, bench.sizes.requests, ask)


def _frames_at_once(bench: Bench, product: Product, number: int) -> float:
    """As a browser asks for a stack: six connections (its limit for one host)."""
    paths = [f"{_instance(each)}/frames/1" for each in bench.ct] * bench.sizes.stacks
    seconds = clients.fetch_at_once(product, paths, OCTETS, connections=CONNECTIONS)
    return len(paths) / seconds


def _qido_at_once(bench: Bench, product: Product, number: int) -> float:
    count = bench.sizes.requests * CONNECTIONS
    paths = [f"/studies?PatientID={bench.patient(index)}" for index in range(count)]
    return count / clients.fetch_at_once(product, paths, JSON, connections=CONNECTIONS)


def _frame_us(bench: Bench, product: Product, number: int) -> float:
    def ask(web: Web, index: int) -> None:
        path = f"{_instance(bench.cine[0])}/frames/{index * 7 % 120 + 1}"
        web.get(
            path, 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50'
        )

    return _median_ms(product, bench.sizes.requests, ask)


def _rendered(bench: Bench, product: Product, number: int) -> float:
    def ask(web: Web, index: int) -> None:
        body = web.get(f"{_instance(bench.ct[index % len(bench.ct)])}/rendered", JPEG)
        if body[:2] != b"\xff\xd8":
            raise Failed(f"{product.name} renders no JPEG")

    return _median_ms(product, bench.sizes.requests, ask)


def _study_bytes(bench: Bench, product: Product, number: int) -> float:
    web = Web(product)
    began = time.perf_counter()
    body = web.get(f"/studies/{bench.ct[0].study}", DICOM)
    seconds = time.perf_counter() - began
    web.close()
    if len(body) < len(bench.ct) * 512 * 512 * 2:
        raise Failed(f"{product.name} sends less than the study")
    return len(body) / seconds / 1e6


def _retrieve(way: Callable[..., float], nodelay: bool) -> Run:
    return lambda bench, product, number: (
        len(bench.ct) / way(product, bench.ct[0].study, nodelay=nodelay)
    )


def _cfind(bench: Bench, product: Product, number: int) -> float:
    wanted = [bench.patient(index + number) for index in range(bench.sizes.requests + 1)]
    return statistics.median(clients.find(product, wanted, bench.sizes.priors)[1:]) * 1000


def _memory(bench: Bench, product: Product, number: int) -> float:
    return pss_bytes(product.roots) / 1e6


RATE, MS, MB, MBS = "instances/s", "ms", "MB", "MB/s"
MEASURES: tuple[Measure, ...] = (
    Measure("cstore_ct_1_shipped", "C-STORE CT, 1 association, all as shipped", RATE, "higher",
            _store("ct", 1, False), shipped=True),
    Measure("cmove_300_shipped", "C-MOVE of 300 CT, all as shipped", RATE, "higher",
            _retrieve(clients.move, False), shipped=True),
    Measure("cget_300_shipped", "C-GET of 300 CT, all as shipped", RATE, "higher",
            _retrieve(clients.get, False), shipped=True),
    Measure("cstore_ct_1_shipped_client",
            "C-STORE CT, 1 association, client as shipped, Orthanc NODELAY", RATE, "higher",
            _store("ct", 1, False)),
    Measure("cstore_ct_1_nodelay", "C-STORE CT, 1 association, NODELAY", RATE, "higher",
            _store("ct", 1, True)),
    Measure("cstore_ct_4_nodelay", "C-STORE CT, 4 associations, NODELAY", RATE, "higher",
            _store("ct", 4, True)),
    Measure("cstore_mr_1_nodelay", "C-STORE MR 70 KB, 1 association, NODELAY", RATE, "higher",
            _store("mr", 1, True, "mr")),
    Measure("stow_50", "STOW-RS CT, 50 instances a request", RATE, "higher", _stow),
    Measure("qido_patientid", "QIDO studies by PatientID: 3 of 100 instances", MS,
            "lower", _qido_patient),
    Measure("qido_patientid_6", "QIDO studies by PatientID over six connections", "answers/s",
            "higher", _qido_at_once),
    Measure("qido_all", "QIDO all studies", MS, "lower", _qido_all),
    Measure("metadata_100_warm", "WADO metadata, 100 instances", MS, "lower", _metadata_warm(100)),
    Measure("metadata_1000_warm", "WADO metadata, 1000 instances", MS, "lower",
            _metadata_warm(1000)),
    Measure("metadata_4000_warm", "WADO metadata, 4000 instances", MS, "lower",
            _metadata_warm(4000)),
    Measure("frame_ct", "WADO one CT frame", MS, "lower", _frame_ct),
    Measure("frame_ct_6", "WADO CT frames over six connections", "frames/s", "higher",
            _frames_at_once),
    Measure("frame_us", "WADO one of 120 JPEG frames", MS, "lower", _frame_us),
    Measure("rendered", "WADO rendered, JPEG", MS, "lower", _rendered),
    Measure("study_bytes", "WADO whole study", MBS, "higher", _study_bytes),
    Measure("cmove_300_nodelay", "C-MOVE of 300 CT, NODELAY", RATE, "higher",
            _retrieve(clients.move, True)),
    Measure("cget_300_nodelay", "C-GET of 300 CT, NODELAY", RATE, "higher",
            _retrieve(clients.get, True)),
    Measure("cfind_patientid", "C-FIND studies by PatientID: the same, one association", MS,
            "lower", _cfind),
    Measure("memory_pss", "Memory of all processes after all this", MB, "lower", _memory),
    Measure("metadata_4000_cold", "WADO metadata, 4000 instances, first after a start", MS, "lower",
            _metadata_cold(4000), restart=True),
)  # fmt: skip


def of_size(measures: tuple[Measure, ...], sizes: Sizes) -> tuple[Measure, ...]:
    """The measures, with the sizes that are there in place of those that are not."""
    largest = max(sizes.metadata)
    if largest == 4000:
        return measures
    small = {
        "metadata_100_warm": _metadata_warm(largest),
        "metadata_4000_cold": _metadata_cold(largest),
    }
    kept = [m for m in measures if not m.id.startswith("metadata") or m.id in small]
    return tuple(replace(m, run=small.get(m.id, m.run)) for m in kept)


def load(bench: Bench, products: list[Product]) -> Iterator[float]:
    """The stock that the readings read: the same for both products, stored by STOW-RS.

    Yields, part by part, which share of it that was.
    """
    sizes, material = bench.sizes, bench.material
    for _ in range(sizes.studies):
        _stow_to(products, material.study(material.small, sizes.per_study))
        yield 1 / (sizes.studies + 1)
    bench.stacks = {size: material.study(material.small, size) for size in sizes.metadata}
    bench.ct = material.study(material.ct, sizes.study)
    bench.cine = material.study(material.cine, 1)
    bench.patients = [
        [material.study(material.small, sizes.prior, f"Q{n:08d}") for _ in range(sizes.priors)]
        for n in range(sizes.patients)
    ]
    priors = itertools.chain(*itertools.chain(*bench.patients))
    stock = [*priors, *itertools.chain(*bench.stacks.values()), *bench.ct, *bench.cine]
    for first in range(0, len(stock), 50):
        _stow_to(products, stock[first : first + 50])


def _stow_to(products: list[Product], instances: list[Instance]) -> None:
    for product in products:
        web = Web(product)
        web.stow(instances)
        web.close()
