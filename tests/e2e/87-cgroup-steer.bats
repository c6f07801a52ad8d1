# pinwatch steer: programs that no preload reaches, in a cgroup, go to the pin.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
source "$TESTS/lib/steer.bash"

setup_file() {
    use_clients lookup
    use_static_client steered
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
    use_clients steered                                 # the static one is there already
    ${CC:-cc} -D_GNU_SOURCE -O1 -o "$dir/steered" "$TESTS/clients/steered.c"
    chmod 4755 "$dir/steered"
    expect_eq "$C 5060 peer $A 5060" \
        "$(in_cgroup setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/steered" tcp 4 $A 5060)" "TCP"
    expect_eq "$C 5060 OPTIONS from $A 5060" \
        "$(in_cgroup setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/steered" udp 0 4 sendto $A 5060 OPTIONS c b)" "UDP"
}

@test "a Go program without cgo is steered" {
    pool
    steer_start
    pin $C
    expect_eq "$C 5060 peer $A:5060" "$(in_cgroup "$(client steered-go)" tcp $A 5060)" "TCP"
    expect_eq "$C 5060 hello from $A:5060" "$(in_cgroup "$(client steered-go)" udp udp4 $A 5060)" "UDP"
    expect_eq "$C 5060 hello from $A:5060" "$(in_cgroup "$(client steered-go)" udp udp $A 5060)" "UDP, v4-mapped"
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
    expect_eq "$b 5060 hello from [$a]:5060" "$(in_cgroup "$(client steered-go)" udp udp6 $a 5060)" "UDP, Go"
}

@test "a running program follows the pin within 10 ms" {
    local i to from moved seen worst=0
    pool
    steer_start
    pin $C
    program_start p
    said p $C udp 0 4 sendto $A 5060 OPTIONS c0 b0
    for i in 1 2 3 4 5 6 7 8 9 10; do
        to=$B && ((i % 2)) || to=$C
        pinctl set pool.test $to
        await_steered $A 5060 udp $to
        said p $to udp 0 4 sendto $A 5060 OPTIONS c$i b$i
    done
    # The journal has when the pin was set, bpftool's map nothing; the log has when the kernel knew.
    client_stop p
}
