"""Prints `ready`, then the name of each signal it gets; its standard input's end, or TERM, ends it."""

import signal
import sys
from types import FrameType


def tell(number: int, _frame: FrameType | None) -> None:
    """Say which signal came; a real-time one has a name only at the ends of the range."""
    names = {known.value: known.name for known in signal.Signals}
    print(names.get(number, number), flush=True)
    if number == signal.SIGTERM:
        sys.exit(0)


for sent in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
    signal.signal(sent, tell)
print("ready", flush=True)
sys.stdin.read()
