# Keeps a Postgres server running for the tests, and takes it and its folder away when they are gone, however they ended:
# then, and only then, standard input comes to its end.
#   keep_cluster.sh FOLDER POSTGRES ARGUMENT..
folder=$1
shift

start() {
    "$@" </dev/null >>"$folder/server.log" 2>&1 &
    server=$!
}

start "$@"
while read -r order; do
    case $order in
    restart)
        # As after a crash: nothing is flushed, and the log is replayed.
        kill -QUIT "$server"
        wait "$server"
        start "$@"
        ;;
    esac
done
kill -INT "$server"
wait "$server"
cd / && rm -rf -- "$folder"
