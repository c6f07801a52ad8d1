# Steering of TCP connects, of a real program that resolves once, and of transport and service alike.

load ../lib/harness
setup_file() { use_clients steer; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

begin() {
    dns_pool pool.test $POOL
    WIRE=$BATS_TEST_TMPDIR/wire
    /usr/bin/python3 -S "$TESTS/servers/sip.py" "$WIRE" 5060 $POOL >>"$LOGS/sip.py.log" 2>&1 3>&- 4>&- &
    await "the servers" port_open tcp 127.0.0.13 5060
    : >"$WIRE"                      # port_open connects
    client_start c shim steer
    ask c lookup pool.test >/dev/null
    pinctl set pool.test 127.0.0.12 >/dev/null
}

wire() {
    await "something on the wire" test -s "$WIRE"
    cat "$WIRE"
    : >"$WIRE"
}

@test "a TCP connect to a candidate goes to the pin, and getpeername says what was asked" {
    local way
    begin
    for way in block poll again; do
        expect_eq "connected 127.0.0.11:5060" "$(ask c tcp 127.0.0.11 5060 "$way")" "connect, $way"
        expect_eq "127.0.0.12 tcp connect" "$(wire)" "the server, $way"
    done
    expect_eq "connected 127.0.0.12:5060" "$(ask c tcp 127.0.0.12 5060 block)" "connect to the pin itself"
    expect_eq "127.0.0.12 tcp connect" "$(wire)" "the server"
}

@test "what becomes of it counts for the real server" {
    local way
    begin
    pinctl drop pool.test
    ask c lookup pool.test >/dev/null
    pinctl set pool.test 127.0.0.99 >/dev/null
    for way in block poll again; do
        expect_eq "ECONNREFUSED -" "$(ask c tcp 127.0.0.11 5060 "$way")" "connect, $way"
        expect_match "failed.*127.0.0.99.*5060/tcp.*ECONNREFUSED" "$(pinctl events)" "events, $way"
        expect_eq "" "$(pinctl events | grep "failed.*127.0.0.11" || true)" "failures of the address asked, $way"
    done
}

@test "other ports are not moved; nor is one that the host cannot reach" {
    begin
    server_start 127.0.0.11 8080 accept
    expect_eq "connected 127.0.0.11:8080" "$(ask c tcp 127.0.0.11 8080 block)" "port 8080"
    await_hits 1
    expect_eq 1 "$(server_hits 127.0.0.11 8080)" "its server"
    ip route add prohibit 192.0.2.77
    pinctl set pool.test 192.0.2.77 >/dev/null
    expect_eq "connected 127.0.0.11:5060" "$(ask c tcp 127.0.0.11 5060 block)" "a pin that cannot be reached"
    expect_eq "127.0.0.11 tcp connect" "$(wire)" "the server"
}

@test "steer = off leaves TCP alone, steer = on moves every port" {
    begin
    settings 'default { steer = off }'
    expect_eq "connected 127.0.0.11:5060" "$(ask c tcp 127.0.0.11 5060 block)" "connect"
    expect_eq "127.0.0.11 tcp connect" "$(wire)" "the server with steer = off"
    settings 'default { steer = on }'
    server_start 127.0.0.12 8080 accept
    expect_eq "connected 127.0.0.11:8080" "$(ask c tcp 127.0.0.11 8080 block)" "port 8080 with steer = on"
    await_hits 1
    expect_eq 1 "$(server_hits 127.0.0.12 8080)" "its server"
}

# sipp resolves once: what it was given is all that it will ever know.
sipp_calls() { # bare|shim
    local run=bare
    [[ $1 == bare ]] || run=with_shim
    "$run" sipp -sf "$TESTS/sip/options.xml" -t u1 -m 24 -r 4 -rp 1000 -nostdin -timeout 90s \
        -i 127.0.0.1 -p 5070 pool.test >>"$LOGS/sipp.log" 2>&1 || true
}

@test "sipp, which resolves once, follows the pin in the middle of its run; bare it does not" {
    local how first pid a
    dns_pool pool.test $POOL
    WIRE=$BATS_TEST_TMPDIR/wire
    /usr/bin/python3 -S "$TESTS/servers/sip.py" "$WIRE" 5060 $POOL >>"$LOGS/sip.py.log" 2>&1 3>&- 4>&- &
    await "the servers" port_open tcp 127.0.0.13 5060
    for how in bare shim; do
        : >"$WIRE"
        sipp_calls "$how" &
        pid=$!
        await "3 requests" sh -c "[ \$(grep -c OPTIONS '$WIRE') -ge 3 ]"
        first=$(awk '/OPTIONS/ { print $1 }' "$WIRE" | sort -u)
        for a in $POOL; do [[ $how == bare || $a == "$first" ]] || pinctl set pool.test "$a"; done
        wait "$pid"
        expect_eq 24 "$(grep OPTIONS "$WIRE" | sort -u | grep -c '')" "requests, $how"
        if [[ $how == bare ]]; then
            expect_eq 1 "$(awk '/OPTIONS/ { print $1 }' "$WIRE" | spread)" "servers reached bare"
        else
            expect_ne "$first" "$(pin_of pool.test)" "the pin"
            expect_eq "$(pin_of pool.test)" "$(tail -n 1 "$WIRE" | awk '{ print $1 }')" "the last request's server"
        fi
    done
}
