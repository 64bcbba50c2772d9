# bash completion for pyinit. Made by tools/generate.py from csrc/options.def: change those.
_pyinit() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i
    # The command's own words are completed as if it stood alone.
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --)
            _pyinit_command $((i + 1))
            return
            ;;
        -r | --rewrite | --forward | -p | --parent-death-signal | -e | --map-exit | --grace | --kill-after | --delay | --user | --chdir | --report) ((i++)) ;;
        -* | =) ;;
        auto | yes | no) [[ ${COMP_WORDS[i - 1]} == '=' ]] || { _pyinit_command "$i" && return; } ;;
        *)
            _pyinit_command "$i"
            return
            ;;
        esac
    done
    case $before in
    -r | --rewrite)
        COMPREPLY=()
        return
        ;;
    --forward)
        mapfile -t COMPREPLY < <(compgen -W 'main group tree' -- "$word")
        return
        ;;
    -p | --parent-death-signal)
        mapfile -t COMPREPLY < <(compgen -W 'HUP INT QUIT USR1 USR2 ALRM TERM CONT STOP TSTP TTIN TTOU WINCH KILL RTMIN RTMAX' -- "$word")
        return
        ;;
    -e | --map-exit)
        COMPREPLY=()
        return
        ;;
    --grace)
        COMPREPLY=()
        return
        ;;
    --kill-after)
        COMPREPLY=()
        return
        ;;
    --delay)
        COMPREPLY=()
        return
        ;;
    --user)
        mapfile -t COMPREPLY < <(compgen -u -- "$word")
        return
        ;;
    --chdir)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    --report)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-r --rewrite -c --single-child -g --group --forward -s --subreaper -p --parent-death-signal -e --map-exit --grace --wait-all --kill-after --delay --user --chdir --no-new-privs --report -w --warn-on-reap -P --pause -q --quiet -v --verbose -h --help -V --version -l -L --license' -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
    fi
}

_pyinit_command() {
    if ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    elif declare -F _command_offset > /dev/null; then
        _command_offset "$1"
    else
        mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}

complete -o bashdefault -o default -F _pyinit pyinit
