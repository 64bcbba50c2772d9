"""Where an installer may have put bin/pyinit."""

import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path


def candidates() -> Iterator[str]:
    """Yield the places, best first: as was noted when it was installed, beside the package, this Python's scripts."""
    try:
        files = metadata.files("pyinit-supervisor") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "pyinit" and file.parent.name == "bin":
            yield str(Path(str(file.locate())).resolve())
    # `pip install --target`, which notes a place that is not.
    yield str(Path(__file__).resolve().parent.parent / "bin" / "pyinit")
    yield str(Path(sysconfig.get_path("scripts"), "pyinit"))
