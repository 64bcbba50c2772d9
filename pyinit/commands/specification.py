"""From the options of `run` to the specification that the supervisor checks."""

from __future__ import annotations

import os

from pyinit import units
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pyinit.options import Parsed

# Options whose value is the key's, under the same name.
_SAME = (
    "name", "user", "nice", "oom-score-adj", "memory", "cpus", "pids-limit", "restart", "restart-stable", "stop-signal",
    "stop-timeout", "stop-sequence", "kill-mode", "grace", "log-driver",
)  # fmt: skip
_FLAGS = ("tty", "interactive", "rm", "no-new-privs", "notify")
# What speaks of us and our parent, not of what we start.
_OURS = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "_", "OLDPWD")


def of(parsed: Parsed, environ: Mapping[str, str], directory: str) -> dict[str, Any]:
    """The specification. PyinitError names the option that cannot be understood."""
    spec: dict[str, Any] = {"command": parsed.operands, "env": environment(parsed, environ)}
    for name in _SAME:
        if parsed[name] is not None:
            spec[name.replace("-", "_")] = parsed[name]
    for name in _FLAGS:
        if parsed[name]:
            spec[name.replace("-", "_")] = True
    spec["workdir"] = os.path.join(directory, parsed["workdir"]) if parsed["workdir"] else directory
    spec["labels"] = dict(text.partition("=")[::2] for text in parsed["label"])
    spec["log_opts"] = _log_options(parsed["log-opt"], directory)
    spec["ulimits"] = dict(_pair("--ulimit", text, "NAME=SOFT[:HARD]") for text in parsed["ulimit"])
    spec["listen"] = parsed["listen"]
    for name in ("rewrite", "delay", "map-exit"):
        if parsed[name]:
            spec[name.replace("-", "_")] = ",".join(parsed[name])
    spec.update(_restarts(parsed))
    if parsed["umask"] is not None:
        spec["umask"] = _octal(parsed["umask"])
    return {key: value for key, value in spec.items() if value not in ({}, [])} | {"env": spec["env"]}


def environment(parsed: Parsed, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables: ours without those that are not to be passed on, then the files', then --env's."""
    kept = {} if parsed["unsetenv-all"] else {key: value for key, value in environ.items() if key not in _OURS}
    for name in parsed["unsetenv"]:
        kept.pop(name, None)
    for path in parsed["env-file"]:
        _assign(kept, _lines(path), environ, f"--env-file {path}")
    _assign(kept, parsed["env"], environ, "--env")
    return kept


def _assign(kept: dict[str, str], words: list[str], environ: Mapping[str, str], what: str) -> None:
    for word in words:
        name, joined, value = word.partition("=")
        if not name or "\0" in word:
            message = f"run: {what}: {word!r} is not NAME=VALUE, nor the NAME of a variable to pass on"
            raise PyinitError(message)
        if joined:
            kept[name] = value
        elif name in environ:
            kept[name] = environ[name]


def _lines(path: str) -> list[str]:
    """The lines of an environment file, without empty ones and comments, as podman reads it."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.rstrip("\r\n").lstrip() for line in file]
    except OSError as error:
        message = f"run: --env-file {path}: {error.strerror}"
        raise PyinitError(message) from error
    return [line for line in lines if line and not line.startswith("#")]


def _pair(what: str, text: str, form: str) -> tuple[str, str]:
    key, joined, value = text.partition("=")
    if not joined or not key:
        message = f"run: {what}: {text!r} is not {form}"
        raise PyinitError(message)
    return key, value


def _log_options(texts: list[str], directory: str) -> dict[str, str]:
    found = dict(_pair("--log-opt", text, "KEY=VALUE") for text in texts)
    if found.get("path"):
        found["path"] = os.path.join(directory, found["path"])
    return found


def _restarts(parsed: Parsed) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if parsed["restart-delay"] is not None:
        first, dots, last = parsed["restart-delay"].partition("..")
        spec["restart_delay"] = units.duration("run: --restart-delay", first)
        longest = units.duration("run: --restart-delay", last) if dots else max(30.0, spec["restart_delay"])
        spec["restart_max_delay"] = longest
        if longest < spec["restart_delay"]:
            message = f"run: --restart-delay: {last} is less than {first}"
            raise PyinitError(message)
    if parsed["start-limit"] is not None:
        count, slash, window = parsed["start-limit"].partition("/")
        if not count.isascii() or not count.isdecimal():
            message = f"run: --start-limit: {parsed['start-limit']!r} is not N[/WINDOW], like 5/10s; 0: no limit"
            raise PyinitError(message)
        spec["start_limit"] = int(count)
        if slash:
            spec["start_window"] = units.duration("run: --start-limit", window)
    if parsed["success-codes"] is not None:
        codes = parsed["success-codes"].split(",")
        if not all(code.isascii() and code.isdecimal() and int(code) < 256 for code in codes):
            message = f"run: --success-codes: {parsed['success-codes']!r} is not N,...: exit codes from 0 to 255"
            raise PyinitError(message)
        spec["success_codes"] = [int(code) for code in codes]
    return spec


def _octal(text: str) -> int:
    if not 0 < len(text) <= 4 or not set(text) <= set("01234567") or int(text, 8) > 0o777:
        message = f"run: --umask: {text!r} is not an octal number from 0 to 777"
        raise PyinitError(message)
    return int(text, 8)
