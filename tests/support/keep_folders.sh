# Takes away what a run of the tests leaves when it is gone, however it ended: its folders, and engines that are still
# running. Standard input names processes, one a line, and comes to its end with the tests.
#   keep_folders.sh FOLDER..
processes=
while read -r process; do
    processes="$processes $process"
done
for process in $processes; do
    # The number may be another process's by now: ours has a file of the run's first folder on its command line.
    if ps -ww -o args= -p "$process" 2>/dev/null | grep -qF -- "$1"; then
        kill -KILL "$process" 2>/dev/null
    fi
done
rm -rf -- "$@"
