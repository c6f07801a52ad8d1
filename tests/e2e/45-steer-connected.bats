# A connected UDP socket is led to the pin by an initial SIP request, and by nothing else; to the program it stays
# connected to the address that it asked.

load ../lib/harness
source "$TESTS/lib/icmp.bash"
setup_file() { use_clients steer; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

# begin [bare|shim] : servers on the pool, a client that has looked it up, the pin set to 127.0.0.12, and its socket
# connected to 127.0.0.11.
begin() {
    dns_pool pool.test $POOL
    serve $POOL
    client_start c "${1:-shim}" steer
    ask c lookup pool.test >/dev/null
    [[ ${1:-shim} == bare ]] || pinctl set pool.test 127.0.0.12 >/dev/null
    dial
}

serve() {
    WIRE=$BATS_TEST_TMPDIR/wire
    /usr/bin/python3 -S "$TESTS/servers/sip.py" "$WIRE" 5060 "$@" >>"$LOGS/sip.py.log" 2>&1 3>&- 4>&- &
    SERVERS=$!
    await "the servers" port_open udp "${!#}" 5060
}

# dial [udp4|udp6] : a new socket, connected to 127.0.0.11; its own end is OWN.
dial() {
    ask c "${1:-udp4}" >/dev/null
    expect_eq connected "$(ask c connect 127.0.0.11 5060)" "connect"
    OWN=$(ask c ends)
    OWN=${OWN%% *}
}

wire() {
    await "something on the wire" test -s "$WIRE"
    sed 's/ udp / /; s/z9hG4bK//' "$WIRE"
    : >"$WIRE"
}

# peers REAL : the socket is where it was, and seems to be connected to 127.0.0.11, but is to REAL.
peers() { expect_eq "$OWN 127.0.0.11:5060 $1:5060" "$(ask c ends)" "the socket's ends, as it seems and as it is"; }

@test "an initial request leads the socket to the pin, by whatever call; it seems to be where it was" {
    local how heap recv
    begin
    for how in send write writev sendto sendmsg sendmmsg; do
        for heap in 0 1; do
            ask c how "$how" "$heap" >/dev/null
            dial
            peers 127.0.0.11
            for recv in recvfrom recvmsg recvmmsg "recvfrom short" "recvmsg short" "recvfrom peek"; do
                expect_eq sent "$(ask c OPTIONS - 0 "b$RANDOM" "i$RANDOM")" "$how"
                expect_match "^127.0.0.12 OPTIONS " "$(wire)" "the server of $how"
                expect_match "^200 127.0.0.11:5060" "$(ask c recv $recv)" "the answer by $recv"
                [[ $recv != *peek ]] || expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer after a peek"
                peers 127.0.0.12
            done
        done
    done
}

@test "the same bare: it stays" {
    begin bare
    ask c OPTIONS - 0 b1 i1
    expect_eq "127.0.0.11 OPTIONS b1" "$(wire)" "the server"
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer"
    peers 127.0.0.11
}

@test "an IPv6 socket with mapped addresses" {
    begin
    ask c udp6
    ask c connect 127.0.0.11 5060
    ask c OPTIONS - 0 b1 i1
    expect_eq "127.0.0.12 OPTIONS b1" "$(wire)" "the server"
    expect_eq "200 ::ffff:127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer"
    expect_match ":ffff:127.0.0.11:5060 ::ffff:127.0.0.12:5060$" "$(ask c ends)" "its ends"
}

@test "nothing else moves it: a connect that is thrown away, media, requests in dialogs, ACK, CANCEL, responses" {
    begin
    peers 127.0.0.11
    ask c connect - 0
    expect_match " - -$" "$(ask c ends)" "unconnected again"
    dial
    ask c raw - 0 rtp
    expect_eq "127.0.0.11 raw" "$(wire)" "a datagram that is no SIP"
    expect_eq "rtp 127.0.0.11:5060" "$(ask c recv recvfrom)" "its echo"
    ask c BYE - 0 b1 i1 tag
    expect_eq "127.0.0.11 BYE b1" "$(wire)" "BYE"
    ask c ACK - 0 b2 i1 tag
    expect_eq "127.0.0.11 ACK b2" "$(wire)" "ACK"
    ask c CANCEL - 0 b3 i1
    expect_eq "127.0.0.11 CANCEL b3" "$(wire)" "CANCEL"
    ask c 200 - 0 b4 i1
    expect_eq "127.0.0.11 200 b4" "$(wire)" "a response"
    peers 127.0.0.11
}

@test "a transaction stays while the pin moves; a new request follows it, and the rest goes along" {
    begin
    pinctl set pool.test 127.0.0.11 >/dev/null
    ask c INVITE - 0 b1 call
    expect_eq "127.0.0.11 INVITE b1" "$(wire)" "the INVITE to the pin"
    pinctl set pool.test 127.0.0.12 >/dev/null
    ask c INVITE - 0 b1 call
    expect_eq "127.0.0.11 INVITE b1" "$(wire)" "sent again"
    ask c CANCEL - 0 b1 call
    expect_eq "127.0.0.11 CANCEL b1" "$(wire)" "its CANCEL"
    ask c BYE - 0 b2 call server
    expect_eq "127.0.0.11 BYE b2" "$(wire)" "its BYE"
    ask c OPTIONS - 0 b3 i3
    expect_eq "127.0.0.12 OPTIONS b3" "$(wire)" "a new request"
    peers 127.0.0.12
    ask c raw - 0 rtp
    expect_eq "127.0.0.12 raw" "$(wire)" "media, after that"
    ask c raw 127.0.0.11 5060 rtp
    expect_eq "127.0.0.12 raw" "$(wire)" "and what is sent to the address of the peer as it is known"
    pinctl set pool.test 127.0.0.11 >/dev/null
    ask c OPTIONS - 0 b4 i4
    expect_eq "127.0.0.11 OPTIONS b4" "$(wire)" "when the address asked is the pin"
    peers 127.0.0.11
}

@test "what was received before it moved still comes from where it came" {
    begin
    ask c raw - 0 first
    expect_eq "127.0.0.11 raw" "$(wire)" "the server of the first"
    ask c OPTIONS - 0 b1 i1
    expect_eq "127.0.0.12 OPTIONS b1" "$(wire)" "the server of the second"
    pinctl set pool.test 127.0.0.13 >/dev/null
    ask c OPTIONS - 0 b2 i2
    expect_eq "127.0.0.13 OPTIONS b2" "$(wire)" "the server of the third"
    expect_eq "first 127.0.0.11:5060" "$(ask c recv recvfrom)" "the first answer"
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the second"
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the third"
}

@test "the program's own connect counts: to another address, and to the pin itself" {
    begin
    ask c OPTIONS - 0 b1 i1
    expect_eq "127.0.0.12 OPTIONS b1" "$(wire)" "the server"
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer"
    ask c connect 127.0.0.12 5060
    expect_eq "$OWN 127.0.0.12:5060 127.0.0.12:5060" "$(ask c ends)" "connected to the pin"
    ask c OPTIONS - 0 b2 i2
    expect_eq "127.0.0.12 OPTIONS b2" "$(wire)" "its server"
    expect_eq "200 127.0.0.12:5060" "$(ask c recv recvfrom)" "its answer"
    ask c connect 127.0.0.11 5060
    peers 127.0.0.11
}

@test "one process sends, its child receives" {
    begin
    ask c OPTIONS - 0 b1 i1
    expect_eq "127.0.0.12 OPTIONS b1" "$(wire)" "the server"
    ask c fork
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer in the child"
}

# The error queue's socket option is set, so the error of the first request waits for the second.
@test "an error that waits belongs to the old peer: the program gets it, and what it sends next moves" {
    begin
    pinctl set pool.test 127.0.0.99,127.0.0.12 >/dev/null
    ask c lookup pool.test >/dev/null                       # which gives it the address
    ask c connect 127.0.0.99 5060
    expect_eq sent "$(ask c OPTIONS - 0 b1 i1)" "to where nobody listens"
    pinctl set pool.test 127.0.0.12 >/dev/null
    expect_eq "Connection refused" "$(ask c OPTIONS - 0 b2 i2)" "the next request"
    expect_eq "$OWN 127.0.0.99:5060 127.0.0.99:5060" "$(ask c ends)" "it has not moved"
    expect_match "failed.*127.0.0.99.*5060/udp.*ECONNREFUSED" "$(pinctl events)" "events"
    expect_eq "" "$(pinctl events | grep "failed.*127.0.0.12" || true)" "failures of the pin"
    expect_eq sent "$(ask c OPTIONS - 0 b2 i2)" "the same again"
    expect_eq "127.0.0.12 OPTIONS b2" "$(wire)" "its server"
}

@test "the error queue names the address asked, and the real one as the offender" {
    begin
    pinctl set pool.test 127.0.0.99 >/dev/null
    ask c OPTIONS - 0 b1 i1
    expect_eq "127.0.0.11:5060 by 127.0.0.99:0" "$(ask c error)" "the error"
    expect_match "failed.*127.0.0.99.*5060/udp.*ECONNREFUSED" "$(pinctl events)" "events"
}

@test "an error that is made up while no request waits moves nothing" {
    begin
    expect_eq sent "$(ask c OPTIONS - 0 b1 i1)" "a request"
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "its answer"
    icmp_forge "${OWN#*:}" 127.0.0.12 5060 head 8
    expect_eq "Connection refused" "$(ask c OPTIONS - 0 b2 i2)" "what the program is told"
    expect_eq "" "$(pinctl events | grep failed || true)" "failures"
}

@test "a pin that cannot be reached from the socket: as the program asked" {
    begin
    ip route add prohibit 192.0.2.77
    pinctl set pool.test 192.0.2.77 >/dev/null
    ask c OPTIONS - 0 b1 i1
    expect_eq "127.0.0.11 OPTIONS b1" "$(wire)" "the server"
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer"
    peers 127.0.0.11
}

@test "steer = off, for a socket that was led elsewhere: its next request goes where it was asked" {
    begin
    ask c OPTIONS - 0 b1 i1
    expect_eq "127.0.0.12 OPTIONS b1" "$(wire)" "the server"
    settings 'default { steer = off }'
    ask c OPTIONS - 0 b2 i2
    expect_eq "127.0.0.11 OPTIONS b2" "$(wire)" "the server with steer = off"
    peers 127.0.0.11
}

@test "silence to REGISTER moves the fifth send itself, and its answer is heard" {
    begin
    pinctl drop pool.test
    local pin t
    pin=$(ask c lookup pool.test)
    pin=${pin%:*}
    touch "$BATS_TEST_TMPDIR/$pin"
    ask c connect "$pin" 5060
    for t in 0 0.5 1 2 4; do
        sleep "$t"
        ask c REGISTER - 0 b1 i1
    done
    expect_eq "$pin" "$(head -n 4 "$WIRE" | awk '{ print $1 }' | sort -u)" "the first four sends"
    expect_ne "$pin" "$(tail -n 1 "$WIRE" | awk '{ print $1 }')" "the fifth"
    expect_eq "200 $pin:5060" "$(ask c recv recvfrom)" "the answer"
    expect_match "failed.*$pin.*5060/udp.*silent" "$(pinctl events)" "events"
}

# sipsak binds, connects, sends; of SRV records it takes any, whatever their priority, and of _sip._tcp over UDP too.
sipsak_asks() { # bare|shim N
    local n run=bare
    [[ $1 == bare ]] || run=with_shim
    for ((n = 0; n < $2; n++)); do
        "$run" timeout 60 sipsak -E udp -H 127.0.0.1 -s sip:bob@pool.test >>"$LOGS/sipsak.log" 2>&1 ||
            { tail -n 20 "$LOGS/sipsak.log"; return 1; }
    done
}

# sipsak_meets_one : bare its requests spread, with the shim they do not.
sipsak_meets_one() {
    local since
    sipsak_asks bare 16
    expect_ne 1 "$(arrived_at method=OPTIONS proto=udp | grep -c .)" "servers bare"
    since=$(now)
    sipsak_asks shim 12
    expect_eq 12 "$(requests method=OPTIONS proto=udp "since=$since")" "requests with the shim"
    expect_eq 1 "$(arrived_at method=OPTIONS "since=$since" | grep -c .)" "servers with the shim"
}

@test "sipsak over UDP with SRV targets on several ports asks the service's pin alone; bare it spreads" {
    need sipsak kamailio
    sip_srv pool.test 127.0.0.11:5060 127.0.0.12:5062 127.0.0.13:5064
    sipsak_meets_one
}

@test "the same where the service is offered over UDP alone" {
    need sipsak kamailio
    sip_srv pool.test 127.0.0.11:5060 127.0.0.12:5062 127.0.0.13:5064
    dns_srv _sip._tcp.pool.test
    sipsak_meets_one
}

# sipsak_register : one sipsak, until its REGISTER is accepted.
sipsak_register() {
    with_shim timeout 90 sipsak -E udp -U -H 127.0.0.1 -u shim -a secret -C sip:shim@127.0.0.1 -s sip:shim@pool.test \
        >>"$LOGS/sipsak.log" 2>&1
}

@test "sipsak's REGISTER leaves a server that is silent, on an A name, while it waits" {
    local pin
    need sipsak kamailio
    sip_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    sipsak_register
    pin=$(pin_of pool.test)
    sip_does "$pin" silent
    sleep 0.2                       # what was heard in the same 1/16 s counts as heard since
    sipsak_register
    expect_eq 4 "$(arrived "server=$pin:5060" did=silent)" "sends to the server that is silent"
    expect_eq 1 "$(arrivals | awk -v pin="$pin:5060" '$8 == "silent" { was = $9 } $9 == was && $2 != pin && $8 == "ok"' | grep -c .)" \
        "times that this very request was accepted elsewhere"
}
