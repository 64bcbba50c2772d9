"""One service: carries out what the state machine says, with the help of its shim.

Events come from the shim (spawned, died, empty, lost), from users (start, stop) and from time (due). Each goes through
states.step; the state is saved before what follows from it is done, so that a supervisor that is killed between any two
of these lines leaves enough behind for the next one.
"""

from __future__ import annotations

import fcntl
import os
import random

from pyinit import cgroups, launch, output, process, protocol, records, restart, states, sweep, system, units
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable
    from typing import Any, ClassVar

    from pyinit.attach import Attachment, Input
    from pyinit.loop import Timer
    from pyinit.spec import Spec
    from pyinit.supervisor import Supervisor

TARGETS = {"main": protocol.TARGET_MAIN, "group": protocol.TARGET_GROUP, "tree": protocol.TARGET_TREE}
SIGKILL, SIGSTOP, SIGCONT = 9, 19, 18
# States in which a start has to wait for the end.
_ENDING = (states.STOPPING, states.CANCELLED, states.ENDING, states.SWEEPING, states.SWEPT_STOP)
TIOCSWINSZ = 0x5414
RETRY = 1.0  # seconds until what a full disk or table refused is tried again


class Service:
    """A service and its shim. Public methods are what a user asks for; they raise PyinitError."""

    def __init__(self, supervisor: Supervisor, ident: str, spec: Spec, state: records.State) -> None:
        self.supervisor = supervisor
        self.loop = supervisor.loop
        self.ident: str = ident
        self.spec: Spec = spec
        self.state: records.State = state
        self.shim: process.Shim | None = None
        self.shim_pid = 0
        self.slots: dict[int, int] = {}
        self.output: output.Output | None = None
        self.trouble: dict[str, str] = {}  # what could not be done, by what it concerns
        self.watchers: list[Callable[[Service], None]] = []  # called after each change
        self._timer: Timer | None = None  # of the next start, or the next stop signal
        self._saved = b""  # what is in state.json
        self._is_due = False  # waiting is over before it has begun, and not worth saving
        self._failure: PyinitError | None = None
        self._adopting = False
        self.attachments: list[Attachment] = []
        self.removed: bool = False
        self._input: Input | None = None
        self.window = b""  # its terminal's size, as ioctl_tty(2) has it

    # What a user asks for.

    def start(self) -> None:
        """Start it, unless it runs."""
        self.state.stopped = False
        self.state.streak = 0
        self.state.again = self.state.state in _ENDING
        self.feed(states.START)

    def stop(self, timeout: float | None = None) -> None:
        """Stop it and all that it started. Ends in state exited; a second one with a shorter timeout hurries."""
        self.state.again = False
        self.state.stopped = True
        self._stop_timeout = timeout
        if self.state.paused:
            self.resume()
        self.feed(states.STOP)

    def restart(self, timeout: float | None = None) -> None:
        """Stop it and start it again."""
        if not states.is_live(self.state.state):
            self.start()
            return
        self.stop(timeout)
        self.state.stopped = False
        self.state.again = True
        self.save()

    def kill(self, signal: int) -> None:
        """Send a signal, as rewritten, after its delay. PyinitError if it does not run."""
        self.need_running()
        sent = launch.translated(self.spec, signal)
        delay = self.spec.delay.get(str(signal), 0)
        if not sent:
            return
        run = self.state.run
        if delay:
            self.loop.after(delay, lambda: self._send_signal(sent) if self.state.run == run else None)
        else:
            self._send_signal(sent)

    def pause(self) -> None:
        """Stop all of its processes where they are."""
        self.need_running()
        if self.state.paused:
            message = f"{self.spec.name} is paused already"
            raise PyinitError(message)
        self.state.paused = True
        self._send_signal(SIGSTOP, protocol.TARGET_TREE)
        self._changed("paused")

    def resume(self) -> None:
        """Let a paused service go on."""
        if not self.state.paused:
            message = f"{self.spec.name} is not paused"
            raise PyinitError(message)
        self.state.paused = False
        self._send_signal(SIGCONT, protocol.TARGET_TREE)
        self._changed("unpaused")

    def need_running(self) -> None:
        """PyinitError unless its main process lives."""
        if self.state.state not in (states.RUNNING, states.STOPPING) or not self.state.pid:
            message = f"{self.spec.name} is not running: its state is {self.state.state}"
            raise PyinitError(message)

    # The state machine and its actions.

    def feed(self, event: str) -> None:
        """Let an event happen."""
        state, actions = states.step(self.state.state, event)
        if state == self.state.state and not actions:
            return
        self.state.state = state
        for action in actions:
            self._ACTIONS[action](self)
        # A spawn is saved before it is done.
        if states.SPAWN not in actions and not self._is_due:
            self.save()
        self._tell()

    def _spawn(self) -> None:
        self._failure = None
        self.state.run += 1
        self.state.pid = 0
        self.state.error = ""
        self.state.paused = False
        self.state.started = system.now()
        self.state.boot = self.supervisor.boot
        restart.note_start(self.spec.policy, streak := restart.Streak(0, self.state.streak_starts), system.uptime())
        self.state.streak_starts = streak.starts
        self.save()  # the run's number first: what the shim does next is then known to be this run
        try:
            self._need_shim()
            cgroup = cgroups.enter(self.ident, self.spec)
            payload = launch.payload(self.spec, self.ident, self.supervisor.nofile, cgroup)
        except PyinitError as error:
            self._fail(error)
            return
        except OSError as error:
            self._fail(PyinitError(f"cannot start a shim: {os.strerror(error.errno or 0)}"))
            return
        if self.output:
            self.output.begin()
        if self.shim:
            self.shim.send(protocol.SPAWN, self._spawned, a=self.state.run, fds=(payload,))
        os.close(payload)

    def _need_shim(self) -> None:
        if self.shim and self.shim.connected:
            self._need_input()
            return
        self._drop_slots()
        text = records.spec_text(self.spec, self.state.created)
        slots = launch.make_slots(self.spec, text)
        if self.window and self.spec.tty:
            fcntl.ioctl(slots[launch.INPUT], TIOCSWINSZ, self.window)
        self._adopting = False
        try:
            pid, sock = process.start(self.supervisor.program, self.ident, self.supervisor.log_fd)
        except OSError:
            for fd in slots.values():
                os.close(fd)
            raise
        self.shim_pid = pid
        self.shim = process.Shim(self.loop, sock, self._heard, self._lost)
        self.shim.send(protocol.HELLO, a=protocol.VERSION)
        self._configure()
        for slot, fd in slots.items():
            self.shim.send(protocol.KEEP, slot=slot, c=slot, fds=(fd,))
        self._take_slots(slots)
        self._open_log()

    def _configure(self) -> None:
        if self.shim:
            self.shim.send(protocol.CONFIG, c=protocol.CONFIG_CALL, body=self.supervisor.configuration(self.ident))

    def _take_slots(self, slots: dict[int, int]) -> None:
        """Keep what is ours of them; the child's ends are the shim's alone."""
        for slot, fd in slots.items():
            if slot in (launch.STDIN, launch.STDOUT, launch.STDERR, launch.SPEC) or slot >= launch.LISTEN:
                os.close(fd)
            else:
                self.slots[slot] = fd

    def _spawned(self, message: protocol.Message, fds: list[int]) -> None:
        for fd in fds:
            os.close(fd)
        if message.type != protocol.SPAWNED or message.c:
            step = message.slot if message.type == protocol.SPAWNED else protocol.STEP_CONFIG
            self._fail(launch.failure(self.spec, step, message.c))
            return
        self.state.pid, self.state.start_ticks = message.a, message.b
        self.set_trouble("exit record", "")  # of the run before: the shim has no more need of it
        self.publish("started", pid=message.a, run=self.state.run)
        self.feed(states.SPAWNED)

    def _fail(self, error: PyinitError) -> None:
        """The run ended before it began."""
        self._failure = error
        self.state.error = str(error)
        self.state.ended = records.ended_without_record(
            self.state.run, error.exit_code, self.state.started, system.now()
        )
        self.publish("failed", error=str(error), exit_code=error.exit_code)
        self.feed(states.FAILED)
        self.loop.soon(lambda: self.feed(states.EMPTY))

    @property
    def failure(self) -> PyinitError | None:
        """Why the last start failed; None if it did not."""
        return self._failure

    def _signals(self) -> None:
        steps = self.spec.stop_steps(self._stop_timeout)
        self._send_stop(steps)

    _stop_timeout: float | None = None

    def _send_stop(self, steps: list[tuple[int, int]]) -> None:
        if self.spec.kill_mode == "tree":
            target = protocol.TARGET_MAIN if self.spec.stop_sequence is None else protocol.TARGET_TREE
            if self.shim:
                self.shim.send(protocol.STOP, c=target, body=protocol.stop(steps))
        elif not self._timer or self._timer.call is None:
            self._escalate([*steps, (SIGKILL, -1)])

    def _escalate(self, steps: list[tuple[int, int]]) -> None:
        """kill-mode group and main: what else there is lives on, so the shim's STOP is too much."""
        (signal, wait), rest = steps[0], steps[1:]
        self._send_signal(signal, TARGETS[self.spec.kill_mode])
        if wait >= 0 and rest:
            self._timer = self.loop.after(wait / 1000, lambda: self._escalate(rest))

    def _send_signal(self, signal: int, target: int | None = None) -> None:
        if self.shim:
            target = TARGETS["group"] if target is None else target
            self.shim.send(protocol.SIGNAL, a=signal, b=-1, c=target)

    def _clean(self) -> None:
        """The main process ended by itself. EMPTY may be on its way already, behind the same message."""
        run = self.state.run
        if self.spec.kill_mode == "tree":
            self.loop.soon(lambda: self._clean_rest(run))
        else:
            self.loop.soon(lambda: self.feed(states.EMPTY))

    def _clean_rest(self, run: int) -> None:
        if self.state.run == run and self.state.state in (states.ENDING, states.STOPPING) and self.shim:
            self.shim.send(protocol.STOP, c=protocol.TARGET_TREE, body=protocol.stop(self.spec.clean_steps()))

    def _decide(self) -> None:
        ended, state = self.state.ended, self.state
        streak = restart.Streak(state.streak, state.streak_starts)
        delay, why = None, "it is being started by a user"
        if state.again:
            self._finish()
            return
        if ended:
            code, now = launch.mapped(self.spec, ended.code), system.uptime()
            delay, why = restart.decide(self.spec.policy, streak, code, ended.duration, now, random.random())  # noqa: S311 (jitter)
        state.streak = streak.count
        if delay is None:
            if self.spec.policy.name != restart.NO:
                self.publish("gave_up", reason=why)
            self._finish()
            return
        state.state = states.WAITING
        state.restarts += 1
        state.due = system.now() + delay
        self.publish("restarting", delay=delay, restarts=state.restarts)
        self._is_due = not delay
        if delay:
            self._timer = self.loop.after(delay, lambda: self.feed(states.DUE))
        else:
            self.loop.soon(self._start_now)

    def _start_now(self) -> None:
        self._is_due = False
        self.feed(states.DUE)

    def _finish(self) -> None:
        self._disarm()
        self.state.pid = 0
        if self.state.stopped:
            self.publish("stopped")
        if self.state.again:
            self.loop.soon(self._start_if_wanted)
        elif self.spec.rm:
            self.loop.soon(lambda: self.supervisor.remove(self))

    def _start_if_wanted(self) -> None:
        if self.state.again:
            self.start()

    def _sweep(self) -> None:
        sweep.Sweep(self.loop, self.ident, lambda: self.feed(states.SWEPT))

    def _disarm(self) -> None:
        self._is_due = False
        if self._timer:
            self._timer.cancel()
            self._timer = None

    _ACTIONS: ClassVar[dict[str, Callable[[Service], None]]] = {
        states.SPAWN: _spawn,
        states.SIGNALS: _signals,
        states.CLEAN: _clean,
        states.DECIDE: _decide,
        states.FINISH: _finish,
        states.SWEEP: _sweep,
        states.DISARM: _disarm,
    }

    # What the shim says.

    def _heard(self, message: protocol.Message, fds: list[int]) -> None:
        if message.type == protocol.STATUS:
            self._status(message, fds)
            return
        for fd in fds:
            os.close(fd)
        if message.type == protocol.EXITED:
            self._exited(message)
        elif message.type == protocol.EMPTY and message.a == self.state.run:
            self._drain()
            self.feed(states.EMPTY)

    def _exited(self, message: protocol.Message) -> None:
        unwritten = bool(message.slot & protocol.EXITED_UNWRITTEN)
        self.set_trouble("exit record", f"cannot be written: {os.strerror(message.id)}" if unwritten else "")
        if message.b == self.state.run and not (self.state.ended and self.state.ended.run == self.state.run):
            self._disarm()
            self._note_end(records.ended_of_record(protocol.record(message.body)))
            self.feed(states.DIED)
            if self.state.state == states.STOPPING and self.spec.kill_mode != "tree":
                self.loop.soon(lambda: self.feed(states.EMPTY))  # what else there is may live on
        if not unwritten and self.shim and self.save():
            self.shim.send(protocol.ACK, a=message.b)

    def _note_end(self, ended: records.Ended) -> None:
        self._drain()
        self.state.ended = ended
        self.state.pid = 0
        self.state.paused = False
        self.publish(
            "exited",
            run=ended.run,
            exit_code=launch.mapped(self.spec, ended.code),
            signal=units.signal_name(ended.signal) if ended.signal else None,
            oom_killed=ended.oom,
            core_dumped=ended.core,
            duration=ended.duration,
            peak_memory=ended.peak,
        )

    def _lost(self) -> None:
        """The connection ended: the shim dropped us, or it is dead."""
        self.shim = None
        try:
            sock = process.connect(self.supervisor.dirs.shim_socket(self.ident))
        except OSError:
            self._await_shims_end()
            return
        self.adopt(sock)

    def seek_shim(self, pid: int) -> None:
        """It has no socket. If its process lives, it will make one; else it is lost."""
        self.shim_pid = pid
        self._await_shims_end()

    def _await_shims_end(self) -> None:
        """It is about to be dead; or it lives, and makes its socket anew within a second."""
        try:
            pidfd = os.pidfd_open(self.shim_pid) if self.shim_pid else -1
        except ProcessLookupError:
            pidfd = -1
        except OSError:
            self.loop.after(RETRY, self._look_again)
            return
        if pidfd < 0:
            self.declare_lost()
            return

        def ended(_events: int) -> None:
            again.cancel()
            let_go()
            if self.shim is None and self.shim_pid:
                self.declare_lost()

        def let_go() -> None:
            self.loop.remove(pidfd)
            os.close(pidfd)

        def look() -> None:
            let_go()
            self._look_again()

        self.loop.add(pidfd, ended)
        again = self.loop.after(RETRY, look)

    def _look_again(self) -> None:
        if self.shim is None and self.shim_pid:
            self._lost()

    def declare_lost(self) -> None:
        """There is no shim any more: what it kept is gone, and what it ran has to be."""
        self.shim, self.shim_pid = None, 0
        state = self.state
        if states.is_live(state.state):
            ended = records.load_exit(self.supervisor.dirs, self.ident)
            if not (state.ended and state.ended.run == state.run):
                if not ended or ended.run != state.run:
                    ended = records.ended_without_record(state.run, 128 + SIGKILL, state.started, system.now())
                    state.error = "its shim was killed, and it with it"
                self._note_end(ended)
            self.publish("lost", error="the shim is dead")
        self._drain()
        self._drop_slots()
        if self.state.state in (states.STARTING, states.CANCELLED) and not self._failure:
            self._failure = PyinitError("the shim died while it was starting")
        self.feed(states.LOST)

    # Adoption.

    def adopt(self, sock: socket) -> None:
        """Take over from an earlier supervisor, or from an earlier connection."""
        self._drop_slots()
        self._adopting = True
        self.shim = process.Shim(self.loop, sock, self._heard, self._lost)
        self.shim_pid = process.peer(sock)
        self.shim.send(protocol.HELLO, a=protocol.VERSION)
        self._configure()

    def _status(self, message: protocol.Message, fds: list[int]) -> None:
        for slot, _tag, index in protocol.kept(message.body):
            if not 0 <= index < len(fds):
                continue
            if (
                slot in (launch.STDIN, launch.STDOUT, launch.STDERR, launch.SPEC)
                or slot >= launch.LISTEN
                or self.slots.get(slot)
            ):
                os.close(fds[index])
            else:
                self.slots[slot] = fds[index]
        if message.slot & protocol.STATUS_MORE or not self._adopting:
            return
        self._adopting = False
        if launch.STAGING_OUTPUT not in self.slots and not message.slot & protocol.STATUS_ALIVE:
            # Its supervisor died while it set it up: nothing has run in it.
            self.shim, shim = None, self.shim
            if shim:
                shim.send(protocol.QUIT)
                shim.close()
            self._drop_slots()
        else:
            self._open_log()
        self._reconcile(message)

    def _reconcile(self, message: protocol.Message) -> None:  # noqa: C901 (one decision, in its order)
        """Bring our state in line with what the shim says: it knows. EXITED and EMPTY follow by themselves."""
        state = self.state
        if message.slot & protocol.STATUS_ALIVE:
            if state.run != message.c or state.pid != message.a:
                state.run, state.pid, state.start_ticks = message.c, message.a, message.b
                state.started = state.started or system.now()
            if state.state in (states.STARTING, states.CANCELLED):
                self.feed(states.SPAWNED)
            elif state.state == states.STOPPING:
                if not message.slot & protocol.STATUS_STOPPING:
                    self._signals()
            elif state.state != states.RUNNING:
                state.state = states.RUNNING
        elif message.slot & protocol.STATUS_EXITED and not (state.ended and state.ended.run == message.c):
            state.run = message.c
            state.state = states.STOPPING if state.state in (states.STOPPING, states.CANCELLED) else states.RUNNING
        elif state.state in (states.STARTING, states.CANCELLED, states.RUNNING, ""):
            # The spawn never happened, or failed and nobody heard of it.
            self._spawn_was_lost()
        elif state.state == states.WAITING:
            self.resume_waiting()
        elif state.state == states.EXITED and state.again:
            self.loop.soon(self._start_if_wanted)
        elif state.state in (states.ENDING, states.STOPPING) and self.spec.kill_mode != "tree":
            self.loop.soon(lambda: self.feed(states.EMPTY))
        elif message.slot & protocol.STATUS_LEFT and not message.slot & protocol.STATUS_STOPPING:
            self._signals() if state.state == states.STOPPING else self._clean_rest(state.run)
        self.publish("adopted", pid=state.pid, shim_pid=self.shim_pid)
        self.save()
        self._tell()

    def _spawn_was_lost(self) -> None:
        """It is waiting for its start still, which is no restart. If we are killed now, it is so for the next one."""
        before, self.state.state = self.state.state, states.WAITING
        if before == "":
            self.state.state = states.CREATED
        elif before == states.CANCELLED:
            self.state.state = states.EXITED
            self._finish()
        else:
            self.state.due = 0.0
            self.resume_waiting()

    def resume_waiting(self) -> None:
        """After adoption in state waiting: what is left of the delay."""
        delay = min(max(0.0, self.state.due - system.now()), self.spec.restart_max_delay * 1.1)
        self._timer = self.loop.after(delay, lambda: self.feed(states.DUE))

    # Standard input.

    def write_input(self, data: bytes, emptied: Callable[[], None]) -> bool:
        """To its standard input (or terminal), at once or when it reads. False: too much waits already."""
        if launch.INPUT not in self.slots:
            return True  # it has none, or that has ended
        if not self._input:
            from pyinit.attach import Input  # noqa: PLC0415 (only for who is written to)

            self._input = Input(self, self.slots[launch.INPUT])
        return self._input.write(data, emptied)

    def end_input(self) -> None:
        """End of file, once what was written has been read. A terminal gets a ^D instead."""
        if self.spec.tty:
            self.write_input(b"\x04", lambda: None)
        elif launch.INPUT in self.slots and self.shim:
            self.shim.send(protocol.KEEP, slot=launch.INPUT)  # its copy
            os.close(self.slots.pop(launch.INPUT))
            if self._input:
                self._input.close()
                self._input = None

    def _need_input(self) -> None:
        """A new run gets a new standard input where the last one's was ended."""
        if self.spec.interactive and not self.spec.tty and launch.INPUT not in self.slots and self.shim:
            slots = launch.make_input()
            for slot, fd in slots.items():
                self.shim.send(protocol.KEEP, slot=slot, c=slot, fds=(fd,))
            self._take_slots(slots)

    # The log.

    @property
    def log_path(self) -> str:
        """Where the log is; "" for drivers without a file."""
        return output.path(self.spec, self.supervisor.dirs.service(self.ident))

    def _open_log(self) -> None:
        if self.output or launch.OUTPUT not in self.slots:
            return
        folder = self.supervisor.dirs.service(self.ident)
        self.output = output.Output(self.loop, self.slots, self.spec, folder, self._seen, self._log_troubled)
        self.show_output()

    def show_output(self) -> None:
        """After clients came or went."""
        if self.output:
            self.output.show(wanted=bool(self.attachments))

    def _seen(self, stream: int, data: bytes) -> None:
        for attachment in tuple(self.attachments):
            attachment.output(stream, data)

    def _log_troubled(self, text: str) -> None:
        self.set_trouble("log", text)

    def _drain(self) -> None:
        if self.output:
            self.output.drain()

    def reopen_log(self) -> None:
        """After an external rotation."""
        if self.output:
            self.output.reopen()

    def _drop_slots(self) -> None:
        if self._input:
            self._input.abandon()
            self._input = None
        if self.output:
            self.output.close()
            self.output = None
        for fd in self.slots.values():
            os.close(fd)
        self.slots = {}

    # The rest.

    def leave(self) -> None:
        """The supervisor is replaced, and the service lives on with its shim."""
        if self.shim:
            self.shim.close()
            self.shim = None
        self._drop_slots()

    def rest(self) -> None:
        """The supervisor ends, and the service lives on with its shim, which is to start no other one."""
        self._part(protocol.REST, 1)

    def _part(self, last: int, c: int = 0) -> None:
        shim, self.shim = self.shim, None
        if shim:
            self.supervisor.departing.add(shim)
            shim.part(last, lambda: self.supervisor.departed(shim), c=c)
        self._drop_slots()

    def dismiss(self) -> None:
        """The service is removed: its shim ends."""
        self._disarm()
        self.shim_pid = 0
        self._part(protocol.QUIT)

    def save(self) -> bool:
        """Save the state; False (and trouble) if that cannot be done now: then it is tried again in a second."""
        dirs = self.supervisor.dirs
        if self.removed:
            return False
        if not os.path.exists(f"{dirs.service(self.ident)}/spec.json"):
            return self._save_anew()
        try:
            self._saved = records.save_state(dirs, self.ident, self.state, self._saved)
        except FileNotFoundError:
            return self._save_anew()
        except OSError as error:
            return self._save_later(os.strerror(error.errno or 0))
        self.set_trouble("state", "")
        return True

    def _save_anew(self) -> bool:
        """The state directory is gone: what we know is written again."""
        try:
            self.supervisor.dirs.make()
            records.save_spec(self.supervisor.dirs, self.ident, self.spec, self.state.created)
            self._saved = records.save_state(self.supervisor.dirs, self.ident, self.state)
        except (OSError, PyinitError) as error:
            return self._save_later(str(error))
        self.set_trouble("state", "")
        return True

    def _save_later(self, why: str) -> bool:
        if "state" not in self.trouble:
            self.loop.after(RETRY, self._save_again)
        self.set_trouble("state", f"cannot be saved: {why}")
        return False

    def _save_again(self) -> None:
        if "state" in self.trouble and not self.save() and not self.removed:
            self.loop.after(RETRY, self._save_again)

    def set_trouble(self, what: str, text: str) -> None:
        """Say what is wrong now with the log or the state, or with no text that nothing is."""
        if text == self.trouble.get(what, ""):
            return
        if text:
            self.trouble[what] = text
        else:
            del self.trouble[what]
        self.publish("trouble", what=what, error=text or None)

    def publish(self, event: str, **details: Any) -> None:
        """Tell it to whoever follows the events."""
        self.supervisor.publish(event, self, details)

    def _changed(self, event: str) -> None:
        self.publish(event)
        self.save()
        self._tell()

    def _tell(self) -> None:
        for watcher in tuple(self.watchers):
            watcher(self)
