"""One patient's dated resources of several types on one axis, newest first.

Reads the date index from its end, a few rows for each type, so a page costs the same in a long
record as in a short one. What has a period stands where it began.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access import Principal, permits
from vesalius.stores.record.hashing import parameter_number, resource_key
from vesalius.stores.record.model import Version
from vesalius.stores.record.policy import visible
from vesalius.stores.record.projections import compose_all
from vesalius.stores.record.rows import VERSION_COLUMNS, version_of

Place = tuple[int, int]
"""Where an entry stands: its first microsecond since 1970, and its number."""

CHRONOLOGY = """
SELECT {columns}, dated.lowest, dated.parameter
FROM unnest(%s::int[]) AS wanted(parameter)
CROSS JOIN LATERAL (
    SELECT d.lowest, d.resource, d.parameter FROM record_date d
    JOIN record_resource r ON r.number = d.resource
    WHERE d.patient = %s AND d.parameter = wanted.parameter AND NOT r.deleted
    AND (d.lowest, d.resource) < (%s::bigint, %s::bigint) AND ({policy})
    ORDER BY d.lowest DESC, d.resource DESC LIMIT %s
) AS dated
JOIN record_resource r ON r.number = dated.resource
ORDER BY dated.lowest DESC, dated.resource DESC LIMIT %s
"""
END = (2**63 - 1, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Dated:
    """A resource with the search date that brought it here, and its place on the axis."""

    version: Version
    parameter: str
    place: Place


async def chronology(
    tx: Transaction,
    principal: Principal,
    patient_reference: str,
    dates: Sequence[tuple[str, str]],
    *,
    before: Place | None = None,
    limit: int = 50,
) -> list[Dated]:
    """The newest of a patient's resources by these (type, date parameter), below a place.

    Types that the principal may not read are left out, as is whatever the policy hides. A
    resource with two of the dates comes twice.
    """
    named = {
        parameter_number(kind, code): (kind, code)
        for kind, code in dates
        if permits(principal, f"record.read:{kind}")
    }
    policy = visible(principal, "r")
    rows = await tx.fetch_all(
        CHRONOLOGY.format(columns=VERSION_COLUMNS, policy=policy.sql),
        (
            list(named),
            resource_key(f"Patient/{patient_reference}"),
            *(before or END),
            *policy.params,
            limit,
            limit,
        ),
    )
    await audit.record(
        tx,
        principal,
        "E",
        audit.kinds.QUERY,
        reference=f"Patient/{patient_reference}",
        patient_reference=patient_reference,
        detail={"types": sorted({kind for kind, _ in named.values()}), "matches": len(rows)},
    )
    versions = await compose_all(tx, rows, [version_of(row) for row in rows])
    return [
        Dated(version, named[row["parameter"]][1], (row["lowest"], row["number"]))
        for row, version in zip(rows, versions, strict=True)
    ]
