"""Start of the supervisor: `python -I -S bootstrap.py supervisor RUNTIME STATE SHIM`.

Isolated and without site, which would cost 3 ms and memory, so the path is set here. Descriptor 4 is the locked lock
file where whoever started us got the lock; descriptor 3, where it is a pipe, is told when we listen.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0].rpartition("/")[0] or ".")

if __name__ == "__main__":
    from pyinit.supervisor import main

    main(sys.argv[1:])
