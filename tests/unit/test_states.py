"""The state machine: all of its table, and what holds of every path through it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyinit import states
from pyinit.states import CANCELLED, CREATED, EVENTS, EXITED, STARTING, STATES, STOPPING, SWEPT_STOP, WAITING

# For each state, what each event leads to: next state and actions. What is not here changes nothing.
TABLE = {
    "created": {"start": "starting: spawn"},
    "starting": {
        "spawned": "running:",
        "failed": "ending: clean",
        "stop": "cancelled:",
        "lost": "sweeping: sweep",
    },
    "cancelled": {"spawned": "stopping: signals", "failed": "stopping: clean", "lost": "swept-stop: sweep"},
    "running": {"died": "ending: clean", "stop": "stopping: signals", "lost": "sweeping: sweep"},
    "ending": {"empty": "exited: decide", "stop": "stopping:", "lost": "sweeping: sweep"},
    "stopping": {
        "stop": "stopping: signals",
        "died": "stopping:",
        "empty": "exited: finish",
        "lost": "swept-stop: sweep",
    },
    "sweeping": {"swept": "exited: decide", "stop": "swept-stop:", "lost": "sweeping: sweep"},
    "swept-stop": {"swept": "exited: finish", "lost": "swept-stop: sweep"},
    "waiting": {"due": "starting: spawn", "start": "starting: disarm spawn", "stop": "exited: disarm finish"},
    "exited": {"start": "starting: spawn"},
}  # fmt: skip
# What can happen in a live state without anybody asking for it.
HAPPENS = {
    "starting": ("spawned", "failed", "lost"),
    "cancelled": ("spawned", "failed", "lost"),
    "running": ("died", "lost"),
    "ending": ("empty", "lost"),
    "stopping": ("died", "empty", "lost"),
    "sweeping": ("swept", "lost"),
    "swept-stop": ("swept", "lost"),
}
LIVE = [state for state in STATES if states.is_live(state)]


def test_the_table_here_is_of_the_same_states_and_events() -> None:
    """No state and no event is missing from this test."""
    assert set(TABLE) == set(STATES)
    assert {event for row in TABLE.values() for event in row} == set(EVENTS)
    assert set(HAPPENS) == set(LIVE)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", STATES)
def test_every_state_and_every_event(state: str, event: str) -> None:
    """Each pair leads where the table says, and does what it says; all others do nothing."""
    after, _, actions = TABLE[state].get(event, f"{state}:").partition(":")
    assert states.step(state, event) == (after, tuple(actions.split()))


@pytest.mark.parametrize("event", [*EVENTS, "nonsense"])
def test_an_unknown_state_stays(event: str) -> None:
    """A state that is not known yet ("" after its record was lost) is left to whoever finds out."""
    assert states.step("", event) == ("", ())


@pytest.mark.parametrize("state", LIVE)
def test_a_stop_leads_to_the_end_and_to_no_start(state: str) -> None:
    """Whatever follows a STOP of what lives, nothing is spawned or decided, and exited is never out of reach."""
    first, actions = states.step(state, states.STOP)
    seen, todo = {first}, [first]
    done = set(actions)
    leads: dict[str, set[str]] = {}
    while todo:
        at = todo.pop()
        for event in HAPPENS.get(at, ()):
            after, actions = states.step(at, event)
            done.update(actions)
            leads.setdefault(at, set()).add(after)
            if after not in seen:
                seen.add(after)
                todo.append(after)
    assert seen <= {CANCELLED, STOPPING, SWEPT_STOP, EXITED}
    assert not done & {states.SPAWN, states.DECIDE}
    reaching = {EXITED}
    while more := {at for at, afters in leads.items() if afters & reaching} - reaching:
        reaching |= more
    assert seen <= reaching


@pytest.mark.parametrize("state", LIVE)
def test_every_live_state_has_a_way_on_when_its_shim_is_lost(state: str) -> None:
    """LOST is heeded wherever there may be processes: they are swept."""
    after, actions = states.step(state, states.LOST)
    assert after in {states.SWEEPING, SWEPT_STOP}
    assert actions == (states.SWEEP,)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.booleans()), max_size=60))
def test_no_events_spawn_twice_without_an_end_in_between(events: list[tuple[str, bool]]) -> None:
    """Between two SPAWNs the first run has failed or its last process is gone, however events come."""
    state, ended = CREATED, True
    for event, again in events:
        before = state
        state, actions = states.step(state, event)
        if states.is_live(before) and not states.is_live(state):
            assert event in {states.EMPTY, states.SWEPT}
            assert actions in {(states.DECIDE,), (states.FINISH,)}
            ended = True
        if states.DECIDE in actions and again:
            state = WAITING
        if states.SPAWN in actions:
            assert ended
            assert state == STARTING
            ended = False


@settings(deadline=None)
@given(st.lists(st.sampled_from([event for event in EVENTS if event != states.START]), max_size=40))
def test_nothing_starts_by_itself_after_a_stop(events: list[str]) -> None:
    """After a STOP only a START spawns again."""
    for state in STATES:
        at, _ = states.step(state, states.STOP)
        for event in events:
            at, actions = states.step(at, event)
            assert states.SPAWN not in actions
            assert states.DECIDE not in actions
