"""Where the instances of a study came from."""

from vesalius.kit.transaction import Transaction
from vesalius.stores.access import Principal, patient_predicate, require


async def sources(tx: Transaction, principal: Principal, study_instance_uid: str) -> frozenset[str]:
    """Who stored instances of a study: AE titles, and names of users and of our own commands."""
    require(principal, "study.read")
    visible = patient_predicate(principal, "study.patient_reference")
    rows = await tx.fetch_all(
        "SELECT DISTINCT source FROM instance JOIN series USING (series_key)"
        f" JOIN study USING (study_key) WHERE study_instance_uid = %s AND {visible.sql}",
        (study_instance_uid, *visible.params),
    )
    return frozenset(row["source"] for row in rows)
