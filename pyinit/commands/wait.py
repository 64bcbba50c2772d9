"""`wait`: until services have ended, or run."""

from __future__ import annotations

from pyinit import client, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Print each exit code as soon as it is known; of --format json an array at the end."""
    left, seen = list(dict.fromkeys(parsed.operands)), []
    condition = parsed["condition"] or "exited"
    while left:
        with client.Connection(client.find_dirs()) as connection:
            connection.send("wait", names=left, condition=condition)
            try:
                for line in connection.lines():
                    seen.append(result(line))
                    left = [name for name in left if name != line["name"] and not line["id"].startswith(name)]
                    if parsed["format"] != "json" and condition != "running":
                        show.out(f"{line['exit_code']}\n" if line.get("exit_code") is not None else "-1\n")
                    elif parsed["format"] != "json":
                        show.out(f"{line['name']}\n")
                left = []
            except client.Gone:
                continue  # the next supervisor knows as much
    if parsed["format"] == "json":
        show.json(seen)
    return 0


def result(line: dict[str, Any]) -> dict[str, Any]:
    """One service's outcome as it is printed."""
    return {"Id": line["id"], "Name": line["name"], "ExitCode": line.get("exit_code")}
