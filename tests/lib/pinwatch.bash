# pinwatch in the background, and programs without the shim that connect.

# needs_pinwatch : this machine can run it, or the test is skipped (in CI: fails). Asked of the kernel, not of pinwatch.
needs_pinwatch() {
    [[ -x $BUILD/pinwatch ]] || cannot "no $BUILD/pinwatch: make says what is missing"
    ((EUID == 0)) && grep -q '^ *0 *0 4294967295' /proc/self/uid_map || cannot "eBPF needs root"
    [[ -r /sys/kernel/btf/vmlinux ]] || cannot "this kernel has no BTF"
}

# pinwatch_start [OPTION...] : on $TABLE, until it answers. PINWATCH is how it is run.
pinwatch_start() {
    needs_pinwatch
    pinwatch_run "$@"
}

pinwatch_run() {
    ${PINWATCH:-"$BUILD/pinwatch"} --verbose --table "$TABLE" "$@" >>"$LOGS/pinwatch.log" 2>&1 3>&- 4>&- </dev/null &
    PINWATCH_PID=$!
    await "pinwatch serving $TABLE" pinwatch_serves
}

pinwatch_serves() {
    kill -0 "$PINWATCH_PID" 2>/dev/null || { cat "$LOGS/pinwatch.log"; return 1; }
    [[ $("$BUILD/pinwatch" status --json 2>/dev/null |
        jq --argjson pid "$PINWATCH_PID" 'any(.[]; .pid == $pid and (.tables | all(.served)))') == true ]]
}

# pinwatch_stop [SIGNAL] : its exit status is left in $status.
pinwatch_stop() {
    kill "-${1:-TERM}" "$PINWATCH_PID"
    status=0
    wait "$PINWATCH_PID" || status=$?
}

pinwatch_status() { "$BUILD/pinwatch" status --json | jq -r ".[0] | $1"; }

# watched N : N addresses are watched.
watched() { [[ $(pinwatch_status '[.tables[].watched] | add') == "$1" ]]; }
await_watched() { await "$1 addresses watched" watched "$1"; }

# pool_watched [OPTION...] : pool.test in both families, a pin for it in $pin4 and $pin6, and pinwatch that watches it.
# $before is a command that runs before pinwatch. Needs use_clients lookup.
pool_watched() {
    pinctl init --conf=/dev/null >/dev/null
    ip addr add 2001:db8::8/128 dev lo nodad
    ip addr add 2001:db8::9/128 dev lo nodad
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13 2001:db8::8 2001:db8::9
    pin4=$(with_shim "$(client lookup)" -4 pool.test | cut -d' ' -f1)
    pin6=$(with_shim "$(client lookup)" -6 pool.test | cut -d' ' -f1)
    [[ -z ${before:-} ]] || "$before"
    pinwatch_start "$@"
    await_watched 5
}

# packets_seen true|false : it looks at packets, as it does while somebody sends datagrams to a watched address.
packets_seen() { [[ $(pinwatch_status '.probes | map(select(.name | startswith("cgroup_skb")).attached) | all') == "$1" ]]; }

# connected_socket [ADDR] : one of which no hook tells what it sends; $pin4 unless ADDR.
connected_socket() {
    /usr/bin/python3 -S -c 'import socket, sys, time
a = sys.argv[1]
s = socket.socket(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_DGRAM); s.connect((a, 5060)); time.sleep(3600)' "${1:-$pin4}" 3>&- 4>&- &
    socket_pid=$!
    await "a connected socket" eval '[[ -n $(ss -Hun state established) ]]'
}

# watch_packets ADDR : makes it look at packets, and so see what connected sockets send, before one does.
watch_packets() {
    connected_socket "$1"
    await "a look at packets" packets_seen true
    kill "$socket_pid"
}

# manager_start : takes what sd_notify(3) is told: NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify; a line each in `told`.
manager_start() {
    /usr/bin/python3 -S -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); s.settimeout(600)
while True: print(s.recv(100).decode(), flush=True)' "$BATS_TEST_TMPDIR/notify" >"$BATS_TEST_TMPDIR/told" 2>/dev/null 3>&- 4>&- &
    await "the manager" test -S "$BATS_TEST_TMPDIR/notify"
}

failures_of() { candidate_field "$1" "$2" failures; }

# moved HOST ADDR : its pin is elsewhere.
moved() { [[ $(pin_of "$1" "${3:-inet}") != "$2" ]]; }
