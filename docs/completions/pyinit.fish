# fish completion for pyinit. Made by tools/generate.py from csrc/options.def: change those.
# Whether the command has not been reached yet.
function __pyinit_options
    set -l words (commandline -opc)[2..-1]
    while set -q words[1]
        switch $words[1]
            case -r --rewrite --forward -p --parent-death-signal -e --map-exit --grace --kill-after --delay --user --chdir --report
                set -e words[1]
            case --
                return 1
            case '-*'
            case '*'
                return 1
        end
        set -e words[1]
    end
end

complete -c pyinit -x -a '(__fish_complete_subcommand)'
complete -c pyinit -n __pyinit_options -s r -l rewrite -x -d 'forward signal S as R; R 0 drops it'
complete -c pyinit -n __pyinit_options -s c -l single-child -d 'no session of its own; signals go to the child alone'
complete -c pyinit -n __pyinit_options -s g -l group -d 'signals go to the child\'s process group (default)'
complete -c pyinit -n __pyinit_options -l forward -x -a 'main group tree' -d 'main, group or tree: who gets signals'
complete -c pyinit -n __pyinit_options -s s -l subreaper -a 'auto yes no' -d 'adopt orphans: auto (default), yes, no'
complete -c pyinit -n __pyinit_options -s p -l parent-death-signal -x -a 'HUP INT QUIT USR1 USR2 ALRM TERM CONT STOP TSTP TTIN TTOU WINCH KILL RTMIN RTMAX' -d 'what the application gets when our parent dies'
complete -c pyinit -n __pyinit_options -s e -l map-exit -x -d 'exit with TO (0) where it would be FROM'
complete -c pyinit -n __pyinit_options -l grace -x -d 'time for what remains after the child (5s)'
complete -c pyinit -n __pyinit_options -l wait-all -d 'let the others end by themselves first'
complete -c pyinit -n __pyinit_options -l kill-after -x -d 'KILL all so long after TERM, INT or QUIT'
complete -c pyinit -n __pyinit_options -l delay -x -d 'hold that signal so long before forwarding'
complete -c pyinit -n __pyinit_options -l user -x -a '(__fish_complete_users)' -d 'run the command as that user'
complete -c pyinit -n __pyinit_options -l chdir -r -a '(__fish_complete_directories)' -d 'run the command in DIR'
complete -c pyinit -n __pyinit_options -l no-new-privs -d 'set-user-ID programs gain nothing'
complete -c pyinit -n __pyinit_options -l report -r -d 'at the end, write what happened as JSON'
complete -c pyinit -n __pyinit_options -s w -l warn-on-reap -d 'a line for each orphan reaped'
complete -c pyinit -n __pyinit_options -s P -l pause -d 'no command: reap until TERM or INT'
complete -c pyinit -n __pyinit_options -s q -l quiet -d 'errors only'
complete -c pyinit -n __pyinit_options -s v -l verbose -d 'say what happens; twice: each signal too'
complete -c pyinit -n __pyinit_options -s h -l help -d 'print this and exit'
complete -c pyinit -n __pyinit_options -s V -l version -d 'print the version and exit'
complete -c pyinit -n __pyinit_options -s l -s L -l license -d 'print the license and exit'
