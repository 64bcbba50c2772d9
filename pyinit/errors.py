"""What can go wrong for a user: one line, and the exit code that goes with it."""

from __future__ import annotations

OWN_ERROR = 125
CANNOT_EXECUTE = 126
NOT_FOUND = 127


class PyinitError(Exception):
    """A request that cannot be done. The text is one line that names what was wrong and what is allowed.

    exit_code is 125 for an error of pyinit's own, 126 or 127 for a command that cannot be executed or found.
    """

    def __init__(self, text: str, exit_code: int = OWN_ERROR) -> None:
        if not text.isprintable():  # a name with a newline or an escape sequence in it
            text = "".join(part if part.isprintable() else repr(part)[1:-1] for part in text)
        super().__init__(text)
        self.exit_code = exit_code


class SpecError(PyinitError):
    """A specification of a service that is not one."""


class ProtocolError(PyinitError):
    """A message that its sender should not have sent."""
