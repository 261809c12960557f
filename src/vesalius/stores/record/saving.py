"""Writing versions and their index rows: one statement for any number of resources.

New resources and changed ones each take one round trip. An update touches only the index rows
that differ: tokens by set difference, the other kinds when their fingerprint changed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from vesalius.kit.transaction import Transaction
from vesalius.kit.workers import Workers
from vesalius.stores.record.hashing import resource_key
from vesalius.stores.record.indexing import Index
from vesalius.stores.record.rows import Row

NUMBERS_AT_ONCE = 1000  # the increment of the sequence record_number


@dataclass(frozen=True, slots=True)
class Write:
    """One version to be stored. `old` is the locked row it replaces, None for a new resource."""

    resource_type: str
    id: str
    version: int
    body: bytes | None
    index: Index
    old: Row | None = None
    projected: bool = False
    deleted: bool = False


class _Numbers:
    """A block of numbers of one process; what is left at its end is never used."""

    def __init__(self) -> None:
        self.next = 0
        self.end = 0


_numbers: WeakKeyDictionary[Workers, _Numbers] = WeakKeyDictionary()


async def save(tx: Transaction, writes: Sequence[Write], *, now: datetime) -> None:
    """Store these versions; each (type, id) at most once."""
    new = [w for w in writes if w.old is None]
    changed = [w for w in writes if w.old is not None]
    if new:
        await _insert(tx, new, now)
    if changed:
        await _replace(tx, changed, now)


async def _take_numbers(tx: Transaction, count: int) -> list[int]:
    # Workers stand for the open house here: one block for each database a process works on.
    block = _numbers.setdefault(tx.workers, _Numbers())
    out: list[int] = []
    while len(out) < count:
        if block.next == block.end:
            first = await tx.fetch_value("SELECT nextval('record_number')")
            # Another task may have fetched a block meanwhile: one of the two is left unused.
            block.next, block.end = first, first + NUMBERS_AT_ONCE
        take = min(count - len(out), block.end - block.next)
        out += range(block.next, block.next + take)
        block.next += take
    return out


_RESOURCE_COLUMNS = (
    "number, key, resource_type, id, version, deleted, projected, patient_reference,"
    " other_patients, body, tokens, present, digests"
)
_RESOURCES = """
    unnest(%(number)s::bigint[], %(key)s::bigint[], %(resource_type)s::text[], %(id)s::text[],
        %(version)s::integer[], %(deleted)s::boolean[], %(projected)s::boolean[],
        %(patient_reference)s::text[], %(other_patients)s::text[], %(body)b::bytea[],
        %(tokens)s::text[], %(present)s::text[], %(digests)s::text[])
"""
_ADD_INDEX = """
add_tokens AS (
    INSERT INTO record_token (hash, resource, patient)
    SELECT * FROM unnest(%(t1)s::bigint[], %(t2)s::bigint[], %(t3)s::bigint[])),
add_references AS (
    INSERT INTO record_reference (resource, parameter, target)
    SELECT * FROM unnest(%(r1)s::bigint[], %(r2)s::integer[], %(r3)s::bigint[])),
add_strings AS (
    INSERT INTO record_string (resource, parameter, value, exact)
    SELECT * FROM unnest(%(s1)s::bigint[], %(s2)s::integer[], %(s3)s::text[], %(s4)s::text[])),
add_dates AS (
    INSERT INTO record_date (resource, patient, parameter, lowest, highest)
    SELECT * FROM unnest(%(d1)s::bigint[], %(d2)s::bigint[], %(d3)s::integer[],
        %(d4)s::bigint[], %(d5)s::bigint[])),
add_quantities AS (
    INSERT INTO record_quantity (resource, parameter, lowest, highest, system, code, unit)
    SELECT * FROM unnest(%(q1)s::bigint[], %(q2)s::integer[], %(q3)s::numeric[],
        %(q4)s::numeric[], %(q5)s::text[], %(q6)s::text[], %(q7)s::text[]))
"""
_INSERT = f"""
WITH {_ADD_INDEX}
INSERT INTO record_resource ({_RESOURCE_COLUMNS}, last_updated)
SELECT number, key, resource_type, id, version, deleted, projected, patient_reference,
    other_patients::text[], body, tokens::bigint[], present::integer[], digests::bigint[], %(now)s
FROM {_RESOURCES} AS new ({_RESOURCE_COLUMNS})
"""
_REPLACE = f"""
WITH changed AS MATERIALIZED (
    SELECT * FROM {_RESOURCES} AS changed ({_RESOURCE_COLUMNS})),
keep AS (
    INSERT INTO record_history (key, version, resource_type, id, last_updated, deleted,
        patient_reference, other_patients, body)
    SELECT r.key, r.version, r.resource_type, r.id, r.last_updated, r.deleted,
        r.patient_reference, r.other_patients, r.body
    FROM record_resource r JOIN changed USING (number)
    -- A projection's versions enter the history when they settle (keep_version).
    WHERE NOT r.projected),
remove_tokens AS (
    DELETE FROM record_token t
    USING unnest(%(x1)s::bigint[], %(x2)s::bigint[]) AS gone (hash, resource)
    WHERE t.hash = gone.hash AND t.resource = gone.resource),
move_tokens AS (
    UPDATE record_token t SET patient = moved.patient
    FROM unnest(%(m1)s::bigint[], %(m2)s::bigint[], %(m3)s::bigint[])
        AS moved (hash, resource, patient)
    WHERE t.hash = moved.hash AND t.resource = moved.resource),
remove_references AS (DELETE FROM record_reference WHERE resource = ANY(%(y1)s::bigint[])),
remove_strings AS (DELETE FROM record_string WHERE resource = ANY(%(y2)s::bigint[])),
remove_dates AS (DELETE FROM record_date WHERE resource = ANY(%(y3)s::bigint[])),
remove_quantities AS (DELETE FROM record_quantity WHERE resource = ANY(%(y4)s::bigint[])),
{_ADD_INDEX}
UPDATE record_resource r SET version = c.version, deleted = c.deleted, projected = c.projected,
    patient_reference = c.patient_reference, other_patients = c.other_patients::text[],
    body = c.body, tokens = c.tokens::bigint[], present = c.present::integer[],
    digests = c.digests::bigint[], last_updated = %(now)s
FROM changed c WHERE r.number = c.number
"""


async def _insert(tx: Transaction, writes: Sequence[Write], now: datetime) -> None:
    numbers = await _take_numbers(tx, len(writes))
    batch = _Batch(now)
    for write, number in zip(writes, numbers, strict=True):
        batch.add_resource(write, number)
        batch.add_tokens(write.index.tokens, number, write.index.patient)
        for group in range(4):
            batch.add_group(group, write.index, number)
    await tx.execute(_INSERT, batch.parameters())


async def _replace(tx: Transaction, writes: Sequence[Write], now: datetime) -> None:
    batch = _Batch(now)
    for write in writes:
        if write.old is not None:
            _add_changes(batch, write, write.old)
    await tx.execute(_REPLACE, batch.parameters())


def _add_changes(batch: "_Batch", write: Write, old: Row) -> None:
    batch.add_resource(write, old.number)
    before, after = set(old.tokens), set(write.index.tokens)
    patient = write.index.patient
    batch.remove_tokens(before - after, old.number)
    batch.add_tokens(after - before, old.number, patient)
    if old.patients != list(write.index.patients):
        batch.move_tokens(before & after, old.number, patient)
    digests = write.index.digests
    for group in range(4):
        was = old.digests[group] if old.digests else None
        if was != digests[group]:
            batch.cleared[group].append(old.number)
            batch.add_group(group, write.index, old.number)


class _Batch:
    """The arrays of one statement."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.resources: list[tuple[Any, ...]] = []
        self.tokens: list[tuple[int, int, int]] = []
        self.groups: list[list[tuple[Any, ...]]] = [[], [], [], []]
        self.removed: list[tuple[int, int]] = []
        self.moved: list[tuple[int, int, int]] = []
        self.cleared: list[list[int]] = [[], [], [], []]

    def add_resource(self, write: Write, number: int) -> None:
        index = write.index
        patients = index.patients
        self.resources.append(
            (
                number,
                resource_key(f"{write.resource_type}/{write.id}"),
                write.resource_type,
                write.id,
                write.version,
                write.deleted,
                write.projected,
                patients[0] if patients else None,
                # Ids hold letters, digits, - and . only, so they need no quoting here.
                _literal(patients[1:]) if len(patients) > 1 else None,
                write.body,
                _literal(index.tokens),
                _literal(index.present),
                _literal(index.digests),
            )
        )

    def add_tokens(self, hashes: Iterable[int], number: int, patient: int) -> None:
        self.tokens += [(h, number, patient) for h in hashes]

    def remove_tokens(self, hashes: Iterable[int], number: int) -> None:
        self.removed += [(h, number) for h in hashes]

    def move_tokens(self, hashes: Iterable[int], number: int, patient: int) -> None:
        self.moved += [(h, number, patient) for h in hashes]

    def add_group(self, group: int, index: Index, number: int) -> None:
        rows = self.groups[group]
        if group == 0:
            rows += [(number, *row) for row in index.references]
        elif group == 1:
            rows += [(number, *row) for row in index.strings]
        elif group == 2:
            patient = index.patient
            rows += [(number, patient, *row) for row in index.dates]
        else:
            rows += [(number, *row) for row in index.quantities]

    def parameters(self) -> dict[str, Any]:
        """Column by column, as the statements name them: array literals, but for the bodies.

        Writing the literals here costs a third of what the driver's array dumpers take.
        """
        out: dict[str, Any] = {"now": self.now}
        names = [n.strip() for n in _RESOURCE_COLUMNS.split(",")]
        columns = zip(names, _columns(self.resources, len(names)), strict=True)
        out |= {n: list(c) if n == "body" else _WRITERS[n](c) for n, c in columns}
        tables = (
            ("t", self.tokens, "nnn"),
            ("r", self.groups[0], "nnn"),
            ("s", self.groups[1], "nntt"),
            ("d", self.groups[2], "nnnnn"),
            ("q", self.groups[3], "nnnnttt"),
            ("x", self.removed, "nn"),
            ("m", self.moved, "nnn"),
        )
        for letter, rows, kinds in tables:
            columns = zip(kinds, _columns(rows, len(kinds)), strict=True)
            for place, (kind, column) in enumerate(columns, start=1):
                out[f"{letter}{place}"] = _literal(column) if kind == "n" else _texts(column)
        for place, numbers in enumerate(self.cleared, start=1):
            out[f"y{place}"] = _literal(numbers)
        return out


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _literal(items: Iterable[Any]) -> str:
    """An array of numbers, booleans, ids: what holds no quotes."""
    return "{" + ",".join(map(str, items)) + "}"


def _texts(items: Iterable[str | None]) -> str:
    """An array of any strings."""
    return "{" + ",".join(map(_quoted, items)) + "}"


def _quoted(text: str | None) -> str:
    if text is None:
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_TEXT_COLUMNS = ("patient_reference", "other_patients", "tokens", "present", "digests")
_WRITERS = {
    name.strip(): _texts if name.strip() in _TEXT_COLUMNS else _literal
    for name in _RESOURCE_COLUMNS.split(",")
}
