"""The reading list."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.imaging import reading, reports
from vesalius.interfaces.web.body import limit_of
from vesalius.interfaces.web.problems import answer
from vesalius.kit.errors import Invalid
from vesalius.kit.transaction import Transaction
from vesalius.standards.maps.dicom_to_patient import birth_date, gender


async def index(request: Request) -> Response:
    """GET /api/reading-list?modality=&status=&priority=&body_part=&mine=&q=&limit=&offset=."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        items, total = await reading.reading_list(
            tx, request.scope["principal"], filters_of(request)
        )
        content = {"items": await _rows(tx, items), "total": total}
    return answer(content)


async def claim(request: Request) -> Response:
    """POST /api/reading-list/{study_instance_uid}/claim."""
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        await reading.claim(tx, request.scope["principal"], uid)
        content = await _row(tx, request, uid)
    return answer(content)


async def release(request: Request) -> Response:
    """POST /api/reading-list/{study_instance_uid}/release."""
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        await reading.release(tx, request.scope["principal"], uid)
        content = await _row(tx, request, uid)
    return answer(content)


async def claim_next(request: Request) -> Response:
    """POST /api/reading-list/next, with the list's filters: the next study, claimed; or null."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        uid = await reading.claim_next(tx, request.scope["principal"], filters_of(request))
        content = await _row(tx, request, uid) if uid else None
    return answer(content)


def filters_of(request: Request) -> reading.Filters:
    """The filters of a query string."""
    query = request.query_params

    def several(name: str) -> list[str]:
        return [one for one in query.get(name, "").split(",") if one]

    offset = query.get("offset", "0")
    if not (offset.isascii() and offset.isdigit() and len(offset) < 8):
        raise Invalid("offset is a number")
    return reading.Filters(
        modality=several("modality"),
        status=query.get("status") or "open",
        priority=several("priority"),
        body_part=query.get("body_part") or None,
        mine=query.get("mine", "").lower() in ("1", "true", "yes"),
        q=query.get("q", ""),
        limit=limit_of(request, 100),
        offset=int(offset),
    )


async def _row(tx: Transaction, request: Request, uid: str) -> dict[str, Any] | None:
    item = await reading.reading_item(tx, request.scope["principal"], uid)
    return (await _rows(tx, [item]))[0] if item else None


async def _rows(tx: Transaction, items: list[reading.Item]) -> list[dict[str, Any]]:
    statuses = await reports.signed_statuses(tx, [item.study_instance_uid for item in items])
    return [
        {
            "study_instance_uid": item.study_instance_uid,
            "patient": _patient(item),
            "order": item.order_reference,
            "accession_number": item.accession_number,
            "modality": item.modality,
            "body_part": item.body_part,
            "description": item.description,
            "study_date": item.study_date,
            "arrived": item.arrived.isoformat(),
            "arriving": item.state == "arriving",
            "priority": item.priority,
            "waiting_seconds": item.waiting_seconds,
            "status": item.status,
            "claimed_by": item.claimed_display or item.claimed_by,
            "claimed_by_username": item.claimed_by,
            "instances": item.instance_count,
            "series": item.series_count,
            "priors": item.priors,
            "report": statuses.get(item.study_instance_uid),
        }
        for item in items
    ]


def _patient(item: reading.Item) -> dict[str, Any]:
    if item.card is not None:
        return {
            "id": item.card.patient_reference,
            "name": item.card.display,
            "mrn": item.card.mrn,
            "birthDate": item.card.birth_date,
            "sex": item.card.gender,
        }
    # Not matched yet: as the images name them, without an id.
    identity = item.identity
    groups = identity["PatientName"]
    name = next((text for text in groups.values() if text), "")
    return {
        "id": None,
        "name": name.replace("^", " ").strip(),
        "mrn": identity["PatientID"] or None,
        "birthDate": birth_date(identity["PatientBirthDate"]),
        "sex": gender(identity["PatientSex"]),
    }
