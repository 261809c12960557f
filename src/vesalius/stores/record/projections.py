"""Resources whose body is composed on read from another room's rows (ImagingStudy).

The record holds their index rows, so searches, includes and the policy treat them as any other.
Their `version` grows when an indexed value changes; a version's body enters the history when
its owner says that it settled.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vesalius.kit.errors import Conflict, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.stores.record.events import ResourceChanged
from vesalius.stores.record.hashing import digest, resource_key
from vesalius.stores.record.indexing import NOTHING, Index, index
from vesalius.stores.record.model import Version
from vesalius.stores.record.rows import Row, lock_names, lock_rows
from vesalius.stores.record.saving import Write, save
from vesalius.stores.record.stamping import base_address, stamp, written_at

Compose = Callable[[Transaction, str], Awaitable[dict[str, Any]]]

_compose: dict[str, Compose] = {}


def register_projection(resource_type: str, compose: Compose) -> None:
    """Say who composes bodies of this type; called once when the house is wired.

    `compose(tx, id)` SHALL return the whole resource, without asking who reads it: the record
    has asked. It SHALL raise NotFound when its rows are gone.
    """
    _compose[resource_type] = compose


async def composed(tx: Transaction, version: Version) -> Version:
    """This version with the body its owner composes."""
    body = await _compose[version.resource_type](tx, version.id)
    stamped = stamp(version.resource_type, version.id, version.version, version.last_updated, body)
    return replace(version, body=fhir.write(stamped))


async def compose_all(
    tx: Transaction, rows: Sequence[dict[str, Any]], versions: Sequence[Version]
) -> list[Version]:
    """Versions of search rows, bodies composed where they are projections."""
    out = []
    for row, version in zip(rows, versions, strict=True):
        projected = row["projected"] and not version.deleted
        out.append(await composed(tx, version) if projected else version)
    return out


async def project(
    tx: Transaction,
    resource_type: str,
    id: str,
    indexed_body: Mapping[str, Any],
    *,
    patient_reference: str | None,
    remove: bool = False,
) -> int:
    """Bring the index rows of a projected resource up to date; the version it has now.

    `indexed_body` holds the elements that searches find it by, and whatever else shall make a
    new version (and ETag) when it changes, such as counts. Nothing is written when it is equal
    to the last one. Raises Conflict when a client stored a resource under this id.
    """
    row = await _own_row(tx, resource_type, id)
    if remove:
        return await _remove(tx, row) if row is not None and not row.deleted else 0
    patients = [] if patient_reference is None else [patient_reference]
    body = {**indexed_body, "resourceType": resource_type, "id": id}
    wanted = index(body, base_address(tx), patients=patients)
    if row is not None and not row.deleted and _same(row, wanted):
        return await _refresh(tx, row, body)
    version = 1 if row is None else row.version + 1
    write = Write(resource_type, id, version, None, wanted, old=row, projected=True)
    await save(tx, [write], now=written_at(tx))
    await _remember(tx, resource_type, id, body)
    tx.announce(ResourceChanged(resource_type, id, version, patient_reference))
    return version


async def keep_version(
    tx: Transaction, resource_type: str, id: str, body: Mapping[str, Any]
) -> int:
    """Put this body into the history as the current version; its number.

    When the history holds the current version already, this makes a new one.
    """
    row = await _own_row(tx, resource_type, id)
    if row is None or row.deleted:
        raise NotFound(f"there is no {resource_type}/{id}")
    now = written_at(tx)
    kept = await tx.fetch_value(
        "SELECT true FROM record_history WHERE key = %s AND version = %s", (row.key, row.version)
    )
    version = row.version + 1 if kept else row.version
    stamped = stamp(resource_type, id, version, now, body)
    await tx.execute(
        "INSERT INTO record_history (key, version, resource_type, id, last_updated, deleted,"
        " patient_reference, other_patients, body) VALUES (%s, %s, %s, %s, %s, false, %s, %s, %s)",
        (
            *(row.key, version, resource_type, id, now),
            *(row.patient_reference, row.other_patients, fhir.write(stamped)),
        ),
    )
    await tx.execute(
        "UPDATE record_resource SET version = %s, last_updated = %s WHERE number = %s",
        (version, now, row.number),
    )
    tx.announce(ResourceChanged(resource_type, id, version, row.patient_reference))
    return version


def require_not_projected(row: Row) -> None:
    """Raises Conflict for a resource that is composed from the archive: it is changed there."""
    if row.projected:
        raise Conflict(
            f"this {row.resource_type} is made from images in the archive; correct it there"
        )


async def _own_row(tx: Transaction, resource_type: str, id: str) -> Row | None:
    rows = await lock_rows(tx, [(resource_type, id)])
    if not rows:
        await lock_names(tx, [resource_key(f"{resource_type}/{id}")])
        rows = await lock_rows(tx, [(resource_type, id)])
    row = rows.get((resource_type, id))
    if row is not None and not row.projected:
        raise Conflict(f"a client stored its own {resource_type} under this id")
    return row


async def _remove(tx: Transaction, row: Row) -> int:
    version = row.version + 1
    write = Write(
        row.resource_type,
        row.id,
        version,
        None,
        of_patients(row.patients),
        old=row,
        projected=True,
        deleted=True,
    )
    await save(tx, [write], now=written_at(tx))
    tx.announce(ResourceChanged(row.resource_type, row.id, version, row.patient_reference))
    return version


async def _refresh(tx: Transaction, row: Row, body: Mapping[str, Any]) -> int:
    """A new version without new index rows, when anything else of the body changed."""
    mark = _mark(body)
    if row.digests[4:] == [mark]:
        return row.version
    await tx.execute(
        "UPDATE record_resource SET version = version + 1, last_updated = %s,"
        " digests = digests[1:4] || %s::bigint WHERE number = %s",
        (written_at(tx), mark, row.number),
    )
    return row.version + 1


async def _remember(tx: Transaction, resource_type: str, id: str, body: Mapping[str, Any]) -> None:
    await tx.execute(
        "UPDATE record_resource SET digests = digests[1:4] || %s::bigint WHERE key = %s",
        (_mark(body), resource_key(f"{resource_type}/{id}")),
    )


def _mark(body: Mapping[str, Any]) -> int:
    return digest(fhir.write(body))


def _same(row: Row, wanted: Index) -> bool:
    return (
        tuple(row.tokens) == wanted.tokens
        and row.digests[:4] == wanted.digests
        and row.patients == list(wanted.patients)
    )


def of_patients(patients: Sequence[str]) -> Index:
    """No index rows, but still part of these records: a deletion stays hidden with its patient."""
    return replace(NOTHING, patients=tuple(patients))
