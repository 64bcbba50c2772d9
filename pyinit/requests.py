"""What clients may ask for: one function a verb, found by its name in VERBS, with its arguments and their types."""

from __future__ import annotations

import os

from pyinit import attach, launch, states, units, view
from pyinit import spec as specs
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyinit.control import Client
    from pyinit.service import Service


def handle(client: Client, request: object) -> None:
    """Answer a request, now or later. PyinitError for one that cannot be answered; then nothing has changed."""
    if not isinstance(request, dict):
        message = "a request is an object with a verb"
        raise PyinitError(message)
    arguments = dict(request)
    verb = arguments.pop("verb", None)
    if not isinstance(verb, str) or verb not in VERBS:
        message = f"verb: {verb!r} is none: {', '.join(sorted(VERBS))}"
        raise PyinitError(message)
    call, allowed = VERBS[verb]
    for key, value in arguments.items():
        if key not in allowed:
            message = f"{verb}: {key}: there is no such argument: {', '.join(allowed) or 'it has none'}"
            raise PyinitError(message)
        if value is not None and not _fits(value, allowed[key]):
            message = f"{verb}: {key}: {value!r} is no {allowed[key]}"
            raise PyinitError(message)
    code, defaults = call.__code__, call.__defaults__ or ()
    for key in code.co_varnames[1 : code.co_argcount - len(defaults)]:
        if arguments.get(key) is None:
            message = f"{verb}: {key}: missing: a {allowed[key]}"
            raise PyinitError(message)
    client.busy = True
    call(client, **{key: value for key, value in arguments.items() if value is not None})


def _fits(value: object, kind: str) -> bool:  # noqa: PLR0911 (one for each kind)
    """Whether a value is what a verb's table says."""
    match kind:
        case "text":
            return isinstance(value, str)
        case "flag":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "pair of numbers":
            if not isinstance(value, list) or len(value) != 2:
                return False
            return all(_fits(part, "number") and 0 <= part < 1 << 16 for part in value)
        case "list of texts":
            return isinstance(value, list) and all(isinstance(word, str) for word in value)
        case "list of pairs of texts":
            return isinstance(value, list) and all(_fits(pair, "list of texts") and len(pair) == 2 for pair in value)
        case "signal":
            return isinstance(value, (int, str)) and not isinstance(value, bool)
    return isinstance(value, dict)


def _filters(pairs: list[list[str]]) -> list[tuple[str, str]]:
    for key, _ in pairs:
        if key not in view.FILTERS:
            message = f"filter {key}: there is no such key: {', '.join(view.FILTERS)}"
            raise PyinitError(message)
    return [(key, value) for key, value in pairs]


def _chosen(
    client: Client, names: list[str], every: bool, filters: list[list[str]]
) -> list[tuple[str, Service | PyinitError]]:
    """The services that are meant, each with the name it was called by; an error in place of one that is not there."""
    supervisor = client.supervisor
    if every or (filters and not names):
        wanted = _filters(filters)
        return [
            (service.spec.name, service)
            for service in tuple(supervisor.services.values())
            if view.matches(service, wanted)
        ]
    found: list[tuple[str, Service | PyinitError]] = []
    for name in names:
        try:
            found.append((name, supervisor.find(name)))
        except PyinitError as error:
            found.append((name, error))
    return found


class _Results:
    """Collects what became of each of several services, and answers when all is known."""

    def __init__(self, client: Client, chosen: list[tuple[str, Service | PyinitError]]) -> None:
        self._client = client
        self._left = len(chosen)
        self._results: list[dict[str, Any] | None] = [None] * len(chosen)
        if not chosen:
            client.answer(results=[])

    def set(self, index: int, name: str, ident: str | None, error: PyinitError | None = None) -> None:
        """One is done."""
        if self._results[index] is not None:
            return
        self._results[index] = {"name": name, "id": ident} | (
            {"error": str(error), "exit": error.exit_code} if error else {}
        )
        self._left -= 1
        if not self._left and self._client.open:
            self._client.answer(results=self._results)


def _each(
    client: Client,
    chosen: list[tuple[str, Service | PyinitError]],
    do: Callable[[Service], None],
    is_done: Callable[[Service], bool] = lambda _service: True,
    failure: Callable[[Service], PyinitError | None] = lambda _service: None,
) -> None:
    """Do something to each, and answer when it is done with all."""
    results = _Results(client, chosen)

    def note(index: int, name: str) -> Callable[[Service], None]:
        return lambda service: results.set(index, name, service.ident, failure(service))

    for index, (name, service) in enumerate(chosen):
        if isinstance(service, PyinitError):
            results.set(index, name, None, service)
            continue
        try:
            do(service)
        except PyinitError as error:
            results.set(index, name, service.ident, error)
            continue
        _when(client, service, is_done, note(index, name))


def _when(
    client: Client, service: Service, is_true: Callable[[Service], bool], then: Callable[[Service], None]
) -> None:
    """Call then(service) as soon as something holds of it; not if the client leaves before."""
    if is_true(service):
        then(service)
        return

    def look(service: Service) -> None:
        if is_true(service):
            forget()
            then(service)

    def forget() -> None:
        if look in service.watchers:
            service.watchers.remove(look)

    service.watchers.append(look)
    client.gone.append(forget)


def _has_started(service: Service) -> bool:
    if service.state.again:  # it has to end first
        return False
    return service.failure is not None or service.state.state not in (states.STARTING, states.CANCELLED, states.CREATED)


def _has_ended(service: Service) -> bool:
    return service.removed or not states.is_live(service.state.state)


def _ping(client: Client) -> None:
    from pyinit import __version__  # noqa: PLC0415

    client.answer(version=__version__, pid=os.getpid())


def _make(client: Client, spec: dict[str, Any], replace: bool, then: Callable[[Service], None]) -> None:
    """A new service; with replace, once the one that has its name is gone."""
    checked = specs.check(spec)
    from pyinit import logs  # noqa: PLC0415

    logs.check_options(checked.log_driver, checked.log_opts)
    launch.identity(checked.user)
    supervisor = client.supervisor
    if checked.values["name"] is None:
        from pyinit import names  # noqa: PLC0415

        checked = checked.renamed(names.make(supervisor.names))
    old = supervisor.names.get(checked.name) if replace else None
    if not old:
        then(supervisor.create(checked))
        return

    def replaced(service: Service) -> None:
        supervisor.remove(service)
        try:
            then(supervisor.create(checked))
        except PyinitError as error:
            client.fail(error)

    old.stop()
    _when(client, old, _has_ended, replaced)


def _create(client: Client, spec: dict[str, Any], start: bool = False, replace: bool = False) -> None:
    def made(service: Service) -> None:
        if not start:
            client.answer(id=service.ident, name=service.spec.name)
            return
        service.start()
        _when(client, service, _has_started, answer)

    def answer(service: Service) -> None:
        if service.failure:
            client.fail(service.failure)
            _give_up(client, service)
        else:
            client.answer(id=service.ident, name=service.spec.name, pid=service.state.pid)

    _make(client, spec, replace, made)


def _give_up(client: Client, service: Service) -> None:
    """A service whose very first start failed is not kept, unless it is to be tried again."""
    if service.spec.policy.name == "no":
        _when(client, service, _has_ended, client.supervisor.remove)


def _run(
    client: Client, spec: dict[str, Any], stdin: bool = False, replace: bool = False, size: list[Any] | None = None
) -> None:
    def made(service: Service) -> None:
        attachment = attach.Attachment(client, service, stdin=stdin, ends_with_run=True)
        if size:
            attach.resize(service, int(size[0]), int(size[1]))
        service.start()
        _when(client, service, _has_started, lambda service: begin(service, attachment))

    def begin(service: Service, attachment: attach.Attachment) -> None:
        if service.failure:
            attachment.leave()
            client.fail(service.failure)
            _give_up(client, service)
        else:
            client.answer(id=service.ident, name=service.spec.name, tty=service.spec.tty, pid=service.state.pid)
            attachment.begin()

    _make(client, spec, replace, made)


def _attach(client: Client, name: str, stdin: bool = False, size: list[Any] | None = None) -> None:
    service = client.supervisor.find(name)
    service.need_running()
    attachment = attach.Attachment(client, service, stdin=stdin, ends_with_run=True)
    client.answer(id=service.ident, name=service.spec.name, tty=service.spec.tty, pid=service.state.pid)
    attachment.begin()
    if size:
        attach.resize(service, int(size[0]), int(size[1]))


def _list(client: Client, all: bool = False, filters: list[list[str]] | None = None) -> None:
    wanted = _filters(filters or [])
    every = all or any(key in ("status", "exited") for key, _ in wanted)
    services = sorted(client.supervisor.services.values(), key=lambda service: service.state.created)
    found = [service for service in services if view.matches(service, wanted)]
    client.answer(
        services=[
            view.summary(service) for service in found if every or view.status(service) not in ("created", "exited")
        ]
    )


def _inspect(client: Client, names: list[str]) -> None:
    client.answer(services=[view.inspection(client.supervisor.find(name)) for name in names])


def _start(
    client: Client, names: list[str] | None = None, all: bool = False, filters: list[list[str]] | None = None
) -> None:
    _each(
        client,
        _chosen(client, names or [], all, filters or []),
        lambda service: service.start(),
        _has_started,
        lambda service: service.failure,
    )


def _stop(
    client: Client,
    names: list[str] | None = None,
    all: bool = False,
    filters: list[list[str]] | None = None,
    timeout: float | None = None,
) -> None:
    _each(client, _chosen(client, names or [], all, filters or []), lambda service: service.stop(timeout), _has_ended)


def _restart(
    client: Client,
    names: list[str] | None = None,
    all: bool = False,
    filters: list[list[str]] | None = None,
    timeout: float | None = None,
) -> None:
    runs: dict[str, int] = {}

    def do(service: Service) -> None:
        runs[service.ident] = service.state.run
        service.restart(timeout)

    def is_done(service: Service) -> bool:
        return service.removed or (service.state.run > runs[service.ident] and _has_started(service))

    _each(client, _chosen(client, names or [], all, filters or []), do, is_done, lambda service: service.failure)


def _kill(
    client: Client,
    names: list[str] | None = None,
    all: bool = False,
    filters: list[list[str]] | None = None,
    signal: object = 9,
) -> None:
    number = units.signal("signal", signal)
    _each(client, _chosen(client, names or [], all, filters or []), lambda service: service.kill(number))


def _pause(
    client: Client, names: list[str] | None = None, all: bool = False, filters: list[list[str]] | None = None
) -> None:
    _each(client, _chosen(client, names or [], all, filters or []), lambda service: service.pause())


def _unpause(
    client: Client, names: list[str] | None = None, all: bool = False, filters: list[list[str]] | None = None
) -> None:
    _each(client, _chosen(client, names or [], all, filters or []), lambda service: service.resume())


def _rm(
    client: Client,
    names: list[str] | None = None,
    all: bool = False,
    filters: list[list[str]] | None = None,
    force: bool = False,
    timeout: float | None = None,
) -> None:
    supervisor = client.supervisor

    def do(service: Service) -> None:
        if states.is_live(service.state.state):
            if not force:
                message = f"{service.spec.name} is {view.status(service)}: stop it first, or use --force"
                raise PyinitError(message)
            service.stop(timeout)
            _when(client, service, _has_ended, supervisor.remove)
        else:
            supervisor.remove(service)

    _each(client, _chosen(client, names or [], all, filters or []), do, lambda service: service.removed)


def _rename(client: Client, name: str, new: str) -> None:
    client.supervisor.rename(client.supervisor.find(name), new)
    client.answer()


CONDITIONS: dict[str, Callable[[Service], bool]] = {
    "exited": _has_ended,
    "stopped": _has_ended,
    "running": lambda service: service.removed or service.state.state == states.RUNNING,
    "removed": lambda service: service.removed,
}


def _wait(client: Client, names: list[str], condition: str = "exited") -> None:
    if condition not in CONDITIONS:
        message = f"condition: {condition!r} is none: {', '.join(CONDITIONS)}"
        raise PyinitError(message)
    services = [client.supervisor.find(name) for name in names]
    left = [len(services)]

    def happened(service: Service) -> None:
        client.line({"name": service.spec.name, "id": service.ident, "exit_code": view.exit_code(service)})
        left[0] -= 1
        if not left[0]:
            client.answer()

    for service in services:
        _when(client, service, CONDITIONS[condition], happened)
    if not services:
        client.answer()


def _events(client: Client, follow: bool = True) -> None:
    """Events from now on: what was before is in the file."""
    if not follow:
        client.answer()
        return

    def follower(line: str) -> None:
        client.send(b'{"event": ' + line.encode() + b"}\n")

    client.supervisor.followers.append(follower)
    client.gone.append(lambda: client.supervisor.followers.remove(follower))
    client.line({"following": True})


def _status(client: Client) -> None:
    from pyinit import __version__  # noqa: PLC0415

    supervisor = client.supervisor
    client.answer(
        pid=os.getpid(),
        version=__version__,
        started_at=supervisor.started,
        services=len(supervisor.services),
        running=sum(1 for service in supervisor.services.values() if service.state.pid),
        adopted=supervisor.adopted,
        runtime_dir=supervisor.dirs.runtime,
        state_dir=supervisor.dirs.state,
        trouble=supervisor.trouble or None,
    )


def _stop_supervisor(client: Client, keep: bool = False) -> None:
    supervisor = client.supervisor
    if keep:
        client.answer()
        supervisor.leave()
    else:

        def stopped() -> None:
            client.answer()
            supervisor.loop.stop()

        supervisor.stop_all(stopped)


def _upgrade(client: Client) -> None:
    client.answer()
    client.loop.soon(client.supervisor.upgrade)


def _log_paths(client: Client, names: list[str] | None = None) -> None:
    supervisor = client.supervisor
    found = [supervisor.find(name) for name in names] if names is not None else list(supervisor.services.values())
    client.answer(
        services=[
            {
                "name": service.spec.name,
                "id": service.ident,
                "path": service.log_path,
                "driver": service.spec.log_driver,
            }
            for service in found
        ]
    )


def _reopen_logs(client: Client, names: list[str] | None = None) -> None:
    supervisor = client.supervisor
    for service in (
        [supervisor.find(name) for name in names] if names is not None else list(supervisor.services.values())
    ):
        service.reopen_log()
    client.answer()


_SEVERAL = {"names": "list of texts", "all": "flag", "filters": "list of pairs of texts"}
VERBS: dict[str, tuple[Callable[..., None], dict[str, str]]] = {
    "ping": (_ping, {}),
    "create": (_create, {"spec": "object", "start": "flag", "replace": "flag"}),
    "run": (_run, {"spec": "object", "stdin": "flag", "replace": "flag", "size": "pair of numbers"}),
    "attach": (_attach, {"name": "text", "stdin": "flag", "size": "pair of numbers"}),
    "list": (_list, {"all": "flag", "filters": "list of pairs of texts"}),
    "inspect": (_inspect, {"names": "list of texts"}),
    "start": (_start, _SEVERAL),
    "stop": (_stop, {**_SEVERAL, "timeout": "number"}),
    "restart": (_restart, {**_SEVERAL, "timeout": "number"}),
    "kill": (_kill, {**_SEVERAL, "signal": "signal"}),
    "pause": (_pause, _SEVERAL),
    "unpause": (_unpause, _SEVERAL),
    "rm": (_rm, {**_SEVERAL, "force": "flag", "timeout": "number"}),
    "rename": (_rename, {"name": "text", "new": "text"}),
    "wait": (_wait, {"names": "list of texts", "condition": "text"}),
    "events": (_events, {"follow": "flag"}),
    "status": (_status, {}),
    "stop_supervisor": (_stop_supervisor, {"keep": "flag"}),
    "upgrade": (_upgrade, {}),
    "log_paths": (_log_paths, {"names": "list of texts"}),
    "reopen_logs": (_reopen_logs, {"names": "list of texts"}),
}
