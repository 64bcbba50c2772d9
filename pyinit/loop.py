"""The supervisor's loop: one thread, two epolls.

Why not asyncio: it would be half of the supervisor's memory. Descriptors are urgent (shims, clients) or bulk (the
services' output). All urgent ones that are ready are served first, then one bulk one, and so on: a service that floods
its log delays nobody else by more than one bounded piece of work. While nothing happens the loop sleeps.
"""

from __future__ import annotations

import heapq
import os
import time
from select import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, epoll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

READ, WRITE = EPOLLIN, EPOLLOUT
AT_ONCE = 64
MOST_FAULTS = 100  # exceptions that should not be, before the loop gives up
LONGEST_SLEEP = 86400.0  # seconds; epoll_wait(2) counts milliseconds in 32 bits


class Timer:
    """A call that is due at a time (CLOCK_MONOTONIC, seconds)."""

    __slots__ = ("call", "due")

    def __init__(self, due: float, call: Callable[[], None]) -> None:
        self.due = due
        self.call: Callable[[], None] | None = call

    def __lt__(self, other: Timer) -> bool:
        return self.due < other.due

    def cancel(self) -> None:
        """Forget the call. May be called twice."""
        self.call = None


class Loop:
    """Calls back when a descriptor is ready or a time has come."""

    def __init__(self) -> None:
        self._urgent = epoll()
        self._bulk = epoll()
        self._urgent.register(self._bulk.fileno(), EPOLLIN)
        self._calls: dict[int, tuple[Callable[[int], None], epoll]] = {}
        self._timers: list[Timer] = []
        self._chores: list[Callable[[], None]] = []
        self._bulk_chores: list[Callable[[], None]] = []
        self._stopped = False
        self._faults = 0

    def add(self, fd: int, call: Callable[[int], None], events: int = READ, *, bulk: bool = False) -> None:
        """Call call(events) each time fd is ready, until remove(fd). EPOLLERR and EPOLLHUP are always among them."""
        poll = self._bulk if bulk else self._urgent
        poll.register(fd, events)
        self._calls[fd] = call, poll

    def modify(self, fd: int, events: int) -> None:
        """Wait for other events: 0 for none but errors."""
        self._calls[fd][1].modify(fd, events)

    def remove(self, fd: int) -> None:
        """Forget fd, which is still open. Unknown ones are no error."""
        call = self._calls.pop(fd, None)
        if call:
            call[1].unregister(fd)

    def at(self, due: float, call: Callable[[], None]) -> Timer:
        """Call once when CLOCK_MONOTONIC has reached due."""
        timer = Timer(due, call)
        heapq.heappush(self._timers, timer)
        return timer

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call once in so many seconds."""
        return self.at(time.monotonic() + seconds, call)

    def soon(self, call: Callable[[], None]) -> None:
        """Call once, after what is being done now."""
        self._chores.append(call)

    def later(self, call: Callable[[], None]) -> None:
        """Call once, in turn with the bulk descriptors."""
        self._bulk_chores.append(call)

    def stop(self) -> None:
        """Let run() return."""
        self._stopped = True

    def run(self) -> None:
        """Serve until stop()."""
        bulk = self._bulk.fileno()
        while not self._stopped:
            ready = self._urgent.poll(self._timeout(), AT_ONCE)
            for fd, events in ready:
                if fd != bulk:
                    self._call(fd, events)
            self._run_due()
            self._run_chores()
            if any(fd == bulk for fd, _ in ready):
                for fd, events in self._bulk.poll(0, 1):
                    self._call(fd, events)
            if self._bulk_chores:
                self._do(self._bulk_chores.pop(0))

    def _call(self, fd: int, events: int) -> None:
        found = self._calls.get(fd)
        if found:  # an earlier call may have removed it
            self._do(lambda: found[0](events))

    def _do(self, call: Callable[[], None]) -> None:
        """A bug in what concerns one service must not end all of them at once; but it is not to go on for ever."""
        try:
            call()
        except Exception:
            import traceback  # noqa: PLC0415

            traceback.print_exc()
            self._faults += 1
            if self._faults > MOST_FAULTS:
                raise

    def _timeout(self) -> float:
        if self._chores or self._bulk_chores:
            return 0
        while self._timers and self._timers[0].call is None:
            heapq.heappop(self._timers)
        return min(LONGEST_SLEEP, max(0.0, self._timers[0].due - time.monotonic())) if self._timers else -1

    def _run_due(self) -> None:
        while self._timers and (self._timers[0].call is None or self._timers[0].due <= time.monotonic()):
            call = heapq.heappop(self._timers).call
            if call:
                self._do(call)

    def _run_chores(self) -> None:
        chores, self._chores = self._chores, []
        for chore in chores:
            self._do(chore)


def has_failed(events: int) -> bool:
    """Whether the other end is gone, or there is an error."""
    return bool(events & (EPOLLERR | EPOLLHUP))


def close(*fds: int) -> None:
    """Close descriptors; -1 is none."""
    for fd in fds:
        if fd >= 0:
            os.close(fd)
