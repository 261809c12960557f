"""The DICOM acceptor of one process: connections, admission, and the associations it serves.

Several processes accept on one port (SO_REUSEPORT); each has its own lobby and its own slots.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress

from vesalius.app import House
from vesalius.kit.errors import VesaliusError
from vesalius.kit.log import logger
from vesalius.kit.metrics import Counter, Gauge
from vesalius.stores import access, audit

from . import negotiation, pdu, services
from .association import Association, AssociationEnded
from .caller import Caller
from .limits import Limits
from .lobby import Lobby
from .octets import Malformed
from .pdu import AssociateAccept, AssociateReject, AssociateRequest
from .state_machine import State
from .upper_layer import UpperLayer

log = logger(__name__)

BACKLOG = 4096
# A peer whose maximum is smaller would have us cut an image into dust.
LEAST_PDU_BYTES = 1024
# How long an association may stay silent once we are asked to stop.
DRAIN_SILENCE_SECONDS = 1.0

ASSOCIATIONS = Gauge(
    "vesalius_dicom_associations", "Open associations.", multiprocess_mode="livesum"
)
ACCEPTED = Counter("vesalius_dicom_associations_accepted", "Associations accepted.")
REJECTED = Counter("vesalius_dicom_associations_rejected", "Associations rejected.", ["reason"])


async def serve(house: House, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve associations on a bound socket until `stop`, then let running ones end."""
    _allow_many_descriptors()
    acceptor = Acceptor(house)
    acceptor.listen(listener)
    try:
        await stop.wait()
    finally:
        await acceptor.close()


def _allow_many_descriptors() -> None:
    """Each connection in the lobby is an open file; the usual soft limit is 1,024."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Acceptor:
    """Accepts connections, and serves the associations they become."""

    def __init__(self, house: House, limits: Limits | None = None) -> None:
        settings = house.settings
        self._house = house
        self._limits = limits or Limits.of(settings)
        self._lobby = Lobby(
            per_address=settings.unassociated_per_address, total=settings.unassociated_total
        )
        self._slots = settings.associations
        self._private = frozenset(settings.private_sop_classes)
        self._tasks: dict[asyncio.Task[None], Association | None] = {}
        self._connecting: set[asyncio.Task[object]] = set()
        self._listener: socket.socket | None = None
        self._loop = asyncio.get_running_loop()

    # Connections

    def listen(self, listener: socket.socket) -> None:
        """Begin to accept."""
        listener.setblocking(False)
        listener.listen(BACKLOG)
        self._listener = listener
        self._loop.add_reader(listener.fileno(), self._accept)

    def _accept(self) -> None:
        """Take one connection per turn of the loop.

        So a request that is already in a socket's buffer is read before so many more connections
        came that its socket would have to leave the lobby.
        """
        assert self._listener is not None
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return
        except OSError as error:
            # Out of descriptors: the eldest in the lobby makes room.
            log.error("connection not accepted", errno=error.errno)
            self._lobby.drop_eldest()
            return
        connection.setblocking(False)
        connecting = self._loop.create_task(self._connect(connection))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    async def _connect(self, connection: socket.socket) -> None:
        with suppress(OSError):
            await self._loop.connect_accepted_socket(self._new_upper, connection)

    def _new_upper(self) -> UpperLayer:
        return UpperLayer(self, self._limits)

    # The upper layer's user until there is an association

    def connected(self, upper: UpperLayer) -> None:
        self._lobby.enter(upper)

    def disconnected(self, upper: UpperLayer) -> None:
        self._lobby.leave(upper)

    def associate_indication(self, upper: UpperLayer, request: AssociateRequest) -> None:
        """Give the request a slot, or say that there is none."""
        if len(self._tasks) >= self._slots:
            _reject(upper, pdu.LOCAL_LIMIT_EXCEEDED, transient=True)
            return
        self._lobby.leave(upper)
        task = self._loop.create_task(self._serve(upper, request))
        self._tasks[task] = None
        task.add_done_callback(self._done)

    def associate_confirmation(self, answer: AssociateAccept | AssociateReject) -> None:
        raise Malformed("an answer to what was not asked")

    def fragment(self, context_id: int, flags: int, chunk: memoryview, ends: bool) -> None:
        raise Malformed("data before an association")

    def release_indication(self) -> None:
        raise Malformed("a release before an association")

    def release_confirmation(self) -> None:
        raise Malformed("a release before an association")

    def aborted(self, reason: str) -> None:
        """Nothing was begun that would have to end."""

    def is_working(self) -> bool:
        return True

    # Associations

    async def _serve(self, upper: UpperLayer, request: AssociateRequest) -> None:
        principal = await self._admit(upper, request)
        if principal is None or upper.state is not State.AWAITING_LOCAL_ASSOCIATE_RESPONSE:
            return
        answer, contexts = negotiation.answer(
            request, pdu_bytes=self._limits.pdu_bytes, private=self._private
        )
        association = Association(
            upper,
            self._limits,
            contexts,
            most_sent=negotiation.most_sent(request.user.maximum_length, self._limits.pdu_bytes),
            calling_ae_title=request.calling_ae_title,
            called_ae_title=request.called_ae_title,
        )
        upper.user = association
        upper.accept(answer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = association
        ACCEPTED.inc()
        caller = Caller(self._house, association, principal, self._limits)
        with ASSOCIATIONS.track_inprogress():
            await self._converse(caller)

    async def _admit(self, upper: UpperLayer, request: AssociateRequest) -> access.Principal | None:
        """The node that calls, or None once it is told why not."""
        settings = self._house.settings
        least = request.user.maximum_length or LEAST_PDU_BYTES
        if request.application_context_name != pdu.APPLICATION_CONTEXT_NAME:
            _reject(upper, pdu.APPLICATION_CONTEXT_NOT_SUPPORTED)
        elif settings.check_called_ae_title and request.called_ae_title != settings.ae_title:
            _reject(upper, pdu.CALLED_AE_TITLE_NOT_RECOGNIZED)
        elif least < LEAST_PDU_BYTES:
            _reject(upper, pdu.NO_REASON_GIVEN)
        else:
            return await self._recognize(upper, request)
        return None

    async def _recognize(
        self, upper: UpperLayer, request: AssociateRequest
    ) -> access.Principal | None:
        try:
            return await access.admit_node(
                self._house.database,
                calling_ae_title=request.calling_ae_title,
                address=upper.peer_address or "",
            )
        except access.NodeRefused:
            _reject(upper, pdu.CALLING_AE_TITLE_NOT_RECOGNIZED)
        except VesaliusError:
            _reject(upper, pdu.TEMPORARY_CONGESTION, transient=True)
        except Exception:
            log.exception("admission failed")
            _reject(upper, pdu.TEMPORARY_CONGESTION, transient=True)
        return None

    async def _converse(self, caller: Caller) -> None:
        """Answer requests until the peer releases or is gone."""
        association = caller.association
        try:
            await self._audit_opening(caller)
            while (message := await association.receive()) is not None:
                await services.answer(caller, message)
            association.respond_release()
        except AssociationEnded as ended:
            log.info("association ended early", node=caller.principal.name, reason=str(ended))
        except Malformed as error:
            log.info("peer broke the protocol", node=caller.principal.name, reason=str(error))
            association.abort()
        except Exception:
            log.exception("association failed", node=caller.principal.name)
            association.abort()
        finally:
            association.abort()
            await self._audit_ending(caller)

    async def _audit_opening(self, caller: Caller) -> None:
        async with self._house.database.transaction() as tx:
            # Nothing is acknowledged by this row, so nobody has to wait for the disk.
            await tx.execute("SET LOCAL synchronous_commit = off")
            await audit.record(
                tx,
                caller.principal,
                "E",
                "DICOM Association",
                detail={"association": caller.association_id},
            )

    async def _audit_ending(self, caller: Caller) -> None:
        if caller.stored.is_open:
            async with self._house.database.transaction() as tx:
                await caller.stored.close(tx)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if not task.cancelled() and task.exception() is not None:
            log.error("association task failed", exc_info=task.exception())

    # Stopping

    async def close(self) -> None:
        """Accept nothing more, let operations end, then end what is left."""
        if self._listener is not None:
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        self._lobby.clear()
        deadline = self._loop.time() + self._house.settings.drain_seconds
        while self._tasks and self._loop.time() < deadline:
            for association in self._tasks.values():
                if association is not None and association.is_silent_for(DRAIN_SILENCE_SECONDS):
                    association.abort()
            await asyncio.wait(self._tasks, timeout=DRAIN_SILENCE_SECONDS / 4)
        for task, association in list(self._tasks.items()):
            if association is not None:
                association.abort()
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


def _reject(upper: UpperLayer, why: tuple[int, int], *, transient: bool = False) -> None:
    if upper.state is not State.AWAITING_LOCAL_ASSOCIATE_RESPONSE:
        return
    result = pdu.REJECTED_TRANSIENT if transient else pdu.REJECTED_PERMANENT
    answer = AssociateReject(result, *why)
    REJECTED.labels(answer.describe()).inc()
    upper.reject(answer)
