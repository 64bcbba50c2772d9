from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.containers.podman import Podman

ORPHANS = 5000
SCRIPT = Path(__file__).parent / "apps/orphans.sh"


def test_five_thousand(podman: Podman, scratch: str, shared: Path) -> None:
    """5,000 orphans are all reaped while the application lives on, and the report has counted them."""
    options = [f"--volume={shared}:/out", "--env=PYINIT_REPORT=/out/report"]
    with podman.start(*options, scratch, "/bin/sh", "-c", SCRIPT.read_text(), "orphans", str(ORPHANS), "2") as app:
        app.expect("none left")
        app.tell("end")
        assert app.wait() == 9
    report = json.loads((shared / "report").read_text())
    assert report["orphans_reaped"] == ORPHANS
    assert report["exit_code"] == 9
