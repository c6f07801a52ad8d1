# Real programs stay on one server. Each runs six times; the servers count what arrives.

# bats file_tags=long
load ../lib/harness

# three_servers PORT KIND : pool.test and a server on each of its addresses.
three_servers() {
    local address
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    for address in 127.0.0.11 127.0.0.12 127.0.0.13; do server_start "$address" "$1" "$2"; done
}

# stays CMD... : bare, $RUNS runs reach all three servers; shimmed, as many reach one. One arrival a run.
RUNS=6
stays() {
    repeat $RUNS bare "$@" >>"$LOGS/runs-bare.log" 2>&1
    await_hits $RUNS
    expect_eq $RUNS "$(hits_total)" "arrivals without the shim ($(hits_table | tr '\n' ' '))"
    expect_eq 3 "$(servers_hit)" "servers reached without the shim"
    hits_reset
    repeat $RUNS with_shim "$@" >>"$LOGS/runs-shim.log" 2>&1
    await_hits $RUNS
    expect_eq $RUNS "$(hits_total)" "arrivals with the shim ($(hits_table | tr '\n' ' '))"
    expect_eq 1 "$(servers_hit)" "servers reached with the shim ($(hits_table | tr '\n' ' '))"
    expect_eq $RUNS "$(server_hits "$(pin_of pool.test)")" "arrivals at the pin that pinctl shows"
}

sipp_options() { # u1|t1
    need sipp
    set -- sipp -sf "$TESTS/sip/options.xml" -t "$1" -m 1 -nostdin -timeout 60s -timeout_error \
        -i 127.0.0.1 -p 5070 pool.test
    cd "$BATS_TEST_TMPDIR"
    stays "$@"
}

python_client() { # MODE
    three_servers 80 accept
    stays /usr/bin/python3 -S "$TESTS/clients/lookup_python.py" "$1" pool.test 80
}

@test "sipp over UDP stays, three kamailio" {
    need kamailio
    three_servers 5060 kamailio
    sipp_options u1
}

@test "sipp over TCP stays, three kamailio" {
    need kamailio
    three_servers 5060 kamailio
    sipp_options t1
    expect_eq "5060 tcp" "$(pin_field pool.test port) $(pin_field pool.test transport)" "what confirmed the pin"
}

@test "sipp over UDP stays, three sipp" {
    three_servers 5060 uas-udp
    sipp_options u1
}

@test "sipp over TCP stays, three sipp" {
    three_servers 5060 uas-tcp
    sipp_options t1
    expect_eq "confirmed" "$(pin_field pool.test state)" "state of the pin"
}

@test "sipsak over TCP stays" {
    need sipsak kamailio
    three_servers 5060 kamailio
    stays sipsak -E tcp -s sip:bob@pool.test
    expect_eq "5060 tcp" "$(pin_field pool.test port) $(pin_field pool.test transport)" "what confirmed the pin"
}

@test "sipsak over UDP stays" {
    need sipsak kamailio
    three_servers 5060 kamailio
    stays sipsak -s sip:bob@pool.test
}

@test "curl stays" {
    need curl
    three_servers 80 accept
    stays curl --silent --show-error --fail http://pool.test/
    expect_eq "80 tcp confirmed" \
        "$(pin_field pool.test port) $(pin_field pool.test transport) $(pin_field pool.test state)" \
        "what confirmed the pin, and its state"
}

@test "python stays: blocking connect" { python_client blocking; }

@test "python stays: connect with a timeout" { python_client timeout; }

@test "python stays: non-blocking connect, poll, SO_ERROR" { python_client nonblocking; }

@test "python stays: gethostbyname" { python_client byname; }

@test "python stays: asyncio" { python_client asyncio; }

# A program that resolves in one thread and connects in another, and one that only connects, belong
# together by the address: curl's connects confirm what getent looked up.
@test "one program's connects confirm another program's lookup" {
    need curl
    three_servers 80 accept
    with_shim getent ahostsv4 pool.test
    expect_eq "auto tentative" "$(pin_field pool.test kind) $(pin_field pool.test state)" "after a lookup"
    with_shim curl --silent "http://$(pin_of pool.test)/"
    expect_eq "auto confirmed" "$(pin_field pool.test kind) $(pin_field pool.test state)" "after a connect"
}
