#!/usr/bin/python3
"""A service with one worker, as OpenStack's are: TERM is for the service, which then lets its worker finish."""

import os
import signal
import sys

to_worker, from_service = os.pipe()[::-1]
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
worker = os.fork()
if worker == 0:
    os.close(to_worker)
    os.read(from_service, 1)
    hit = signal.SIGTERM in signal.sigpending()
    print("worker was hit" if hit else "worker finished", flush=True)
    os._exit(0)
print(f"ready {' '.join(sys.argv)}", flush=True)
signal.sigwait([signal.SIGTERM])
print("service got TERM", flush=True)
os.close(to_worker)
os.waitpid(worker, 0)
sys.exit(4)
