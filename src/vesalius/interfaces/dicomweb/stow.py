"""STOW-RS: storing instances [RAD-108] (PS3.18 §10.5).

A message is a stream of parts, each an instance. Parts are written to their blobs as they
arrive, never whole in memory; complete ones are received in groups, each group one transaction
with a savepoint for each instance. So one commit pays for many instances, a broken part costs
nobody else anything, and nothing is answered before it is durable.
"""

from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.imaging import studies
from vesalius.interfaces.dicomweb.asking import (
    Target,
    base_url_of,
    house_of,
    principal_of,
    target_of,
)
from vesalius.interfaces.dicomweb.failure_reasons import (
    DOES_NOT_MATCH,
    DUPLICATE,
    PROCESSING_FAILURE,
    reason_of,
)
from vesalius.interfaces.dicomweb.media_types import DICOM, DICOM_JSON, JSON, MULTIPART, chosen
from vesalius.interfaces.dicomweb.store_response import Outcome, store_response
from vesalius.kit.errors import Invalid, Unsupported, VesaliusError
from vesalius.kit.http.multipart import (
    MultipartReader,
    PartBegun,
    PartData,
    PartEnded,
    boundary_of,
)
from vesalius.kit.http.negotiation import parse_media_type
from vesalius.kit.log import logger
from vesalius.kit.transaction import Transaction
from vesalius.stores import archive, audit
from vesalius.stores.access import Principal, require
from vesalius.stores.archive import storing_order

log = logger(__name__)

GROUP_INSTANCES = 32


async def store(request: Request) -> Response:
    """`POST /studies` and `POST /studies/{study}`."""
    principal = require(principal_of(request), "study.store")
    answer_type = chosen(request, DICOM_JSON, JSON)
    if answer_type is None:
        raise Unsupported("The answer comes as application/dicom+json only.")
    target = target_of(request)
    reader = MultipartReader(_boundary(request))
    message = _Message(house_of(request), principal, target)
    try:
        await message.read(request.stream(), reader)
    except ClientDisconnect:
        # Nobody hears the answer; what was committed stays and may be sent again as it is.
        return Response(status_code=400)
    finally:
        await message.close()
    return store_response(message.outcome, base_url_of(request), answer_type)


def _boundary(request: Request) -> bytes:
    content_type = parse_media_type(request.headers.get("content-type") or "none/none")
    if content_type.name != MULTIPART:
        raise Unsupported("Instances are stored as multipart/related messages.")
    if content_type.parameters.get("type", DICOM).lower() != DICOM:
        raise Unsupported("Instances are stored as parts of type application/dicom.")
    return boundary_of(content_type)


class _Message:
    """One message on its way into the archive."""

    def __init__(self, house: House, principal: Principal, target: Target) -> None:
        self.outcome = Outcome()
        self._house = house
        self._principal = principal
        self._target = target
        self._intake: archive.Intake | None = None
        self._group: list[archive.Sealed] = []
        self._source = f"dicomweb:{principal.name}"
        self._transfers = audit.Transfers(principal, self._source)

    async def read(self, stream: AsyncIterator[bytes], reader: MultipartReader) -> None:
        """Read all parts; what stands before a cut or malformed place is stored."""
        try:
            async for chunk in stream:
                for event in reader.feed(chunk):
                    await self._take(event)
            reader.close()
        except Invalid as error:
            if not self.outcome.stored and not self._group and not self.outcome.failed:
                raise
            self.outcome.fail(reason_of(error))
        finally:
            await self._receive_group()

    async def close(self) -> None:
        """Forget a part that is not complete; close the trail."""
        if self._intake is not None:
            await self._intake.abort()
        async with self._house.database.transaction() as tx:
            await self._transfers.close(tx)

    async def _take(self, event: PartBegun | PartData | PartEnded) -> None:
        match event:
            case PartBegun(headers):
                await self._begin(headers.get("content-type", DICOM))
            case PartData(chunk) if self._intake is not None:
                await self._feed(chunk)
            case PartEnded() if self._intake is not None:
                await self._end()

    async def _begin(self, content_type: str) -> None:
        try:
            if parse_media_type(content_type).name != DICOM:
                raise Unsupported("A part is not application/dicom.")
            self._intake = await archive.begin(
                self._house.blobs,
                self._principal,
                settings=self._house.settings,
                source=self._source,
            )
        except VesaliusError as error:
            self.outcome.fail(reason_of(error))

    async def _feed(self, chunk: bytes | memoryview) -> None:
        assert self._intake is not None
        try:
            self._intake.feed(chunk)
        except VesaliusError as error:
            await self._drop(error)

    async def _end(self) -> None:
        assert self._intake is not None
        try:
            sealed = await self._intake.finish()
        except VesaliusError as error:
            await self._drop(error)
            return
        self._intake = None
        self._group.append(sealed)
        if len(self._group) >= GROUP_INSTANCES:
            await self._receive_group()

    async def _drop(self, error: VesaliusError) -> None:
        """The current part is no good; its remaining bytes are passed over."""
        intake, self._intake = self._intake, None
        assert intake is not None
        await intake.abort()
        self.outcome.fail(reason_of(error))

    async def _receive_group(self) -> None:
        group, self._group = self._group, []
        if not group:
            return
        ends: dict[int, archive.Stored | int] = {}
        try:
            async with self._house.database.transaction() as tx:
                # In the archive's order, so that two messages never wait for each other.
                for number in sorted(range(len(group)), key=lambda n: storing_order(group[n])):
                    ends[number] = await self._receive(tx, group[number])
        except VesaliusError as error:
            # The commit itself failed: nothing of the group is stored.
            ends = dict.fromkeys(range(len(group)), reason_of(error))
        for number, sealed in enumerate(group):
            end = ends[number]
            if isinstance(end, int):
                self.outcome.fail(end, sealed)
            else:
                self.outcome.stored.append(end)

    async def _receive(self, tx: Transaction, sealed: archive.Sealed) -> archive.Stored | int:
        """Receive one instance; what was stored, or the reason why it was not."""
        if self._target.study not in ("", sealed.study_instance_uid):
            return DOES_NOT_MATCH
        try:
            async with tx.savepoint():
                stored = await studies.receive(tx, self._principal, sealed)
        except VesaliusError as error:
            return reason_of(error)
        except Exception as error:
            # Our mistake with one instance must not cost the others of the message.
            log.error("instance not received", error=type(error).__name__, exc_info=error)
            return PROCESSING_FAILURE
        if stored.outcome == "quarantined":
            return DUPLICATE
        await self._transfers.note(
            tx,
            study_instance_uid=stored.study_instance_uid,
            sop_class_uid=stored.sop_class_uid,
            patient_reference=stored.patient_reference,
        )
        return stored
