"""Nodes: admission by AE title and address, and the list of those refused."""

from dataclasses import replace

import pytest

from tests.stores.access.people import somebody
from vesalius.app import House
from vesalius.kit.errors import Conflict, Forbidden, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access
from vesalius.stores.access import Node, admission

CT = Node(ae_title="CT1", host="192.0.2.10", port=104, may=frozenset({"store", "worklist"}))


class TestAdmission:
    async def test_a_node_may_what_its_row_says(self, tx: Transaction) -> None:
        await access.add_node(tx, access.SYSTEM, CT)
        principal = await access.node_principal(tx, calling_ae_title=" CT1 ", address="192.0.2.10")
        assert (principal.kind, principal.name) == ("node", "CT1")
        assert principal.sees_all_patients
        assert not principal.sees_restricted
        for permission in ("study.store", "worklist.read", "node.may:store", "node.may:worklist"):
            assert access.permits(principal, permission)
        for permission in ("study.read", "worklist.report", "node.may:find", "node.manage"):
            assert not access.permits(principal, permission)

    @pytest.mark.parametrize(
        ("ae_title", "address"),
        [
            ("CT2", "192.0.2.10"),
            ("ct1", "192.0.2.10"),
            ("CT1", "192.0.2.11"),
            ("CT1", "not an address"),
            ("", "192.0.2.10"),
            ("' OR '1'='1", "192.0.2.10"),
        ],
    )
    async def test_strangers_are_refused(
        self, tx: Transaction, ae_title: str, address: str
    ) -> None:
        await access.add_node(tx, access.SYSTEM, CT)
        with pytest.raises(Forbidden):
            await access.node_principal(tx, calling_ae_title=ae_title, address=address)

    @pytest.mark.parametrize(
        ("address_range", "address", "admitted"),
        [
            ("10.1.0.0/16, 192.0.2.0/24", "10.1.99.1", True),
            ("10.1.0.0/16, 192.0.2.0/24", "192.0.2.255", True),
            ("10.1.0.0/16", "10.2.0.1", False),
            ("10.1.0.0/16", "::ffff:10.1.2.3", True),
            ("2001:db8::/32", "2001:db8::1", True),
            ("any", "203.0.113.5", True),
            ("any", "2001:db8::1", True),
            (None, "192.0.2.10", True),
            (None, "::ffff:192.0.2.10", True),
        ],
    )
    async def test_from_its_range(
        self, tx: Transaction, address_range: str | None, address: str, admitted: bool
    ) -> None:
        await access.add_node(tx, access.SYSTEM, replace(CT, address_range=address_range))
        if admitted:
            await access.node_principal(tx, calling_ae_title="CT1", address=address)
        else:
            with pytest.raises(Forbidden):
                await access.node_principal(tx, calling_ae_title="CT1", address=address)

    async def test_a_host_name_stands_for_its_addresses(self, tx: Transaction) -> None:
        await access.add_node(tx, access.SYSTEM, replace(CT, host="localhost"))
        await access.node_principal(tx, calling_ae_title="CT1", address="127.0.0.1")
        with pytest.raises(Forbidden):
            await access.node_principal(tx, calling_ae_title="CT1", address="192.0.2.10")

    async def test_a_node_sees_a_restricted_patient_by_grant_only(self, tx: Transaction) -> None:
        await access.add_node(tx, access.SYSTEM, CT)
        await access.restrict(tx, access.SYSTEM, "p", True)
        node = await access.node_principal(tx, calling_ae_title="CT1", address="192.0.2.10")
        with pytest.raises(NotFound):
            await access.require_patient(tx, node, "p")
        await access.grant(tx, access.SYSTEM, "p", "CT1", kind="node")
        node = await access.node_principal(tx, calling_ae_title="CT1", address="192.0.2.10")
        await access.require_patient(tx, node, "p")

    async def test_a_user_of_the_same_name_has_nothing_of_it(self, tx: Transaction) -> None:
        await access.add_user(tx, access.SYSTEM, username="ct1", display="CT", roles=["physician"])
        await access.restrict(tx, access.SYSTEM, "p", True)
        await access.grant(tx, access.SYSTEM, "p", "ct1", kind="node")
        token = await access.issue_token(tx, access.SYSTEM, "ct1")
        with pytest.raises(NotFound):
            await access.require_patient(tx, await access.authenticate_bearer(tx, token), "p")


class TestRefused:
    async def test_are_listed_with_counts(self, house: House) -> None:
        for _ in range(3):
            with pytest.raises(access.NodeRefused):
                await access.admit_node(
                    house.database, calling_ae_title="STRANGER", address="192.0.2.66"
                )
        async with house.database.transaction() as tx:
            [refused] = await access.list_refused(tx, access.SYSTEM)
        assert (refused.ae_title, refused.address, refused.attempts) == (
            "STRANGER",
            "192.0.2.66",
            3,
        )

    async def test_leave_the_list_when_admitted(self, house: House) -> None:
        with pytest.raises(Forbidden):
            await access.admit_node(house.database, calling_ae_title="CT1", address="192.0.2.9")
        async with house.database.transaction() as tx:
            await access.add_node(tx, access.SYSTEM, CT)
            assert await access.list_refused(tx, access.SYSTEM) == []

    async def test_the_list_is_bounded(
        self, tx: Transaction, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(admission, "MAX_REFUSED", 5)
        for number in range(20):
            with pytest.raises(Forbidden):
                await access.node_principal(tx, calling_ae_title=f"S{number}", address="192.0.2.66")
        assert len(await access.list_refused(tx, access.SYSTEM)) == 5

    async def test_odd_ae_titles_are_shown_harmless(self, tx: Transaction) -> None:
        with pytest.raises(Forbidden):
            await access.node_principal(
                tx, calling_ae_title="<b>\x1b[31m\nüx" + "y" * 40, address="192.0.2.66"
            )
        [refused] = await access.list_refused(tx, access.SYSTEM)
        assert refused.ae_title == "<b>?[31m??xyyyyy"


class TestManaging:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"ae_title": ""},
            {"ae_title": "SEVENTEEN_LETTERS"},
            {"ae_title": "BACK\\SLASH"},
            {"ae_title": "TAB\t"},
            {"host": "no spaces here"},
            {"host": ""},
            {"port": 0},
            {"port": 65536},
            {"may": frozenset({"everything"})},
            {"address_range": "10.0.0.0/99"},
            {"roles": frozenset({"emperor"})},
        ],
    )
    async def test_wrong_values_are_refused(
        self, tx: Transaction, wrong: dict[str, object]
    ) -> None:
        with pytest.raises(Invalid):
            await access.add_node(tx, access.SYSTEM, replace(CT, **wrong))  # type: ignore[arg-type]

    async def test_an_ae_title_is_admitted_once(self, tx: Transaction) -> None:
        await access.add_node(tx, access.SYSTEM, CT)
        with pytest.raises(Conflict):
            await access.add_node(tx, access.SYSTEM, CT)

    async def test_is_for_those_who_may(self, tx: Transaction) -> None:
        reader = somebody("node.read")
        with pytest.raises(Forbidden):
            await access.add_node(tx, reader, CT)
        with pytest.raises(Forbidden):
            await access.change_node(tx, reader, "CT1", port=11112)
        with pytest.raises(Forbidden):
            await access.remove_node(tx, reader, "CT1")
        assert await access.list_nodes(tx, reader) == []

    async def test_changes_are_audited_and_the_title_stays(self, tx: Transaction) -> None:
        await access.add_node(tx, access.SYSTEM, CT)
        node = await access.change_node(tx, access.SYSTEM, "CT1", port=11112, may={"find"})
        assert (node.port, node.may) == (11112, frozenset({"find"}))
        assert await access.find_node(tx, "CT1 ") == node
        with pytest.raises(Invalid):
            await access.change_node(tx, access.SYSTEM, "CT1", name="CT2")
        await access.remove_node(tx, access.SYSTEM, "CT1")
        with pytest.raises(NotFound):
            await access.remove_node(tx, access.SYSTEM, "CT1")
        entries = await access.read_audit(tx, access.SYSTEM)
        assert [e.action for e in entries if e.reference == "node/CT1"] == ["D", "U", "C"]
