"""The record at scale: load many Observations, then search, write and import over HTTP.

    python -m bench.fhir_scale --observations 1000000 --seconds 10

Loads by COPY what the record would have written (the same index rows, from its own code), starts
`vesalius serve` on it, and drives it with keep-alive connections. Validation, policy and audit are
on; every answer is checked to be the one asked for. Prints one JSON object: requests a second,
latencies in milliseconds, CPU milliseconds a request of server, PostgreSQL and this client.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg

from vesalius.app import open_house
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.settings import Settings
from vesalius.standards import fhir
from vesalius.stores import access
from vesalius.stores.record.hashing import parameter_number, resource_key
from vesalius.stores.record.indexing import Index, index

CODES = [f"{8000 + i}-{i % 10}" for i in range(40)]
PER_PATIENT = 200
CHUNK = 5000
FIRST_DAY = datetime(2010, 1, 1, tzinfo=UTC)
TABLES = (
    "record_resource",
    "record_token",
    "record_reference",
    "record_date",
    "record_quantity",
    "record_string",
)


def observation(patient: str, encounter: str, code: str, day: str, value: float) -> dict[str, Any]:
    """A vital sign as systems send it."""
    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": category, "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": code},
        "subject": {"reference": f"Patient/{patient}"},
        "encounter": {"reference": f"Encounter/{encounter}"},
        "effectiveDateTime": day,
        "issued": day,
        "valueQuantity": {
            "value": value,
            "unit": "mmHg",
            "system": "http://unitsofmeasure.org",
            "code": "mm[Hg]",
        },
    }


# ---------------------------------------------------------------- loading


def load(url: str, count: int) -> float:
    """Fill the record by COPY without indexes, build these, ANALYZE; seconds it took."""
    started = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        rebuild = list(_drop_indexes(connection))
        for first in range(0, count, CHUNK):
            _copy(connection, _rows(first, min(CHUNK, count - first), count))
        for statement in rebuild:
            connection.execute(statement)
        connection.execute(f"SELECT setval('record_number', {count + 1000})")
        connection.execute("VACUUM ANALYZE")
    return time.perf_counter() - started


def _drop_indexes(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Drop constraints and indexes of the record; the statements that make them again."""
    constraints = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid::regclass::text = ANY(%s) AND contype IN ('p', 'u')",
        (list(TABLES),),
    ).fetchall()
    for table, name, definition in constraints:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)", (list(TABLES),)
    ).fetchall()
    for name, definition in indexes:
        connection.execute(f"DROP INDEX {name}")
        yield definition


def _rows(first: int, count: int, total: int) -> dict[str, list[str]]:
    """COPY lines of each table for these Observations."""
    lines: dict[str, list[str]] = {table: [] for table in TABLES}
    patients = max(1, total // PER_PATIENT)
    for number in range(first + 1, first + count + 1):
        patient = f"p{number % patients}"
        code = CODES[(number // patients) % len(CODES)]
        visit = number // patients
        moment = FIRST_DAY + timedelta(hours=visit * 613 % 120_000)
        day = fhir.instant_text(moment)
        body, template = _template(code)
        key = resource_key(f"Observation/b{number}")
        patient_key = resource_key(f"Patient/{patient}")
        text = (
            body.replace(b"PATIENT", patient.encode())
            .replace(b"NUMBER", str(number).encode())
            .replace(b"2000-01-01T00:00:00.000Z", day.encode())
        )
        tokens = "{" + ",".join(map(str, template.tokens)) + "}"
        present = "{" + ",".join(map(str, template.present)) + "}"
        lines["record_resource"].append(
            f"{number}\t{key}\tObservation\tb{number}\t1\t{day}\tf\tf\t{patient}\t\\N"
            f"\t\\\\x{text.hex()}\t{tokens}\t{present}\t{{}}"
        )
        lines["record_token"] += [f"{t}\t{number}\t{patient_key}" for t in template.tokens]
        encounter = resource_key(f"Encounter/e{patient}-{visit}")
        lines["record_reference"] += [
            f"{patient_key}\t{number}\t{SUBJECT}",
            f"{encounter}\t{number}\t{ENCOUNTER}",
        ]
        lowest, highest = fhir.date_range(day)
        lines["record_date"] += [
            f"{number}\t{patient_key}\t{lowest}\t{highest}\t{row[0]}" for row in template.dates
        ]
        lines["record_quantity"] += [
            f"{number}\t{row[0]}\t{row[1]}\t{row[2]}\t{row[3]}\t{row[4]}\t{row[5]}"
            for row in template.quantities
        ]
    return lines


SUBJECT = parameter_number("Observation", "subject")
ENCOUNTER = parameter_number("Observation", "encounter")
_templates: dict[str, tuple[bytes, Index]] = {}


def _template(code: str) -> tuple[bytes, Index]:
    """Body and index rows of one code; patient, number and day are put in later."""
    if code not in _templates:
        body = {
            **observation("PATIENT", "ePATIENT-NUMBER", code, "2000-01-01T00:00:00.000Z", 120),
            "id": "bNUMBER",
            "meta": {"versionId": "1", "lastUpdated": "2000-01-01T00:00:00.000Z"},
        }
        _templates[code] = fhir.write(body), index(body, "http://none")
    return _templates[code]


def _copy(connection: psycopg.Connection[Any], lines: dict[str, list[str]]) -> None:
    columns = {
        "record_resource": (
            "(number, key, resource_type, id, version, last_updated, deleted, projected,"
            " patient_reference, other_patients, body, tokens, present, digests)"
        ),
        "record_quantity": "(resource, parameter, lowest, highest, system, code, unit)",
        "record_date": "(resource, patient, lowest, highest, parameter)",
    }
    with connection.cursor() as cursor:
        for table, rows in lines.items():
            if rows:
                with cursor.copy(f"COPY {table} {columns.get(table, '')} FROM STDIN") as copy:
                    copy.write("\n".join(rows) + "\n")


# ---------------------------------------------------------------- driving


class Connection:
    """One keep-alive HTTP connection, as cheap as Python allows."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.head = (
            f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/fhir+json\r\nPrefer: return=minimal\r\n"
        )

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes, bytes]:
        """Status, head and body of the answer."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        text = f"{method} /fhir/{path} HTTP/1.1\r\n{self.head}{length}\r\n".encode()
        self.writer.write(text + body)
        head = await self.reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        at = lower.find(b"content-length:")
        size = int(lower[at + 15 : lower.index(b"\r", at)]) if at >= 0 else 0
        return int(head[9:12]), head, await self.reader.readexactly(size)


Work = Callable[[Connection, random.Random], Awaitable[int]]


async def drive(port: int, token: str, work: Work, clients: int, seconds: float) -> dict[str, Any]:
    """Let the clients work for so long; what they did and how long each piece took."""
    latencies: list[float] = []
    done = 0
    until = time.perf_counter() + seconds

    async def client(seed: int) -> None:
        nonlocal done
        connection = Connection(port, token)
        await connection.open()
        chance = random.Random(seed)
        while (begun := time.perf_counter()) < until:
            pieces = await work(connection, chance)
            done += pieces
            latencies.append((time.perf_counter() - begun) * 1000)
        connection.writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client(seed) for seed in range(clients)))
    took = time.perf_counter() - started
    latencies.sort()
    at = lambda share: round(latencies[int(len(latencies) * share)], 2)  # noqa: E731
    return {"per_second": round(done / took), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99)}


def searching(total: int) -> Work:
    """Patient, code and date, newest first."""
    patients = max(1, total // PER_PATIENT)

    async def work(connection: Connection, chance: random.Random) -> int:
        patient, code = f"p{chance.randrange(patients)}", chance.choice(CODES)
        path = f"Observation?patient={patient}&code=http://loinc.org|{code}&date=ge2012-01-01"
        status, _, body = await connection.ask("GET", path + "&_sort=-date&_count=20")
        found = orjson.loads(body) if chance.random() < 0.02 else None
        assert status == 200, body
        if found is not None:
            for entry in found.get("entry", ()):
                assert entry["resource"]["subject"]["reference"] == f"Patient/{patient}"
                assert entry["resource"]["code"]["text"] == code
        return 1

    return work


def mixed(total: int) -> Work:
    """Of ten requests four reads, three creates, two updates, one search."""
    patients = max(1, total // PER_PATIENT)
    search = searching(total)

    async def work(connection: Connection, chance: random.Random) -> int:
        dice = chance.random()
        body = observation(
            f"p{chance.randrange(patients)}",
            "e1",
            chance.choice(CODES),
            "2024-05-01T10:00:00Z",
            120,
        )
        if dice < 0.4:
            path = f"Observation/b{chance.randrange(1, total + 1)}"
            status, _, _ = await connection.ask("GET", path)
        elif dice < 0.7:
            status, _, _ = await connection.ask("POST", "Observation", orjson.dumps(body))
        elif dice < 0.9:
            id_ = f"b{chance.randrange(1, total + 1)}"
            text = orjson.dumps({**body, "id": id_})
            status, _, _ = await connection.ask("PUT", f"Observation/{id_}", text)
        else:
            return await search(connection, chance)
        assert status in (200, 201), status
        return 1

    return work


def bundling(total: int, size: int = 100) -> Work:
    """Transactions of a hundred resources that refer to each other; counts resources."""

    async def work(connection: Connection, chance: random.Random) -> int:
        urn = f"urn:uuid:{chance.getrandbits(32):08x}-0000-4000-8000-{chance.getrandbits(48):012x}"
        entries: list[dict[str, Any]] = [
            {
                "fullUrl": urn,
                "resource": {"resourceType": "Patient", "name": [{"family": "Bench"}]},
                "request": {"method": "POST", "url": "Patient"},
            }
        ]
        for _ in range(size - 1):
            body = observation("x", "e1", chance.choice(CODES), "2024-05-01T10:00:00Z", 120)
            body["subject"]["reference"] = urn
            entries.append({"resource": body, "request": {"method": "POST", "url": "Observation"}})
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        status, _, answer = await connection.ask("POST", "", orjson.dumps(bundle))
        assert status == 200, answer
        return size

    return work


# ---------------------------------------------------------------- the house


def cpu_milliseconds(root: int) -> float:
    """CPU used so far by a process and all below it, the dead ones too."""
    total, tick = 0.0, 1000 / os.sysconf("SC_CLK_TCK")
    pending = [root]
    while pending:
        pid = pending.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15])) * tick
        pending += map(int, children)
    return total


async def make_token(settings: Settings) -> str:
    """A physician who sees all but restricted patients, so the policy has work to do."""
    async with open_house(settings) as house, house.database.transaction() as tx:
        roles = frozenset({"physician", "integrator"})
        await access.add_user(tx, access.SYSTEM, username="bench", display="Bench", roles=roles)
        return await access.issue_token(tx, access.SYSTEM, username="bench", name="bench")


def wait_until_ready(port: int) -> None:
    import httpx

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit("vesalius did not start")


def measure(folder: Path, count: int, clients: int, seconds: float) -> dict[str, Any]:
    """The whole run in a folder of its own."""
    postgres = EmbeddedPostgres(folder / "postgres", shared_buffers="1GB")
    url = postgres.start()
    settings = Settings(
        data_directory=folder,
        database_url=url,
        web_port=_free_port(),
        dicom_port=_free_port(),
        web_processes=2,
        dicom_processes=1,
    )
    environment = {**os.environ, **settings.environment()}
    try:
        subprocess.run([sys.executable, "-m", "vesalius.migrations"], env=environment, check=True)
        out: dict[str, Any] = {"observations": count, "load_seconds": round(load(url, count))}
        token = asyncio.run(make_token(settings))
        server = subprocess.Popen([sys.executable, "-m", "vesalius", "serve"], env=environment)
        try:
            wait_until_ready(settings.web_port)
            database = postgres._running_pid() or 0
            works = {"fhir_search": searching, "fhir_crud": mixed, "fhir_bundle": bundling}
            for name, make in works.items():
                work = make(count)
                asyncio.run(drive(settings.web_port, token, work, clients, 1.0))  # warm
                before = _cpu(server.pid, database)
                figures = asyncio.run(drive(settings.web_port, token, work, clients, seconds))
                used = [b - a for a, b in zip(before, _cpu(server.pid, database), strict=True)]
                pieces = max(1, figures["per_second"] * seconds)
                names = ("server_cpu", "postgres_cpu", "client_cpu")
                figures |= {n: round(u / pieces, 3) for n, u in zip(names, used, strict=True)}
                out[name] = figures
        finally:
            server.terminate()
            server.wait(60)
        return out
    finally:
        postgres.stop()


def _cpu(server: int, database: int) -> tuple[float, float, float]:
    return cpu_milliseconds(server), cpu_milliseconds(database), time.process_time() * 1000


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--observations", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vesalius-bench-") as folder:
        found = measure(Path(folder), chosen.observations, chosen.clients, chosen.seconds)
    print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
