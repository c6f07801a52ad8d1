# pinwatch looks at packets, which costs each of them, only while somebody sends datagrams to a watched address.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
setup_file() { use_clients lookup; use_static_client reach; }

reach() { bare "$(client reach)" "$@" >>"$LOGS/reach.log" || true; }

# pinned [OPTION...] : a pin for pool.test in both families, left in $pin4 and $pin6, and pinwatch that watches the pool.
pinned() {
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

@test "it begins with a datagram to a watched address, of any kind of socket, and ends when none came for long" {
    local how
    pinned --idle 1
    reach udp 127.0.0.99 5060
    reach udp-connected 127.0.0.99 5060
    reach tcp "$pin4" 5060
    await 5 "the refusal" moved pool.test "$pin4"
    packets_seen false || unexpected "a look at packets" "none yet" "$("$BUILD/pinwatch" status)"
    for how in "udp $pin4" "udp-connected $pin4" "udp $pin6" "udp-connected $pin6" "udp ::ffff:$pin4" "udp-connected ::ffff:$pin4"; do
        reach $how 5060
        await 5 "a look at packets after $how" packets_seen true
        await 10 "no look at packets, a second after $how" packets_seen false
    done
}

@test "of the first datagram of a socket the process is known, connected or not" {
    local how
    pinned
    for how in udp udp-connected; do
        pin=$(with_shim "$(client lookup)" -4 pool.test | cut -d' ' -f1)
        reach $how "$pin" 5060
        await 5 "the pin to move from $pin" moved pool.test "$pin"
    done
    expect_eq "reach reach" "$(pinctl events --json | jq -r 'select(.event == "failed").comm' | paste -sd ' ')" "whose datagrams failed"
}

# One that is connected tells of nothing when it sends.
connected_socket() {
    /usr/bin/python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect((sys.argv[1], 5060)); time.sleep(60)' "$pin4" 3>&- 4>&- &
    socket_pid=$!
    await 5 "a connected socket" eval '[[ -n $(ss -Hun dst "$pin4") ]]'
}

@test "a socket that was connected before pinwatch came is found, and looked after as long as it is there" {
    before=connected_socket
    pinned --idle 1
    await 5 "a look at packets" packets_seen true
    sleep 3         # three times as long as without the socket
    packets_seen true || unexpected "a look at packets" "still" "$("$BUILD/pinwatch" status)"
    kill "$socket_pid"
    await 5 "no look at packets without the socket" packets_seen false
}

@test "--idle takes seconds" {
    local word
    needs_pinwatch
    for word in 0 -1 x 4294967296 ''; do
        expect_status 2 "$BUILD/pinwatch" "--idle=$word"
        expect_one_line "$output" "--idle=$word"
    done
}
