"""Routing rules: what holds of a study, and who may say so."""

from dataclasses import replace

import pytest

from tests.care.builders import user
from vesalius.exchange import routing
from vesalius.exchange.routing import Rule
from vesalius.exchange.routing.rules import Subject, applies
from vesalius.kit.errors import Conflict, Forbidden, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access
from vesalius.stores.access import SYSTEM, Node

STUDY = Subject(
    modalities=frozenset({"CT", "SR"}),
    sources=frozenset({"CT1", "command line (ada)"}),
    description="CT Thorax mit KM",
    body_parts=frozenset({"CHEST"}),
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule("PACS2"), True),
        (Rule("PACS2", enabled=False), False),
        (Rule("PACS2", modality="SR"), True),
        (Rule("PACS2", modality="C"), False),
        (Rule("PACS2", calling_ae_title="CT1"), True),
        (Rule("PACS2", calling_ae_title="CT"), False),
        (Rule("PACS2", description="thorax"), True),
        (Rule("PACS2", description="abdomen"), False),
        (Rule("PACS2", body_part="CHEST"), True),
        (Rule("PACS2", body_part="HEAD"), False),
        (Rule("PACS2", modality="CT", description="THORAX", body_part="CHEST"), True),
        (Rule("PACS2", modality="CT", description="THORAX", body_part="HEAD"), False),
    ],
)
def test_applies(rule: Rule, expected: bool) -> None:
    assert applies(rule, STUDY) is expected


async def a_node(tx: Transaction, *may: str) -> None:
    await access.add_node(tx, SYSTEM, Node("PACS2", "127.0.0.1", 104, frozenset(may)))


class TestSiteData:
    async def test_added_changed_removed(self, tx: Transaction) -> None:
        await a_node(tx, "send")
        added = await routing.add_rule(tx, SYSTEM, Rule("PACS2", modality="ct", description=" a "))
        assert added == Rule("PACS2", modality="CT", description="a", id=added.id)
        assert await routing.list_rules(tx, SYSTEM) == [added]
        off = await routing.enable_rule(tx, SYSTEM, added.id, False)
        assert off == replace(added, enabled=False)
        await routing.remove_rule(tx, SYSTEM, added.id)
        assert await routing.list_rules(tx, SYSTEM) == []
        entries = await access.read_audit(tx, SYSTEM)
        actions = [e.action for e in entries if e.reference == f"routing_rule/{added.id}"]
        assert actions == ["D", "U", "C"]

    async def test_refused(self, tx: Transaction) -> None:
        with pytest.raises(NotFound):
            await routing.add_rule(tx, SYSTEM, Rule("PACS2"))
        await a_node(tx, "find")
        with pytest.raises(Conflict):
            await routing.add_rule(tx, SYSTEM, Rule("PACS2"))
        await access.change_node(tx, SYSTEM, "PACS2", may=frozenset({"send"}))
        with pytest.raises(Invalid):
            await routing.add_rule(tx, SYSTEM, Rule("PACS2", description="  "))
        with pytest.raises(NotFound):
            await routing.remove_rule(tx, SYSTEM, 12345)
        with pytest.raises(NotFound):
            await routing.enable_rule(tx, SYSTEM, 12345, True)

    async def test_permissions(self, tx: Transaction) -> None:
        await a_node(tx, "send")
        nobody = user(permissions=frozenset())
        with pytest.raises(Forbidden):
            await routing.list_rules(tx, nobody)
        with pytest.raises(Forbidden):
            await routing.add_rule(tx, nobody, Rule("PACS2"))
