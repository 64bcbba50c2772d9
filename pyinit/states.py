"""The life of a service, as one table: who may interrupt what.

created    was never started; only START leads on.
starting   the shim was told to spawn it. SPAWNED: running. FAILED: it could not be executed, and that ends the run.
           STOP: cancelled, since the answer is on its way.
cancelled  as starting, but what is spawned is stopped at once.
running    the main process lives. EXITED: ending. STOP: stopping. LOST: the shim is dead.
ending     the main process is gone by itself, and what it left behind is being stopped (kill-mode tree). EMPTY: nothing
           is left, now it is decided whether to start again. STOP: the same, and it is not started again.
stopping   somebody asked for the end: the stop signals are on their way. EXITED is noted; EMPTY ends it.
sweeping   the shim was lost: what it should have killed is searched for and killed. SWEPT: decided as after ending.
           LOST: the supervisor that searched was killed; its successor searches again.
swept-stop the same, but it was to be stopped: it is not started again.
waiting    it is to be started again after a delay. DUE: starting. START: at once. STOP: exited.
exited     as created, but it ran before.

`step` is pure: it says the next state and what is to be done, by name; service.py does it.
"""

from __future__ import annotations

CREATED, STARTING, CANCELLED, RUNNING, ENDING, STOPPING = (
    "created",
    "starting",
    "cancelled",
    "running",
    "ending",
    "stopping",
)
SWEEPING, SWEPT_STOP, WAITING, EXITED = "sweeping", "swept-stop", "waiting", "exited"
STATES = (CREATED, STARTING, CANCELLED, RUNNING, ENDING, STOPPING, SWEEPING, SWEPT_STOP, WAITING, EXITED)

START, STOP, SPAWNED, FAILED, DIED, EMPTY, LOST, SWEPT, DUE = (
    "start",
    "stop",
    "spawned",
    "failed",
    "died",
    "empty",
    "lost",
    "swept",
    "due",
)
EVENTS = (START, STOP, SPAWNED, FAILED, DIED, EMPTY, LOST, SWEPT, DUE)

# Actions
SPAWN, SIGNALS, CLEAN, DECIDE, FINISH, SWEEP, DISARM = (
    "spawn",
    "signals",
    "clean",
    "decide",
    "finish",
    "sweep",
    "disarm",
)

# Nothing to do is an answer as well: a second START while it runs, an EMPTY that comes twice. What is not listed does
# not change the state and does nothing; tests go through every pair.
_TABLE: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    (CREATED, START): (STARTING, (SPAWN,)),
    (EXITED, START): (STARTING, (SPAWN,)),
    (STARTING, SPAWNED): (RUNNING, ()),
    (STARTING, FAILED): (ENDING, (CLEAN,)),
    (STARTING, STOP): (CANCELLED, ()),
    (STARTING, LOST): (SWEEPING, (SWEEP,)),
    (CANCELLED, SPAWNED): (STOPPING, (SIGNALS,)),
    (CANCELLED, FAILED): (STOPPING, (CLEAN,)),
    (CANCELLED, LOST): (SWEPT_STOP, (SWEEP,)),
    (RUNNING, DIED): (ENDING, (CLEAN,)),
    (RUNNING, STOP): (STOPPING, (SIGNALS,)),
    (RUNNING, LOST): (SWEEPING, (SWEEP,)),
    (ENDING, EMPTY): (EXITED, (DECIDE,)),
    (ENDING, STOP): (STOPPING, ()),
    (ENDING, LOST): (SWEEPING, (SWEEP,)),
    (STOPPING, STOP): (STOPPING, (SIGNALS,)),
    (STOPPING, DIED): (STOPPING, ()),
    (STOPPING, EMPTY): (EXITED, (FINISH,)),
    (STOPPING, LOST): (SWEPT_STOP, (SWEEP,)),
    (SWEEPING, SWEPT): (EXITED, (DECIDE,)),
    (SWEEPING, STOP): (SWEPT_STOP, ()),
    (SWEEPING, LOST): (SWEEPING, (SWEEP,)),
    (SWEPT_STOP, SWEPT): (EXITED, (FINISH,)),
    (SWEPT_STOP, LOST): (SWEPT_STOP, (SWEEP,)),
    (WAITING, DUE): (STARTING, (SPAWN,)),
    (WAITING, START): (STARTING, (DISARM, SPAWN)),
    (WAITING, STOP): (EXITED, (DISARM, FINISH)),
}


def step(state: str, event: str) -> tuple[str, tuple[str, ...]]:
    """The state after event, and the actions that go with it, in their order."""
    return _TABLE.get((state, event), (state, ()))


def is_live(state: str) -> bool:
    """Whether there is, or soon will be, a process."""
    return state not in (CREATED, EXITED, WAITING)
