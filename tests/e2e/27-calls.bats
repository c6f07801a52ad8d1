# A call keeps its server while the pin moves in the middle of it: re-INVITE and BYE go where the INVITE went, the
# media stays where the callee is, at the address of that same server; and the pin stays where it went.

load ../lib/harness

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

pool_with_callees() {
    need sipp kamailio kamcmd nft
    sip_pool pool.test $POOL
    callees $POOL
    cd "$BATS_TEST_TMPDIR"
    cp "$TESTS/sip/call.xml" .
    head -c 160000 /dev/zero >silence.raw
}

# answered USER : the call to USER is up, and its media flows; its server is left in $home, its Call-ID in $call.
answered() {
    await_arrivals 1 "user=$1" method=ACK in=dialog
    read -r home call <<<"$(arrivals "user=$1" method=ACK in=dialog | awk '{ print $2, $10; exit }')"
    media_flows "${home%:*}" "the call"
}

media_flows() {
    local before
    before=$(media_at "$1" went)
    await "media from $1 in $2" media_reaches "$1" $((before + 20))
}

# No callee but that of $home has got media, which the next call would change: called before there is one.
media_kept() {
    expect_eq "${home%:*}" "$(media_heard | awk '$1 != "127.0.0.1" && $1 != "192.0.2.1" { print $1 }' | xargs)" \
        "addresses that got media"
}

media_reaches() { (($(media_at "$1" went) >= $2)); }

# The server of the call has enough: 503 to the REGISTERs of two other accounts moves the pin of all. The call itself
# goes on.
pin_moves() { # udp|tcp
    local user
    sip_does "$home" busy
    for user in other another; do
        with_shim sipsak -E "$1" -U -H 127.0.0.1 -u $user -a secret -C sip:$user@127.0.0.1 -s sip:$user@pool.test \
            >>"$LOGS/sipsak.log" 2>&1 || true
    done
    moved=$(now) pin=$(pin_of pool.test)
    expect_ne "${home%:*}" "$pin" "the pin after a 503 of $home"
}

# call_kept USER : the call, before and after the pin moved, at one server.
call_kept() {
    await_arrivals 1 "call=$call" method=BYE
    expect_ge 1 "$(arrived "call=$call" method=INVITE in=dialog "since=$moved")" "re-INVITEs after the pin moved"
    expect_eq "$home" "$(arrived_at "call=$call" | xargs)" "servers of the call to $1"
}

# A connection that is open stays in use, so over TCP the next call may still meet the old server; the pin has moved.
next_call_moved() { # USER udp|tcp
    await_arrivals 1 "user=$1" method=INVITE in=new "since=$moved"
    expect_eq "$pin" "$(pin_of pool.test)" "the pin, which the old call's answers do not pull back"
    [[ $2 == tcp ]] || expect_eq "$pin:5060" \
        "$(arrivals "user=$1" method=INVITE in=new "since=$moved" | awk '{ print $2; exit }')" "the server of the next call"
}

# Two calls by one sipp, which looks the name up once: one after the other.
sipp_calls() { # bare|shim USER u1|tn REMOTE
    (
        agent_exec "$1" sipp -sf call.xml -t "$3" -r 2 -l 1 -m 2 -nostdin -max_socket 200 -s "$2" \
            -key domain pool.test -i 127.0.0.1 -mi 127.0.0.1 "$4" >"$LOGS/caller-$2.log" 2>&1 3>&- 4>&- </dev/null
    ) &
}

sipp_keeps() { # USER udp|tcp
    answered "$1"
    pin_moves "$2"
    await_arrivals 1 "user=$1" method=INVITE in=dialog
    media_flows "${home%:*}" "the call after its re-INVITE"
    media_kept
    call_kept "$1"
    next_call_moved "$1" "$2"
}

@test "a call by sipp over UDP" {
    pool_with_callees
    sipp_calls shim called u1 pool.test
    sipp_keeps called udp
}

@test "a call by sipp over TCP" {
    pool_with_callees
    sipp_calls shim called tn pool.test
    sipp_keeps called tcp
}

@test "a call through kamailio over UDP" {
    pool_with_callees
    relay_start 5600 shim
    sipp_calls bare called u1 127.0.0.1:5600
    sipp_keeps called udp
}

@test "a call through kamailio over TCP" {
    pool_with_callees
    relay_start 5600 shim
    sipp_calls bare called-tcp u1 127.0.0.1:5600
    sipp_keeps called-tcp tcp
}

baresip_calls() { # udp|tcp
    local server
    pool_with_callees
    for server in $POOL; do sip_does "$server" auth; done
    baresip_start caller shim "caller@pool.test;transport=$1"
    await_arrivals 1 user=caller did=auth
    baresip_do caller "/dial sip:called@pool.test;transport=$1"
    answered called
    pin_moves "$1"
    baresip_do caller /reinvite
    await_arrivals 1 user=called method=INVITE in=dialog
    media_flows "${home%:*}" "the call after its re-INVITE"
    media_kept
    baresip_do caller /hangup
    call_kept called
    baresip_do caller "/dial sip:called@pool.test;transport=$1"
    next_call_moved called "$1"
}

@test "a call by baresip over UDP, authenticated" { baresip_calls udp; }
@test "a call by baresip over TCP, authenticated" { baresip_calls tcp; }

linphonec_calls() { # udp|tcp
    local server
    pool_with_callees
    for server in $POOL; do sip_does "$server" auth; done
    linphonec_start caller shim sip:caller@pool.test "sip:pool.test;transport=$1"
    await_arrivals 1 user=caller did=auth
    linphonec_do caller "soundcard use files"
    linphonec_do caller "call sip:called@pool.test;transport=$1"
    await_arrivals 1 user=called method=ACK in=dialog
    linphonec_do caller "play /usr/share/sounds/linphone/hello8000.wav"
    answered called
    pin_moves "$1"
    linphonec_do caller pause
    await_arrivals 1 user=called method=INVITE in=dialog
    media_kept
    linphonec_do caller terminate
    call_kept called
    linphonec_do caller "call sip:called@pool.test;transport=$1"
    next_call_moved called "$1"
}

@test "a call by linphonec over UDP, authenticated" { linphonec_calls udp; }
@test "a call by linphonec over TCP, authenticated" { linphonec_calls tcp; }
