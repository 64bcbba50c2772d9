"""Whether a service that ended is started again, and after how long. Pure: the caller says what time it is."""

from __future__ import annotations

NO, ON_FAILURE, ALWAYS, UNLESS_STOPPED = "no", "on-failure", "always", "unless-stopped"
POLICIES = (NO, ON_FAILURE, ALWAYS, UNLESS_STOPPED)


class Policy:
    """When to restart: the policy's name, and how the delays grow.

    retries: at most so many restarts in a row with on-failure:N; None: no limit.
    first, last: the delay in seconds before the first restart and the longest one; it doubles in between, with jitter
    of up to a tenth. stable: seconds a run must last for the delays to begin anew. limit, window: at most limit starts
    within window seconds (systemd's StartLimitBurst), 0: no limit. success: exit codes that are no failure.
    """

    __slots__ = ("first", "last", "limit", "name", "retries", "stable", "success", "window")

    def __init__(
        self,
        name: str = NO,
        retries: int | None = None,
        first: float = 0.1,
        last: float = 30.0,
        stable: float = 10.0,
        limit: int = 0,
        window: float = 10.0,
        success: tuple[int, ...] = (0,),
    ) -> None:
        self.name = name
        self.retries = retries
        self.first = first
        self.last = last
        self.stable = stable
        self.limit = limit
        self.window = window
        self.success = success


class Streak:
    """The restarts in a row, and when the last starts were: what a supervisor must remember between two ends."""

    __slots__ = ("count", "starts")

    def __init__(self, count: int = 0, starts: list[float] | None = None) -> None:
        self.count = count
        self.starts = starts if starts is not None else []


def note_start(policy: Policy, streak: Streak, now: float) -> None:
    """Remember a start, for the limit."""
    if policy.limit:
        streak.starts = [*_recent(policy, streak, now), now]


def _recent(policy: Policy, streak: Streak, now: float) -> list[float]:
    """The starts within the window. Those to come are none: the clock was set back."""
    return [start for start in streak.starts if 0 <= now - start < policy.window]


def decide(
    policy: Policy, streak: Streak, code: int, lasted: float, now: float, chance: float
) -> tuple[float | None, str]:
    """The delay in seconds before the next start, or None, and why.

    code is the exit code (128+N for a signal), lasted how long the run was, chance a random number from 0 to 1.
    """
    if policy.name == NO:
        return None, "the restart policy is no"
    if policy.name == ON_FAILURE and code in policy.success:
        return None, "it succeeded"
    if lasted >= policy.stable:
        streak.count = 0
    if policy.name == ON_FAILURE and policy.retries is not None and streak.count >= policy.retries:
        return None, f"it failed after {streak.count} restarts in a row"
    if policy.limit and len(_recent(policy, streak, now)) >= policy.limit:
        return None, f"it was started {policy.limit} times within {policy.window:g} s"
    delay = min(policy.last, policy.first * 2.0 ** min(streak.count, 60))
    streak.count += 1
    return delay * (1 + 0.1 * chance), ""
