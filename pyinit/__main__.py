"""`python -m pyinit`: says what there is and where, and hands nothing over by surprise."""

import argparse
import sys

import pyinit


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pyinit",
        description="The Python package of pyinit. The init itself is the program pyinit, a static one that needs no"
        " Python: run `pyinit --help` for its options. This module only tells where it is.",
    )
    parser.add_argument("--path", action="store_true", help="print where the program pyinit is, and exit")
    parser.add_argument("--version", action="version", version=f"pyinit {pyinit.__version__}")
    options = parser.parse_args()
    if not options.path:
        parser.print_help()
        return 0
    try:
        sys.stdout.write(pyinit.path() + "\n")
    except FileNotFoundError as error:
        sys.stderr.write(f"python -m pyinit: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
