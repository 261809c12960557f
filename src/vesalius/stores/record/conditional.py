"""Conditional create, update and delete: the resource is named by a search (R4 §3.1.0.8.1).

Who asks the same condition waits for the other to commit (an advisory lock on the condition), so
that concurrent conditional creates make one resource.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from vesalius.kit.errors import Invalid
from vesalius.kit.ids import new_id
from vesalius.kit.transaction import Transaction
from vesalius.stores import access
from vesalius.stores.access import SYSTEM, Principal
from vesalius.stores.record.hashing import resource_key
from vesalius.stores.record.model import Parameters, PreconditionFailed, Version
from vesalius.stores.record.query import is_known
from vesalius.stores.record.reading import look
from vesalius.stores.record.rows import lock_names
from vesalius.stores.record.searching import find_keys
from vesalius.stores.record.types import require_type
from vesalius.stores.record.writing import Deed, Done, perform

MOST_DELETED = 100


async def create_if_none(
    tx: Transaction,
    principal: Principal,
    resource_type: str,
    body: Mapping[str, Any],
    condition: str,
    *,
    id: str | None = None,
) -> Done:
    """Create unless the condition finds one; `created` tells which.

    Raises PreconditionFailed when it finds several.
    """
    found = await match_one(tx, principal, resource_type, condition)
    if found is not None:
        return Done(await look(tx, principal, resource_type, found))
    [done] = await perform(tx, principal, [Deed("create", resource_type, id or new_id(), body)])
    return done


async def update_if(
    tx: Transaction,
    principal: Principal,
    resource_type: str,
    body: Mapping[str, Any],
    condition: str,
    *,
    if_match: int | None = None,
) -> Done:
    """Update the one the condition finds; create when there is none."""
    found = await match_one(tx, principal, resource_type, condition)
    deed = updating(resource_type, body, found, if_match=if_match)
    [done] = await perform(tx, principal, [deed])
    return done


def updating(
    resource_type: str,
    body: Mapping[str, Any],
    found: str | None,
    *,
    new: str | None = None,
    if_match: int | None = None,
) -> Deed:
    """What a conditional update does, given what its condition found (R4 §3.1.0.4.3)."""
    given = body.get("id")
    if found is None:
        if given is None:
            return Deed("create", resource_type, new or new_id(), body)
        return Deed("update", resource_type, given, body, if_match=if_match)
    if given not in (None, found):
        raise Invalid("the id in the body is not that of the resource the condition finds")
    return Deed("update", resource_type, found, {**body, "id": found}, if_match=if_match)


async def delete_if(
    tx: Transaction,
    principal: Principal,
    resource_type: str,
    condition: str,
    *,
    several: bool = False,
) -> list[Version]:
    """Delete what the condition finds: one, or (when asked) up to a hundred."""
    access.require(principal, f"record.write:{resource_type}")
    parameters = condition_parameters(resource_type, condition)
    most = MOST_DELETED if several else 1
    rows = await find_keys(tx, principal, resource_type, parameters, most + 1)
    if len(rows) > most:
        raise PreconditionFailed(f"the condition finds more than {most} resources")
    deeds = [Deed("delete", resource_type, row["id"]) for row in rows]
    done = await perform(tx, principal, deeds) if deeds else []
    return [d.version for d in done if d.version is not None]


async def match_one(
    tx: Transaction, principal: Principal, resource_type: str, condition: str, *, lock: bool = True
) -> str | None:
    """The id of the one resource a condition finds. Raises PreconditionFailed for several.

    A condition that finds only what the principal may not see is refused too: otherwise a
    second resource would be made beside the hidden one.
    """
    parameters = condition_parameters(resource_type, condition)
    if lock:
        await lock_names(tx, [resource_key(f"{resource_type}?{sorted(parameters)!r}")])
    rows = await find_keys(tx, SYSTEM, resource_type, parameters, 3)
    if len(rows) > 1:
        raise PreconditionFailed("the condition finds more than one resource")
    if not rows:
        return None
    seen = await find_keys(tx, principal, resource_type, parameters, 2)
    if not seen:
        raise PreconditionFailed("the condition finds more than one resource")
    found: str = rows[0]["id"]
    return found


def condition_parameters(resource_type: str, condition: str) -> Parameters:
    """The criteria of a condition. Raises Invalid when it has none: that would be everything."""
    require_type(resource_type)
    _, mark, query = condition.rpartition("?")
    pairs: Sequence[tuple[str, str]] = parse_qsl(query if mark else condition)
    if not any(is_known(resource_type, name) for name, _ in pairs):
        raise Invalid("a condition needs at least one search parameter")
    return pairs
