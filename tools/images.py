"""`./dev images`: the two images of the Containerfile."""

import argparse
import os
import subprocess
from collections.abc import Sequence

from tools.packages import SEARCH
from tools.paths import ROOT

IMAGES = {"init": "localhost/pyinit-init", "image": "localhost/pyinit"}


def main(arguments: Sequence[str]) -> int:
    """Build both; options that are not ours go to `podman build`."""
    parser = argparse.ArgumentParser(
        prog="./dev images", description="Builds the images with podman; other options are podman build's."
    )
    parser.add_argument("--base", help="the base image with Python (default: the Containerfile's)")
    options, others = parser.parse_known_args(arguments)
    base = ["--build-arg", f"BASE={options.base}"] if options.base else []
    environment = {**os.environ, "PATH": SEARCH}
    for target, name in IMAGES.items():
        command = ["podman", "build", "--target", target, "--tag", name, *base, *others, "."]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    for name in IMAGES.values():
        print(name)
    return 0
