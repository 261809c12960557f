"""The audit trail for those who watch, and who looked for the patient's chart."""

from dataclasses import asdict
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.interfaces.web.body import limit_of
from vesalius.interfaces.web.problems import answer
from vesalius.kit.errors import Invalid
from vesalius.stores import access
from vesalius.stores.audit import Entry


async def search(request: Request) -> Response:
    """GET /api/audit?patient=&user=&kind=&from=&to=&before=&limit=, newest first."""
    query = request.query_params
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        entries = await access.read_audit(
            tx,
            request.scope["principal"],
            patient_reference=query.get("patient") or None,
            principal_name=query.get("user") or None,
            kind=query.get("kind") or None,
            since=_moment(request, "from"),
            until=_moment(request, "to"),
            before_id=_before(request),
            limit=limit_of(request, 100),
        )
    return answer([_describe(entry) for entry in entries])


async def access_log(request: Request) -> Response:
    """GET /api/patients/{id}/access-log: who looked, newest first."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        looks = await access.who_looked(
            tx,
            request.scope["principal"],
            request.path_params["id"],
            limit=limit_of(request, 200),
        )
    return answer([asdict(look) for look in looks])


def _describe(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "when": entry.occurred,
        "who": entry.principal_name or None,
        "who_kind": entry.principal_kind,
        "role": ", ".join(entry.roles),
        "action": entry.action,
        "kind": entry.kind,
        "outcome": entry.outcome,
        "reference": entry.reference,
        "patient_reference": entry.patient_reference,
        "address": entry.address,
        "purpose": entry.purpose,
        "detail": entry.detail,
    }


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{name} is a date or a moment (ISO 8601)") from error
    return moment if moment.tzinfo else moment.astimezone()


def _before(request: Request) -> int | None:
    text = request.query_params.get("before")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid("before is the id of an entry")
    return int(text)
