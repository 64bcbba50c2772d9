"""A service's output on its way into the log, in the loop.

Bytes are moved in bounded pieces, and only while the log takes them: when the disk is full the application waits for a
full pipe, and we look again each second.
"""

from __future__ import annotations

import os
import time

from pyinit import launch, logs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinit.loop import Loop, Timer
    from pyinit.spec import Spec

RETRY = 1.0  # seconds until what a full disk refused is tried again
RELAYED = 1 << 16  # bytes from a terminal at once
MOST_RELAYS = 64  # at a run's end: more than a terminal holds


class Output:
    """The log path of one service and its descriptors, which are the service's and outlive it.

    seen(stream, data) gets what was logged, for attached clients; troubled(text or "") is told what cannot be done.
    """

    def __init__(
        self,
        loop: Loop,
        slots: dict[int, int],
        spec: Spec,
        folder: str,
        seen: Callable[[int, bytes], None],
        troubled: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._slots = slots
        self._tty = spec.tty
        self._troubled = troubled
        self._idle: Timer | None = None
        self._retry: Timer | None = None
        self._closed = False
        self._resting = True
        self._unsettled = False  # a run has ended, and not all of it could be logged yet
        self._config = logs.check_options(spec.log_driver, spec.log_opts)
        two = launch.ERRORS in slots
        self._log = logs.LogPath(
            slots[launch.OUTPUT],
            slots[launch.ERRORS] if two else None,
            slots[launch.STAGING_OUTPUT],
            slots[launch.STAGING_ERRORS] if two else None,
            self._config,
            folder,
            fields={"PYINIT_SERVICE_NAME": str(spec.name)},
        )
        self._log.recover()
        self._seen = seen
        self._listen()

    def _listen(self) -> None:
        if not self._resting:
            return
        self._resting = False
        if self._tty:
            self._loop.add(self._slots[launch.INPUT], self._relay_ready, bulk=True)
        self._loop.add(self._slots[launch.OUTPUT], lambda _events: self._pump(0), bulk=True)
        if launch.ERRORS in self._slots:
            self._loop.add(self._slots[launch.ERRORS], lambda _events: self._pump(1), bulk=True)

    def _rest(self) -> None:
        """Listen to nothing."""
        self._resting = True
        for slot in (launch.INPUT, launch.OUTPUT, launch.ERRORS):
            if slot in self._slots and (slot != launch.INPUT or self._tty):
                self._loop.remove(self._slots[slot])

    def _relay_ready(self, _events: int) -> None:
        self._relay()

    def _relay(self) -> int:
        """With a terminal: from the pty to the pipe, inside the kernel, without waiting. How many bytes that were."""
        try:
            return os.splice(self._slots[launch.INPUT], self._slots[launch.RELAY], RELAYED, flags=os.SPLICE_F_NONBLOCK)
        except BlockingIOError:
            pass  # nothing there, or the pipe is full and OUTPUT is readable
        except OSError:
            self._loop.remove(self._slots[launch.INPUT])
        return 0

    def _pump(self, stream: int) -> None:
        if self._closed:
            return
        more = self._log.pump(stream)
        self._check()
        if more and not self._retry:
            self._loop.later(lambda: self._pump(stream))

    def _check(self) -> None:
        """Look after what the log path wants from us now."""
        self._troubled(self._log.trouble or "")
        if self._log.waits:
            self._rest()
        if (self._log.blocked or self._unsettled) and not self._retry:
            self._retry = self._loop.after(RETRY, self._try_again)
        deadline = self._log.deadline
        if deadline is not None and not self._idle:
            self._idle = self._loop.at(deadline, self._end_lines)

    def _try_again(self) -> None:
        self._retry = None
        self._listen()
        if self._unsettled:
            self.drain()
        for stream in (0, 1) if launch.ERRORS in self._slots else (0,):
            self._pump(stream)

    def _end_lines(self) -> None:
        """Nothing came for a moment after the beginning of a line: a prompt, maybe."""
        self._idle = None
        self._log.idle(time.monotonic())
        self._check()

    def drain(self) -> None:
        """Log what is in the pipes now: what was written before the end is in the log before the end is told."""
        if self._closed:
            return
        for _ in range(MOST_RELAYS if self._tty else 0):
            if not self._relay():
                break
            self._log.pump(0)
        self._unsettled = not self._log.settle()
        self._check()

    def begin(self) -> None:
        """The next run begins: what could not be logged of the last one is followed by its output."""
        self._unsettled = False

    def show(self, *, wanted: bool) -> None:
        """Whether somebody wants to see it: a copy is made only then."""
        self._log.tap(self._seen if wanted else None)

    def reopen(self) -> None:
        """After an external rotation."""
        self._log.reopen()

    def close(self) -> None:
        """Stop; the descriptors stay open."""
        self._closed = True
        for timer in (self._idle, self._retry):
            if timer:
                timer.cancel()
        self._rest()
        self._log.close()


def path(spec: Spec, folder: str) -> str:
    """Where the log is; "" for drivers without a file."""
    config = logs.check_options(spec.log_driver, spec.log_opts)
    return (config.path or f"{folder}/log") if config.file else ""
