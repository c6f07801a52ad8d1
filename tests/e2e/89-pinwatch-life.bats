# pinwatch over a long life: one that is stopped, tables and cgroups that are made anew under it.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
source "$TESTS/lib/steer.bash"

setup_file() {
    use_clients lookup steered reach
    use_libraries libslow
}

setup() {
    harness_setup
    steer_setup
}

teardown() {
    steer_teardown
    harness_teardown
}

reach() { bare "$(client reach)" "$@"; }

@test "status: one that is stopped does not answer, and the others do" {
    pool
    pinwatch_start
    steer_start
    kill -STOP "$PINWATCH_PID"
    expect_status 0 timeout "$LIMIT" "$BUILD/pinwatch" status
    kill -CONT "$PINWATCH_PID"
    expect_match "pinwatch: $PINWATCH_PID: does not answer" "$output" "what is said of the one that is stopped"
    expect_match "steering  $STEER_PID" "$output" "the other one"
    expect_status 0 "$BUILD/pinwatch" status
    expect_match "pinwatch  $PINWATCH_PID" "$output" "when it goes on"
}

# A socket is bound before it listens, and who asks in between is refused, as by one whose owner is dead.
@test "status: asked while one is about to listen, it finds that one later" {
    pool
    PINWATCH="env LD_PRELOAD=$(library libslow) $BUILD/pinwatch"
    steer_start
    pinwatch_start
    expect_status 0 "$BUILD/pinwatch" status
    expect_match "steering  $STEER_PID" "$output" "the one that steers"
    expect_match "pinwatch  $PINWATCH_PID" "$output" "the one that watches"
    expect_eq "$(printf '%s.sock\n' "$PINWATCH_PID" "$STEER_PID" | sort)" "$(ls /run/pinwatch | sort)" "sockets"
}

@test "what happens behind init --replace counts in the new table" {
    local pin
    pool
    pinwatch_start
    await_watched 3
    pinctl init --empty --conf=/dev/null >/dev/null
    with_shim "$(client lookup)" pool.test >/dev/null
    pin=$(pin_of pool.test)
    server_stop "$pin" 5060
    await "the pin to move from $pin" eval 'reach tcp "$pin" 5060 2 >>"$LOGS/reach.log"; moved pool.test "$pin"'
    expect_ge 1 "$(failures_of pool.test "$pin")" "failures of $pin"
}

@test "a cgroup that is removed is said to be gone, and steered when it is made again" {
    pool
    mkdir "$CGROUP_PATH"
    steer_start
    pin $C
    expect_eq "$C 5060 peer $A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "before"
    rmdir "$CGROUP_PATH"
    await "the cgroup to be missed" eval '[[ $(steer_status .gone) == true ]]'
    expect_match "the cgroup was removed" "$("$BUILD/pinwatch" status)" "status"
    mkdir "$CGROUP_PATH"
    await "the cgroup to be taken up" eval '[[ $(steer_status .gone) == false ]]'
    expect_eq "$C 5060 peer $A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "after"
    expect_eq "removed made" "$(sed -n 's/.*: was \(removed\|made\).*/\1/p' "$LOGS/steer.log" | paste -sd ' ')" "what it said"
    steer_stop
    expect_eq 0 "$status" "exit status after SIGTERM"
}

@test "pinwatch --cgroup: datagrams are seen again when the cgroup is made again" {
    pool
    mkdir "$CGROUP_PATH"
    pinwatch_start --cgroup "$CGROUP"                   # below the mount, as `pinwatch steer` and `pinctl run` have it
    await_watched 3
    expect_match "cgroup/sendmsg4 *$CGROUP_PATH" "$("$BUILD/pinwatch" status)" "status"
    rmdir "$CGROUP_PATH"
    await "the cgroup to be missed" grep -q "$CGROUP_PATH: was removed" "$LOGS/pinwatch.log"
    expect_match "cgroup_skb/egress *not attached" "$("$BUILD/pinwatch" status)" "status"
    mkdir "$CGROUP_PATH"
    await "the cgroup to be taken up" grep -q "$CGROUP_PATH: was made again" "$LOGS/pinwatch.log"
    server_stop $A 5060
    in_cgroup "$(client steered)" udp 0 4 sendto $A 5060 OPTIONS c b >>"$LOGS/steered.log" || true
    await "a failure of $A" eval '[[ $(failures_of pool.test $A) == 1 ]]'
}

@test "the system's table is served and steers, though it comes after root's own" {
    needs_pinwatch
    unset STICKYDNS_TABLE
    expect_status 0 timeout "$LIMIT" unshare --mount --propagation private bash -euc '
        pinwatch=$1 pinctl=$2 cgroup=$3 log=$4 layout=$5
        mount -t tmpfs -o mode=755 none /run
        mount -t tmpfs -o mode=1777 none /dev/shm
        mkdir /run/pinwatch
        "$pinctl" init --table /dev/shm/stickydns-0.$layout --conf=/dev/null >/dev/null
        "$pinwatch" >>"$log" 2>&1 3>&- 4>&- </dev/null & watch=$!
        "$pinwatch" steer --cgroup "$cgroup" >>"$log" 2>&1 3>&- 4>&- </dev/null & steer=$!
        served() { (($("$pinwatch" status --json 2>/dev/null |
            jq "[.[].tables[] | select(.served and .path == \"$1\")] | length") == 2)); }
        for i in {1..900}; do served /dev/shm/stickydns-0.$layout && break; sleep 0.1; done
        served /dev/shm/stickydns-0.$layout
        "$pinctl" init --conf=/dev/null >/dev/null
        for i in {1..900}; do served /run/stickydns/table.$layout && break; sleep 0.1; done
        "$pinwatch" status || cat "$log"
        kill $watch $steer
        wait || true' - "$BUILD/pinwatch" "$BUILD/pinctl" "$CGROUP" "$LOGS/pinwatch.log" "$(layout)"
    expect_match "steering .*by /run/stickydns/table.$(layout): served" "$output" "steer's table"
    expect_match "table  *"/run/stickydns/table.$(layout)": served" "$output" "the watcher's"
}

@test "words that make no sense are usage, the same table twice is one" {
    needs_pinwatch
    expect_status 2 "$BUILD/pinwatch" --table ''
    expect_match "an empty word" "$output" "an empty path"
    expect_match "  steer " "$("$BUILD/pinwatch" --help)" "--help"
    expect_status 2 "$BUILD/pinwatch" --cgroup ''
    expect_match "no path: ''" "$output" "an empty path, which would be the root's"
    expect_status 2 "$BUILD/pinwatch" trace --cgroup --json
    expect_match "no path: '--json'" "$output" "an option for a path"
    expect_status 2 "$BUILD/pinwatch" --cgroup none --cgroup "$CGROUP"
    expect_match "one only" "$output" "two cgroups"
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start --table "$TABLE"
    expect_eq 1 "$(pinwatch_status '.tables | length')" "tables"
}

@test "with few file descriptors it says what is missing, and can be ended" {
    local n
    needs_pinwatch
    pinctl init --conf=/dev/null >/dev/null
    for n in {6..34}; do
        status=0
        (ulimit -n $n; exec timeout -k 100 1 "$BUILD/pinwatch" --table "$TABLE") >"$LOGS/few-$n" 2>&1 3>&- 4>&- || status=$?
        expect_eq "" "$(grep 'seen: *$' "$LOGS/few-$n" || true)" "reasons that are missing, with $n"
        expect_match '^(0|1|124|127)$' "$status" "exit status with $n"      # 137: it had to be killed; 127: too few for its libraries
    done
    expect_match "Too many open files" "$(cat "$LOGS"/few-*)" "what it says"
}

@test "--cgroup: what is no cgroup is said to be none, once" {
    needs_pinwatch
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start --cgroup /tmp
    expect_match 'cgroup_skb/egress: not attached[^'$'\n'']*: /tmp: no cgroup of version 2'$'\n' "$(cat "$LOGS/pinwatch.log")" "what it says"
    sleep 1.2                                           # it looks once a second whether it is another one now
    pinwatch_stop
    expect_eq "" "$(grep -E 'made again|removed' "$LOGS/pinwatch.log" || true)" "lines about another one"
}

@test "standard descriptors that are closed do not become a table's or a program's" {
    needs_pinwatch
    pinctl init --conf=/dev/null >/dev/null
    "$BUILD/pinwatch" --table "$TABLE" <&- >&- 2>&- 3>&- 4>&- &
    PINWATCH_PID=$!
    await "pinwatch serving $TABLE" pinwatch_serves
    expect_eq "/dev/null /dev/null /dev/null" "$(readlink /proc/$PINWATCH_PID/fd/{0,1,2} | paste -sd ' ')" "descriptors"
    pinwatch_stop
}
