# pinkeeper probes servers: a dead one is known before a call needs it, and a recovered one before it is used again.

load ../lib/harness

# probing options|tcp udp|tcp : three registrars, a pin that a REGISTER over this transport confirmed, and pinkeeper. The
# pinned server is in $PINNED.
probing() {
    sip_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    with_shim sipp -sf "$TESTS/sip/register.xml" -m 1 -nostdin -t "${2:0:1}1" pool.test:5060 >"$LOGS/sipp" 2>&1
    settings "default { probe = $1  probe-interval = 1s  rise = 2  fall = 2 }"
    PINNED=$(pin_of pool.test)
    keeper_start "${3:-}"
}

pin_leaves() { [[ $(pin_of pool.test) != "$1" ]]; }
is_healthy() { [[ $(candidate_field pool.test "$1" healthy) == true ]]; }

# asked ADDRESS : so many more probes arrive there as are enough to fail, or to pass.
asked() {
    local since
    since=$(now)
    await_arrivals 4 "server=$1.*" method=OPTIONS "since=$since"
}

# answers ADDRESS DOES : the pin stays on a server that does so.
answers() {
    sip_does "$1" "$2"
    asked "$1"
    expect_eq "$1" "$(pin_of pool.test)" "the pin, when its server does $2"
}

@test "options: 404, 405 and a late answer are answers; 503 and silence are none; who answers again is healthy with no call" {
    local left
    probing options udp
    answers "$PINNED" options:404
    answers "$PINNED" options:405
    answers "$PINNED" options:late
    sip_does "$PINNED" options:503
    await "the pin to leave a server with 503" pin_leaves "$PINNED"
    expect_match "failed.*$PINNED"$'\t.*5060/udp\t503 Service Unavailable\tpinkeeper' "$(pinctl events)" "why"
    left=$PINNED PINNED=$(pin_of pool.test)
    sip_does "$PINNED" silent
    await "the pin to leave a silent server" pin_leaves "$PINNED"
    expect_match "failed.*$PINNED"$'\t.*5060/udp\tprobes unanswered\tpinkeeper' "$(pinctl events)" "why"
    expect_eq false "$(candidate_field pool.test "$PINNED" healthy)" "the silent one is healthy"
    sip_does "$left" ok
    sip_does "$PINNED" ok
    await "the first to be healthy" is_healthy "$left"
    await "the second to be healthy" is_healthy "$PINNED"
    expect_match "recovered.*$PINNED"$'\t.*5060/udp\tanswered\tpinkeeper' "$(pinctl events)" "how it became so"
}

@test "a server that only accepts connections: dead for options, not for tcp; a killed one is dead for both, and back when it is" {
    local stopped
    probing options tcp
    stopped=$PINNED
    kill -STOP -- "-${SERVER_PID[$stopped:5060]}"
    await "the pin to leave it" pin_leaves "$stopped"
    expect_match "failed.*$stopped"$'\t.*5060/tcp\tprobes unanswered\tpinkeeper' "$(pinctl events)" "why"
    settings 'default { probe = tcp  probe-interval = 1s  rise = 1  fall = 2 }'
    await "a connect to be enough" is_healthy "$stopped"
    PINNED=$(pin_of pool.test)
    server_stop "$PINNED" 5060
    await "the pin to leave a killed server" pin_leaves "$PINNED"
    expect_match "failed.*$PINNED"$'\t.*5060/tcp\trefused .*pinkeeper' "$(pinctl events)" "why"
    sip_server "$PINNED"
    await "it to be healthy again" is_healthy "$PINNED"
}

@test "who was failed by hand, and answers OPTIONS all the time, is not called healthy by a probe; off: nothing is sent" {
    local since
    probing options udp
    asked "$PINNED"
    pinctl fail pool.test "$PINNED"
    asked "$PINNED"
    expect_eq false "$(candidate_field pool.test "$PINNED" healthy)" "what was failed by hand is healthy"
    keeper_stop
    keeper_start 'probe = off'
    since=$(now)
    nap 2.5
    expect_eq 0 "$(arrived method=OPTIONS "since=$since")" "probes without the duty"
    keeper_stop
    settings 'host "other.test" { probe = options }'
    keeper_start
    nap 2.5
    expect_eq 0 "$(arrived method=OPTIONS "since=$since")" "probes of a name whose setting is off"
}
