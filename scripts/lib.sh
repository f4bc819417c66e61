# shellcheck shell=bash
#
# What scripts/serve and scripts/demo share: a private PostgreSQL cluster and a speand on it, in one
# directory. To be sourced by bash.
#
#     DIR/pg           the cluster: data directory, and its unix socket (no TCP)
#     DIR/speand.conf  written anew at each start, as
#     DIR/spean.conf   is, with which `build/spean --config DIR/spean.conf` finds this daemon
#     DIR/speand.sock  for local staff and admin
#     DIR/admin.token  mode 0600
#     DIR/*.log        of both; the one before is kept as *.log.1 when it grows large
#     DIR/lock         held by everything that runs in DIR
#
# Who may talk to the cluster: whoever can enter DIR/pg, which has mode 0700. So its own access rule
# is "trust": the directory is the lock. As root, PostgreSQL (which refuses to run as root) runs as
# the user postgres or nobody, who owns DIR/pg; root passes every directory.

spean_root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
spean_socket_max=107 # bytes of a unix socket's path
spean_pg_socket=.s.PGSQL.5432

# What the functions leave for their callers.
dir=
port=
token=
pg_pid=
daemon_pid=

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "$*"
    exit 1
}

# hear_interrupts WORDS...: runs the calling script anew where SIGINT is ignored, with the same WORDS. What
# a script starts in the background begins so, and a shell can't trap what was ignored when it began.
hear_interrupts() {
    local ignored
    ignored=$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status)
    if [ $((16#$ignored & 2)) -ne 0 ]; then
        exec env --default-signal=INT "$BASH" "$0" "$@"
    fi
}

# Makes sure of packages and programs.
spean_prepare() {
    "$spean_root/scripts/install-deps" run build
    "$spean_root/scripts/build" --target speand spean
}

pg_find() {
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)
    [ -x "$found" ] || die "PostgreSQL's server programs are not installed (package postgresql)"
    pg_bin=${found%/postgres}
}

# The words that start a program as the user PostgreSQL is to run as, in pg_as.
pg_find_user() {
    local name
    pg_as=()
    pg_owner=
    [ "$(id -u)" -eq 0 ] || return 0
    for name in postgres nobody; do
        if id -u "$name" >/dev/null 2>&1; then
            pg_owner=$(id -u "$name"):$(id -g "$name")
            pg_as=(setpriv "--reuid=${pg_owner%:*}" "--regid=${pg_owner#*:}" --clear-groups)
            return 0
        fi
    done
    die "no unprivileged user to run PostgreSQL as"
}

# The name under which PostgreSQL reaches its data directory, in pg_path. The directories above may be
# closed to its user (root's own temporary directories are); an open descriptor leads there all the
# same.
pg_find_path() {
    pg_path=$1
    exec 9<"$1"
    if ! (cd / && "${pg_as[@]}" test -x "$1") 2>/dev/null; then
        pg_path=/proc/self/fd/9
        (cd / && "${pg_as[@]}" test -w "$pg_path") 2>/dev/null ||
            die "the user that runs PostgreSQL can't reach $1"
    fi
}

# pg_settings DATA durable|fast: what differs from PostgreSQL's own defaults, in a file of its own.
pg_settings() {
    local durable=on
    [ "$2" = durable ] || durable=off
    cat >"$1/spean.conf" <<END
listen_addresses = ''
unix_socket_directories = '$pg_path'
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 64MB
fsync = $durable
synchronous_commit = $durable
full_page_writes = $durable
timezone = 'UTC'
END
    grep -qs "^include 'spean.conf'" "$1/postgresql.conf" ||
        echo "include 'spean.conf'" >>"$1/postgresql.conf"
}

# pg_init DATA: makes a cluster where none is. A half-made one, of a start that was killed, goes.
pg_init() {
    local data=$1
    [ ! -f "$data/spean.done" ] || return 0
    rm -rf "$data"
    mkdir -m 0700 "$data"
    [ -z "$pg_owner" ] || chown "$pg_owner" "$data"
    pg_find_path "$data"
    say "making a private PostgreSQL cluster in $data"
    (cd / && "${pg_as[@]}" "$pg_bin/initdb" -D "$pg_path" -U spean -A trust -E UTF8 \
        --locale=C.UTF-8 --no-sync --no-instructions) >/dev/null
    touch "$data/spean.done"
}

log_turn() {
    if [ -f "$1" ] && [ "$(stat -c %s "$1")" -gt 16777216 ]; then
        mv -f "$1" "$1.1"
    fi
}

# pg_start DIR durable|fast: the server as a child of this shell, in pg_pid; it ends with this shell,
# however that ends. Whatever ran in DIR before is gone (DIR/lock is held), so what it left is stale.
pg_start() {
    local dir=$1 data=$1/pg tries=0
    pg_find
    pg_find_user
    pg_init "$data"
    pg_find_path "$data"
    pg_settings "$data" "$2"
    rm -f "$data/postmaster.pid" "$data/$spean_pg_socket" "$data/$spean_pg_socket.lock"
    log_turn "$dir/postgresql.log"
    (cd / && exec setsid "${pg_as[@]}" setpriv --pdeathsig INT "$pg_bin/postgres" -D "$pg_path") \
        </dev/null >>"$dir/postgresql.log" 2>&1 &
    pg_pid=$!
    until pg_ready "$data"; do
        tries=$((tries + 1))
        if ! kill -0 "$pg_pid" 2>/dev/null || [ "$tries" -ge 1200 ]; then
            tail -n 5 "$dir/postgresql.log" >&2
            die "PostgreSQL did not start; see $dir/postgresql.log"
        fi
        sleep 0.05
    done
    pg_database "$data"
}

pg_ready() {
    [ -S "$1/$spean_pg_socket" ] && "$pg_bin/pg_isready" -q -h "$1" -U spean -d postgres
}

pg_database() {
    [ ! -f "$1/spean.database" ] || return 0
    "$pg_bin/psql" -X -q -h "$1" -U spean -d postgres -v ON_ERROR_STOP=1 \
        -c 'CREATE DATABASE spean' >&2 ||
        "$pg_bin/psql" -X -q -h "$1" -U spean -d spean -c '' >&2
    touch "$1/spean.database"
}

# Ends a child in good order: TERM or INT, then, when it will not go within 20 s, KILL.
child_stop() {
    local pid=$1 signal=$2 tries=0
    kill "-$signal" "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 400 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    if kill -KILL "$pid" 2>/dev/null; then
        say "process $pid had to be killed"
    fi
    wait "$pid" 2>/dev/null || true
}

# A loopback port nobody listens on; a daemon that loses the race for it gets another.
port_pick() {
    local tries=0
    while [ "$tries" -lt 100 ]; do
        port=$((20000 + SRANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
        tries=$((tries + 1))
    done
    die "no free port found"
}

# rpc PORT LINE...: sends the lines over one connection, gives as many answers.
rpc() {
    (
        port=$1
        shift
        exec 3<>"/dev/tcp/127.0.0.1/$port"
        for line in "$@"; do
            printf '%s\n' "$line" >&3
            IFS= read -r -t 5 answer <&3
            printf '%s\n' "$answer"
        done
    ) 2>/dev/null
}

daemon_config() {
    cat >"$1/speand.conf" <<END
[listen]
tcp = 127.0.0.1:$2
unix = $1/speand.sock

[database]
conninfo = host='$1/pg' user=spean dbname=spean

[daemon]
model_dir = $spean_root/conf/model
sql_dir = $spean_root/sql
END
    printf '[client]\nserver = unix:%s/speand.sock\n' "$1" >"$1/spean.conf"
}

# client DIR WORDS...: spean as admin of the daemon in DIR, whatever the user's own settings say.
client() {
    local conf=$1/spean.conf
    shift
    env -u SPEAN_SERVER -u SPEAN_TOKEN "$spean_root/build/spean" --config "$conf" "$@"
}

# daemon_start DIR PORT: migrates and starts speand as a child, in daemon_pid; 0 when it answers.
daemon_start() {
    local dir=$1 tries=0
    daemon_config "$dir" "$2"
    rm -f "$dir/speand.sock"
    log_turn "$dir/speand.log"
    "$spean_root/build/speand" -c "$dir/speand.conf" --migrate </dev/null >>"$dir/speand.log" 2>&1 || {
        tail -n 5 "$dir/speand.log" >&2
        die "the database could not be migrated; see $dir/speand.log"
    }
    (exec setsid setpriv --pdeathsig TERM "$spean_root/build/speand" -c "$dir/speand.conf") \
        </dev/null >>"$dir/speand.log" 2>&1 &
    daemon_pid=$!
    until rpc "$2" '{"jsonrpc":"2.0","id":1,"method":"system.ping"}' | grep -q '"pong"' &&
        [ -S "$dir/speand.sock" ]; do
        tries=$((tries + 1))
        if ! kill -0 "$daemon_pid" 2>/dev/null; then
            wait "$daemon_pid" 2>/dev/null || true
            daemon_pid=
            return 1
        fi
        [ "$tries" -lt 600 ] || die "speand does not answer; see $dir/speand.log"
        sleep 0.05
    done
    # Someone else on our port would answer too: the daemon must have lived to say so.
    kill -0 "$daemon_pid" 2>/dev/null
}

# daemon_start_somewhere DIR PORT: PORT 0 is a free one; the one taken is in port.
daemon_start_somewhere() {
    local dir=$1 wanted=$2 try
    for try in 1 2 3 4 5; do
        port=$wanted
        [ "$wanted" -ne 0 ] || port_pick
        if daemon_start "$dir" "$port"; then
            return 0
        fi
        if [ "$wanted" -ne 0 ] || [ "$try" -eq 5 ] ||
            ! tail -n 20 "$dir/speand.log" | grep -qi 'in use'; then
            break
        fi
    done
    tail -n 5 "$dir/speand.log" >&2
    die "speand did not start; see $dir/speand.log"
}

login_line() {
    printf '{"jsonrpc":"2.0","id":1,"method":"auth.login","params":{"token":"%s"}}' "$1"
}

# admin_token DIR PORT: the admin's token in token; kept between runs, made anew when it is not valid.
admin_token() {
    local file=$1/admin.token
    if [ -s "$file" ]; then
        token=$(cat "$file")
        if rpc "$2" "$(login_line "$token")" | grep -q '"role":"admin"'; then
            return 0
        fi
        say "the token kept is not valid any more; making another"
    fi
    token=$(client "$1" --format json token create serve --role admin |
        grep -o 'spean_[A-Za-z0-9_-]*') || die "no admin token could be made"
    (umask 077 && printf '%s\n' "$token" >"$file.new" && mv -f "$file.new" "$file")
}

# daemon_wait_index PORT: until the index holds what the database holds.
daemon_wait_index() {
    local tries=0
    until rpc "$1" "$(login_line "$token")" '{"jsonrpc":"2.0","id":2,"method":"system.health"}' |
        grep -q '"status":"ok"'; do
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || die "speand does not get ready"
        sleep 0.05
    done
}

# dir_claim DIR: makes DIR, gives its absolute path in dir, and holds DIR/lock as long as this shell
# and its children live. A start right after a crash waits for what is still ending.
dir_claim() {
    [ -d "$1" ] || (umask 077 && mkdir -p -- "$1") || die "can't make $1"
    dir=$(CDPATH='' cd -- "$1" && pwd) || die "can't enter $1"
    case $dir in
    *[\'\"\;\\]* | *$'\n'*) die "quotes, semicolons and backslashes in the path of $dir" ;;
    esac
    if [ "$(printf %s "$dir/pg/$spean_pg_socket" | wc -c)" -gt "$spean_socket_max" ]; then
        die "$dir is too long: a unix socket's path has at most $spean_socket_max bytes," \
            "so a directory has at most $((spean_socket_max - 4 - ${#spean_pg_socket}))"
    fi
    exec 8>>"$dir/lock" || die "can't write in $dir"
    flock -w 15 8 || die "$dir is in use by another run"
}
