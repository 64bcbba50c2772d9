from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.containers.podman import Podman

ORPHANS = (Path(__file__).parent / "apps/orphans.sh").read_text()


@pytest.fixture
def catatonit_is_pyinit(podman: Podman, pyinit: str, tmp_path: Path) -> Iterator[None]:
    """Have podman take pyinit where it would take catatonit, as a distribution would that packages it so."""
    init = tmp_path / "catatonit"
    init.symlink_to(pyinit)
    settings = tmp_path / "containers.conf"
    podman.settings(settings, init=f'init_path = "{init}"')
    before = podman.env["CONTAINERS_CONF"]
    podman.env["CONTAINERS_CONF"] = str(settings)
    yield
    podman.env["CONTAINERS_CONF"] = before


def ended(podman: Podman, pod: str) -> int:
    """Stop a pod with more patience than any test has, and give the exit code of its infra container."""
    infra = podman.run("pod", "inspect", "--format={{.InfraContainerID}}", pod).stdout.strip()
    podman.run("pod", "stop", "--time=100", pod)
    return int(podman.run("inspect", "--format={{.State.ExitCode}}", infra).stdout)


def infra_comm(podman: Podman, pod: str) -> str:
    """Give the name of the process that is PID 1 of a pod."""
    infra = podman.run("pod", "inspect", "--format={{.InfraContainerID}}", pod).stdout.strip()
    pid = podman.run("inspect", "--format={{.State.Pid}}", infra).stdout.strip()
    return podman.run_inside("cat", f"/proc/{pid}/comm").strip()


def test_pause_as_infra(podman: Podman, bare: str, scratch: str) -> None:
    """With --pause it is a pod's infra container: it reaps the zombies of the others and stops at once, with 0."""
    pod = podman.name()
    infra = [f"--infra-image={bare}", "--infra-command=/pyinit --pause"]
    podman.run("pod", "create", f"--name={pod}", "--share=pid,ipc,uts", *infra)
    # No init of its own: its orphans become the infra container's. There stay the two of them.
    options = [f"--pod={pod}", "--entrypoint=[]"]
    with podman.start(*options, scratch, "/bin/sh", "-c", ORPHANS, "orphans", "100", "2") as app:
        app.expect("none left")
        assert infra_comm(podman, pod) == "pyinit"
        app.tell("end")
        assert app.wait() == 9
    assert ended(podman, pod) == 0
    podman.run("pod", "rm", pod)


@pytest.mark.usefixtures("catatonit_is_pyinit")
def test_podmans_own_init(podman: Podman, scratch: str, base: str) -> None:
    """In catatonit's place it is what podman makes its infra image of, and what podman run --init runs."""
    pod = podman.name()
    podman.run("pod", "create", f"--name={pod}", "--share=pid,ipc,uts")
    options = [f"--pod={pod}", "--entrypoint=[]"]
    with podman.start(*options, scratch, "/bin/sh", "-c", ORPHANS, "orphans", "100", "2") as app:
        app.expect("none left")
        assert infra_comm(podman, pod) == "catatonit"
        app.tell("end")
        assert app.wait() == 9
    assert ended(podman, pod) == 0
    podman.run("pod", "rm", pod)
    done = podman.once("--init", base, "sh", "-c", "cat /proc/1/comm; exit 3")
    assert (done.returncode, done.stdout) == (3, "podman-init\n")


def test_in_a_pod(podman: Podman, bare: str, python: str, shared: Path) -> None:
    """In a pod that shares its pids it is not PID 1 but a subreaper, and forwards and reaps all the same."""
    pod = podman.name()
    infra = [f"--infra-image={bare}", "--infra-command=/pyinit -P"]
    podman.run("pod", "create", f"--name={pod}", "--share=pid,ipc,uts", *infra)
    options = [f"--pod={pod}", f"--volume={shared}:/out", "--env=PYINIT_REPORT=/out/report"]
    script = "(true &); (true &); exec python3 /apps/handler.py 6"
    with podman.start(*options, python, "sh", "-c", script).ready() as app:
        app.stop(60)
        assert (app.out.end(), app.wait()) == ("15\n", 6), app.errors
    assert json.loads((shared / "report").read_text())["orphans_reaped"] == 2
    assert ended(podman, pod) == 0
    podman.run("pod", "rm", pod)


KUBE = """
apiVersion: v1
kind: Pod
metadata:
  name: {name}
spec:
  terminationGracePeriodSeconds: 77
  restartPolicy: Never
  hostNetwork: true
  containers:
  - name: app
    image: {image}
    imagePullPolicy: Never
    command: ["pyinit", "--report", "/dev/termination-log", "--rewrite", "TERM:QUIT", "--"]
    args: ["python3", "/apps/handler.py", "9"]
    volumeMounts:
    - name: termination
      mountPath: /dev/termination-log
  volumes:
  - name: termination
    hostPath:
      path: {log}
      type: File
"""


@pytest.mark.usefixtures("catatonit_is_pyinit")
def test_kube_play(podman: Podman, python: str, shared: Path) -> None:
    """A Kubernetes pod ends within its grace period, and /dev/termination-log says how."""
    name = podman.name()
    log = shared / "termination-log"
    log.touch()
    manifest = shared / "pod.yaml"
    manifest.write_text(KUBE.format(name=name, image=python, log=log))
    podman.run("kube", "play", "--network=host", str(manifest))
    try:
        app = f"{name}-app"
        podman.until_logged(app, "ready")
        podman.run("pod", "stop", "--time=77", name)  # podman 4.3 does not take it from the manifest
        assert podman.run("wait", app).stdout == "9\n"
        assert podman.run("logs", app).stdout == "ready\n3\n"
    finally:
        podman.run("pod", "rm", "--force", "--time=0", name)
    report = json.loads(log.read_text())
    assert (report["exit_code"], report["signal"], report["oom_kill"]) == (9, None, False)
