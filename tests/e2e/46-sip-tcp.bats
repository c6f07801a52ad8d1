# SIP over TCP: the answers that come in through a connection count as those over UDP do, however the
# stream is cut. What is not SIP is not read.

load ../lib/harness
setup_file() { use_clients lookup tangle; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

first() { with_shim "$(client lookup)" -4 "${1:-pool.test}" | awk '{ print $1 }'; }

# kamailio_says STATUS [HEADER] : kamailio on every address of the pool, which answers everything so.
declare -ga KAMAILIO=()
kamailio_says() {
    local dir address
    for address in $POOL; do
        dir=$BATS_TEST_TMPDIR/kamailio-$address
        mkdir -p "$dir"
        sed -e "s/sl_send_reply(\"200\", \"OK\")/append_to_reply(\"${2:-X: y}\\\\r\\\\n\"); sl_send_reply(\"${1%% *}\", \"${1#* }\")/" \
            -e '/loadmodule "pv.so"/a loadmodule "textops.so"' "$TESTS/servers/kamailio.cfg" >"$dir/cfg"
        setsid kamailio -f "$dir/cfg" -DD -E -m 16 -M 4 -l "tcp:$address:5060" -P "$dir/pid" -Y "$dir" \
            >>"$LOGS/kamailio-$address.log" 2>&1 3>&- 4>&- </dev/null &
        KAMAILIO+=($!)
        disown $!
        await "kamailio on $address" port_open tcp "$address" 5060
    done
}

kamailio_gone() {
    local pid address
    for pid in "${KAMAILIO[@]}"; do kill -KILL -- "-$pid"; done
    KAMAILIO=()
    for address in $POOL; do await "$address closed" port_closed tcp "$address" 5060; done
}

# request METHOD : one SIP request to pool.test over TCP, by sipp under the shim.
request() {
    sed "s/METHOD/$1/" "$TESTS/sip/request.xml" >"$BATS_TEST_TMPDIR/$1.xml"
    with_shim sipp -sf "$BATS_TEST_TMPDIR/$1.xml" -t t1 -m 1 -nostdin -i 127.0.0.1 -p 5070 \
        -timeout 60s -timeout_error pool.test >>"$LOGS/sipp.log" 2>&1
}

# baresip registers at pool.test over TCP, until it is answered with STATUS.
baresip_registers() { # STATUS
    local dir=$BATS_TEST_TMPDIR/baresip pid
    mkdir -p "$dir"
    printf '%s\n' 'sip_listen 0.0.0.0:5070' 'module_path /usr/lib/baresip/modules' 'module g711.so' \
        'module_app account.so' 'module_app menu.so' >"$dir/config"
    echo '<sip:alice@pool.test;transport=tcp>;auth_pass=x;regint=60' >"$dir/accounts"
    : >"$dir/contacts"
    env "${SHIM_ENV[@]}" baresip -f "$dir" >"$LOGS/baresip.log" 2>&1 </dev/null 3>&- 4>&- &
    pid=$!
    await "baresip to be answered" grep -q "$1" "$LOGS/baresip.log"
    kill "$pid"
    wait "$pid" || true
}

# failures : one line each: address, port/transport, cause, program.
failures() {
    pinctl events --json | jq -r 'select(.event == "failed") | "\(.address) \(.port)/\(.transport) \(.cause), \(.comm)"'
}

# ways_up NAME... : each is a pool of its own.
ways_up() {
    local name n=1
    for name; do
        n=$((n + 1))
        printf "127.0.$n.%s $name.test\n" 8 9 10
    done >"$BATS_TEST_TMPDIR/pools"
    dns_names "$BATS_TEST_TMPDIR/pools"
}

talk() { with_shim "$TESTS/clients/sip_tcp.py" "$@"; }

@test "sipp: 503 to REGISTER over TCP moves the pin, Retry-After is honoured" {
    local pin before
    dns_pool pool.test $POOL
    kamailio_says "503 Service Unavailable" "Retry-After: 200"
    pin=$(first)
    before=$(now_ms)
    request REGISTER
    expect_ne "$pin" "$(first)" "where lookups lead after 503"
    expect_match "^$pin 5060/tcp 503 Service Unavailable, sipp" "$(failures)" "events"
    expect_cooling 200 200 "$before" pool.test "$pin"
}

@test "sipp: 503 without Retry-After is nothing to OPTIONS, a failure to REGISTER" {
    local pin
    dns_pool pool.test $POOL
    kamailio_says "503 Service Unavailable"
    pin=$(first)
    request OPTIONS
    expect_eq "" "$(failures)" "failures after OPTIONS"
    expect_eq "$pin" "$(first)" "where lookups lead after OPTIONS"
    request REGISTER
    expect_ne "$pin" "$(first)" "where lookups lead after REGISTER"
}

@test "sipp: 401 to REGISTER does not move the pin" {
    local pin
    dns_pool pool.test $POOL
    pin=$(first)
    kamailio_says "401 Unauthorized" 'WWW-Authenticate: Digest realm=x, nonce=y'
    request REGISTER
    expect_eq "$pin confirmed" "$(first) $(pin_field pool.test state)" "the pin after 401"
    expect_eq "" "$(failures)" "failures after 401"
}

@test "sipp: 480 to REGISTER moves the pin without a cool-off" {
    local pin
    dns_pool pool.test $POOL
    pin=$(first)
    kamailio_says "480 Temporarily Unavailable"
    request REGISTER
    expect_ne "$pin" "$(first)" "where lookups lead after 480"
    expect_match "^$pin 5060/tcp failure status to REGISTER, sipp" "$(failures)" "events"
    expect_eq 0 "$(candidate_field pool.test "$pin" cooling_ms)" "its cool-off"
}

@test "baresip: 503, 480 and 401 to REGISTER over TCP" {
    local asked status
    dns_pool pool.test $POOL
    for status in "503 Service Unavailable" "480 Temporarily Unavailable" "401 Unauthorized"; do
        pinctl init --empty
        kamailio_says "$status"
        baresip_registers "$status"
        asked=$(failures | sed -En 's,^(127.0.0.1[123]) 5060/tcp (503 Service|failure status).*baresip$,\1,p' | head -n 1)
        case $status in
        401*) expect_eq "" "$(failures)" "failures after 401" ;;
        *) expect_ne "" "$asked" "who failed by $status" ;;
        esac
        kamailio_gone
    done
}

@test "a stream may be cut anywhere, both ways, and hold keep-alives and several answers" {
    local way out in n=0 names=() tried
    for out in 1 2 7 64 5000; do for in in 1 3 64 5000; do names+=("p$out-$in" "l$out-$in"); done; done
    ways_up "${names[@]}"
    for out in 1 2 7 64 5000; do
        for in in 1 3 64 5000; do
            tried=$(talk "503 Service Unavailable" "p$out-$in.test" "$out" "$in")
            expect_match "$tried 5060/tcp 503 Service" "$(failures)" "pieces of $out and $in"
            tried=$(talk late "l$out-$in.test" "$out" "$in")
            expect_match "$tried 5060/tcp 503 Service" "$(failures)" "pieces of $out and $in, pipelined"
            n=$((n + 2))
        done
    done
    expect_eq "$n" "$(failures | grep -c '')" "failures in all"
}

@test "a socket that was handed over is read all the same" {
    local tried
    ways_up passed
    tried=$(talk passed passed.test 5000 64)
    expect_match "$tried 5060/tcp 503 Service" "$(failures)" "events"
}

@test "kamailio relays over TCP: one process connects and sends, another is handed the socket and reads" {
    local dir=$BATS_TEST_TMPDIR/relay pin
    dns_pool pool.test $POOL
    kamailio_says "503 Service Unavailable"
    pin=$(first)
    mkdir -p "$dir"
    sed -e '/dns=no/d; /loadmodule "pv.so"/a loadmodule "tm.so"' \
        -e 's/sl_send_reply.*/$du = "sip:pool.test;transport=tcp"; t_relay();/' "$TESTS/servers/kamailio.cfg" >"$dir/cfg"
    env "${SHIM_ENV[@]}" kamailio -f "$dir/cfg" -DD -E -m 32 -M 4 -l udp:127.0.0.1:5080 -l tcp:127.0.0.1:5080 \
        -P "$dir/pid" -Y "$dir" >>"$LOGS/relay.log" 2>&1 3>&- 4>&- </dev/null &
    await "the relay" port_open udp 127.0.0.1 5080
    sed "s/METHOD/REGISTER/" "$TESTS/sip/request.xml" >"$BATS_TEST_TMPDIR/REGISTER.xml"
    bare sipp -sf "$BATS_TEST_TMPDIR/REGISTER.xml" -t u1 -m 1 -nostdin -i 127.0.0.1 -p 5070 -timeout 60s -timeout_error \
        127.0.0.1:5080 >>"$LOGS/sipp.log" 2>&1
    await "a failure" fails
    expect_match "^$pin 5060/tcp 503 Service Unavailable, kamailio" "$(failures)" "failures"
    expect_ne "$pin" "$(first)" "where lookups lead"
}

fails() { [[ -n $(failures) ]]; }

@test "nothing follows from another branch's answer; from what began as HTTP or TLS only that somebody spoke" {
    local way
    local -A state=([other]=tentative [http]=confirmed [tls]=confirmed)
    ways_up other http tls
    for way in other http tls; do
        talk "$way" "$way.test" 5000 5000
        expect_eq "" "$(failures)" "failures: $way"
        expect_eq "${state[$way]}" "$(pin_field "$way.test" state)" "its pin: $way"
    done
}

@test "a registration of late vouches for the server: 480 to another's REGISTER moves nothing" {
    local pin
    ways_up ok
    pin=$(talk "200 OK" ok.test 5000 5000)
    expect_eq "$pin" "$(talk "480 Temporarily Unavailable" ok.test 5000 5000)" "who was asked"
    expect_eq "" "$(failures)" "failures"
    expect_eq "$pin" "$(first ok.test)" "where lookups lead"
}

@test "threads that send, close and connect on each other's sockets: no crash, nobody hangs" {
    SHIM_LOG=
    shim_setup
    dns_pool pool.test $POOL
    with_shim "$(client tangle)" pool.test 5060 8 4 >"$BATS_TEST_TMPDIR/out"
    expect_match "^127.0.0.1[123] [1-9][0-9]*\$" "$(cat "$BATS_TEST_TMPDIR/out")" "address and calls"
    pinctl list >/dev/null
}
