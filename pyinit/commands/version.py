"""`version`: ours; info tells the supervisor's."""

from __future__ import annotations

import sys

import pyinit
from pyinit import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Print it."""
    if parsed["format"] == "json":
        show.json({"Version": pyinit.__version__, "Python": ".".join(map(str, sys.version_info[:3]))})
    else:
        show.out(f"pyinitctl {pyinit.__version__}\n")
    return 0
