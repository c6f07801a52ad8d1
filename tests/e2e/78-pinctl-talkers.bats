# pinctl show names the processes that still talk to another candidate than the pin.

load ../lib/harness
setup_file() { use_clients steer; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

# hold HOST PORT [bare|shim] : a program that connects there over TCP and stays. $! is its pid.
hold() {
    local env=()
    : >"$LOGS/hold"
    [[ ${3:-shim} == bare ]] || env=(env "${SHIM_ENV[@]}")
    "${env[@]}" /usr/bin/python3 -S -c 'import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2]))); print("there", flush=True); time.sleep(3600)' \
        "$1" "$2" >"$LOGS/hold" 2>&1 3>&- 4>&- &
    HOLDER=$!
    await "a connection" grep -q there "$LOGS/hold"
}

talkers() { pinctl show "$1" --json | jq -c '.talkers[] | [.pid, .comm, .address, .port, .transport]'; }

begin() {
    local a
    dns_pool pool.test $POOL
    for a in $POOL; do server_start "$a" 5060 uas-tcp; done
}

@test "a TCP connection that was opened before the pin moved" {
    local first other
    begin
    hold pool.test 5060
    first=$(pin_of pool.test)
    expect_eq "" "$(talkers pool.test)" "talkers while the pin is where they are"
    expect_eq "" "$(pinctl show pool.test | grep -w python3 || true)" "rows"
    other=$(tr ' ' '\n' <<<"$POOL" | grep -v "^$first$" | head -n 1)
    pinctl set pool.test "$other" >/dev/null
    expect_eq "[$HOLDER,\"python3\",\"$first\",5060,\"tcp\"]" "$(talkers pool.test)" "talkers"
    expect_eq "$HOLDER"$'\tpython3\t'"$first"$'\t5060/tcp' "$(pinctl show pool.test | grep -w python3)" "its row"
    kill "$HOLDER"
    wait "$HOLDER" || true
    expect_eq "" "$(talkers pool.test)" "talkers after its end"
}

@test "a program without the shim, a connected UDP socket, a process that may not be looked into" {
    begin
    with_shim getent ahostsv4 pool.test >/dev/null
    pinctl set pool.test 127.0.0.12 >/dev/null
    hold 127.0.0.13 5060 bare
    expect_eq "[$HOLDER,\"python3\",\"127.0.0.13\",5060,\"tcp\"]" "$(talkers pool.test)" "a bare program"
    expect_eq '[null,null,"127.0.0.13",5060,"tcp"]' "$(chmod a+r "$TABLE"; setpriv --reuid 65534 --clear-groups \
        env "STICKYDNS_TABLE=$TABLE" "$BUILD/pinctl" show pool.test --json 2>&1 | jq -c '.talkers[] | [.pid, .comm, .address, .port, .transport]' || true)" "as another user"
    kill "$HOLDER"
    client_start c bare steer
    ask c udp4
    ask c connect 127.0.0.11 5060
    expect_eq "[${CLIENT_PID[c]},\"steer\",\"127.0.0.11\",5060,\"udp\"]" "$(talkers pool.test)" "a connected UDP socket"
    ask c udp4
    ask c connect 127.0.0.12 5060
    expect_eq "" "$(talkers pool.test)" "one that is connected to the pin"
}

@test "a service: the addresses of the other targets" {
    dns_pool sbc1.test 127.0.0.11
    dns_write sbc2.test 127.0.0.12
    dns_pool sbc3.test 127.0.0.13
    server_start 127.0.0.11 5060 uas-tcp
    with_shim getent ahostsv4 sbc1.test >/dev/null
    with_shim getent ahostsv4 sbc2.test >/dev/null
    pinctl set _sip._tcp.pool.test sbc1.test:5060,sbc2.test:5060 >/dev/null
    hold sbc1.test 5060
    expect_eq "" "$(talkers _sip._tcp.pool.test)" "talkers while the pin is where they are"
    pinctl set _sip._tcp.pool.test sbc2.test:5060,sbc1.test:5060 >/dev/null
    expect_eq "[$HOLDER,\"python3\",\"127.0.0.11\",5060,\"tcp\"]" "$(talkers _sip._tcp.pool.test)" "talkers"
}
