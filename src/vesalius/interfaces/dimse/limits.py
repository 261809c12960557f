"""The bounds of the upper layer and of DIMSE, taken from the settings of the same names."""

from __future__ import annotations

from dataclasses import dataclass

from vesalius.settings import Settings

KIB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one association may cost us, in octets and seconds."""

    associate_request_bytes: int = 256 * KIB
    pdu_bytes: int = 256 * KIB
    command_set_bytes: int = 16 * KIB
    # An identifier (C-FIND, C-MOVE, MPPS data set) is held in memory, unlike an instance.
    identifier_bytes: int = 1024 * KIB
    pdu_seconds: float = 30.0
    association_idle_seconds: float = 60.0
    artim_seconds: float = 15.0
    # As service class user: how long a peer may take to connect and to associate, and to answer.
    connect_seconds: float = 10.0
    response_seconds: float = 60.0

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        return cls(
            associate_request_bytes=settings.associate_request_bytes,
            pdu_bytes=settings.pdu_bytes,
            command_set_bytes=settings.command_set_bytes,
            identifier_bytes=settings.identifier_bytes,
            pdu_seconds=settings.pdu_seconds,
            association_idle_seconds=settings.association_idle_seconds,
            artim_seconds=settings.artim_seconds,
            connect_seconds=settings.connect_seconds,
            response_seconds=settings.response_seconds,
        )
