"""The Python side of pyinit, which so far says where the init is; the init itself is a static program, bin/pyinit."""

__all__ = ["__version__", "path"]

__version__ = "0.1.0"


def path() -> str:
    """Return where the init is, as an absolute path, for use as `[pyinit.path(), "--", "app"]`.

    Raises FileNotFoundError where the package was copied somewhere without its program.
    """
    import os  # noqa: PLC0415 (importing pyinit alone should cost nothing)

    from pyinit._locate import candidates  # noqa: PLC0415

    places = list(candidates())
    for place in places:
        if os.access(place, os.X_OK):
            return place
    message = f"the program pyinit is not installed beside its Python package; looked at {', '.join(places)}"
    raise FileNotFoundError(message)
