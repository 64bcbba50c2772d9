"""What can be known of services without a supervisor: their specifications in the state directory."""

from __future__ import annotations

import os

from pyinit import jsontext
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.dirs import Dirs


def services(dirs: Dirs) -> list[dict[str, Any]]:
    """id, name, created, spec of each service that was saved, the oldest first."""
    try:
        idents = os.listdir(dirs.services)
    except OSError:
        return []
    found = []
    for ident in idents:
        try:
            with open(f"{dirs.service(ident)}/spec.json", encoding="utf-8") as file:
                saved = jsontext.loads(file.read())
            spec = saved["spec"]
            found.append({"id": ident, "name": str(spec["name"]), "created": float(saved["created"]), "spec": spec})
        except (OSError, ValueError, KeyError, TypeError):
            continue  # being removed or made
    return sorted(found, key=lambda service: service["created"])


def find(known: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The one of that name or id, or of which that is the id's beginning. PyinitError if there is none."""
    for key in ("name", "id"):
        for service in known:
            if service[key] == name:
                return service
    alike = [service for service in known if service["id"].startswith(name)]
    if len(alike) == 1 and name:
        return alike[0]
    message = f"no service {name}" if not alike else f"{name} is the beginning of {len(alike)} services' ids"
    raise PyinitError(message)


def log(dirs: Dirs, service: dict[str, Any]) -> tuple[str, str]:
    """The path of a service's log, and the driver that writes it."""
    spec = service["spec"]
    path = spec.get("log_opts", {}).get("path") or f"{dirs.service(service['id'])}/log"
    return path, spec.get("log_driver", "k8s-file")
