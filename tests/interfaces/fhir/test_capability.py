"""What we claim is what is there."""

import re
from pathlib import Path

import pytest

from vesalius.interfaces.fhir import capability, interactions, routes
from vesalius.standards import fhir

PAGE = Path(__file__).parents[3] / "docs/conformance/fhir.md"


def test_the_page_is_current():
    """Run `make docs` when this fails."""
    assert PAGE.read_text().endswith(capability.page())


def test_the_statement_is_a_valid_resource():
    statement = capability.capability_statement("http://vesalius/fhir")
    assert fhir.validate(statement, resource_type="CapabilityStatement") == []


async def test_every_claimed_parameter_is_searched(client):
    statement = (await client.get("/metadata")).json()
    values = {"date": "2024", "number": "1", "quantity": "1"}
    for resource in statement["rest"][0]["resource"][::7]:
        query = "&".join(
            f"{p['name']}={values.get(p['type'], 'x')}" for p in resource["searchParam"]
        )
        response = await client.get(f"/{resource['type']}?{query}")
        assert response.status_code == 200, (resource["type"], response.text)


async def test_every_claimed_include_is_followed(client):
    for kind in ("Observation", "ServiceRequest", "ImagingStudy"):
        statement = capability.capability_statement("x")["rest"][0]["resource"]
        [claimed] = [r for r in statement if r["type"] == kind]
        query = "&".join(
            [f"_include={i}" for i in claimed["searchInclude"]]
            + [f"_revinclude={i}" for i in claimed["searchRevInclude"]]
        )
        assert (await client.get(f"/{kind}?{query}")).status_code == 200


@pytest.mark.parametrize("door", routes.DOORS, ids=lambda d: f"{d.method} {d.path}")
async def test_every_route_asks_who(client_of, door):
    """Nothing but the statement is told to nobody."""
    address = re.sub(r"\{(\w+)\}", lambda m: {"type": "Patient"}.get(m[1], "1"), door.path)
    response = await client_of(None).request(door.method, address)
    assert response.status_code == (200 if door.policy == routes.PUBLIC else 401)


def test_every_interaction_has_a_door():
    """A verb nobody can reach is dead."""
    reached = {door.interaction for door in routes.DOORS}
    public = {
        thing
        for name, thing in vars(interactions).items()
        if not name.startswith("_") and getattr(thing, "__module__", "") == interactions.__name__
    }
    assert public <= reached
