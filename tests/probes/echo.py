"""Prints `ready`, then the name of each signal it gets; its standard input's end, or TERM, ends it."""

import signal
import sys
from types import FrameType


def say(word: str) -> None:
    """Write a line at once: somebody waits for it."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def tell(number: int, _frame: FrameType | None) -> None:
    """Say which signal came; a real-time one has a name only at the ends of the range."""
    names = {known.value: known.name for known in signal.Signals}
    say(names.get(number, str(number)))
    if number == signal.SIGTERM:
        sys.exit(0)


for sent in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
    signal.signal(sent, tell)
say("ready")
sys.stdin.read()
