# pinwatch trace: the kernel's events of the servers in the table, and what the pins did then.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
setup_file() { use_clients lookup lookup_client; }

# tracer FORM ARG... : pinwatch trace in the background, in JSON, between tabs or as on a terminal; its
# output is $TRACED. Waits until a connect to a server of its own is seen.
tracer() {
    local form=$1
    shift
    needs_pinwatch
    [[ -e $TABLE ]] || pinctl init --conf=/dev/null
    TRACED=$LOGS/trace-$form
    case $form in
    json) "$BUILD/pinwatch" trace --json -t "$TABLE" "$@" >>"$TRACED" 2>>"$LOGS/trace.err" 3>&- 4>&- </dev/null & ;;
    tabs) "$BUILD/pinwatch" trace -t "$TABLE" "$@" >>"$TRACED" 2>>"$LOGS/trace.err" 3>&- 4>&- </dev/null & ;;
    terminal) script -qec "$BUILD/pinwatch trace -t $TABLE $*" /dev/null >>"$TRACED" 2>&1 3>&- 4>&- </dev/null & ;;
    esac
    TRACER=$!
    [[ -n ${DNS_PID:-} ]] || dns_pool ready.test 127.0.0.9
    with_shim "$(client lookup)" -4 ready.test >/dev/null
    await "pinwatch trace at work" eval 'dial 127.0.0.9 9; sleep 0.2; grep -q 127.0.0.9 "$TRACED"'
}

# followed ADDR... : until what goes to each is told. Nothing of that is left in $TRACED.
followed() {
    local address
    for address; do
        await "$address to be watched" eval "dial $address 9; sleep 0.2; told_of $address 9"
    done
    dial "$address" 8
    await "the last word of that" told_of "$address" 8
    : >"$TRACED"
}

told_of() { grep -qE "$1.*(\"port\":$2,|[[:space:]]$2/tcp)" "$TRACED"; }

# dial ADDR PORT : a program without the shim connects.
dial() { bare env -u LD_PRELOAD bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null || true; }

# traced JQ : of each line about pool.test.
traced() { jq -r "select(.name == \"pool.test\") | \"$1\"" "$TRACED"; }

await_traced() { await "$1 lines about pool.test" eval "[[ \$(grep -c pool.test '$TRACED') == $1 ]]"; }

failover() {
    dns_scripted pool.test 2 0 127.0.0.11 127.0.0.12
    server_start 127.0.0.12 7060 accept
    client_start one shim
    ask one first pool.test
    followed 127.0.0.11 127.0.0.12
    expect_eq 127.0.0.11=ECONNREFUSED "$(ask one connect pool.test 7060)" "the first connect"
    expect_eq 127.0.0.12=ok "$(ask one connect pool.test 7060)" "the second connect"
    expect_eq 127.0.0.12=ok "$(ask one connect pool.test 7060)" "the third connect"
}

@test "a program under the shim: refused and moved, confirmed, stays; every field of --json" {
    local before
    tracer json
    before=$(($(now_ms) * 1000))
    failover
    await_traced 3
    expect_eq "127.0.0.11:7060/tcp refused ECONNREFUSED moved to 127.0.0.12
127.0.0.12:7060/tcp connected null confirmed to 127.0.0.12
127.0.0.12:7060/tcp connected null stays to 127.0.0.12" \
        "$(traced '\(.address):\(.port)/\(.transport) \(.event) \(.errno) \(.pin) to \(.pin_address)')" "what happened"
    expect_eq "lookup_client ${CLIENT_PID[one]}" "$(traced '\(.comm) \(.pid)' | sort -u)" "program and pid"
    expect_eq "true 1|false 0|false 0" "$(traced '\(.cools) \(.moved)' | paste -sd '|')" "cool-offs and moved pins"
    expect_eq 3 "$(traced '\(.latency_us | type)' | grep -c number)" "latencies"
    expect_le $(($(now_ms) * 1000 - before)) "$(traced '\(.latency_us)' | sort -n | tail -n 1)" "the longest, us, in all that time"
    expect_match '^[0-9-]{10}T[0-9:.]{12}Z$' "$(traced '\(.time)' | head -n 1)" "a time"
}

@test "for people, and between tabs" {
    tracer terminal
    failover
    await_traced 3
    expect_match "Z  pool.test 127.0.0.11 7060/tcp: refused \(ECONNREFUSED\), [0-9]+ us; cools off, pin moved to 127.0.0.12  \(lookup_client ${CLIENT_PID[one]}\)" \
        "$(grep pool.test "$TRACED" | head -n 1)" "the first line"
    expect_match "pool.test 127.0.0.12 7060/tcp: connected, [0-9]+ us; pin confirmed  \(lookup_client" "$(cat "$TRACED")" "the second line"
    expect_match "pool.test 127.0.0.12 7060/tcp: connected, [0-9]+ us; pin stays  \(lookup_client" "$(cat "$TRACED")" "the third line"

    tracer tabs
    expect_eq 127.0.0.12=ok "$(ask one connect pool.test 7060)" "a connect"
    await_traced 1
    expect_eq "${CLIENT_PID[one]} lookup_client pool.test 127.0.0.12 7060/tcp connected - stays 127.0.0.12" \
        "$(grep pool.test "$TRACED" | cut -f2-8,10- | tr '\t' ' ')" "fields"
}

@test "a program without the shim: its failure moves the pin where a pinwatch serves the table, else not" {
    tracer json
    dns_scripted pool.test 3 0 127.0.0.11 127.0.0.12 127.0.0.13
    expect_eq 127.0.0.11 "$(first_of shim pool.test)" "the pin"
    followed 127.0.0.11 127.0.0.13
    dial 127.0.0.11 7060
    await_traced 1
    pinwatch_start
    dial 127.0.0.13 7060
    await_traced 2
    dial 127.0.0.11 7060
    await_traced 3
    expect_eq "bash refused stays 127.0.0.11 false
bash refused elsewhere 127.0.0.11 true
bash refused moved 127.0.0.12 true" "$(traced '\(.comm) \(.event) \(.pin) \(.pin_address) \(.cools)')" \
        "without a pinwatch; with one, at another address; at the pin's"
}

@test "given up, the host's own trouble, UDP; and IPv6" {
    need nft
    tracer json
    dns_pool pool.test 127.0.0.11 2001:db8::11
    ip addr add 2001:db8::11/128 dev lo nodad
    with_shim "$(client lookup)" pool.test >/dev/null
    followed 127.0.0.11 2001:db8::11
    nft -f - <<-'END'
	table inet hole {
	    chain in { type filter hook input priority 0;
	        tcp dport 5070 drop
	        tcp dport 5071 reject with icmp net-unreachable
	    }
	}
	END
    /usr/bin/python3 -S -c 'import socket
s = socket.socket(); s.settimeout(0.5)
try: s.connect(("127.0.0.11", 5070))
except TimeoutError: s.close()'
    await_traced 1
    dial 127.0.0.11 5071
    await_traced 2
    dial 2001:db8::11 7060
    await_traced 3
    /usr/bin/python3 -S -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.11", 5080)); s.send(b"x")
try: s.recv(1)
except OSError as e: print(e)' >"$LOGS/udp"
    await_traced 4
    expect_eq "given up 127.0.0.11 5070/tcp null
host's own trouble 127.0.0.11 5071/tcp ENETUNREACH
refused 2001:db8::11 7060/tcp ECONNREFUSED
refused 127.0.0.11 5080/udp ECONNREFUSED" "$(traced '\(.event) \(.address) \(.port)/\(.transport) \(.errno)')" "what happened"
    expect_ge 400000 "$(traced '\(.latency_us)' | head -n 1)" "how long the first one waited, us"
}

@test "a reset after the server's own FIN is a close, of which nothing is told" {
    tracer json
    dns_pool pool.test 127.0.0.11
    with_shim "$(client lookup)" pool.test >/dev/null
    await "pool.test to be watched" eval 'dial 127.0.0.11 5070; grep -q pool.test "$TRACED"'
    /usr/bin/python3 -S -c 'import socket, struct
s = socket.create_server(("127.0.0.11", 7060))
c = socket.create_connection(("127.0.0.11", 7060))
a, _ = s.accept()
a.shutdown(socket.SHUT_WR)
assert c.recv(1) == b""
a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
a.close()
try: c.recv(1); c.send(b"x")
except OSError as e: print(type(e).__name__)' >"$BATS_TEST_TMPDIR/program"
    expect_eq BrokenPipeError "$(cat "$BATS_TEST_TMPDIR/program")" "what the program gets"
    dial 127.0.0.11 5061
    await "the end of it" grep -q '"port":5061' "$TRACED"
    expect_eq "7060 connected null
5061 refused ECONNREFUSED" "$(traced '\(.port) \(.event) \(.errno)' | grep -v ^5070)" "what is told"
}

@test "a server that sends to what the program has closed has broken nothing" {
    need nft
    tracer json
    dns_pool pool.test 127.0.0.11
    with_shim "$(client lookup)" pool.test >/dev/null
    await "pool.test to be watched" eval 'dial 127.0.0.11 5070; grep -q pool.test "$TRACED"'
    # The program's FIN is lost, so that its end is there still when the server's data come.
    nft -f - <<-EOF
	table ip faults {
	    chain out { type filter hook output priority 0; ip daddr 127.0.0.11 tcp dport 7060 tcp flags & fin == fin drop; }
	}
	EOF
    /usr/bin/python3 -S -c 'import socket, time
s = socket.create_server(("127.0.0.11", 7060))
c = socket.create_connection(("127.0.0.11", 7060))
a, _ = s.accept()
c.close()
for _ in 1, 2:
    try: a.send(b"x"); time.sleep(0.1)
    except OSError as e: print(type(e).__name__)' >"$BATS_TEST_TMPDIR/server"
    expect_eq ConnectionResetError "$(cat "$BATS_TEST_TMPDIR/server")" "what the server gets"
    dial 127.0.0.11 5061
    await "the end of it" grep -q '"port":5061' "$TRACED"
    expect_eq "7060 connected null
5061 refused ECONNREFUSED" "$(traced '\(.port) \(.event) \(.errno)' | grep -v ^5070)" "what is told"
}

@test "--name: names that match only, though they share a server with others" {
    tracer json
    printf '127.0.0.11 %s\n' pool.test other.example www.pool.test >"$BATS_TEST_TMPDIR/names"
    dns_names "$BATS_TEST_TMPDIR/names"
    for name in pool.test other.example www.pool.test; do with_shim "$(client lookup)" -4 "$name" >/dev/null; done
    all=$TRACED
    tracer tabs --name '*.TEST'
    dial 127.0.0.11 7060
    await "a line" grep -q 127.0.0.11 "$TRACED"
    expect_eq "" "$(grep other.example "$TRACED" || true)" "other names"
    await "a line of the one without --name" grep -q 127.0.0.11 "$all"
    expect_eq 3 "$(jq 'select(.address == "127.0.0.11") | .names' "$all" | head -n 1)" "names that hold the address"
    kill "$TRACER"
    wait "$TRACER"
}

@test "ends by SIGTERM with exit 0, telling what it has; and with its reader" {
    local pid status=0
    tracer json
    dns_pool pool.test 127.0.0.11
    with_shim "$(client lookup)" -4 pool.test >/dev/null
    await "pool.test to be watched" eval 'dial 127.0.0.11 7060; grep -q pool.test "$TRACED"'
    dial 127.0.0.11 5062
    kill "$TRACER"
    wait "$TRACER" || status=$?
    expect_eq 0 "$status" "exit status after SIGTERM"
    expect_eq 5062 "$(jq .port "$TRACED" | tail -n 1)" "the last event, which waited"

    (set +e; "$BUILD/pinwatch" trace -t "$TABLE"; echo $? >"$BATS_TEST_TMPDIR/status") | true
    await "the end of one without a reader" eval 'dial 127.0.0.11 7060; [[ -s $BATS_TEST_TMPDIR/status ]]'
    expect_eq 0 "$(cat "$BATS_TEST_TMPDIR/status")" "its exit status"
    expect_status 2 "$BUILD/pinwatch" trace --bogus
    expect_one_line "$output" "complaint"
}

@test "5,000 connects as fast as they go: a line for each" {
    local last=6000
    tracer json
    dns_pool pool.test 127.0.0.11
    with_shim "$(client lookup)" -4 pool.test >/dev/null
    await "pool.test to be watched" eval 'dial 127.0.0.11 7060; grep -q pool.test "$TRACED"'
    /usr/bin/python3 -S -c 'import socket
for i in range(5000):
    s = socket.socket(); s.connect_ex(("127.0.0.11", 5061)); s.close()'
    await "the end of them" eval 'dial 127.0.0.11 $((++last)); sleep 0.2; grep -q "\"port\":60[0-9][0-9]" "$TRACED"'
    expect_eq 5000 "$(jq -s 'map(if .event == "lost" then .count elif .port == 5061 then 1 else 0 end) | add' "$TRACED")" "lines, and losses told"
    expect_eq 5000 "$(jq 'select(.port == 5061) | .latency_us' "$TRACED" | grep -c '^[0-9]')" "latencies"
}

@test "output that finds no place is an error, a reader that ends is none" {
    needs_pinwatch
    pinctl init --conf=/dev/null
    dns_pool ready.test 127.0.0.9
    timeout "$LIMIT" "$BUILD/pinwatch" trace -t "$TABLE" >/dev/full 2>"$LOGS/trace.err" 3>&- 4>&- </dev/null &
    TRACER=$!
    with_shim "$(client lookup)" -4 ready.test >/dev/null
    await "the trace to end" eval 'dial 127.0.0.9 9; sleep 0.2; ! kill -0 $TRACER'
    status=0
    wait $TRACER || status=$?
    expect_eq 1 "$status" "exit status"
    expect_match "standard output" "$(cat "$LOGS/trace.err")" "the complaint"
}
