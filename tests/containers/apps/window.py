"""Prints `ready`, then the size of its terminal whenever that changes, until the end of its standard input."""

import os
import signal
import sys
from types import FrameType


def tell(_number: int, _frame: FrameType | None) -> None:
    """Say columns x rows."""
    size = os.get_terminal_size(0)
    os.write(1, f"size {size.columns}x{size.lines}\n".encode())  # print() is not to be interrupted by itself


signal.signal(signal.SIGWINCH, tell)
os.write(1, b"ready\n")
sys.stdin.read()
