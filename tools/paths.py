"""Places in the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_BIN = VENV / "bin"
SHIM = VENV_BIN / "pyinit"
DIST = ROOT / "dist"
