"""The one policy on patients: its two sayings agree, and restriction hides."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stores.access.people import add, somebody
from vesalius.kit.errors import Forbidden, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access

PATIENTS = ["a", "b", "c", "d", "e", "f"]
some_patients = st.frozensets(st.sampled_from(PATIENTS))
principals = st.builds(
    somebody,
    own=some_patients,
    granted=some_patients,
    everybody=st.booleans(),
    restricted=st.booleans(),
)


async def visible(
    tx: Transaction, principal: access.Principal, restricted: frozenset[str], **options: Any
) -> set[str | None]:
    """Which patients' rows the SQL lets through."""
    await tx.execute("TRUNCATE restricted_patient")
    await tx.execute(
        "INSERT INTO restricted_patient SELECT p, now(), 'test' FROM unnest(%s::text[]) AS p",
        (list(restricted),),
    )
    policy = access.patient_predicate(principal, "r.subject", **options)
    rows = await tx.fetch_all(
        f"SELECT subject FROM unnest(%s::text[]) AS r(subject) WHERE {policy.sql}",
        ([*PATIENTS, None], *policy.params),
    )
    return {row["subject"] for row in rows}


class TestTheTwoSayings:
    @settings(
        max_examples=300,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(principal=principals, restricted=some_patients, null_visible=st.booleans())
    async def test_agree(
        self,
        tx: Transaction,
        principal: access.Principal,
        restricted: frozenset[str],
        null_visible: bool,
    ) -> None:
        in_sql = await visible(
            tx, principal, restricted, unmatched_column_null_visible=null_visible
        )
        in_memory = {
            patient
            for patient in [*PATIENTS, None]
            if access.may_see(
                principal,
                patient,
                restricted=patient in restricted,
                unmatched_column_null_visible=null_visible,
            )
        }
        assert in_sql == in_memory

    async def test_the_table_of_cases(self, tx: Transaction) -> None:
        """What must come out, said once more by hand: equal could be equally wrong."""
        hidden = frozenset({"b", "c"})
        everyone: set[str | None] = {*PATIENTS, None}
        assert await visible(tx, somebody(), hidden) == everyone - {"b", "c"}
        assert await visible(tx, somebody(granted="b"), hidden) == everyone - {"c"}
        assert await visible(tx, somebody(own="c"), hidden) == everyone - {"b"}
        assert await visible(tx, somebody(restricted=True), hidden) == everyone
        assert await visible(tx, access.SYSTEM, hidden) == everyone
        assert await visible(tx, somebody(own="ab", everybody=False), hidden) == {"a", "b"}
        assert await visible(tx, somebody(everybody=False), hidden) == set()
        blind = somebody(everybody=False, granted="b", restricted=True)
        assert await visible(tx, blind, hidden) == set()

    async def test_composes_with_other_predicates_and_their_parameters(
        self, tx: Transaction
    ) -> None:
        await access.restrict(tx, access.SYSTEM, "b", True)
        policy = access.patient_predicate(somebody(granted="x"), "r.subject")
        found = await tx.fetch_value(
            "SELECT array_agg(subject ORDER BY subject) FROM unnest(%s::text[]) AS r(subject)"
            f" WHERE subject < %s AND {policy.sql} AND subject > %s",
            (PATIENTS, "e", *policy.params, "a"),
        )
        assert found == ["c", "d"]


class TestRestriction:
    async def test_hides_from_all_but_the_granted(self, tx: Transaction) -> None:
        await add(tx, "greta", "physician")
        await access.restrict(tx, access.SYSTEM, "p", True)
        await access.grant(tx, access.SYSTEM, "p", "greta")
        greta = await fresh(tx, "greta")
        otto = await add(tx, "otto", "physician")
        await access.require_patient(tx, greta, "p")
        with pytest.raises(NotFound):
            await access.require_patient(tx, otto, "p")
        await access.revoke(tx, access.SYSTEM, "p", "greta")
        with pytest.raises(NotFound):
            await access.require_patient(tx, await fresh(tx, "greta"), "p")

    async def test_whoever_restricts_goes_on_seeing(self, tx: Transaction) -> None:
        otto = await add(tx, "otto", "physician")
        await access.restrict(tx, otto, "p", True)
        await access.require_patient(tx, await fresh(tx, "otto"), "p")
        assert await access.is_restricted(tx, "p")

    async def test_lifting_takes_sight_and_permission(self, tx: Transaction) -> None:
        await access.restrict(tx, access.SYSTEM, "p", True)
        otto = await add(tx, "otto", "physician")
        with pytest.raises(NotFound):
            await access.restrict(tx, otto, "p", False)
        nina = await add(tx, "nina", "nurse")
        await access.grant(tx, access.SYSTEM, "p", "nina")
        nina = await fresh(tx, "nina")
        with pytest.raises(Forbidden):
            await access.restrict(tx, nina, "p", False)
        await access.restrict(tx, access.SYSTEM, "p", False)
        await access.require_patient(tx, otto, "p")

    async def test_nobody_grants_what_they_do_not_see(self, tx: Transaction) -> None:
        await access.restrict(tx, access.SYSTEM, "p", True)
        otto = await add(tx, "otto", "physician")
        with pytest.raises(NotFound):
            await access.grant(tx, otto, "p", "otto")

    async def test_the_own_record_is_seen_though_restricted(self, tx: Transaction) -> None:
        await access.restrict(tx, access.SYSTEM, "p", True)
        patient = await add(tx, "pia", "patient", patient="p")
        await access.require_patient(tx, patient, "p")
        with pytest.raises(NotFound):
            await access.require_patient(tx, patient, "q")

    async def test_an_expired_grant_is_none(self, tx: Transaction) -> None:
        await add(tx, "otto", "physician")
        await access.restrict(tx, access.SYSTEM, "p", True)
        await access.grant(tx, access.SYSTEM, "p", "otto")
        await tx.execute("UPDATE access_grant SET expires = %s", (tx.now,))
        with pytest.raises(NotFound):
            await access.require_patient(tx, await fresh(tx, "otto"), "p")


async def fresh(tx: Transaction, username: str) -> access.Principal:
    """The user as the next request would see them."""
    return await access.authenticate_bearer(
        tx, await access.issue_token(tx, access.SYSTEM, username)
    )
