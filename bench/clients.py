"""The clients both products meet: DCMTK over DIMSE, and plain HTTP/1.1 with keep-alive.

*Shipped* is DCMTK as it comes; *nodelay* is the same program with TCP_NODELAY=1 in its
environment, which switches off Nagle's algorithm on its side.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.material import Instance
from bench.products import CALLING, MOVE_DESTINATION, Product
from bench.reactor import repair


class Failed(Exception):
    """A client did not get what it asked for; the number would be worth nothing."""


def _environment(nodelay: bool) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "TCP_NODELAY"}
    return {**kept, **({"TCP_NODELAY": "1"} if nodelay else {})}


def store(product: Product, folders: Sequence[Path], *, nodelay: bool) -> float:
    """Send each folder over an association of its own, all at once; seconds."""
    began = time.perf_counter()
    running = [
        subprocess.Popen(
            [
                "storescu", "-aet", CALLING, "-aec", product.ae_title, "+sd", "-R", "127.0.0.1",
                str(product.dicom_port), str(folder),
            ],
            env=_environment(nodelay), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for folder in folders
    ]  # fmt: skip
    for process in running:
        _, errors = process.communicate()
        if process.returncode or b"E:" in errors:
            raise Failed(f"storescu at {product.name}: {errors.decode(errors='replace')[:500]}")
    return time.perf_counter() - began


def move(product: Product, study: str, *, nodelay: bool) -> float:
    """Have a study sent to a receiver that throws it away; seconds."""
    command = [
        "movescu", "-S", "-aet", CALLING, "-aec", product.ae_title, "-aem", MOVE_DESTINATION,
        "--port", str(product.move_port), "--ignore", "-k", "QueryRetrieveLevel=STUDY", "-k",
        f"StudyInstanceUID={study}", "127.0.0.1", str(product.dicom_port),
    ]  # fmt: skip
    return _timed(command, product, nodelay)


def get(product: Product, study: str, *, nodelay: bool) -> float:
    """Fetch a study over the same association, received and thrown away; seconds."""
    command = [
        "getscu", "-S", "-aet", CALLING, "-aec", product.ae_title, "--ignore",
        "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}",
        "127.0.0.1", str(product.dicom_port),
    ]  # fmt: skip
    return _timed(command, product, nodelay)


def _timed(command: list[str], product: Product, nodelay: bool) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, env=_environment(nodelay), capture_output=True, check=False)
    if done.returncode or b"E:" in done.stderr:
        words = done.stderr.decode(errors="replace")[:500]
        raise Failed(f"{command[0]} at {product.name}: {words}")
    return time.perf_counter() - began


class Web:
    """One kept-alive connection; answers are read whole and checked."""

    def __init__(self, product: Product) -> None:
        parts = urlsplit(product.web)
        self._product, self._base = product, parts.path
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=600)

    def get(self, path: str, accept: str, *, gzip: bool = False) -> bytes:
        """The body of an answer."""
        headers = {**self._product.headers, "Accept": accept}
        if gzip:
            headers["Accept-Encoding"] = "gzip"
        return self._send("GET", path, None, headers)

    def stow(self, instances: Sequence[Instance]) -> bytes:
        """Store instances in one request [PS3.18 10.5]."""
        parts = [
            b"--bench\r\nContent-Type: application/dicom\r\n\r\n" + each.path.read_bytes() + b"\r\n"
            for each in instances
        ]
        kind = 'multipart/related; type="application/dicom"; boundary=bench'
        headers = {
            **self._product.headers,
            "Content-Type": kind,
            "Accept": "application/dicom+json",
        }
        return self._send("POST", "/studies", b"".join(parts) + b"--bench--\r\n", headers)

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        self._connection.request(method, self._base + path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise Failed(
                f"{method} {path} at {self._product.name}: {response.status} {answer[:300]!r}"
            )
        return answer

    def close(self) -> None:
        self._connection.close()


def fetch_at_once(
    product: Product, paths: Sequence[str], accept: str, *, connections: int
) -> float:
    """Get the paths over so many connections, each a process of its own; seconds."""
    context = multiprocessing.get_context("fork")
    ready, done = context.Barrier(connections + 1), context.Queue()
    clients = [
        context.Process(target=_fetch, args=(product, paths[n::connections], accept, ready, done))
        for n in range(connections)
    ]
    for client in clients:
        client.start()
    ready.wait(60)
    began = time.perf_counter()
    failures = [each for each in (done.get(timeout=300) for _ in clients) if each]
    seconds = time.perf_counter() - began
    for client in clients:
        client.join()
    if failures:
        raise Failed(failures[0])
    return seconds


def _fetch(product: Product, paths: Sequence[str], accept: str, ready: Any, done: Any) -> None:
    web = Web(product)
    web.get(paths[0], accept)
    ready.wait(60)
    try:
        for path in paths:
            web.get(path, accept)
    except Exception as error:
        done.put(f"{type(error).__name__} {error}")
    else:
        done.put("")
    web.close()


def find(product: Product, patients: Sequence[str], studies: int) -> list[float]:
    """Seconds of each C-FIND by PatientID over one association (pynetdicom)."""
    from pydicom.dataset import Dataset
    from pynetdicom import AE
    from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore

    repair()
    entity = AE(CALLING)
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
    association = entity.associate("127.0.0.1", product.dicom_port, ae_title=product.ae_title)
    if not association.is_established:
        raise Failed(f"{product.name} refuses the association")
    # Without Nagle's algorithm on our side, as in the fairer half of the other DIMSE lines.
    association.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    taken = []
    model = StudyRootQueryRetrieveInformationModelFind
    try:
        for patient in patients:
            query = Dataset()
            query.QueryRetrieveLevel, query.PatientID = "STUDY", patient
            query.StudyInstanceUID = query.StudyDate = query.PatientName = ""
            query.StudyDescription = ""
            began = time.perf_counter()
            answers = [status.get("Status") for status, _ in association.send_c_find(query, model)]
            taken.append(time.perf_counter() - began)
            if answers[-1] != 0 or answers.count(0xFF00) != studies:
                shown = " ".join("none" if each is None else f"{each:04X}" for each in answers)
                raise Failed(f"{product.name} answered {shown} for {studies} studies")
    finally:
        # An association left open would keep the product from stopping.
        association.release() if association.is_established else association.abort()
    return taken
