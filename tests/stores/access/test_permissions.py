"""Who may what; and that what nobody was given, nobody has."""

import pytest

from tests.stores.access.people import add, somebody
from vesalius.kit.errors import Forbidden, Invalid, Unauthenticated
from vesalius.kit.transaction import Transaction
from vesalius.stores import access


class TestRequire:
    def test_nobody_is_told_to_sign_in(self) -> None:
        with pytest.raises(Unauthenticated):
            access.require(None, "study.read")

    def test_what_was_not_given_is_denied(self) -> None:
        with pytest.raises(Forbidden):
            access.require(somebody(), "study.read")

    def test_what_was_given_is_permitted(self) -> None:
        principal = somebody("study.read")
        assert access.require(principal, "study.read") is principal

    @pytest.mark.parametrize(
        ("held", "asked", "permitted"),
        [
            ("record.read:*", "record.read:Patient", True),
            ("record.read:Patient", "record.read:Patient", True),
            ("record.read:Patient", "record.read:Observation", False),
            ("record.read:Patient", "record.read:PatientX", False),
            ("record.read:*", "record.write:Patient", False),
            ("record.read:*", "record.read", False),
            ("*", "study.read", False),
            ("*:*", "record.read:Patient", False),
            ("study.*", "study.read", False),
            ("record.*:*", "record.read:Patient", False),
        ],
    )
    def test_wildcards_only_after_the_colon(self, held: str, asked: str, permitted: bool) -> None:
        assert access.permits(somebody(held), asked) is permitted

    def test_the_house_itself_may(self) -> None:
        assert access.permits(access.SYSTEM, "report.sign")


class TestRoles:
    async def test_the_seeded_roles_hold_only_known_permissions(self, tx: Transaction) -> None:
        for role in await access.list_roles(tx, access.SYSTEM):
            again = await access.set_role(
                tx, access.SYSTEM, role.name, display=role.display, permissions=role.permissions
            )
            assert set(again.permissions) == set(role.permissions)

    async def test_nobody_sees_restricted_patients_by_default(self, tx: Transaction) -> None:
        for role in await access.list_roles(tx, access.SYSTEM):
            assert "patient.restricted" not in role.permissions

    async def test_only_the_patient_role_lacks_sight_of_others(self, tx: Transaction) -> None:
        blind = {
            role.name
            for role in await access.list_roles(tx, access.SYSTEM)
            if "patient.any" not in role.permissions
        }
        assert blind == {"patient"}

    async def test_a_changed_role_counts_at_the_next_request(self, tx: Transaction) -> None:
        nurse = await add(tx, "nina", "nurse")
        assert not access.permits(nurse, "report.sign")
        role = {r.name: r for r in await access.list_roles(tx, access.SYSTEM)}["nurse"]
        await access.set_role(
            tx,
            access.SYSTEM,
            "nurse",
            display="Nurse",
            permissions=[*role.permissions, "report.sign"],
        )
        token = await access.issue_token(tx, access.SYSTEM, "nina")
        assert access.permits(await access.authenticate_bearer(tx, token), "report.sign")

    async def test_a_user_without_roles_may_nothing(self, tx: Transaction) -> None:
        nobody = await add(tx, "nemo")
        assert nobody.permissions == frozenset()
        assert not nobody.sees_all_patients

    async def test_unknown_permissions_and_roles_are_refused(self, tx: Transaction) -> None:
        for permission in ("study.*", "*", "record.read", "study.read:x", "nonsense"):
            with pytest.raises(Invalid):
                await access.set_role(
                    tx, access.SYSTEM, "odd", display="Odd", permissions=[permission]
                )
        with pytest.raises(Invalid):
            await add(tx, "olga", "emperor")

    async def test_the_administrator_keeps_the_key(self, tx: Transaction) -> None:
        with pytest.raises(Invalid):
            await access.set_role(
                tx, access.SYSTEM, "administrator", display="A", permissions=["audit.read"]
            )

    async def test_only_user_managers_see_and_change_roles(self, tx: Transaction) -> None:
        physician = await add(tx, "paul", "physician")
        with pytest.raises(Forbidden):
            await access.list_roles(tx, physician)
        with pytest.raises(Forbidden):
            await access.set_role(tx, physician, "nurse", display="N", permissions=["user.manage"])
