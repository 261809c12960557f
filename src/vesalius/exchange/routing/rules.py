"""Routing rules: which studies go on to which node by themselves. Site data, as nodes are."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Any

from vesalius.exchange.routing.sending import recipient
from vesalius.kit.errors import Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access import Principal, require

COLUMNS = "id, ae_title, modality, calling_ae_title, description, body_part, enabled"
TEXT_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Rule:
    """A destination, and what must hold of a study that is sent there; None asks nothing."""

    ae_title: str
    modality: str | None = None
    """One of the study's modalities, such as CT."""
    calling_ae_title: str | None = None
    """A node that stored some of the study."""
    description: str | None = None
    """Part of the Study Description, without regard to case."""
    body_part: str | None = None
    """Body Part Examined of one of its series."""
    enabled: bool = True
    id: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What rules ask of a study."""

    modalities: Set[str]
    sources: Set[str]
    description: str
    body_parts: Set[str]


def applies(rule: Rule, study: Subject) -> bool:
    """Whether all that a rule asks holds of a study."""
    return (
        rule.enabled
        and (rule.modality is None or rule.modality in study.modalities)
        and (rule.calling_ae_title is None or rule.calling_ae_title in study.sources)
        and (
            rule.description is None or rule.description.casefold() in study.description.casefold()
        )
        and (rule.body_part is None or rule.body_part in study.body_parts)
    )


async def add_rule(tx: Transaction, principal: Principal | None, rule: Rule) -> Rule:
    """Add a rule; it holds for studies that are complete from now on.

    Raises NotFound when its node is unknown, Conflict when images may not be sent there.
    """
    principal = require(principal, "node.manage")
    node = await recipient(tx, rule.ae_title)
    rule = replace(
        rule,
        ae_title=node.ae_title,
        modality=_code(rule.modality, "a modality"),
        calling_ae_title=_text(rule.calling_ae_title, "an AE title"),
        description=_text(rule.description, "a description"),
        body_part=_code(rule.body_part, "a body part"),
    )
    id = await tx.fetch_value(
        "INSERT INTO routing_rule"
        " (ae_title, modality, calling_ae_title, description, body_part, enabled, changed)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (
            rule.ae_title,
            rule.modality,
            rule.calling_ae_title,
            rule.description,
            rule.body_part,
            rule.enabled,
            tx.now,
        ),
    )
    rule = replace(rule, id=id)
    await _audit(tx, principal, "C", rule)
    return rule


async def list_rules(tx: Transaction, principal: Principal | None) -> list[Rule]:
    """Every rule, the oldest first."""
    require(principal, "node.read")
    rows = await tx.fetch_all(f"SELECT {COLUMNS} FROM routing_rule ORDER BY id")
    return [Rule(**row) for row in rows]


async def enable_rule(tx: Transaction, principal: Principal | None, id: int, enabled: bool) -> Rule:
    """Have a rule hold, or not for now. Raises NotFound."""
    principal = require(principal, "node.manage")
    row = await tx.fetch_one(
        f"UPDATE routing_rule SET enabled = %s, changed = %s WHERE id = %s RETURNING {COLUMNS}",
        (enabled, tx.now, id),
    )
    return await _changed(tx, principal, "U", row)


async def remove_rule(tx: Transaction, principal: Principal | None, id: int) -> Rule:
    """Forget a rule, and what was sent by it. Raises NotFound."""
    principal = require(principal, "node.manage")
    row = await tx.fetch_one(f"DELETE FROM routing_rule WHERE id = %s RETURNING {COLUMNS}", (id,))
    return await _changed(tx, principal, "D", row)


async def _changed(
    tx: Transaction, principal: Principal, action: audit.Action, row: dict[str, Any] | None
) -> Rule:
    if row is None:
        raise NotFound("there is no such routing rule")
    rule = Rule(**row)
    await _audit(tx, principal, action, rule)
    return rule


async def _audit(tx: Transaction, principal: Principal, action: audit.Action, rule: Rule) -> None:
    await audit.record(
        tx,
        principal,
        action,
        audit.kinds.SECURITY_ALERT,
        reference=f"routing_rule/{rule.id}",
        detail={
            "node": rule.ae_title,
            "modality": rule.modality,
            "calling_ae_title": rule.calling_ae_title,
            "description": rule.description,
            "body_part": rule.body_part,
            "enabled": rule.enabled,
        },
    )


def _text(text: str | None, what: str) -> str | None:
    if text is None:
        return None
    text = text.strip()
    if not text or len(text) > TEXT_CHARACTERS or not text.isprintable():
        raise Invalid(f"{what} in a rule has 1 to {TEXT_CHARACTERS} printable characters")
    return text


def _code(text: str | None, what: str) -> str | None:
    """A code string (VR CS), which is upper case."""
    text = _text(text, what)
    return text.upper() if text else None
