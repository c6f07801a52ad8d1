# pinwatch steer as a daemon: its end, its rights, its table, the programs that share its cgroup.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
source "$TESTS/lib/steer.bash"

setup_file() {
    use_clients lookup scribble steered
}

setup() {
    harness_setup
    steer_setup
}

teardown() {
    steer_teardown
    harness_teardown
}

@test "killed, it leaves nothing behind; told to end, it detaches and exits 0" {
    pool
    steer_start
    pin $C
    program_start p
    said p $C udp 0 4 sendto $A 5060 OPTIONS c1 b1
    steer_stop KILL
    await "nothing attached" nothing_attached
    expect_eq "$A 5060 OPTIONS from $A 5060" "$(ask p udp 0 4 sendto $A 5060 OPTIONS c2 b2)" "UDP, after kill -9"
    expect_eq "$A 5060 peer $A 5060" "$(ask p tcp 4 $A 5060)" "TCP, after kill -9"
    steer_start
    await_steered $A 5060 udp $C
    said p $C udp 0 4 sendto $A 5060 OPTIONS c3 b3
    steer_stop TERM
    expect_eq 0 "$status" "exit status after SIGTERM"
    nothing_attached
    said p $A udp 0 4 sendto $A 5060 OPTIONS c4 b4
    client_stop p
}

nothing_attached() { [[ -z $(bpftool cgroup show "$CGROUP_PATH" | grep steer_) ]]; }

cgroups_below() { find "$CGROUP_PATH" -mindepth 1 -type d; }

@test "a second one on the same cgroup, or below it, says so; --dry-run steers nothing" {
    pool
    steer_start
    pin $C
    expect_ne "" "$(bpftool cgroup show "$CGROUP_PATH" | grep steer_)" "programs on the cgroup"
    expect_status 1 "$BUILD/pinwatch" steer --table "$TABLE" --cgroup "$CGROUP"
    expect_one_line "$output" "the complaint"
    expect_match "$CGROUP_PATH: another pinwatch steers it already" "$output" "the complaint"
    mkdir "$CGROUP_PATH/below"
    expect_status 1 "$BUILD/pinwatch" steer --table "$TABLE" --cgroup "$CGROUP/below"
    expect_match "$CGROUP_PATH: another pinwatch steers it already" "$output" "the complaint about the one above"
    rmdir "$CGROUP_PATH/below"
    expect_status 1 "$BUILD/pinwatch" steer --table "$TABLE" --cgroup "$CGROUP/new"
    expect_eq "" "$(cgroups_below)" "cgroups that it made, and was refused"
    steer_stop
    steer_start --dry-run
    await_steered $A 5060 tcp $C
    expect_eq "$A 5060 peer $A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "dry run"
    steer_stop
    rmdir "$CGROUP_PATH"
    steer_start --dry-run
    steer_stop
    expect_eq "0 gone" "$status $([[ -d $CGROUP_PATH ]] || echo gone)" "a cgroup that a dry run made"
    expect_status 1 "$BUILD/pinwatch" steer --table "$TABLE" --cgroup /tmp
    expect_match "/tmp: no cgroup of version 2" "$output" "no cgroup"
    expect_status 2 "$BUILD/pinwatch" steer
    expect_status 2 "$BUILD/pinwatch" steer --table "$TABLE" --cgroup ""
    expect_match "no path: ''" "$output" "an empty path, which would be the root's"
    expect_status 2 timeout "$LIMIT" "$BUILD/pinwatch" steer -t "$TABLE" -t /dev/shm/other --cgroup "$CGROUP"
    expect_match "steer: --table: one only: /dev/shm/other" "$output" "two tables, whose pins may disagree"
    expect_status 2 timeout "$LIMIT" "$BUILD/pinwatch" steer --cgroup "$CGROUP" --cgroup other
    expect_match "steer: --cgroup: one only: other" "$output" "two cgroups"
}

@test "three capabilities are enough; without CAP_PERFMON nothing is read, and all datagrams go to the pin" {
    need setpriv
    local few="setpriv --no-new-privs --ambient-caps -all"
    pool
    mkdir "$CGROUP_PATH"                                # making it below the mount's root takes CAP_DAC_OVERRIDE
    PINWATCH="$few --bounding-set -all,+bpf,+perfmon,+net_admin --inh-caps -all,+bpf,+perfmon,+net_admin $BUILD/pinwatch"
    steer_start
    expect_eq true "$(steer_status .reads)" "what is sent is read"
    pin $B
    program_start p
    said p $B udp 0 4 sendto $A 5060 INVITE call1 one
    steer_stop
    PINWATCH="$few --bounding-set -all,+bpf,+net_admin --inh-caps -all,+bpf,+net_admin $BUILD/pinwatch"
    steer_start
    expect_eq false "$(steer_status .reads)" "what is sent is read"
    expect_match "cannot be read here" "$(cat "$LOGS/steer.log")" "what it says of that"
    await_steered $A 5060 udp $B
    said p $B udp 0 4 sendto $A 5060 INVITE call1 one
    pin $C
    said p $C udp 0 4 sendto $A 5060 INVITE call1 one
    client_stop p
    steer_stop
    PINWATCH="$few --bounding-set -all --inh-caps -all $BUILD/pinwatch"
    expect_status 1 $PINWATCH steer --table "$TABLE" --cgroup "$CGROUP"
    expect_one_line "$output" "the complaint without any"
    expect_match "needs CAP_BPF" "$output" "the complaint without any"
    expect_status 1 $PINWATCH steer --table "$TABLE" --cgroup "$CGROUP/new"
    expect_eq "" "$(cgroups_below)" "cgroups that it made in vain"
    [[ -d $CGROUP_PATH ]]
}

@test "the unit file: what it starts, with its capabilities alone, steers and tells systemd" {
    local unit="$TESTS/../tools/systemd/pinwatch-steer@.service" caps start
    need setpriv
    pool
    mkdir "$CGROUP_PATH"
    caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
    expect_eq "+bpf,+perfmon,+net_admin" "$caps" "the set"
    start=$(sed -n 's,^ExecStart=/usr/local/sbin/,,p' "$unit")
    expect_eq "pinwatch steer --cgroup %I" "$start" "what it starts"
    needs_pinwatch
    manager_start
    env NOTIFY_SOCKET="$BATS_TEST_TMPDIR/notify" STICKYDNS_TABLE="$TABLE" \
        setpriv --bounding-set "-all,$caps" --inh-caps "-all,$caps" --ambient-caps -all --no-new-privs \
        $BUILD/${start//%I/$CGROUP/below} >>"$LOGS/steer.log" 2>&1 3>&- 4>&- </dev/null &
    STEER_PID=$!
    await "READY=1" grep -q READY=1 "$BATS_TEST_TMPDIR/told"
    expect_eq 000000c000001000 "$(sed -n 's/^CapEff:\t//p' /proc/"$STEER_PID"/status)" "effective capabilities"
    expect_eq "true true" "$(steer_status '"\(.tables[0].served) \(.reads)"')" "the table served, what is sent read"
    CGROUP+=/below
    pinctl set pool.test $C
    await "a connect to go to $C" eval \
        '[[ $(in_cgroup "$(client steered)" tcp 4 $A 5060) == "$C 5060 peer $A 5060" ]]'
    expect_eq "$C 5060 OPTIONS from $A 5060" "$(in_cgroup "$(client steered)" udp 0 4 sendto $A 5060 OPTIONS c b)" "a datagram"
    steer_stop
    expect_eq 0 "$status" "exit status after SIGTERM"
    await "STOPPING=1" grep -q STOPPING=1 "$BATS_TEST_TMPDIR/told"
    rmdir "$CGROUP_PATH/below"
}

@test "a table that comes later, and one that replaces it, are followed" {
    local address
    for address in $A $B $C; do server_start $address 5060 whoami; done
    needs_pinwatch
    "$BUILD/pinwatch" steer --verbose --table "$TABLE" --cgroup "$CGROUP" >>"$LOGS/steer.log" 2>&1 3>&- 4>&- </dev/null &
    STEER_PID=$!
    await "pinwatch waiting" grep -q "$TABLE: .*nothing is steered" "$LOGS/steer.log"
    expect_eq "$A 5060 peer $A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "without a table"
    pinctl init --conf=/dev/null >/dev/null
    pinctl set pool.test $C,$A
    await_steered $A 5060 tcp $C
    expect_eq "$C 5060 peer $A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "with a table"
    pinctl init --empty --conf=/dev/null >/dev/null
    pinctl set pool.test $B,$A
    await_steered $A 5060 tcp $B
    expect_eq "$B 5060 peer $A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "with the next one"
    expect_eq "$C 5060 peer $C 5060" "$(in_cgroup "$(client steered)" tcp 4 $C 5060)" "what only the old one knew"
    : >"$TABLE"                                         # cut short: SIGBUS is not the end of it
    await "the table given up" grep -q "$TABLE: shorter.*nothing is steered" "$LOGS/steer.log"
    expect_eq "$A 5060 peer $A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "with one that was cut short"
    steer_stop
    expect_eq 0 "$status" "exit status after SIGTERM"
}

@test "a table that is written over ends nothing" {
    local how
    pool
    steer_start
    for how in head words shuffle tail whole; do
        "$(client scribble)" "$TABLE" $how 150 1
        kill -0 "$STEER_PID"
        in_cgroup "$(client steered)" tcp 4 $A 4999 >/dev/null    # refused, and not hanging
    done
    steer_stop
    expect_eq 0 "$status" "exit status after SIGTERM"
}

@test "pinctl run --cgroup: there, whether the shim reaches it or not; and it says when nobody steers" {
    pinctl init --conf=/dev/null >/dev/null
    expect_status 1 "$BUILD/pinctl" run -- "$(client steered)" quit
    expect_match "is static: LD_PRELOAD cannot reach it" "$output" "a static program elsewhere"
    expect_status 7 "$BUILD/pinctl" run --cgroup "$CGROUP" -- bash -c 'grep ^0: /proc/self/cgroup; echo "$LD_PRELOAD"; exit 7'
    expect_match "--cgroup: $CGROUP_PATH: no pinwatch steers it now" "$output" "what it says"
    expect_match "0::.*/$CGROUP"$'\n'".*libstickydns.so" "$output" "where it runs"
    steer_start
    expect_status 7 "$BUILD/pinctl" run --cgroup "$CGROUP_PATH" -- bash -c 'exit 7'
    expect_eq "" "$output" "what it says when it is steered"
    expect_status 127 "$BUILD/pinctl" run --cgroup "$CGROUP" -- /nonexistent
    expect_status 2 "$BUILD/pinctl" run --cgroup -- bash -c 'exit 7'
    expect_status 1 "$BUILD/pinctl" run --cgroup /tmp -- true
    expect_match "/tmp: no cgroup of version 2" "$output" "no cgroup"
    chown 65534 "$CGROUP_PATH"                          # it may make one there, and may not leave the one it is in
    expect_status 1 setpriv --reuid 65534 --clear-groups "$BUILD/pinctl" run --cgroup "$CGROUP/new" -- true
    expect_match "$CGROUP_PATH/new: Permission denied" "$output" "one that may not be joined"
    expect_eq "" "$(cgroups_below)" "cgroups that it made in vain"
}

@test "programs under the shim are left to it, whatever the kernel's map still says" {
    need sipp
    local address
    dns_pool pool.test $A $B $C
    for address in $A $B $C; do server_start $address 5060 uas-udp; done
    pinctl init --conf=/dev/null >/dev/null
    with_shim "$(client lookup)" pool.test >/dev/null
    steer_start
    pin $C
    send_20 $C
    kill -STOP $STEER_PID                               # the map stays behind
    pinctl set pool.test $B
    in_cgroup "$(client steered)" udp 0 4 sendto $A 5060 OPTIONS c b >/dev/null
    await_hits 21
    expect_eq 21 "$(server_hits $C 5060)" "requests where the map says, with one of a static program"
    send_20 $B
    kill -CONT $STEER_PID
    await_steered $A 5060 udp $B
    send_20 $B
    expect_eq 0 "$(server_hits $A 5060)" "requests elsewhere"
}

# send_20 ADDR : sipp under the shim in the cgroup sends 20 requests, all to ADDR.
send_20() {
    local before
    before=$(server_hits "$1" 5060)
    in_cgroup sipp -sf "$TESTS/sip/options.xml" -t u1 -m 20 -r 50 -nostdin -timeout 60s -timeout_error -i 127.0.0.1 -p 5070 pool.test
    expect_eq $((before + 20)) "$(server_hits "$1" 5060)" "requests at $1"
}

@test "a static program leaves a server that refuses: pinwatch sees it, and steers to the next" {
    pool
    pinwatch_start
    steer_start
    local pin other
    pin=$(pin_of pool.test)
    other=$A && [[ $pin != "$A" ]] || other=$B
    await_steered $other 5060 tcp "$pin"
    expect_match "^$pin 5060" "$(in_cgroup "$(client steered)" tcp 4 $other 5060)" "before"
    server_stop "$pin" 5060
    expect_eq "error 111" "$(in_cgroup "$(client steered)" tcp 4 $other 5060)" "while it is refused"
    await "the pin to move from $pin" moved pool.test "$pin"
    await_steered "$pin" 5060 tcp "$(pin_of pool.test)"
    expect_match "^$(pin_of pool.test) 5060 peer $pin" "$(in_cgroup "$(client steered)" tcp 4 "$pin" 5060)" "after"
    pinwatch_stop
}
