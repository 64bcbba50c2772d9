"""The one call of python-prctl that tini's tests make, so that they need neither a compiler nor libcap."""

import ctypes

PR_SET_CHILD_SUBREAPER = 36


def set_child_subreaper(flag: int) -> None:
    """Make the calling process the reaper of its orphaned descendants."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, flag, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")
