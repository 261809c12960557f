"""Studies that wait for their patient."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.care import patients
from vesalius.imaging import studies
from vesalius.interfaces.web.body import Body, limit_of, read
from vesalius.interfaces.web.problems import answer
from vesalius.kit.transaction import Transaction


class Attachment(Body):
    """To whom, and why."""

    patient: str
    reason: str


async def index(request: Request) -> Response:
    """GET /api/unmatched."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        waiting = await studies.unmatched(
            tx, request.scope["principal"], limit=limit_of(request, 100)
        )
        content = [_row(tx, one) for one in waiting]
    return answer(content)


async def attach(request: Request) -> Response:
    """POST /api/unmatched/{study_instance_uid}/attach."""
    given = await read(request, Attachment)
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        await studies.attach(tx, request.scope["principal"], uid, given.patient, given.reason)
    return answer({"study_instance_uid": uid, "patient": given.patient})


def _row(tx: Transaction, waiting: studies.Unmatched) -> dict[str, Any]:
    study, identity = waiting.study, waiting.study.identity
    return {
        "study_instance_uid": study.study_instance_uid,
        "PatientID": identity["PatientID"] or None,
        "issuer": identity["issuer"] or None,
        "PatientName": "=".join(identity["PatientName"].values()).rstrip("=") or None,
        "PatientBirthDate": identity["PatientBirthDate"] or None,
        "PatientSex": identity["PatientSex"] or None,
        "accession_number": study.accession_number,
        "study_date": study.study_date,
        "modality": ", ".join(study.modalities) or None,
        "description": study.description,
        "instances": study.instance_count,
        "arrived": study.arrived.isoformat(),
        "reason": study.waiting,
        "proposals": [
            {
                "patient": patients.card_json(card, today=tx.now.date()),
                "reasons": list(proposal.reasons),
                "differences": list(proposal.differences),
                "score": proposal.score,
            }
            for card, proposal in waiting.proposals
        ],
    }
