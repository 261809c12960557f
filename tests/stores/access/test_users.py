"""Users: adding, changing, and that somebody always remains who may."""

import pytest

from tests.stores.access.people import PASSWORD, add, somebody
from vesalius.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from vesalius.kit.transaction import Transaction
from vesalius.stores import access


class TestAdding:
    async def test_takes_the_permission(self, tx: Transaction) -> None:
        with pytest.raises(Forbidden):
            await access.add_user(
                tx, somebody("study.read"), username="x", display="X", roles=["nurse"]
            )

    async def test_a_name_is_taken_once_in_any_case(self, tx: Transaction) -> None:
        await add(tx, "anna", "nurse")
        with pytest.raises(Conflict):
            await add(tx, "ANNA", "nurse")

    @pytest.mark.parametrize("username", ["", " ", "-x", "a b", "a/b", "ä", "x" * 65, "a\0b"])
    async def test_odd_names_are_refused(self, tx: Transaction, username: str) -> None:
        with pytest.raises(Invalid):
            await add(tx, username, "nurse")

    @pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "anna1234567", "x" * 2000])
    async def test_weak_passwords_are_refused(self, tx: Transaction, password: str) -> None:
        username = "anna12345"
        with pytest.raises(Invalid):
            await add(tx, username, "nurse", password=password)

    async def test_the_password_is_kept_as_argon2id(self, tx: Transaction) -> None:
        await add(tx, "anna", "nurse", password=PASSWORD)
        stored = await tx.fetch_value("SELECT password_hash FROM user_account")
        assert stored.startswith("$argon2id$")
        assert PASSWORD not in stored


class TestChanging:
    async def test_somebody_who_may_manage_users_remains(self, tx: Transaction) -> None:
        await add(tx, "anna", "administrator", password=PASSWORD)
        with pytest.raises(Conflict):
            await access.change_user(tx, access.SYSTEM, "anna", active=False)

    async def test_with_two_administrators_one_may_go(self, tx: Transaction) -> None:
        await add(tx, "anna", "administrator", password=PASSWORD)
        await add(tx, "bert", "administrator", password=PASSWORD)
        user = await access.change_user(tx, access.SYSTEM, "anna", roles=["nurse"])
        assert user.roles == ("nurse",)

    async def test_links_are_set_and_cleared(self, tx: Transaction) -> None:
        await add(tx, "anna", "patient", patient="p")
        user = await access.change_user(tx, access.SYSTEM, "anna", patient_reference=None)
        assert user.patient_reference is None
        user = await access.change_user(
            tx, access.SYSTEM, "anna", practitioner_reference="d", display="Dr Anna"
        )
        assert (user.practitioner_reference, user.display) == ("d", "Dr Anna")

    async def test_an_inactive_user_is_out_at_once(self, tx: Transaction) -> None:
        await add(tx, "anna", "nurse", password=PASSWORD)
        token = await access.issue_token(tx, access.SYSTEM, "anna")
        session = await access.open_session(tx, "anna", address=None)
        await access.change_user(tx, access.SYSTEM, "anna", active=False)
        with pytest.raises(Unauthenticated):
            await access.authenticate_bearer(tx, token)
        with pytest.raises(Unauthenticated):
            await access.authenticate_session(tx, session.cookie)
        with pytest.raises(NotFound):
            await access.issue_token(tx, access.SYSTEM, "anna")

    async def test_a_new_password_ends_the_sessions(self, tx: Transaction) -> None:
        anna = await add(tx, "anna", "nurse", password=PASSWORD)
        session = await access.open_session(tx, "anna", address=None)
        await access.set_password(tx, anna, "anna", "another horse battery")
        with pytest.raises(Unauthenticated):
            await access.authenticate_session(tx, session.cookie)

    async def test_one_sets_only_ones_own_password(self, tx: Transaction) -> None:
        anna = await add(tx, "anna", "nurse")
        await add(tx, "bert", "administrator", password=PASSWORD)
        with pytest.raises(Forbidden):
            await access.set_password(tx, anna, "bert", "another horse battery")

    async def test_changes_are_in_the_trail_without_secrets(self, tx: Transaction) -> None:
        await add(tx, "anna", "nurse", password=PASSWORD)
        await access.change_user(
            tx, access.SYSTEM, "anna", roles=["physician"], password="another horse battery"
        )
        entries = await access.read_audit(tx, access.SYSTEM)
        about = [entry for entry in entries if entry.reference == "user/anna"]
        assert len(about) == 3
        assert "horse" not in str(about)
