"""Whether and when a service is started again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyinit import restart
from pyinit.restart import ALWAYS, NO, ON_FAILURE, UNLESS_STOPPED, Policy, Streak, decide, note_start


def _delays(policy: Policy, count: int, chance: float = 0.0, lasted: float = 0.0) -> list[float | None]:
    streak = Streak()
    return [decide(policy, streak, 1, lasted, 0.0, chance)[0] for _ in range(count)]


def test_delays_double_up_to_the_cap() -> None:
    """The first delay is `first`, each next one is twice as long, none is above `last`."""
    assert _delays(Policy(ALWAYS, first=0.1, last=1.0), 6) == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_jitter_adds_up_to_a_tenth() -> None:
    """Chance moves a delay by at most a tenth, and only upwards."""
    assert _delays(Policy(ALWAYS, first=1.0), 1, chance=1.0) == [pytest.approx(1.1)]
    assert _delays(Policy(ALWAYS, first=1.0), 1, chance=0.5) == [pytest.approx(1.05)]


def test_a_delay_of_zero_stays_zero() -> None:
    """With first=0 every restart is at once, however many there are."""
    assert _delays(Policy(ALWAYS, first=0.0), 200, chance=1.0) == [0.0] * 200


def test_a_stable_run_begins_anew() -> None:
    """A run of `stable` seconds or more resets the delay; a shorter one does not."""
    policy, streak = Policy(ALWAYS, first=1.0, stable=10.0), Streak()
    lasted = (0.0, 0.0, 9.99, 10.0, 0.0)
    assert [decide(policy, streak, 1, length, 0.0, 0.0)[0] for length in lasted] == [1.0, 2.0, 4.0, 1.0, 2.0]


def test_no_never_restarts() -> None:
    """The policy no means no, whatever the code."""
    for code in (0, 1, 137):
        assert decide(Policy(NO), Streak(), code, 0.0, 0.0, 0.0) == (None, "the restart policy is no")


@pytest.mark.parametrize(("code", "again"), [(0, False), (3, False), (1, True), (143, True)])
def test_on_failure_heeds_success_codes(code: int, again: bool) -> None:
    """A code among the success codes ends it; any other one is a failure."""
    delay, why = decide(Policy(ON_FAILURE, success=(0, 3)), Streak(), code, 0.0, 0.0, 0.0)
    assert (delay is not None) is again
    assert why == ("" if again else "it succeeded")


@pytest.mark.parametrize("name", [ALWAYS, UNLESS_STOPPED])
def test_always_restarts_after_success_too(name: str) -> None:
    """Always and unless-stopped restart whatever the code was."""
    assert decide(Policy(name), Streak(), 0, 0.0, 0.0, 0.0)[0] is not None


def test_retries_are_counted_in_a_row() -> None:
    """on-failure:2 gives up at the third failure in a row; a stable run makes it two again."""
    policy, streak = Policy(ON_FAILURE, retries=2, stable=10.0), Streak()
    lasted = (0, 0, 0, 10, 0, 0)
    found = [decide(policy, streak, 1, length, 0.0, 0.0)[0] is not None for length in lasted]
    assert found == [True, True, False, True, True, False]
    assert decide(policy, streak, 1, 0, 0.0, 0.0)[1] == "it failed after 2 restarts in a row"


def test_the_limit_is_of_starts_within_the_window() -> None:
    """`limit` starts within `window` seconds are all there are; older ones are forgotten."""
    policy, streak = Policy(ALWAYS, first=0.0, limit=3, window=10.0), Streak()
    for now in (0.0, 1.0, 2.0):
        note_start(policy, streak, now)
    assert decide(policy, streak, 1, 0.0, 3.0, 0.0) == (None, "it was started 3 times within 10 s")
    assert decide(policy, streak, 1, 0.0, 10.0, 0.0)[0] == 0.0
    note_start(policy, streak, 11.5)
    assert streak.starts == [2.0, 11.5]


def test_without_a_limit_nothing_is_remembered() -> None:
    """The list of starts does not grow for who has no limit."""
    streak = Streak()
    note_start(Policy(ALWAYS), streak, 1.0)
    assert streak.starts == []


def test_a_clock_that_is_set_back_blocks_no_start() -> None:
    """Starts that lie in the future are not within the window, or a jump of the clock would end restarts for long."""
    policy, streak = Policy(ALWAYS, first=0.0, limit=2, window=10.0), Streak(0, [1000.0, 1001.0])
    assert decide(policy, streak, 1, 0.0, 5.0, 0.0)[0] == 0.0
    note_start(policy, streak, 5.0)
    assert streak.starts == [5.0]


@settings(deadline=None)
@given(
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 1),
    st.integers(0, 100000),
    st.floats(0, 1e6),
    st.integers(0, 255),
)
def test_a_delay_is_between_its_bounds(
    first: float, more: float, chance: float, count: int, lasted: float, code: int
) -> None:
    """However long it went on, a delay is at least `first` and at most `last` and a tenth."""
    policy = Policy(ALWAYS, first=first, last=first + more)
    delay, why = decide(policy, Streak(count), code, lasted, 0.0, chance)
    assert delay is not None
    assert first <= delay <= (first + more) * 1.1000001
    assert why == ""


def test_the_policies_have_podmans_names() -> None:
    """What --restart takes."""
    assert restart.POLICIES == ("no", "on-failure", "always", "unless-stopped")
