"""`python -m pyinit` is pyinitctl."""

import sys

from pyinit.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
