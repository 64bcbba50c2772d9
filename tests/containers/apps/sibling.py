"""Prints `ready`; on TERM says `cleaning`, and cleans up once somebody writes to the FIFO in its argument."""

import signal
import sys
from pathlib import Path

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("ready", flush=True)
signal.sigwait([signal.SIGTERM])
print("cleaning", flush=True)
fifo = Path(sys.argv[1])
fifo.read_text()
(fifo.parent / "cleaned").touch()
print("cleaned", flush=True)
