"""The running house as a stranger reaches it: FHIR and the web API over HTTP, DICOM over TCP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson

from vesalius.exchange import routing
from vesalius.exchange.routing import Peer, Resources
from vesalius.kit.errors import Unavailable, VesaliusError
from vesalius.kit.ids import new_uid
from vesalius.sample.examinations import Words
from vesalius.sample.modality import (
    MODALITY_WORKLIST_FIND,
    DataSet,
    Made,
    begun,
    ended,
    worklist_question,
)
from vesalius.sample.objects import Exam

Resource = dict[str, Any]


class Refused(VesaliusError):
    """A door of the running house refused what it was given."""


class Doors:
    """One way in for each protocol; tokens decide as whom."""

    def __init__(self, resources: Resources, client: httpx.AsyncClient) -> None:
        self._resources = resources
        self._client = client

    async def write(self, token: str, resources: Iterable[Resource]) -> None:
        """Put resources under their ids, in one transaction bundle."""
        entries = [
            {
                "resource": resource,
                "request": {
                    "method": "PUT",
                    "url": f"{resource['resourceType']}/{resource['id']}",
                },
            }
            for resource in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        await self._call("POST", "/fhir", token, bundle, media_type="application/fhir+json")

    async def read(self, token: str, reference: str) -> Resource | None:
        """A resource of the record, None when it is not there."""
        response = await self._client.get(f"/fhir/{reference}", headers=_authorization(token))
        if response.status_code != 200:
            return None
        body: Resource = response.json()
        return body

    async def report(
        self, token: str, password: str, study_instance_uid: str, words: Words
    ) -> None:
        """Write a report and sign it, as its author would in the browser."""
        place = f"/api/studies/{study_instance_uid}/report"
        current = await self._client.get(place, headers=_authorization(token))
        if current.status_code == 200 and current.json().get("signed"):
            return
        draft = {
            "template": words.template,
            "sections": dict(words.sections),
            "conclusion": words.conclusion,
            "revision": ((current.json().get("draft") or {}).get("revision") or 0)
            if current.status_code == 200
            else 0,
        }
        await self._call("PUT", place, token, draft)
        await self._call("POST", f"{place}/sign", token, {"password": password, "status": "final"})

    async def worklist(self, station: str, *, status: str | None = None) -> list[DataSet]:
        """What a modality is to do."""
        question = worklist_question(station.rstrip("0123456789"), status=status)
        return list(
            await routing.network().find(
                self._resources, self._peer(station), MODALITY_WORKLIST_FIND, question
            )
        )

    async def begin(self, item: DataSet, exam: Exam) -> str:
        """Say that a step has begun; the UID of the performed step."""
        step_uid = new_uid()
        status = await routing.network().create_step(
            self._resources, self._peer(exam.station), step_uid, begun(item, exam)
        )
        _expect(status, "the performed step")
        return step_uid

    async def complete(self, step_uid: str, exam: Exam, made: Sequence[Made]) -> None:
        """Say that a step is done."""
        status = await routing.network().set_step(
            self._resources, self._peer(exam.station), step_uid, ended(made, exam.at(1800))
        )
        _expect(status, "the end of the performed step")

    async def store(self, station: str, paths: Sequence[Path]) -> AsyncIterator[str]:
        """Store files over one association; the UID of each as it is acknowledged."""
        network = routing.network()
        async for sent in network.send_files(self._resources, self._peer(station), paths):
            if not sent.is_stored:
                raise Refused(
                    f"the archive refused an instance with status {sent.status:04X}"
                    f" ({sent.comment or 'no comment'})"
                )
            yield sent.sop_instance_uid

    def _peer(self, station: str) -> Peer:
        settings = self._resources.settings
        return Peer(settings.ae_title, settings.dicom_host, settings.dicom_port, station)

    async def _call(
        self,
        method: str,
        path: str,
        token: str,
        body: Mapping[str, Any],
        *,
        media_type: str = "application/json",
    ) -> None:
        headers = {**_authorization(token), "Content-Type": media_type}
        try:
            response = await self._client.request(
                method, path, content=_json(body), headers=headers
            )
        except httpx.HTTPError as error:
            raise Unavailable(f"{path} did not answer: {type(error).__name__}") from error
        if response.is_error:
            raise Refused(f"{method} {path} answered {response.status_code}: {response.text[:500]}")


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _json(body: Mapping[str, Any]) -> bytes:

    return orjson.dumps(body)


def _expect(status: int, what: str) -> None:
    if status != 0:
        raise Refused(f"the house refused {what} with status {status:04X}")
