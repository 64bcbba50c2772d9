"""Where the programs under test are: pyinit linked under each peer's name, and the real peers beside it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers import fetch

NAMES = {"dumb-init": "dumb-init", "tini": "tini", "docker-init": "tini", "catatonit": "catatonit"}


def _or_fail(get: Callable[[str], Path], name: str) -> Path:
    """Give what get finds for name; the test fails with the one line that says what could not be fetched."""
    try:
        return get(name)
    except fetch.CannotFetchError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def source() -> Callable[[str], Path]:
    """Give a function from a peer's name to its unpacked upstream source."""
    return lambda name: _or_fail(fetch.source, name)


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """Give a function from a peer's name to the real program."""
    return lambda name: _or_fail(fetch.binary, name)


@pytest.fixture(scope="session")
def personas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a directory that holds pyinit under each peer's name, to be put first on PATH.

    With PYINIT_PEERS=real it holds the peers themselves: that tests these tests, save test_better.py.
    """
    folder = tmp_path_factory.mktemp("personas")
    for name, peer in NAMES.items():
        if os.environ.get("PYINIT_PEERS") == "real":
            target = str(_or_fail(fetch.binary, peer))
        else:
            target = request.getfixturevalue("pyinit")
        (folder / name).symlink_to(Path(target).resolve())
    return folder
