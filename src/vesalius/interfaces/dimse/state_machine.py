"""The DICOM upper layer state machine (PS3.8 section 9.2) as one table.

`TRANSITIONS` is Table 9-10 read row by row: event, state, action. `NEXT_STATES` says where an
action leads (Tables 9-6 to 9-9). What an action does on the wire is in `upper_layer`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class State(IntEnum):
    """Tables 9-1 to 9-5."""

    IDLE = 1
    TRANSPORT_OPEN_AWAITING_REQUEST = 2
    AWAITING_LOCAL_ASSOCIATE_RESPONSE = 3
    AWAITING_TRANSPORT_OPEN = 4
    AWAITING_ASSOCIATE_REPLY = 5
    ESTABLISHED = 6
    AWAITING_RELEASE_REPLY = 7
    AWAITING_LOCAL_RELEASE_RESPONSE = 8
    COLLISION_REQUESTOR_AWAITING_LOCAL_RESPONSE = 9
    COLLISION_ACCEPTOR_AWAITING_REPLY = 10
    COLLISION_REQUESTOR_AWAITING_REPLY = 11
    COLLISION_ACCEPTOR_AWAITING_LOCAL_RESPONSE = 12
    AWAITING_TRANSPORT_CLOSE = 13


class Event(IntEnum):
    """The rows of Table 9-10."""

    ASSOCIATE_REQUEST_LOCAL = 1
    TRANSPORT_CONFIRMED = 2
    ASSOCIATE_ACCEPT_RECEIVED = 3
    ASSOCIATE_REJECT_RECEIVED = 4
    TRANSPORT_INDICATED = 5
    ASSOCIATE_REQUEST_RECEIVED = 6
    ACCEPT_LOCAL = 7
    REJECT_LOCAL = 8
    P_DATA_LOCAL = 9
    P_DATA_RECEIVED = 10
    RELEASE_REQUEST_LOCAL = 11
    RELEASE_REQUEST_RECEIVED = 12
    RELEASE_REPLY_RECEIVED = 13
    RELEASE_RESPONSE_LOCAL = 14
    ABORT_LOCAL = 15
    ABORT_RECEIVED = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_PDU_RECEIVED = 19


class Action(StrEnum):
    """Tables 9-6 to 9-9."""

    AE_1 = "open the transport"
    AE_2 = "send A-ASSOCIATE-RQ"
    AE_3 = "tell the user that the association is accepted"
    AE_4 = "tell the user that the association is rejected, close the transport"
    AE_5 = "start ARTIM"
    AE_6 = "stop ARTIM, tell the user that an association is asked for, or send A-ASSOCIATE-RJ"
    AE_7 = "send A-ASSOCIATE-AC"
    AE_8 = "send A-ASSOCIATE-RJ, start ARTIM"
    DT_1 = "send P-DATA-TF"
    DT_2 = "give the data to the user"
    AR_1 = "send A-RELEASE-RQ"
    AR_2 = "tell the user that release is asked for"
    AR_3 = "tell the user that the association is released, close the transport"
    AR_4 = "send A-RELEASE-RP, start ARTIM"
    AR_5 = "stop ARTIM"
    AR_6 = "give the data to the user while awaiting the release reply"
    AR_7 = "send P-DATA-TF before the release response"
    AR_8 = "tell the user that releases collided"
    AR_9 = "send A-RELEASE-RP after a collision"
    AR_10 = "tell the user that the association is released after a collision"
    AA_1 = "send A-ABORT as service user, (re)start ARTIM"
    AA_2 = "stop ARTIM, close the transport"
    AA_3 = "tell the user that the peer aborted, close the transport"
    AA_4 = "tell the user that the transport is lost"
    AA_5 = "stop ARTIM, the transport is closed"
    AA_6 = "ignore the PDU"
    AA_7 = "send A-ABORT"
    AA_8 = "send A-ABORT as service provider, tell the user, start ARTIM"


def _row(event: Event, cells: str) -> dict[tuple[State, Event], Action]:
    """One row of Table 9-10: thirteen cells, `.` where the event cannot occur in the state."""
    names = cells.split()
    assert len(names) == len(State)
    return {
        (state, event): Action[name.replace("-", "_")]
        for state, name in zip(State, names, strict=True)
        if name != "."
    }


TRANSITIONS: dict[tuple[State, Event], Action] = {
    #            Sta1 Sta2 Sta3 Sta4 Sta5 Sta6 Sta7 Sta8 Sta9 Sta10 Sta11 Sta12 Sta13
    **_row(Event(1), "AE-1 .    .    .    .    .    .    .    .    .     .    .     .   "),
    **_row(Event(2), ".    .    .    AE-2 .    .    .    .    .    .     .    .     .   "),
    **_row(Event(3), ".    AA-1 AA-8 .    AE-3 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8  AA-6"),
    **_row(Event(4), ".    AA-1 AA-8 .    AE-4 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8  AA-6"),
    **_row(Event(5), "AE-5 .    .    .    .    .    .    .    .    .     .    .     .   "),
    **_row(Event(6), ".    AE-6 AA-8 .    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8  AA-7"),
    **_row(Event(7), ".    .    AE-7 .    .    .    .    .    .    .     .    .     .   "),
    **_row(Event(8), ".    .    AE-8 .    .    .    .    .    .    .     .    .     .   "),
    **_row(Event(9), ".    .    .    .    .    DT-1 .    AR-7 .    .     .    .     .   "),
    **_row(Event(10), ".    AA-1 AA-8 .    AA-8 DT-2 AR-6 AA-8 AA-8 AA-8  AA-8 AA-8  AA-6"),
    **_row(Event(11), ".    .    .    .    .    AR-1 .    .    .    .     .    .     .   "),
    **_row(Event(12), ".    AA-1 AA-8 .    AA-8 AR-2 AR-8 AA-8 AA-8 AA-8  AA-8 AA-8  AA-6"),
    **_row(Event(13), ".    AA-1 AA-8 .    AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3 AA-8  AA-6"),
    **_row(Event(14), ".    .    .    .    .    .    .    AR-4 AR-9 .     .    AR-4  .   "),
    **_row(Event(15), ".    .    AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1  AA-1 AA-1  .   "),
    **_row(Event(16), ".    AA-2 AA-3 .    AA-3 AA-3 AA-3 AA-3 AA-3 AA-3  AA-3 AA-3  AA-2"),
    **_row(Event(17), ".    AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4  AA-4 AA-4  AR-5"),
    **_row(Event(18), ".    AA-2 .    .    .    .    .    .    .    .     .    .     AA-2"),
    **_row(Event(19), ".    AA-1 AA-8 .    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8  AA-7"),
}

# Actions with two ways out (AE-6, AR-8) name their usual one; `upper_layer` chooses the other.
NEXT_STATES: dict[Action, State] = {
    Action.AE_1: State.AWAITING_TRANSPORT_OPEN,
    Action.AE_2: State.AWAITING_ASSOCIATE_REPLY,
    Action.AE_3: State.ESTABLISHED,
    Action.AE_4: State.IDLE,
    Action.AE_5: State.TRANSPORT_OPEN_AWAITING_REQUEST,
    Action.AE_6: State.AWAITING_LOCAL_ASSOCIATE_RESPONSE,
    Action.AE_7: State.ESTABLISHED,
    Action.AE_8: State.AWAITING_TRANSPORT_CLOSE,
    Action.DT_1: State.ESTABLISHED,
    Action.DT_2: State.ESTABLISHED,
    Action.AR_1: State.AWAITING_RELEASE_REPLY,
    Action.AR_2: State.AWAITING_LOCAL_RELEASE_RESPONSE,
    Action.AR_3: State.IDLE,
    Action.AR_4: State.AWAITING_TRANSPORT_CLOSE,
    Action.AR_5: State.IDLE,
    Action.AR_6: State.AWAITING_RELEASE_REPLY,
    Action.AR_7: State.AWAITING_LOCAL_RELEASE_RESPONSE,
    Action.AR_8: State.COLLISION_REQUESTOR_AWAITING_LOCAL_RESPONSE,
    Action.AR_9: State.COLLISION_REQUESTOR_AWAITING_REPLY,
    Action.AR_10: State.COLLISION_ACCEPTOR_AWAITING_LOCAL_RESPONSE,
    Action.AA_1: State.AWAITING_TRANSPORT_CLOSE,
    Action.AA_2: State.IDLE,
    Action.AA_3: State.IDLE,
    Action.AA_4: State.IDLE,
    Action.AA_5: State.IDLE,
    Action.AA_6: State.AWAITING_TRANSPORT_CLOSE,
    Action.AA_7: State.AWAITING_TRANSPORT_CLOSE,
    Action.AA_8: State.AWAITING_TRANSPORT_CLOSE,
}


class NotInThisState(Exception):
    """A local event that Table 9-10 has no cell for: the caller did things out of order."""


def transition(state: State, event: Event) -> tuple[Action, State]:
    """The action for `event` in `state`, and the state after it."""
    try:
        action = TRANSITIONS[state, event]
    except KeyError:
        raise NotInThisState(f"{event.name} has no place in {state.name}") from None
    return action, NEXT_STATES[action]
