#!/bin/sh
# Leaves behind as many orphans as its first argument says, waits until there are no more processes, zombies included,
# than its second says, prints `none left`, and exits with 9 when it is told a line.
left=$1
stay=$2
while [ "$left" -gt 0 ]; do
    (true &)
    left=$((left - 1))
done
set -- /proc/[0-9]*
while [ $# -gt "$stay" ]; do
    set -- /proc/[0-9]*
done
echo 'none left'
read -r _
exit 9
