"""Creating, updating and deleting resources, one or many in one statement.

References are not required to exist (as HAPI's default and most servers: systems send in any
order); inside a transaction bundle `urn:uuid:` and conditional references must resolve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vesalius.kit.errors import Invalid, NotFound
from vesalius.kit.ids import new_id
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.standards.fhir import Issue, is_id
from vesalius.stores import access, audit
from vesalius.stores.access import Principal
from vesalius.stores.record.confidentiality import follow_label
from vesalius.stores.record.events import ResourceChanged
from vesalius.stores.record.hashing import resource_key
from vesalius.stores.record.indexing import index
from vesalius.stores.record.model import PreconditionFailed, Rejected, Version
from vesalius.stores.record.policy import require_patients, visible
from vesalius.stores.record.projections import of_patients, require_not_projected
from vesalius.stores.record.rows import Row, lock_names, lock_rows
from vesalius.stores.record.saving import Write, save
from vesalius.stores.record.stamping import base_address, stamp, written_at
from vesalius.stores.record.types import audit_kind, require_type

Verb = Literal["create", "update", "delete"]
ACTIONS: dict[Verb, audit.Action] = {"create": "C", "update": "U", "delete": "D"}


@dataclass(frozen=True, slots=True)
class Deed:
    """One change asked for. `id` is what the resource is or will be called."""

    verb: Verb
    resource_type: str
    id: str
    body: Mapping[str, Any] | None = None
    if_match: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """One change made. `version` is None when there was nothing to delete any more."""

    version: Version | None
    created: bool = False


async def create(
    tx: Transaction,
    principal: Principal,
    resource_type: str,
    body: Mapping[str, Any],
    *,
    id: str | None = None,
    if_none_exist: str | None = None,
) -> Version:
    """Store a new resource; an `id` in the body is ignored, one given here is taken.

    With `if_none_exist` (a search) the resource that it finds is returned instead. Raises
    Rejected when the body breaks its definition, NotFound when its patient is hidden.
    """
    if if_none_exist is not None:
        from vesalius.stores.record.conditional import create_if_none

        done = await create_if_none(tx, principal, resource_type, body, if_none_exist)
        return _made(done)
    deed = Deed("create", resource_type, id or new_id(), body)
    [done] = await perform(tx, principal, [deed])
    return _made(done)


async def update(
    tx: Transaction,
    principal: Principal,
    resource_type: str,
    id: str,
    body: Mapping[str, Any],
    *,
    if_match: int | None = None,
) -> tuple[Version, bool]:
    """Store a new version, or the first under this id; the version and whether it is the first.

    Raises PreconditionFailed when the current version is not `if_match`.
    """
    [done] = await perform(
        tx, principal, [Deed("update", resource_type, id, body, if_match=if_match)]
    )
    return _made(done), done.created


async def delete(
    tx: Transaction,
    principal: Principal,
    resource_type: str,
    id: str,
    *,
    if_match: int | None = None,
) -> Version | None:
    """Delete a resource; the version that says so, or None when it was deleted before.

    Raises NotFound when there never was one, or none that the principal may see.
    """
    [done] = await perform(tx, principal, [Deed("delete", resource_type, id, if_match=if_match)])
    return done.version


def _made(done: Done) -> Version:
    assert done.version is not None
    return done.version


async def perform(
    tx: Transaction, principal: Principal, deeds: Sequence[Deed], *, act: str | None = None
) -> list[Done]:
    """Do these changes, each to another resource; all or (by raising) none.

    `act` names the bundle they came in; then the trail tells them together, by patient.
    """
    for deed in deeds:
        access.require(principal, f"record.write:{deed.resource_type}")
        _require_sound(deed)
    rows = await _lock(tx, principal, deeds)
    writes: list[Write | None] = []
    patients: set[str] = set()
    for deed in deeds:
        row = rows.get((deed.resource_type, deed.id))
        _require_state(deed, row)
        write = _write(tx, deed, row)
        writes.append(write)
        if write is not None:
            patients.update(write.index.patients)
    await require_patients(tx, principal, patients)
    now = written_at(tx)
    await save(tx, [w for w in writes if w is not None], now=now)
    done = [_done(write, now) for write in writes]
    for deed, write in zip(deeds, writes, strict=True):
        if deed.resource_type == "Patient" and write is not None and not write.deleted:
            await follow_label(tx, principal, deed.id, write.old, deed.body or {})
    _announce(tx, done)
    await _note(tx, principal, deeds, done, act)
    return done


def _require_sound(deed: Deed) -> None:
    """Raises Rejected, Invalid or NotFound when the change makes no sense whatever is stored."""
    require_type(deed.resource_type)
    if not is_id(deed.id):
        raise Invalid("an id is 1 to 64 letters, digits, hyphens and points")
    if deed.verb == "delete":
        return
    issues = fhir.validate(deed.body, resource_type=deed.resource_type)
    if issues:
        raise Rejected(issues, about=deed.body)
    if deed.verb == "update" and (deed.body or {}).get("id") != deed.id:
        where = f"{deed.resource_type}.id"
        issue = Issue("error", "value", "the id must be the one in the address", where)
        raise Rejected([issue], about=deed.body)


async def _lock(
    tx: Transaction, principal: Principal, deeds: Sequence[Deed]
) -> dict[tuple[str, str], Row]:
    """The rows that stand now, locked; names that have none are locked too, for who comes first."""
    names = [(d.resource_type, d.id) for d in deeds if d.verb != "create"]
    if not names:
        return {}
    policy = visible(principal, "r")
    rows = await lock_rows(tx, names, policy)
    missing = [n for n in names if n not in rows]
    if missing:
        await lock_names(tx, [resource_key(f"{kind}/{id_}") for kind, id_ in missing])
        rows |= await lock_rows(tx, missing, policy)
    return rows


def _require_state(deed: Deed, row: Row | None) -> None:
    """Raises when the change does not fit what is stored."""
    if row is not None and not row.visible:
        raise NotFound(f"there is no {deed.resource_type}/{deed.id}")
    if row is not None:
        require_not_projected(row)
    if deed.verb == "delete" and row is None:
        raise NotFound(f"there is no {deed.resource_type}/{deed.id}")
    current = None if row is None or row.deleted else row.version
    if deed.if_match is not None and deed.if_match != current:
        raise PreconditionFailed(
            f"the current version is {current}" if current else "there is no current version"
        )


def _write(tx: Transaction, deed: Deed, row: Row | None) -> Write | None:
    version = 1 if row is None else row.version + 1
    kind, id_ = deed.resource_type, deed.id
    if deed.verb == "delete":
        if row is None or row.deleted:
            return None
        nothing = of_patients(row.patients)
        return Write(kind, id_, version, None, nothing, old=row, deleted=True)
    body = stamp(kind, id_, version, written_at(tx), deed.body or {})
    return Write(kind, id_, version, fhir.write(body), index(body, base_address(tx)), old=row)


def _done(write: Write | None, now: Any) -> Done:
    if write is None:
        return Done(None)
    patients = write.index.patients
    version = Version(
        write.resource_type,
        write.id,
        write.version,
        now,
        write.body or b"",
        patients[0] if patients else None,
        write.deleted,
    )
    created = not write.deleted and (write.old is None or write.old.deleted)
    return Done(version, created)


def _announce(tx: Transaction, done: Sequence[Done]) -> None:
    for one in done:
        v = one.version
        if v is not None:
            tx.announce(ResourceChanged(v.resource_type, v.id, v.version, v.patient_reference))


async def _note(
    tx: Transaction,
    principal: Principal,
    deeds: Sequence[Deed],
    done: Sequence[Done],
    act: str | None,
) -> None:
    """One line in the trail a change; of a bundle one for each patient and kind of change."""
    groups: dict[tuple[str, str | None], list[Version]] = {}
    for deed, one in zip(deeds, done, strict=True):
        if one.version is not None:
            verb: Verb = "create" if one.created else deed.verb
            group = (ACTIONS[verb], one.version.patient_reference)
            groups.setdefault(group, []).append(one.version)
    for (action, patient), versions in groups.items():
        detail: dict[str, Any] = {"version": versions[0].version}
        reference = versions[0].reference
        if len(versions) > 1:
            reference, detail = act or "Bundle", {"resources": [v.reference for v in versions]}
        await audit.record(
            tx,
            principal,
            action,  # type: ignore[arg-type]
            audit_kind(versions[0].resource_type, patient),
            reference=reference,
            patient_reference=patient,
            detail=detail,
        )
