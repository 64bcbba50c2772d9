"""The one table of pyinitctl's commands and their options, in podman's words.

Of it are made the parser, --help, the manual page and the completions of the shells.
"""

from __future__ import annotations

from pyinit.options import (
    CHOICE,
    COMMAND,
    DURATION,
    FRACTION,
    NAMES,
    NUMBER,
    SIGNAL,
    SIZE,
    SOME_NAMES,
    TEXT,
    WORDS,
    Option,
    Verb,
)  # fmt: skip

ALL = Option("a all", "all services")
FILTER = Option(
    "f filter",
    "only services that match: name=, id=, status=, label=KEY or label=KEY=VALUE, exited=CODE",
    TEXT,
    "KEY=VALUE",
    many=True,
    man="Filters of the same key are alternatives, of different keys all must match. A name matches as a part of it.",
)
FILTER_LONG = Option("filter", FILTER.help, TEXT, "KEY=VALUE", many=True, man=FILTER.man)
FORMAT = Option("format", "how to print", CHOICE, "FORMAT", allowed=("table", "json"))
TIME = Option("t time timeout", "how long the stop signal has, before everything is killed", DURATION, "DURATION")
QUIET = Option("q quiet", "print the ids only")
NO_TRUNC = Option("no-trunc", "do not shorten the table's columns")
SINCE = Option(
    "since", "only from this time on: 10m (ago), 2026-01-31, 2026-01-31T12:00:00Z, a Unix time", TEXT, "TIME"
)
UNTIL = Option("until", "only up to this time, written like that of --since", TEXT, "TIME")
DETACH_KEYS = Option(
    "detach-keys",
    "the keys that leave the process alone and end the command (ctrl-p,ctrl-q), '' for none",
    TEXT,
    "KEYS",
    man="Letters, or ctrl- and one of a-z @ [ \\ ] ^ _, with commas between them.",
)
STATUSES = ("created", "running", "paused", "restarting", "stopping", "exited")

RUN = Verb(
    "run",
    "run a command as a service",
    (
        Option("d detach", "print the name and return once the command was executed"),
        Option("name", "the service's name, else one is made up", TEXT, "NAME"),
        Option("replace", "stop and remove the service of that name first"),
        Option("rm", "remove the service when it has ended"),
        Option("i interactive", "keep its standard input open, and pass ours on to it"),
        Option("t tty", "give it a terminal"),
        DETACH_KEYS,
        Option("e env", "set a variable, or with a name alone pass ours on", TEXT, "NAME[=VALUE]", many=True),
        Option("env-file", "set the variables of a file's lines", TEXT, "FILE", many=True, complete="file"),
        Option("unsetenv", "do not pass this variable on", TEXT, "NAME", many=True),
        Option("unsetenv-all", "pass none of our variables on but those of --env and --env-file"),
        Option("w workdir", "where it runs, else where we are", TEXT, "DIR", complete="directory"),
        Option("u user", "as whom it runs: a name or number, and maybe a group", TEXT, "USER[:GROUP]", complete="user"),
        Option("umask", "its umask, in octal digits", TEXT, "OCTAL"),
        Option("nice", "its nice value", NUMBER, "N", allowed=(-20, 19)),
        Option(
            "oom-score-adj", "how much rather than others it is killed for memory", NUMBER, "N", allowed=(-1000, 1000)
        ),
        Option("no-new-privs", "it and its children never gain privileges by executing something"),
        Option("ulimit", "a resource limit such as nofile=1024:4096", TEXT, "NAME=SOFT[:HARD]", many=True),
        Option("l label", "a label", TEXT, "KEY[=VALUE]", many=True),
        Option("m memory", "at most so much memory (cgroup v2)", SIZE, "SIZE"),
        Option("cpus", "at most so many processors' time (cgroup v2)", FRACTION, "N", allowed=(0.01, 10000)),
        Option("pids-limit", "at most so many processes and threads (cgroup v2)", NUMBER, "N", allowed=(1, 2**22)),
        Option(
            "restart",
            "when it is started again: no, on-failure[:N], always, unless-stopped",
            TEXT,
            "POLICY",
            man="With on-failure:N at most N times in a row. With always and unless-stopped also after a reboot,"
            " with always even if it had been stopped.",
        ),
        Option(
            "restart-delay",
            "the delay before a restart, and to what it grows: 100ms..30s; 0: none",
            TEXT,
            "FIRST[..LAST]",
            man="It doubles with each restart in a row, and varies by up to a tenth.",
        ),
        Option("restart-stable", "a run of that length makes the delays begin anew", DURATION, "DURATION"),
        Option("start-limit", "give up after N starts within a window (10s)", TEXT, "N[/WINDOW]"),
        Option("success-codes", "exit codes that are no failure", TEXT, "N,..."),
        Option("stop-signal", "the signal that stops it", SIGNAL, "SIG"),
        Option("stop-timeout", "how long it has after that signal", DURATION, "DURATION"),
        Option(
            "stop-sequence",
            "signals and times to stop it by, instead of these two: 'TERM/10s INT/5s KILL'",
            TEXT,
            "STEPS",
        ),
        Option("kill-mode", "who gets the stop signal", CHOICE, "MODE", allowed=("tree", "group", "main")),
        Option("grace", "how long what it left behind has, after it ended by itself", DURATION, "DURATION"),
        Option("rewrite", "send another signal than the one asked for; 0: none", TEXT, "SIG:SIG,...", many=True),
        Option("delay", "wait before this signal is sent to it", TEXT, "SIG=DURATION,...", many=True),
        Option("map-exit", "change an exit code", TEXT, "CODE:CODE,...", many=True),
        Option(
            "listen",
            "listen on tcp:HOST:PORT, udp:HOST:PORT or unix:/PATH, and pass the socket on as LISTEN_FDS",
            TEXT,
            "ADDRESS",
            many=True,
        ),
        Option("notify", "it says by NOTIFY_SOCKET when it is ready"),
        Option(
            "log-driver",
            "where its output goes: k8s-file, json-file, journald, raw, passthrough, none; or several, with commas",
            TEXT,
            "DRIVER",
        ),
        Option("log-opt", "path=, max-size=, max-file=, mode=blocking|non-blocking, ...", TEXT, "KEY=VALUE", many=True),
    ),
    operands=COMMAND,
    usage="[--] COMMAND [ARG...]",
    man="In the foreground its output is ours, the signals we get are sent on to it, and its exit code is ours. Options"
    " end at the command. It runs with our variables and in our directory, unless told otherwise.",
    examples=(
        "pyinitctl run -d --name web --restart always -- python3 -m http.server",
        "pyinitctl run --rm -it -- bash",
        "pyinitctl run -d --log-opt max-size=10m --stop-signal QUIT -- nginx -g 'daemon off;'",
    ),
)

VERBS = (
    RUN,
    Verb(
        "ps",
        "list services",
        (
            Option("a all", "also those that do not run"),
            QUIET,
            FILTER,
            FORMAT,
            NO_TRUNC,
            Option("noheading", "no headings"),
        ),
        examples=("pyinitctl ps -a --filter status=exited",),
    ),
    Verb("inspect", "print everything about services", (FORMAT,), operands=NAMES, usage="NAME..."),
    Verb(
        "logs",
        "print what services wrote",
        (
            Option("f follow", "go on as they write, across restarts and rotations"),
            Option("n tail", "only the last N lines of each", NUMBER, "N", allowed=(-1, 2**31)),
            SINCE,
            UNTIL,
            Option("t timestamps", "begin each line with its time"),
            Option("stream", "only this stream", CHOICE, "STREAM", allowed=("stdout", "stderr")),
            Option("names", "begin each line with the service's name, as is done for several"),
            Option("color", "colour the names", CHOICE, "WHEN", allowed=("auto", "always", "never")),
            Option("all a", "all services"),
        ),
        operands=NAMES,
        usage="NAME...",
        man="The lines of several services are ordered by their time.",
        examples=("pyinitctl logs -f --tail 10 web worker",),
    ),
    Verb("start", "start services that were created or have ended", (ALL, FILTER), operands=NAMES, usage="NAME..."),
    Verb(
        "stop",
        "stop services, and wait until nothing is left of them",
        (ALL, FILTER, TIME),
        operands=NAMES,
        usage="NAME...",
    ),
    Verb("restart", "stop services, and start them again", (ALL, FILTER, TIME), operands=NAMES, usage="NAME..."),
    Verb(
        "kill",
        "send a signal to the main processes of services",
        (ALL, FILTER, Option("s signal", "the signal (KILL)", SIGNAL, "SIG")),
        operands=NAMES,
        usage="NAME...",
    ),
    Verb("pause", "stop all processes of services from running", (ALL, FILTER), operands=NAMES, usage="NAME..."),
    Verb("unpause", "let paused services run again", (ALL, FILTER), operands=NAMES, usage="NAME..."),
    Verb(
        "rm",
        "remove services, their records and their logs",
        (ALL, FILTER_LONG, Option("f force", "stop what runs first, and let missing ones pass"), TIME),
        operands=NAMES,
        usage="NAME...",
    ),
    Verb(
        "wait",
        "wait for services, and print their exit codes",
        (
            Option(
                "condition",
                "what to wait for",
                CHOICE,
                "CONDITION",
                allowed=("exited", "stopped", "running", "removed"),
            ),
            FORMAT,
        ),
        operands=NAMES,
        usage="NAME...",
    ),
    Verb("rename", "give a service another name", operands=WORDS, usage="NAME NEW"),
    Verb(
        "attach",
        "join a running service: its output from now on, and its input",
        (
            DETACH_KEYS,
            Option("no-stdin", "do not pass our input on"),
            Option("sig-proxy", "send the signals we get on to it (true)", CHOICE, "BOOL", allowed=("true", "false")),
        ),
        operands=WORDS,
        usage="NAME",
    ),
    Verb("top", "list the processes of a service", (FORMAT,), operands=WORDS, usage="NAME"),
    Verb(
        "stats",
        "show what services use: processor, memory, I/O, descriptors, threads, of all their processes",
        (
            Option("no-stream", "print once"),
            Option("i interval", "how often (5s)", DURATION, "DURATION"),
            FORMAT,
        ),
        operands=SOME_NAMES,
        usage="[NAME...]",
    ),
    Verb(
        "events",
        "print what happened to services",
        (Option("f follow", "go on as it happens"), SINCE, UNTIL, FILTER_LONG, FORMAT),
        man="Filters: name=, id=, event=.",
    ),
    Verb(
        "history",
        "print what happened to services, from a database that outlives them, the supervisor and a reboot",
        (SINCE, UNTIL, Option("n tail", "only the last N events", NUMBER, "N", allowed=(0, 2**31)), FORMAT),
        operands=SOME_NAMES,
        usage="[NAME...]",
    ),
    Verb(
        "supervisor",
        "look at the supervisor, start, stop or replace it",
        (
            FORMAT,
            Option("keep", "stop: let the services live on without a supervisor"),
            Option("foreground", "start: become the supervisor, as a service manager wants it"),
        ),
        operands=WORDS,
        usage="status|start|stop|upgrade",
        words=("status", "start", "stop", "upgrade"),
        man="It is started by whatever command needs it, and by the services it lost, so start is hardly ever needed."
        " stop stops all services first. upgrade replaces it by the version that is installed now; the services do not"
        " notice.",
    ),
    Verb("info", "print versions, directories and what the system offers", (FORMAT,)),
    Verb("version", "print the version", (FORMAT,)),
    Verb(
        "completion",
        "print the completions for a shell",
        operands=WORDS,
        usage="bash|zsh|fish",
        words=("bash", "zsh", "fish", "names"),
    ),
    Verb("help", "print help on a command", operands=WORDS, usage="[COMMAND]"),
)
ALIASES = {"ls": "ps", "list": "ps", "remove": "rm"}


def find(name: str) -> Verb | None:
    """The verb of that name."""
    name = ALIASES.get(name, name)
    return next((verb for verb in VERBS if verb.name == name), None)
