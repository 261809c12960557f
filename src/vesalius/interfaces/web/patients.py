"""Patients: the search box, registration, and the head of the chart."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.care import patients
from vesalius.interfaces.web.body import Body, limit_of, read
from vesalius.interfaces.web.problems import answer
from vesalius.kit.transaction import Transaction
from vesalius.stores import access


class NewPatient(Body):
    """A registration, in the words of a FHIR Patient; its number may be left out."""

    name: list[dict[str, Any]]
    birthDate: str | None = None  # noqa: N815 - the FHIR element
    gender: str | None = None
    identifier: list[dict[str, Any]] = Field(default_factory=list)
    telecom: list[dict[str, Any]] = Field(default_factory=list)
    address: list[dict[str, Any]] = Field(default_factory=list)
    communication: list[dict[str, Any]] = Field(default_factory=list)


async def index(request: Request) -> Response:
    """GET /api/patients?q=&limit=."""
    house: House = request.app.state.house
    principal = request.scope["principal"]
    async with house.database.transaction() as tx:
        found = await patients.search(
            tx, principal, request.query_params.get("q", ""), limit=limit_of(request, 50)
        )
        content = await _cards(tx, principal, found)
    return answer(content)


async def register(request: Request) -> Response:
    """POST /api/patients."""
    given = await read(request, NewPatient)
    house: House = request.app.state.house
    principal = request.scope["principal"]
    async with house.database.transaction() as tx:
        card = await patients.register(tx, principal, given.model_dump(exclude_none=True))
        [content] = await _cards(tx, principal, [card])
    return answer(content, 201, {"Location": f"/api/patients/{card.patient_reference}"})


async def show(request: Request) -> Response:
    """GET /api/patients/{id}: the banner."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        content = await patients.banner(tx, request.scope["principal"], request.path_params["id"])
        content["restricted"] = await access.is_restricted(tx, content["id"])
    return answer(content)


async def summary(request: Request) -> Response:
    """GET /api/patients/{id}/summary."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        content = await patients.summary(tx, request.scope["principal"], request.path_params["id"])
    return answer(content)


async def timeline(request: Request) -> Response:
    """GET /api/patients/{id}/timeline?before=&types=&limit=."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        content = await patients.timeline(
            tx,
            request.scope["principal"],
            request.path_params["id"],
            before=request.query_params.get("before"),
            types=[one for one in request.query_params.get("types", "").split(",") if one],
            limit=limit_of(request, 50),
        )
    return answer(content)


async def _cards(
    tx: Transaction, principal: access.Principal, found: Iterable[patients.Card]
) -> list[dict[str, Any]]:
    known = await patients.identifiers(tx, [card.patient_reference for card in found])
    out: list[dict[str, Any]] = []
    for card in found:
        reference = card.patient_reference
        # Who sees no restricted patient sees none here; only the others need to ask.
        privileged = principal.sees_restricted or reference in (
            principal.granted_patients | principal.own_patients
        )
        out.append(
            {
                **patients.card_json(card, today=tx.now.date()),
                "identifiers": known.get(reference, []),
                "restricted": privileged and await access.is_restricted(tx, reference),
            }
        )
    return out
