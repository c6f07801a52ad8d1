# pinwatch as a daemon: who shares the work, what ends it, what it may do, and what it says of itself.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
teardown() { [[ ! -d ${cgroup:-} ]] || rmdir "$cgroup"; harness_teardown; }
setup_file() { use_clients lookup dial scribble lookup_client reach; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

first() { with_shim "$(client lookup)" -4 "${1:-pool.test}" | cut -d' ' -f1; }
reach() { bare "$(client reach)" "$@"; }

# pinned : a table, pinwatch on it, and a pin for pool.test, left in $pin.
pinned() {
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start "$@"
    dns_pool pool.test $POOL
    pin=$(first)
    await "the pool watched" watches 3
}

watches() { [[ $(pinwatch_status '.tables[0].watched') == "$1" ]]; }

state_seen() { [[ $(pinwatch_status '.probes[] | select(.name == "inet_sock_set_state") | .attached') == true ]]; }

outcome_seen() { [[ $(pinwatch_status .outcomes) -ge $1 ]]; }

@test "a failure that the shim reports too is counted once, whoever was first" {
    local way
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    local n=1 ways=(block thread poll unread recv reconnect)
    for way in "${ways[@]}"; do n=$((n + 1)); printf "127.0.$n.%s $way.test\n" 8 9; done >"$BATS_TEST_TMPDIR/pools"
    dns_names "$BATS_TEST_TMPDIR/pools"
    for way in "${ways[@]}"; do first "$way.test" >/dev/null; done
    await_watched 12
    n=0
    for way in "${ways[@]}"; do
        n=$((n + 1))
        with_shim "$(client dial)" "$way" "$way.test" 5060 2 >"$BATS_TEST_TMPDIR/$way.out" || true
        pin=$(sed -n 's/^try //p' "$BATS_TEST_TMPDIR/$way.out")
        await "pinwatch to see $way" outcome_seen "$n"
        expect_eq 1 "$(failures_of "$way.test" "$pin")" "$way: failures of $pin"
        expect_ne "$pin" "$(first "$way.test")" "$way: the next lookup's first address"
    done
    expect_eq "${#ways[@]}" "$(pinctl events | cut -f2 | grep -c failed)" "events of failures"
}

@test "a connect that hangs until its program is killed: pinwatch tells after 3 s, and nobody else again" {
    local pid
    need nft
    pinned
    printf '%s\n' 'table inet hole {' 'chain in {' 'type filter hook input priority 0;' 'tcp dport 5060 drop' '}' '}' | nft -f -
    env "${SHIM_ENV[@]}" "$(client dial)" block pool.test 5060 >>"$LOGS/dial.log" 3>&- 4>&- &
    pid=$!
    await "the pin to move from $pin" moved pool.test "$pin"
    kill -KILL "$pid"
    wait "$pid" || true
    first >/dev/null
    first >/dev/null
    expect_eq 1 "$(failures_of pool.test "$pin")" "failures of $pin"
    expect_match "ETIMEDOUT.*dial.*$pid.*pinwatch" "$(pinctl events | grep -w failed)" "events"
}

@test "a refusal on a connected UDP socket, seen by both, is counted once" {
    need sipsak
    pinned
    watch_packets "$pin"
    with_shim sipsak -H 127.0.0.1 -s sip:bob@pool.test >>"$LOGS/sipsak.log" 2>&1 || true
    await "pinwatch to see it" outcome_seen 1
    expect_eq 1 "$(failures_of pool.test "$pin")" "failures of $pin"
    expect_ne "$pin" "$(first)" "the next lookup's first address"
}

@test "kamailio, without the shim, over TCP: its refused connect moves the pin" {
    need kamailio
    pinned
    cat >"$BATS_TEST_TMPDIR/relay.cfg" <<-EOT
	#!KAMAILIO
	log_stderror=yes
	children=2
	tcp_children=2
	dns=no
	rev_dns=no
	loadmodule "pv.so"
	loadmodule "sl.so"
	loadmodule "tm.so"
	request_route { \$du = "sip:$pin:5060;transport=tcp"; t_relay(); }
	EOT
    setsid kamailio -f "$BATS_TEST_TMPDIR/relay.cfg" -DD -E -m 16 -M 4 -l udp:127.0.0.1:5060 -l tcp:127.0.0.1:5060 \
        -P "$BATS_TEST_TMPDIR/kam.pid" -Y "$BATS_TEST_TMPDIR" >>"$LOGS/kamailio.log" 2>&1 3>&- 4>&- </dev/null &
    await "kamailio" port_open udp 127.0.0.1 5060
    reach sip-once 127.0.0.1 5060 OPTIONS >>"$LOGS/reach.log" || true
    await "the pin to move from $pin" moved pool.test "$pin"
    expect_match "failed[^"$'\n'"]*$pin[^"$'\n'"]*5060.tcp[^"$'\n'"]*kamailio[^"$'\n'"]*pinwatch" "$(pinctl events)" "events"
}

@test "1,000 connects a second for 10 s: none is lost" {
    pinned
    /usr/bin/python3 -S -c 'import socket, sys
s = socket.create_server((sys.argv[1], 7060), backlog=1024)
while True: s.accept()[0].close()' "$pin" 3>&- 4>&- &
    await "the server" port_open tcp "$pin" 7060
    reach tcp "$pin" 7060 >>"$LOGS/reach.log"       # which may be missed (83)
    await "a look at changes of state" state_seen
    expect_eq "done 10000" "$(reach many "$pin" 7060 1000 10)" "connects that came through"
    await "10,000 outcomes" outcome_seen 10000
    expect_eq 0 "$(pinwatch_status .lost)" "events lost"
    expect_eq confirmed "$(pin_field pool.test state)" "the pin"
}

@test "killed and started again in the middle: connects in flight and connections are taken up" {
    local old pids=()
    need nft
    pinned
    # One connection is there before; one connect is in flight.
    /usr/bin/python3 -S -c 'import os, socket, struct, sys, time
s = socket.create_server((sys.argv[1], 5060)); c, _ = s.accept()
while not os.path.exists(sys.argv[2]): time.sleep(0.01)
c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); c.close(); s.close()' "$pin" "$BATS_TEST_TMPDIR/end" 3>&- 4>&- &
    await "the server" port_open tcp "$pin" 5060
    "$(client reach)" hold "$pin" 5060 >>"$LOGS/hold.log" 3>&- 4>&- &
    await "the pin confirmed" grep -q connected "$LOGS/hold.log"
    await "an outcome" outcome_seen 1
    old=$PINWATCH_PID
    pinwatch_stop KILL
    expect_eq 137 "$status" "exit status after SIGKILL"
    pinwatch_start
    expect_ne "$old" "$PINWATCH_PID" "pinwatch's pid"
    await_watched 3
    touch "$BATS_TEST_TMPDIR/end"
    await "the pin in doubt" in_doubt

    printf '%s\n' 'table inet hole {' 'chain in {' 'type filter hook input priority 0;' 'tcp dport 5060 tcp flags & (syn | ack) == syn drop' '}' '}' | nft -f -
    "$(client reach)" tcp "$pin" 5060 12 >>"$LOGS/reach.log" 3>&- 4>&- &
    await "a SYN" syn_sent
    pinwatch_stop KILL
    pinwatch_start
    await "the pin to move from $pin" moved pool.test "$pin"
    expect_match "failed[^"$'\n'"]*$pin[^"$'\n'"]*ETIMEDOUT[^"$'\n'"]*"$'\t-\t-\t'"pinwatch" "$(pinctl events)" "events: whose connect it is, is not known"
}

in_doubt() { [[ $(pin_field pool.test state) == tentative ]]; }
syn_sent() { [[ -n $(ss -H -t -n state syn-sent) ]]; }

# gone LINK... : the kernel has none of them.
gone() { local id; for id; do ! bpftool link show id "$id" >/dev/null 2>&1 || return 1; done; }

@test "SIGTERM ends it with 0, SIGKILL without; nothing stays attached" {
    local how links
    need bpftool
    dns_pool pool.test $POOL
    for how in TERM INT KILL; do
        rm -f "$TABLE"
        pinctl init --conf=/dev/null >/dev/null
        pinwatch_start
        pin=$(first)
        await "the pool watched" watches 3
        reach udp "$pin" 5060 >>"$LOGS/reach.log" || true
        await "a look at packets" packets_seen true
        links=$(sed -n 's/^link_id:[[:blank:]]*//p' /proc/"$PINWATCH_PID"/fdinfo/* | sort -un)
        expect_eq 9 "$(wc -w <<<"$links")" "links of pinwatch"
        expect_eq "" "$(gone $links && echo gone || true)" "links while it runs"
        pinwatch_stop "$how"
        if [[ $how == KILL ]]; then expect_eq 137 "$status" "exit status"; else expect_eq 0 "$status" "exit status after $how"; fi
        await "links gone after $how" gone $links
    done
}

@test "a second one on the same table says so and ends; another table is served beside" {
    pinned
    expect_status 1 "$BUILD/pinwatch" --table "$TABLE"
    expect_match "another pinwatch serves it" "$output" "complaint"
    expect_one_line "$output" "complaint"
    STICKYDNS_TABLE=/dev/shm/second "$BUILD/pinctl" init --conf=/dev/null >/dev/null
    "$BUILD/pinwatch" --table /dev/shm/second --table "$TABLE" >>"$LOGS/second.log" 2>&1 3>&- 4>&- &
    await "two pinwatches" two_run
    expect_eq 1 "$("$BUILD/pinwatch" status --json | jq '[.[].tables[] | select(.path == "/dev/shm/second" and .served)] | length')" "servers of the second table"
    kill %%
}

two_run() { [[ $("$BUILD/pinwatch" status --json | jq length) == 2 ]]; }

@test "another network namespace with the same addresses touches nothing, unless its table is served" {
    local other
    pinned
    unshare --net sleep 3600 3>&- 4>&- &
    other=$!
    await "the other namespace" other_ready "$other"
    nsenter --net=/proc/"$other"/ns/net ip link set lo up
    nsenter --net=/proc/"$other"/ns/net "$(client reach)" tcp "$pin" 5060 >>"$LOGS/reach.log" || true
    nsenter --net=/proc/"$other"/ns/net "$(client reach)" udp "$pin" 5060 >>"$LOGS/reach.log" || true
    nsenter --net=/proc/"$other"/ns/net "$(client reach)" udp-connected "$pin" 5060 >>"$LOGS/reach.log" || true
    reach tcp "$(tr ' ' '\n' <<<"$POOL" | grep -vx "$pin" | head -n 1)" 5061 >>"$LOGS/reach.log" || true      # comes after them
    await "its own" outcome_seen 1
    expect_eq 0 "$(candidate_field pool.test "$pin" failures)" "failures of $pin"
    pinwatch_stop

    # The other namespace's table, from here: TCP at once; ICMP where --netns says it is.
    STICKYDNS_TABLE=/dev/shm/other nsenter --net=/proc/"$other"/ns/net "$BUILD/pinctl" init --conf=/dev/null >/dev/null
    STICKYDNS_TABLE=/dev/shm/other "$BUILD/pinctl" set pool.test "$pin"
    pinwatch_start --table /dev/shm/other --netns /proc/"$other"/ns/net
    nsenter --net=/proc/"$other"/ns/net "$(client reach)" udp "$pin" 5060 >>"$LOGS/reach.log" || true
    await "a failure in the other table" failed_there "$pin"
    expect_eq 0 "$(candidate_field pool.test "$pin" failures)" "failures of $pin in our own"
}

other_ready() { [[ $(readlink /proc/"$1"/ns/net) != $(readlink /proc/self/ns/net) ]]; }
failed_there() { grep -q "failed.*$1" <<<"$(STICKYDNS_TABLE=/dev/shm/other "$BUILD/pinctl" events 2>/dev/null)"; }

@test "a hostile table: written over at random, then truncated; the other table is served all the while" {
    local hostile=/dev/shm/hostile
    STICKYDNS_TABLE=$hostile "$BUILD/pinctl" init --conf=/dev/null >/dev/null
    STICKYDNS_TABLE=$hostile "$BUILD/pinctl" set evil.test 127.0.0.99
    pinned --table "$hostile" 
    local how i
    for how in words shuffle head tail whole; do
        "$(client scribble)" "$hostile" "$how" 80 >>"$LOGS/scribble.log" 2>&1 3>&- 4>&- &
        for ((i = 0; i < 3; i++)); do
            reach tcp 127.0.0.99 5060 >>"$LOGS/reach.log" || true
            reach udp-connected 127.0.0.99 5060 >>"$LOGS/reach.log" || true
            kill -0 "$PINWATCH_PID"
        done
        wait $!
    done
    reach tcp "$pin" 5060 >>"$LOGS/reach.log" || true
    await "the pin of the good table to move from $pin" moved pool.test "$pin"
    truncate -s 4096 "$hostile"
    for i in 1 2 3; do reach tcp 127.0.0.99 5060 >>"$LOGS/reach.log" || true; done
    truncate -s 0 "$hostile"
    for i in 1 2 3; do reach tcp 127.0.0.99 5060 >>"$LOGS/reach.log" || true; done
    pin=$(first)
    reach tcp "$pin" 5060 >>"$LOGS/reach.log" || true
    await "the pin of the good table to move again" moved pool.test "$pin"
    kill -0 "$PINWATCH_PID"
}

@test "new addresses of a known name, tables that come late, and replaced ones are watched" {
    pinwatch_later
    await "pinwatch" waits_for_table
    pinctl init --conf=/dev/null >/dev/null
    dns_pool pool.test 127.0.0.11
    first
    await_watched 1
    dns_change pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    first
    await_watched 3
    reach tcp 127.0.0.13 5060 >>"$LOGS/reach.log" || true
    await "a failure of an address that is no pin" failed_at 127.0.0.13
    pinctl init --empty --conf=/dev/null >/dev/null
    await "the replaced table forgotten" watched 0
    first
    await_watched 3
    rm "$TABLE"                     # and nobody marks it
    dns_change pool.test 127.0.0.11
    first
    await_watched 1
}

pinwatch_later() {
    needs_pinwatch
    "$BUILD/pinwatch" --table "$TABLE" >>"$LOGS/pinwatch.log" 2>&1 3>&- 4>&- </dev/null &
    PINWATCH_PID=$!
}
waits_for_table() { [[ $(pinwatch_status '.tables[0].state' 2>/dev/null) == "no table there" ]]; }
failed_at() { grep -q "failed.*$1" <<<"$(pinctl events)"; }

@test "--dry-run says what it would report and changes nothing" {
    pinned --dry-run
    reach tcp "$pin" 5060 >>"$LOGS/reach.log" || true
    await "the line" grep -q "would report: refused $pin 5060/tcp" "$LOGS/pinwatch.log"
    expect_eq "$pin" "$(first)" "the next lookup's first address"
    expect_eq 0 "$(failures_of pool.test "$pin")" "failures of $pin"
    "$BUILD/pinwatch" --table "$TABLE" >>"$LOGS/second.log" 2>&1 3>&- 4>&- &        # it holds no lock
    await "two pinwatches" two_run
}

@test "with the capabilities of the unit file alone it does it all, and tells systemd" {
    local caps
    need setpriv
    caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$TESTS/../tools/systemd/pinwatch.service" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
    expect_eq "+bpf,+perfmon,+net_admin,+net_raw" "$caps" "the set"
    manager_start
    export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
    PINWATCH="setpriv --bounding-set -all,$caps --inh-caps -all,$caps --ambient-caps -all --no-new-privs $BUILD/pinwatch"
    pinned
    await "READY=1" grep -q READY=1 "$BATS_TEST_TMPDIR/told"
    expect_eq 6 "$(pinwatch_status '[.probes[] | select(.attached)] | length')" "probes attached"
    expect_eq 0000000000000000 "$(sed -n 's/^CapAmb:\t//p' /proc/"$PINWATCH_PID"/status)" "ambient capabilities"
    expect_eq "000000c000003000" "$(sed -n 's/^CapEff:\t//p' /proc/"$PINWATCH_PID"/status)" "effective capabilities"
    reach tcp "$pin" 5060 >>"$LOGS/reach.log" || true
    await "the pin to move from $pin" moved pool.test "$pin"
    pin=$(first)
    reach udp "$pin" 5060 >>"$LOGS/reach.log" || true
    await "the pin to move from $pin" moved pool.test "$pin"
    await "a look at packets" packets_seen true
    pinwatch_stop
    await "STOPPING=1" grep -q STOPPING=1 "$BATS_TEST_TMPDIR/told"
}

@test "without root, BTF or a cgroup: one line says which is missing, and the others work" {
    local said
    need setpriv
    needs_pinwatch
    pinctl init --conf=/dev/null >/dev/null
    chmod 644 "$TABLE"
    said=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/pinwatch" --table "$TABLE" 2>&1 || echo "exit $?")
    expect_match "inet_sock_set_state: not attached.*CAP_BPF" "$said" "what it says to nobody"
    expect_match "nothing can be watched"$'\n'"exit 1" "$said" "what it says to nobody"

    mount -t tmpfs none /sys/kernel/btf
    pinwatch_run
    expect_eq 4 "$(grep -c 'not attached' "$LOGS/pinwatch.log")" "lines without BTF: $(cat "$LOGS/pinwatch.log")"
    dns_pool pool.test $POOL
    pin=$(first)
    await_watched 3
    reach udp "$pin" 5060 >>"$LOGS/reach.log" || true
    await "the pin to move from $pin" moved pool.test "$pin"
    pinwatch_stop
    umount /sys/kernel/btf

    : >"$LOGS/pinwatch.log"
    pinwatch_start --cgroup /nonexistent
    expect_eq 2 "$(grep -c 'cgroup_skb.*not attached.*nonexistent' "$LOGS/pinwatch.log")" "lines without a cgroup"
    pin=$(first)
    reach tcp "$pin" 5060 >>"$LOGS/reach.log" || true
    await "the pin to move from $pin" moved pool.test "$pin"
}

@test "status says what is attached where, and what cannot be seen" {
    local said
    expect_status 1 "$BUILD/pinwatch" status
    expect_one_line "$output" "complaint"
    pinned
    reach tcp "$pin" 5060 >>"$LOGS/reach.log" || true
    await "an outcome" outcome_seen 1
    said=$("$BUILD/pinwatch" status)
    expect_match "inet_sock_set_state +all network namespaces" "$said" "status"
    expect_match "cgroup/sendmsg4 +/sys/fs/cgroup" "$said" "status"
    expect_match "cgroup_skb/egress +not attached: nobody sends datagrams to a watched address" "$said" "status"
    expect_match "$TABLE: served, 3 addresses watched" "$said" "status"
    expect_match "latest +refused $pin 5060/tcp +\(reach" "$said" "status"
    cp "$BUILD/pinwatch" /run/pinwatch-copy
    expect_status 1 setpriv --reuid=65534 --regid=65534 --clear-groups /run/pinwatch-copy status
    expect_eq "pinwatch: status: a pinwatch may run here: this user may not ask in /run/pinwatch (its group or root may)" "$output" "status for an outsider"
    expect_eq "" "$(grep wrong <<<"$said" || true)" "wrong namespaces"
    expect_match "wrong namespace" "$(unshare --net "$BUILD/pinwatch" status)" "status in another namespace"
}

@test "100,000 addresses are watched, the last of them too" {
    ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O1 -iquote "$TESTS/.." -o "$BATS_TEST_TMPDIR/fill" "$TESTS/bench/fill.c" "$BUILD/libpolicy.a"
    "$BATS_TEST_TMPDIR/fill" "$TABLE" 100000
    ip link set lo up
    ip route add local 10.0.0.0/8 dev lo
    pinwatch_start
    await_watched 100000
    reach tcp 10.1.134.160 5060 >>"$LOGS/reach.log" || true         # 100,000 as four bytes
    await "a failure of the last" failed_at 10.1.134.160
    expect_eq 0 "$(pinwatch_status '.tables[0].no_room')" "addresses without room"
}

@test "--cgroup: datagrams of programs in it are seen, of others not, and status says so" {
    local root
    root=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
    [[ -n $root ]] || { root=$BATS_TEST_TMPDIR/cgroup2; mkdir "$root"; mount -t cgroup2 none "$root"; }
    cgroup=$root/stickydns-test-$BATS_SUITE_TEST_NUMBER-$RANDOM
    mkdir "$cgroup" || cannot "cgroups cannot be made here"
    pinned --cgroup "$cgroup"
    expect_match "$cgroup \(wrong cgroup" "$("$BUILD/pinwatch" status)" "status outside"
    reach udp "$pin" 5060 >>"$LOGS/reach.log" || true
    (echo $BASHPID >"$cgroup/cgroup.procs"; "$BUILD/pinwatch" status >"$BATS_TEST_TMPDIR/inside"; reach udp "$pin" 5061 >>"$LOGS/reach.log" || true)
    await "the failure" failed_at "$pin"
    expect_eq 5061 "$(pinctl events --json | jq -r 'select(.event == "failed").port')" "ports that failed"
    expect_eq "" "$(grep wrong "$BATS_TEST_TMPDIR/inside" || true)" "status inside"
    pinwatch_stop
}

@test "the unit's view of files: a table that is made after pinwatch started is written" {
    local paths
    needs_pinwatch
    paths=$(sed -n 's/^ReadWritePaths=//p' "$TESTS/../tools/systemd/pinwatch.service")
    expect_ne "" "$paths" "paths that may be written"
    unset STICKYDNS_TABLE
    expect_status 0 timeout "$LIMIT" unshare --mount --propagation private bash -euc '
        pinwatch=$1 pinctl=$2 paths=$3 log=$4 layout=$5
        mount -t tmpfs -o mode=755 none /run
        mkdir /run/pinwatch
        unshare --mount --propagation private bash -euc "
            # ProtectSystem=strict, as far as /run goes (systemd.exec(5)).
            for path in $paths /run/pinwatch; do
                [[ \${path#-} == /run ]] && exec $pinwatch
                [[ ! -e \${path#-} ]] || mount --bind \${path#-} \${path#-}
            done
            mount -o remount,bind,ro /run
            exec $pinwatch" >>"$log" 2>&1 3>&- 4>&- </dev/null &
        pid=$!
        waits() { grep -q "/run/stickydns/table.$layout: no table" "$log"; }
        served() { "$pinwatch" status 2>/dev/null | grep -q "^table .*: served"; }
        for i in {1..900}; do waits && break; sleep 0.1; done
        "$pinctl" init --conf=/dev/null >/dev/null
        for i in {1..900}; do served && break; sleep 0.1; done
        "$pinwatch" status || cat "$log"
        kill $pid
        wait $pid || true' - "$BUILD/pinwatch" "$BUILD/pinctl" "$paths" "$LOGS/pinwatch.log" "$(layout)"
    expect_match "/run/stickydns/table.$(layout): served" "$output" "the table that came later"
}

@test "the units allow the families of sockets that pinwatch opens" {
    local unit words
    needs_pinwatch
    need strace
    pinctl init --conf=/dev/null >/dev/null
    cgroup=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)/stickydns-test-$BATS_SUITE_TEST_NUMBER-$RANDOM
    for unit in pinwatch pinwatch-steer@; do
        words=; [[ $unit == pinwatch ]] || words="steer --cgroup $cgroup"
        # -D: the process that is told to end is pinwatch itself.
        strace -D -f -o "$LOGS/strace" -e trace=socket "$BUILD/pinwatch" $words --table "$TABLE" >>"$LOGS/pinwatch.log" 2>&1 3>&- 4>&- &
        PINWATCH_PID=$!
        await "$unit at work" pinwatch_serves
        pinwatch_stop
        expect_eq "" "$(comm -23 <(sed -n 's/.*socket(\(AF_[A-Z0-9]*\),.* = [0-9].*/\1/p' "$LOGS/strace" | sort -u) \
            <(sed -n 's/^RestrictAddressFamilies=//p' "$TESTS/../tools/systemd/$unit.service" | tr ' ' '\n' | sort -u))" "families that $unit does not allow"
        expect_ne 0 "$(grep -c 'socket(AF_' "$LOGS/strace")" "sockets that were opened"
    done
}
