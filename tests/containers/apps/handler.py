"""Prints `ready`, then the number of the one signal it gets, and exits with the code in its first argument."""

import signal
import sys

WANTED = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, 37]

signal.pthread_sigmask(signal.SIG_BLOCK, WANTED)
print("ready", flush=True)
print(int(signal.sigwait(WANTED)), flush=True)
sys.exit(int(sys.argv[1]))
