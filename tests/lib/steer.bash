# pinwatch steer on a cgroup of the test's own, and programs in it.

# steer_setup : names the cgroup; harness_setup first. steer_teardown removes it, with what is left in it.
steer_setup() {
    CGROUP=stickydns-$(basename "$BATS_RUN_TMPDIR")-$BATS_SUITE_TEST_NUMBER
    CGROUP_PATH=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
    [[ -n $CGROUP_PATH ]] || cannot "there is no cgroup2 mount"
    CGROUP_PATH+=/$CGROUP
}

steer_teardown() {
    [[ -d ${CGROUP_PATH:-/nonexistent} ]] || return 0
    echo 1 >"$CGROUP_PATH/cgroup.kill"
    await "$CGROUP_PATH empty" grep -q 'populated 0' "$CGROUP_PATH/cgroup.events"
    find "$CGROUP_PATH" -depth -type d -exec rmdir {} \;
}

# steer_start [OPTION...] : by $TABLE, until it answers. PINWATCH is how it is run.
steer_start() {
    needs_pinwatch
    ${PINWATCH:-"$BUILD/pinwatch"} steer --verbose --table "$TABLE" --cgroup "$CGROUP" "$@" \
        >>"$LOGS/steer.log" 2>&1 3>&- 4>&- </dev/null &
    STEER_PID=$!
    await "pinwatch steering $CGROUP" steer_serves
}

steer_serves() {
    kill -0 "$STEER_PID" 2>/dev/null || { cat "$LOGS/steer.log"; return 1; }
    [[ $(steer_status '.tables[0].served') == true ]]
}

steer_status() {
    "$BUILD/pinwatch" status --json 2>/dev/null | jq -r --argjson pid "$STEER_PID" ".[] | select(.pid == \$pid) | $1"
}

# steer_stop [SIGNAL] : its exit status is left in $status.
steer_stop() {
    kill "-${1:-TERM}" "$STEER_PID"
    status=0
    wait "$STEER_PID" || status=$?
}

# steered_to ADDR PORT TRANSPORT TO : the latest word about that endpoint in the log is that it leads to TO.
steered_to() {
    [[ $(grep -a "^$1 $2/$3: " "$LOGS/steer.log" | tail -n 1) == "$1 $2/$3: to $4 "* ]]
}
await_steered() { await "$1 $2/$3 to lead to $4" steered_to "$@"; }

# as_asked ADDR PORT TRANSPORT : nothing is said of it, or that it goes where it is sent.
as_asked() {
    local word
    word=$(grep -a "^$1 $2/$3: " "$LOGS/steer.log" | tail -n 1)
    [[ -z $word || $word == *": as asked" ]]
}

# in_cgroup CMD... : CMD there, under the shim if that reaches it.
in_cgroup() { timeout -k 2 "$LIMIT" "$BUILD/pinctl" run --table "$TABLE" --cgroup="$CGROUP" -- "$@"; }

# program_start ID : the static client, in the cgroup, driven line by line (clients.bash: ask, client_stop).
program_start() {
    local id=$1 pipe=$BATS_TEST_TMPDIR/client-$1 in out
    mkfifo "$pipe.in" "$pipe.out"
    "$BUILD/pinctl" run --table "$TABLE" --cgroup="$CGROUP" -- "$(client steered)" \
        <"$pipe.in" >"$pipe.out" 2>>"$LOGS/client-$id.log" 3>&- 4>&- &
    CLIENT_PID[$id]=$!
    exec {in}>"$pipe.in" {out}<"$pipe.out"
    CLIENT_IN[$id]=$in CLIENT_OUT[$id]=$out
}

# use_go_client NAME : tests/clients/NAME.go without cgo as NAME-go, and with it as NAME-cgo, once a run; for setup_file.
use_go_client() {
    command -v go >/dev/null || return 0                # the test that needs it says so
    go_client "$1" go 0
    go_client "$1" cgo 1
}

# go_client NAME KIND CGO
go_client() {
    local dir=$BATS_RUN_TMPDIR/clients
    mkdir -p "$dir"
    [[ ! -x $dir/$1-$2 ]] || return 0
    CGO_ENABLED=$3 GO111MODULE=off GOCACHE=$dir/go-cache.$$ GOFLAGS= go build -o "$dir/$1-$2.$$" "$TESTS/clients/$1.go"
    rm -rf "$dir/go-cache.$$"
    mv "$dir/$1-$2.$$" "$dir/$1-$2"
}

A=127.0.0.11 B=127.0.0.12 C=127.0.0.13

# pool [ADDR...] : pool.test has these addresses (A B C), a server on each, and a table that knows them.
pool() {
    local address
    (($#)) || set -- $A $B $C
    dns_pool pool.test "$@"
    for address; do server_start "$address" 5060 whoami; done
    pinctl init --conf=/dev/null >/dev/null
    with_shim "$(client lookup)" pool.test >/dev/null
}

# pin ADDR : pool.test is pinned to it, and the kernel knows. For one of A, B, C.
pin() {
    local address=$A
    [[ $1 != "$A" ]] || address=$B
    pinctl set pool.test "$1"
    await_steered "$address" 5060 udp "$1"
}

# said ID ADDR COMMAND... : the program's answer to the command is that of ADDR.
said() {
    local id=$1 by=$2 answer
    shift 2
    answer=$(ask "$id" "$@")
    expect_match "^$by 5060" "$answer" "who answered: $*"
}
