"""The state table against another implementation of Table 9-10, cell by cell."""

import pytest
from pynetdicom import fsm

from vesalius.interfaces.dimse.state_machine import (
    NEXT_STATES,
    TRANSITIONS,
    Action,
    Event,
    NotInThisState,
    State,
    transition,
)

ORACLE = {
    (State(int(state[3:])), Event(int(event[3:]))): Action[action.replace("-", "_")]
    for (event, state), action in fsm.TRANSITION_TABLE.items()
}
CELLS = [(state, event) for state in State for event in Event]


@pytest.mark.parametrize(("state", "event"), CELLS, ids=lambda part: part.name)
def test_cell(state: State, event: Event) -> None:
    expected = ORACLE.get((state, event))
    if expected is None:
        with pytest.raises(NotInThisState):
            transition(state, event)
        return
    action, after = transition(state, event)
    assert action is expected
    possible = fsm.ACTIONS[expected.name.replace("_", "-")][2]
    names = possible if isinstance(possible, tuple) else (possible,)
    assert f"Sta{after.value}" in names


def test_every_action_is_used_and_leads_somewhere() -> None:
    assert set(TRANSITIONS.values()) == set(Action)
    assert set(NEXT_STATES) == set(Action)
