# bash completion for pyinitctl. Made of pyinit/verbs.py: change that.
_pyinitctl() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} options= valued= i
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'run ps inspect logs start stop restart kill pause unpause rm wait rename attach top stats events history supervisor info version completion help' -- "$word")
        return
    fi
    case $verb in
    run)
        options='-d --detach --name --replace --rm -i --interactive -t --tty --detach-keys -e --env --env-file --unsetenv --unsetenv-all -w --workdir -u --user --umask --nice --oom-score-adj --no-new-privs --ulimit -l --label -m --memory --cpus --pids-limit --restart --restart-delay --restart-stable --start-limit --success-codes --stop-signal --stop-timeout --stop-sequence --kill-mode --grace --rewrite --delay --map-exit --listen --notify --log-driver --log-opt -h --help'
        valued='--name --detach-keys -e --env --env-file --unsetenv -w --workdir -u --user --umask --nice --oom-score-adj --ulimit -l --label -m --memory --cpus --pids-limit --restart --restart-delay --restart-stable --start-limit --success-codes --stop-signal --stop-timeout --stop-sequence --kill-mode --grace --rewrite --delay --map-exit --listen --log-driver --log-opt'
        ;;
    ps)
        options='-a --all -q --quiet -f --filter --format --no-trunc --noheading -h --help'
        valued='-f --filter --format'
        ;;
    inspect)
        options='--format -h --help'
        valued='--format'
        ;;
    logs)
        options='-f --follow -n --tail --since --until -t --timestamps --stream --names --color -a --all -h --help'
        valued='-n --tail --since --until --stream --color'
        ;;
    start)
        options='-a --all -f --filter -h --help'
        valued='-f --filter'
        ;;
    stop)
        options='-a --all -f --filter -t --time --timeout -h --help'
        valued='-f --filter -t --time --timeout'
        ;;
    restart)
        options='-a --all -f --filter -t --time --timeout -h --help'
        valued='-f --filter -t --time --timeout'
        ;;
    kill)
        options='-a --all -f --filter -s --signal -h --help'
        valued='-f --filter -s --signal'
        ;;
    pause)
        options='-a --all -f --filter -h --help'
        valued='-f --filter'
        ;;
    unpause)
        options='-a --all -f --filter -h --help'
        valued='-f --filter'
        ;;
    rm)
        options='-a --all --filter -f --force -t --time --timeout -h --help'
        valued='--filter -t --time --timeout'
        ;;
    wait)
        options='--condition --format -h --help'
        valued='--condition --format'
        ;;
    rename)
        options='-h --help'
        valued=''
        ;;
    attach)
        options='--detach-keys --no-stdin --sig-proxy -h --help'
        valued='--detach-keys --sig-proxy'
        ;;
    top)
        options='--format -h --help'
        valued='--format'
        ;;
    stats)
        options='--no-stream -i --interval --format -h --help'
        valued='-i --interval --format'
        ;;
    events)
        options='-f --follow --since --until --filter --format -h --help'
        valued='--since --until --filter --format'
        ;;
    history)
        options='--since --until -n --tail --format -h --help'
        valued='--since --until -n --tail --format'
        ;;
    supervisor)
        options='--format --keep --foreground -h --help'
        valued='--format'
        ;;
    info)
        options='--format -h --help'
        valued='--format'
        ;;
    version)
        options='--format -h --help'
        valued='--format'
        ;;
    completion)
        options='-h --help'
        valued=''
        ;;
    help)
        options='-h --help'
        valued=''
        ;;
    *) return ;;
    esac
    if [[ $verb == run ]]; then
        # The command's own words are completed as if it stood alone.
        for ((i = 2; i < COMP_CWORD; i++)); do
            case " $valued " in
            *" ${COMP_WORDS[i]} "*)
                ((i++))
                [[ ${COMP_WORDS[i]} == '=' ]] && ((i++))
                continue
                ;;
            esac
            case ${COMP_WORDS[i]} in
            --)
                _pyinitctl_command $((i + 1))
                return
                ;;
            -* | =) ;;
            *)
                _pyinitctl_command "$i"
                return
                ;;
            esac
        done
    fi
    [[ $before == '=' ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
    [[ $word == '=' ]] && word=
    case "$verb $before" in
    'run --env-file')
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    'run -w' | 'run --workdir')
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    'run -u' | 'run --user')
        mapfile -t COMPREPLY < <(compgen -u -- "$word")
        return
        ;;
    'run --restart')
        mapfile -t COMPREPLY < <(compgen -W 'no on-failure always unless-stopped' -- "$word")
        return
        ;;
    'run --stop-signal')
        mapfile -t COMPREPLY < <(compgen -W 'TERM INT HUP QUIT KILL USR1 USR2 STOP CONT WINCH ALRM' -- "$word")
        return
        ;;
    'run --kill-mode')
        mapfile -t COMPREPLY < <(compgen -W 'tree group main' -- "$word")
        return
        ;;
    'run --log-driver')
        mapfile -t COMPREPLY < <(compgen -W 'k8s-file json-file journald raw passthrough none' -- "$word")
        return
        ;;
    'ps --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    'inspect --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    'logs --stream')
        mapfile -t COMPREPLY < <(compgen -W 'stdout stderr' -- "$word")
        return
        ;;
    'logs --color')
        mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word")
        return
        ;;
    'kill -s' | 'kill --signal')
        mapfile -t COMPREPLY < <(compgen -W 'TERM INT HUP QUIT KILL USR1 USR2 STOP CONT WINCH ALRM' -- "$word")
        return
        ;;
    'wait --condition')
        mapfile -t COMPREPLY < <(compgen -W 'exited stopped running removed' -- "$word")
        return
        ;;
    'wait --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    'attach --sig-proxy')
        mapfile -t COMPREPLY < <(compgen -W 'true false' -- "$word")
        return
        ;;
    'top --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    'stats --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    'events --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    'history --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    'supervisor --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    'info --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    'version --format')
        mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
        return
        ;;
    esac
    if [[ " $valued " == *" $before "* ]]; then
        return
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
    fi
    case $verb in
    run) mapfile -t COMPREPLY < <(compgen -c -- "$word") ;;
    inspect) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    logs) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    start) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    stop) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    restart) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    kill) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    pause) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    unpause) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    rm) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    wait) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    rename) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    attach) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    top) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    stats) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    history) mapfile -t COMPREPLY < <(compgen -W "$(pyinitctl completion names 2> /dev/null)" -- "$word") ;;
    supervisor) mapfile -t COMPREPLY < <(compgen -W 'status start stop upgrade' -- "$word") ;;
    completion) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$word") ;;
    help) mapfile -t COMPREPLY < <(compgen -W 'run ps inspect logs start stop restart kill pause unpause rm wait rename attach top stats events history supervisor info version completion help' -- "$word") ;;
    esac
}

_pyinitctl_command() {
    if ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    elif declare -F _command_offset > /dev/null; then
        _command_offset "$1"
    else
        mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}

complete -o bashdefault -F _pyinitctl pyinitctl
