# pinwatch steer: programs that no preload reaches, in a cgroup, go to the pin.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
source "$TESTS/lib/steer.bash"

setup_file() {
    use_clients lookup raw steered
    use_go_client steered
}

setup() {
    harness_setup
    steer_setup
}

teardown() {
    steer_teardown
    harness_teardown
}

@test "a static program's TCP connect goes to the pin, and getpeername shows what it asked for" {
    pool
    expect_eq "$A 5060 peer $A 5060" "$(bare "$(client steered)" tcp 4 $A 5060)" "without pinwatch"
    steer_start
    pin $C
    expect_eq "$C 5060 peer $A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "asked for $A"
    expect_eq "$C 5060 peer $B 5060" "$(in_cgroup "$(client steered)" tcp 4 $B 5060)" "asked for $B"
    expect_eq "$C 5060 peer $C 5060" "$(in_cgroup "$(client steered)" tcp 4 $C 5060)" "asked for the pin itself"
    expect_eq "$C 5060 peer ::ffff:$A 5060" "$(in_cgroup "$(client steered)" tcp mapped $A 5060)" "v4-mapped"
    expect_eq "$A 5060 peer $A 5060" "$(bare "$(client steered)" tcp 4 $A 5060)" "outside the cgroup"
    expect_eq 3 "$(steer_status .connects)" "connects that were moved"
}

@test "a static program's datagrams go to the pin, and answers come from where it asked" {
    local how
    pool
    steer_start
    pin $C
    for how in sendto sendmsg sendmmsg; do
        expect_eq "$C 5060 OPTIONS from $A 5060" \
            "$(in_cgroup "$(client steered)" udp 0 4 $how $A 5060 OPTIONS c1 b1)" "$how"
        expect_eq "$C 5060 OPTIONS from ::ffff:$A 5060" \
            "$(in_cgroup "$(client steered)" udp 0 mapped $how $A 5060 OPTIONS c1 b1)" "$how, v4-mapped"
    done
    expect_match "^$C 5060 .* from $A 5060" "$(in_cgroup "$(client steered)" udp 0 4 sendto $A 5060)" "no SIP"
}

@test "a set-uid program is steered" {
    local dir=$BATS_TEST_TMPDIR/bin
    pool
    steer_start
    pin $C
    mkdir "$dir"
    mount -t tmpfs -o mode=755 none "$dir"              # not nosuid, whatever holds the scratch directory
    ${CC:-cc} -D_GNU_SOURCE -O1 -o "$dir/steered" "$TESTS/clients/steered.c"
    chmod 4755 "$dir/steered"
    expect_eq "$C 5060 peer $A 5060" \
        "$(in_cgroup setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/steered" tcp 4 $A 5060)" "TCP"
    expect_eq "$C 5060 OPTIONS from $A 5060" \
        "$(in_cgroup setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/steered" udp 0 4 sendto $A 5060 OPTIONS c b)" "UDP"
}

@test "a Go program without cgo is steered" {
    need go
    pool
    steer_start
    pin $C
    expect_eq "$C 5060 peer $A:5060" "$(in_cgroup "$(client steered-go)" tcp $A 5060)" "TCP"
    expect_eq "$C 5060 hello from $A:5060" "$(in_cgroup "$(client steered-go)" udp udp4 $A 5060)" "UDP"
    expect_eq "$C 5060 hello from $A:5060" "$(in_cgroup "$(client steered-go)" udp udp $A 5060)" "UDP, v4-mapped"
}

@test "a Go program with cgo is steered: it loads the shim, and goes past it" {
    need go
    pool
    steer_start
    pin $C
    expect_match "libc.so" "$(ldd "$(client steered-cgo)")" "what it loads"
    expect_eq "$C 5060 peer $A:5060" "$(in_cgroup "$(client steered-cgo)" tcp $A 5060)" "TCP"
    expect_eq "$C 5060 hello from $A:5060" "$(in_cgroup "$(client steered-cgo)" udp udp4 $A 5060)" "UDP"
}

@test "IPv6: TCP and UDP go to the pin, and answers come from where they were asked" {
    local a=2001:db8::11 b=2001:db8::12 address
    for address in $a $b; do ip addr add $address/128 dev lo nodad; done
    pool $a $b
    steer_start
    pinctl set pool.test $b
    await_steered $a 5060 udp $b
    expect_eq "$b 5060 peer $a 5060" "$(in_cgroup "$(client steered)" tcp 6 $a 5060)" "TCP"
    expect_eq "$b 5060 OPTIONS from $a 5060" "$(in_cgroup "$(client steered)" udp 0 6 sendto $a 5060 OPTIONS c b)" "UDP"
    [[ ! -x $(client steered-go) ]] ||
        expect_eq "$b 5060 hello from [$a]:5060" "$(in_cgroup "$(client steered-go)" udp udp6 $a 5060)" "UDP, Go"
}

# set_at : when the latest pin was set, in milliseconds of the wall clock, as the journal has it.
set_at() {
    date -d "$(pinctl events --json | jq -rs 'map(select(.event == "set")) | last | .time')" +%s%3N
}

@test "a running program follows the pin at once: pinwatch is woken by what happens, not by its clock" {
    local i to answer late=() median
    need strace
    pool
    PINWATCH="strace -D -f -o $LOGS/strace -e trace=futex $BUILD/pinwatch"
    steer_start
    pin $C
    program_start p
    for ((i = 0; i < 11; i++)); do
        to=$B && ((i % 2 == 0)) || to=$C
        tell p change 0 $A 5060
        await "the program to ask" asked_lately
        pinctl set pool.test $to
        answer=$(hear p)
        expect_match "^[0-9]+ $to 5060" "$answer" "who answered then"
        late+=($((${answer%% *} / 1000 - $(set_at))))
    done
    client_stop p
    median=$(printf '%s\n' "${late[@]}" | sort -n | sed -n 6p)
    echo "# the pin was set, and a datagram went there, after ${late[*]} ms; median $median" >&3
    expect_ge 6 "$(grep -c 'FUTEX_WAIT.* = 0$' "$LOGS/strace")" "waits that an event ended, for 11 events"
}

# asked_lately : since this was called last, somebody was asked 3 times or more.
asked_lately() {
    local now
    now=$(hits_total)
    ((now >= ${HITS_BEFORE:-0} + 3)) && HITS_BEFORE=$now
}

@test "a request stays with its server until that fails; the next one follows the pin" {
    pool
    steer_start
    pin $B
    program_start p
    said p $B udp 0 4 sendto $A 5060 INVITE call1 one
    pin $C
    said p $B udp 0 4 sendto $A 5060 INVITE call1 one                # sent again
    said p $B udp 0 4 sendto $A 5060 ACK call1 one                   # to a failure: 17.1.1.3
    said p $B udp 0 4 sendto $A 5060 CANCEL call1 one
    said p $B udp 0 4 sendto $A 5060 ACK call1 two there             # to a success, and in the dialog
    said p $B udp 0 4 sendmsg $A 5060 BYE call1 three there
    said p $C udp 0 4 sendto $A 5060 REGISTER reg one
    said p $C udp 0 4 sendto $A 5060 INVITE call1 four               # after a 401
    said p $B udp 1 4 sendto $B 5060 BYE call9 one there             # of a dialog that began elsewhere: as asked
    said p $A udp 1 4 sendto $A 5060 200 call8 one there
    client_stop p
}

@test "a request that is sent again leaves a server that has failed" {
    pool
    steer_start
    local pin other next
    pin=$(pin_of pool.test)
    other=$A && [[ $pin != "$A" ]] || other=$C
    await_steered $other 5060 udp "$pin"
    program_start p
    said p "$pin" udp 0 4 sendto $other 5060 INVITE call1 one
    pinctl fail pool.test "$pin"
    await "the pin to move from $pin" moved pool.test "$pin"
    next=$(pin_of pool.test)
    await_steered "$pin" 5060 udp "$next"
    said p "$next" udp 0 4 sendto $other 5060 INVITE call1 one
    said p "$next" udp 0 4 sendto $other 5060 CANCEL call1 one
    client_stop p
}

@test "what a server sends by itself is answered to that server, after the pin has moved too" {
    pool
    steer_start
    pin $B
    program_start p
    said p $B udp 0 4 sendto $A 5060 REGISTER reg one
    pin $C
    said p $B udp 0 4 sendto $A 5060 200 incoming one there
    client_stop p
}

@test "a socket that sends to the real address itself has answers from it" {
    pool
    steer_start
    pin $C
    program_start p
    expect_eq "$C 5060 OPTIONS from $A 5060" "$(ask p udp 0 4 sendto $A 5060 OPTIONS c1 b1)" "asked for $A"
    expect_eq "$C 5060 OPTIONS from $C 5060" "$(ask p udp 0 4 sendto $C 5060 OPTIONS c2 b2)" "asked for the pin"
    expect_eq "$C 5060 OPTIONS from $C 5060" "$(ask p udp 0 4 sendto $A 5060 OPTIONS c3 b3)" "asked for $A, and knows the pin"
    expect_eq "$C 5060 OPTIONS from $B 5060" "$(ask p udp 1 4 sendto $B 5060 OPTIONS c4 b4)" "another socket"
    client_stop p
}

@test "RTP, connected UDP sockets and other ports are left alone" {
    pool
    server_start $A 4000 whoami
    server_start $C 4000 whoami
    steer_start
    pin $C
    expect_eq "$A 4000 from $A 4000" "$(in_cgroup "$(client steered)" udp 0 4 sendto $A 4000 | sed 's/ [^ ]* from/ from/')" "RTP"
    expect_eq "$A 4000 peer $A 4000" "$(in_cgroup "$(client steered)" tcp 4 $A 4000)" "TCP to another port"
    expect_eq "$A 5060 OPTIONS from $A 5060" \
        "$(in_cgroup "$(client steered)" udp 0 4 connected $A 5060 OPTIONS c b)" "a connected socket"
}

@test "SRV: what goes to one target goes to the pinned one, and to its port" {
    local service=_sip._udp.pool.test
    dns_srv $service sbc1.pool.test:5062:10:10 sbc2.pool.test:5064:10:10
    dns_write sbc1.pool.test $A
    dns_pool sbc2.pool.test $B
    server_start $A 5062 whoami
    server_start $B 5064 whoami
    pinctl init --conf=/dev/null >/dev/null
    with_shim "$(client raw)" send $service 1 SRV >/dev/null
    steer_start
    program_start p
    pinctl set $service sbc2.pool.test:5064
    await_steered $A 5062 udp $B
    expect_eq "$B 5064 OPTIONS from $A 5062" "$(ask p udp 0 4 sendto $A 5062 OPTIONS c1 b1)" "asked for the other target"
    pinctl set $service sbc1.pool.test:5062
    await_steered $B 5064 udp $A
    expect_eq "$A 5062 OPTIONS from $B 5064" "$(ask p udp 1 4 sendto $B 5064 OPTIONS c2 b2)" "after the pin has moved"
    expect_eq "$A 5062 OPTIONS from $A 5062" "$(ask p udp 2 4 sendto $A 5062 OPTIONS c3 b3)" "asked for the pin"
    client_stop p
}

@test "another port is steered once SIP was seen there" {
    local address before
    need sipp
    dns_pool pool.test $A $B $C
    for address in $A $B $C; do server_start $address 5080 uas-udp; done
    pinctl init --conf=/dev/null >/dev/null
    with_shim sipp -sf "$TESTS/sip/options.xml" -t u1 -m 1 -nostdin -timeout 60s -timeout_error -i 127.0.0.1 -p 5070 pool.test:5080
    before=$(pin_of pool.test)
    steer_start
    pinctl set pool.test "$(tr ' ' '\n' <<<"$A $B $C" | grep -v "^$before\$" | head -n 1)"
    await_steered "$before" 5080 udp "$(pin_of pool.test)"
    hits_reset
    in_cgroup "$(client steered)" udp 0 4 sendto "$before" 5080 OPTIONS c b >/dev/null
    await_hits 1
    expect_eq 1 "$(server_hits "$(pin_of pool.test)" 5080)" "requests at the pin"
}

@test "names that disagree about an address: it is not steered" {
    local d=127.0.0.14
    pool $A $B $C $d
    dns_pool other.test $A $B
    with_shim "$(client lookup)" other.test >/dev/null
    pinctl set other.test $B
    steer_start
    pinctl set pool.test $C
    await_steered $d 5060 udp $C
    as_asked $A 5060 udp
    expect_match "^$A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "asked for an address of both"
    pinctl set other.test $C
    await_steered $A 5060 udp $C
    expect_match "^$C 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "after they agree"
}

@test "steer = off steers nothing, steer = on every port; a dropped name is steered no more" {
    pool
    server_start $A 4000 whoami
    server_start $C 4000 whoami
    steer_start
    pin $C
    settings 'host "pool.test" { steer = off }'
    await "$A to be as asked" as_asked $A 5060 udp
    expect_match "^$A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "steer = off"
    settings 'host "pool.test" { steer = on }'
    await_steered $A 0 udp $C
    expect_match "^$C 4000.*from $A 4000" "$(in_cgroup "$(client steered)" udp 0 4 sendto $A 4000)" "steer = on, UDP"
    expect_eq "$C 4000 peer $A 4000" "$(in_cgroup "$(client steered)" tcp 4 $A 4000)" "steer = on, TCP"
    pinctl drop pool.test
    await "$A to be as asked" as_asked $A 5060 udp
    expect_match "^$A 5060" "$(in_cgroup "$(client steered)" tcp 4 $A 5060)" "dropped"
}
