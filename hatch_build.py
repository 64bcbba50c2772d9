"""The wheel's build hook: compiles the init and the shim, and puts them at bin/pyinit and bin/pyinit-shim.

The wheel holds no extension module, so it is tagged py3-none-PLATFORM and serves every Python. `./dev wheels` names
what to cross-compile for in PYINIT_WHEEL, as TARGET=TAG; without it, the shim is built for the machine that builds.
"""

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def own_platform() -> str:
    """The platform tag of this Python, which may be a 32-bit one on a 64-bit kernel."""
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    if sys.maxsize < 2**32:
        return {"linux_x86_64": "linux_i686", "linux_aarch64": "linux_armv7l"}.get(platform, platform)
    return platform


class ShimBuildHook(BuildHookInterface[Any]):
    """Compile csrc/ for the wheel, and for an editable install, which is a wheel as well."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's signature)
        """Compile, and tell hatchling what goes where."""
        sys.path.insert(0, self.root)
        from csrc import build  # noqa: PLC0415 (the sources are known here only)

        target, _, platform = os.environ.get("PYINIT_WHEEL", "").partition("=")
        toolchain = build.choose(target=target or None)
        programs = {}
        for name in build.PROGRAMS:
            program = Path(self.root, "build", target or "native", name)
            build.build(program, toolchain, name)
            sys.stderr.write(build.announce(program, toolchain) + "\n")
            programs[str(program)] = name

        platform = platform or own_platform()
        if not toolchain.static:
            # pip hides what a build prints, but it prints the wheel's name; a tag that no system has does no harm.
            platform += ".shim_is_dynamic_not_static"
        build_data["shared_scripts"] = programs
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
