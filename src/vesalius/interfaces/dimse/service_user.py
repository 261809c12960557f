"""What sits on the upper layer: the service user of PS3.8 section 7, told by indications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .pdu import AssociateAccept, AssociateReject, AssociateRequest

if TYPE_CHECKING:
    from .upper_layer import UpperLayer


class ServiceUser(Protocol):
    """An association, or whoever will have one."""

    def connected(self, upper: UpperLayer) -> None:
        """The transport is open."""

    def disconnected(self, upper: UpperLayer) -> None:
        """The transport is closed, for whatever reason."""

    def associate_indication(self, upper: UpperLayer, request: AssociateRequest) -> None:
        """The peer asks for an association; answer with `upper.accept` or `upper.reject`."""

    def associate_confirmation(self, answer: AssociateAccept | AssociateReject) -> None:
        """The peer answered our request."""

    def fragment(self, context_id: int, flags: int, chunk: memoryview, ends: bool) -> None:
        """A piece of a presentation data value; the view is only valid during the call."""

    def release_indication(self) -> None:
        """The peer asks to end the association; answer with `upper.respond_release`."""

    def release_confirmation(self) -> None:
        """The association is released."""

    def aborted(self, reason: str) -> None:
        """The association is over, and nothing more will come."""

    def is_working(self) -> bool:
        """Whether the silence on the line is ours, not the peer's."""
