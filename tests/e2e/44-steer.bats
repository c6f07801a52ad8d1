# What a program sends to a candidate goes to the pin, and answers seem to come from where it sent it: over UDP,
# without a dialog being torn, and whatever calls the program uses.

load ../lib/harness
source "$TESTS/lib/icmp.bash"
setup_file() { use_clients steer; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"
BEGIN=127.0.0.11

# begin [bare|shim] : servers on the pool, a client that has looked it up, the pin set to 127.0.0.11.
begin() {
    dns_pool pool.test $POOL
    serve $POOL
    client_start c "${1:-shim}" steer
    ask c lookup pool.test >/dev/null
    [[ ${1:-shim} == bare ]] || pinctl set pool.test 127.0.0.12 >/dev/null
    ask c udp4 >/dev/null
}

serve() {
    WIRE=$BATS_TEST_TMPDIR/wire
    /usr/bin/python3 -S "$TESTS/servers/sip.py" "$WIRE" 5060 "$@" >>"$LOGS/sip.py.log" 2>&1 3>&- 4>&- &
    await "the servers" port_open udp "${!#}" 5060
}

# wire : what the servers got since the last time, without the transport of UDP.
wire() {
    await "something on the wire" test -s "$WIRE"
    sed 's/ udp / /; s/z9hG4bK//' "$WIRE"
    : >"$WIRE"
}

@test "an initial request to a candidate goes to the pin; the answer comes from the address asked" {
    local how recv
    begin
    for how in sendto sendmsg sendmmsg; do
        for heap in 0 1; do
            ask c how "$how" "$heap" >/dev/null
            for recv in recvfrom recvmsg recvmmsg "recvfrom short" "recvmsg short" "recvfrom peek"; do
                expect_eq sent "$(ask c OPTIONS 127.0.0.11 5060 "b$RANDOM" "i$RANDOM")" "$how"
                expect_match "^127.0.0.12 OPTIONS " "$(wire)" "the server of $how"
                expect_match "^200 127.0.0.11:5060" "$(ask c recv $recv)" "the answer by $recv"
                [[ $recv != *peek ]] || expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer after a peek"
            done
        done
    done
}

@test "the same bare: nothing moves" {
    begin bare
    ask c OPTIONS 127.0.0.11 5060 b1 i1
    expect_eq "127.0.0.11 OPTIONS b1" "$(wire)" "the server"
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer"
}

# sofia-sip sends so: the start line and its Via, then what it has kept of the message.
@test "a header in several pieces is read as one, and what is in a dialog stays in it" {
    local how heap cut
    begin
    for how in sendmsg sendmmsg; do
        for heap in 0 1; do
            for cut in 7 90 201; do
                ask c how "$how" "$heap" "$cut" >/dev/null
                ask c OPTIONS 127.0.0.11 5060 "b$RANDOM" "i$RANDOM" >/dev/null
                expect_match "^127.0.0.12 OPTIONS " "$(wire)" "the server of an initial request, $how, pieces of $cut"
                expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer"
                ask c BYE 127.0.0.11 5060 "b$RANDOM" "i$RANDOM" tag >/dev/null
                expect_match "^127.0.0.11 BYE " "$(wire)" "the server of one in a dialog, $how, pieces of $cut"
                expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "its answer"
            done
        done
    done
    ask c connect 127.0.0.11 5060 >/dev/null
    ask c how writev 1 50 >/dev/null
    ask c OPTIONS - 0 b1 i1 >/dev/null
    expect_eq "127.0.0.12 OPTIONS b1" "$(wire)" "the server of a connected socket"
}

@test "a header that is received in several pieces is read as one" {
    begin
    pinctl drop pool.test
    ask c lookup pool.test >/dev/null
    expect_eq tentative "$(pin_field pool.test state)" "the pin before"
    ask c OPTIONS 127.0.0.11 5060 b1 i1 >/dev/null
    expect_eq "200 127.0.0.11:5060" "$(ask c recv pieces)" "the answer"
    expect_eq confirmed "$(pin_field pool.test state)" "the pin after the answer"
}

@test "an IPv6 socket with mapped addresses" {
    local recv
    begin
    ask c udp6
    for recv in recvfrom recvmsg recvmmsg "recvfrom short"; do
        ask c OPTIONS 127.0.0.11 5060 "b$RANDOM" "i$RANDOM"
        expect_match "^127.0.0.12 OPTIONS" "$(wire)" "the server"
        expect_eq "200 ::ffff:127.0.0.11:5060" "$(ask c recv $recv)" "the answer by $recv"
    done
}

@test "one process sends, its child receives" {
    begin
    ask c OPTIONS 127.0.0.11 5060 b1 i1
    expect_eq "127.0.0.12 OPTIONS b1" "$(wire)" "the server"
    ask c fork
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer in the child"
}

@test "a socket that has itself sent to the pin hears the pin" {
    begin
    ask c OPTIONS 127.0.0.11 5060 b1 i1
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer to what was steered"
    ask c OPTIONS 127.0.0.12 5060 b2 i2
    expect_eq "200 127.0.0.12:5060" "$(ask c recv recvfrom)" "the answer to what was not"
    ask c udp4
    ask c OPTIONS 127.0.0.12 5060 b3 i3
    expect_eq "200 127.0.0.12:5060" "$(ask c recv recvfrom)" "the pin's own"
    ask c raw 127.0.0.12 5060 hello
    expect_eq "hello 127.0.0.12:5060" "$(ask c recv recvfrom)" "what is no SIP, of the pin"
}

@test "responses go back to the server whose request seemed to come from elsewhere" {
    begin
    ask c MESSAGE 127.0.0.11 5060 b1 i1
    expect_eq "127.0.0.12 MESSAGE b1" "$(wire)" "the server"
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "its answer"
    expect_eq "OPTIONS 127.0.0.11:5060" "$(ask c recv recvfrom)" "its request"
    ask c 200 127.0.0.11 5060 server i1
    expect_eq "127.0.0.12 200 server" "$(wire)" "where the response went"
    ask c 200 127.0.0.11 5060 other i2
    expect_eq "127.0.0.11 200 other" "$(wire)" "where a response to another request went"
}

@test "what is not to be moved: media, keep-alives, other ports, requests in dialogs" {
    begin
    ask c raw 127.0.0.11 5060 rtp
    expect_eq "127.0.0.11 raw" "$(wire)" "a datagram that is no SIP"
    expect_eq "rtp 127.0.0.11:5060" "$(ask c recv recvfrom)" "its echo"
    ask c BYE 127.0.0.11 5060 b1 i1 tag
    expect_eq "127.0.0.11 BYE b1" "$(wire)" "BYE of a dialog that began elsewhere"
    ask c ACK 127.0.0.11 5060 b2 i1 tag
    expect_eq "127.0.0.11 ACK b2" "$(wire)" "ACK"
    ask c CANCEL 127.0.0.11 5060 b3 i1
    expect_eq "127.0.0.11 CANCEL b3" "$(wire)" "CANCEL of what is not known"
    serve_other 127.0.0.11 9999
    ask c OPTIONS 127.0.0.11 9999 b4 i4
    expect_eq "127.0.0.11 OPTIONS b4" "$(wire)" "another port"
}

serve_other() {
    /usr/bin/python3 -S "$TESTS/servers/sip.py" "$WIRE" "$2" "$1" >>"$LOGS/sip.py.log" 2>&1 3>&- 4>&- &
    await "the server" port_open udp "$1" "$2"
}

@test "a transaction and a dialog stay with their server while the pin moves" {
    begin
    ask c INVITE 127.0.0.11 5060 b1 call
    expect_eq "127.0.0.12 INVITE b1" "$(wire)" "the INVITE"
    pinctl set pool.test 127.0.0.13 >/dev/null
    ask c INVITE 127.0.0.11 5060 b1 call
    expect_eq "127.0.0.12 INVITE b1" "$(wire)" "the INVITE sent again"
    ask c CANCEL 127.0.0.11 5060 b1 call
    expect_eq "127.0.0.12 CANCEL b1" "$(wire)" "its CANCEL"
    ask c ACK 127.0.0.11 5060 b1 call server
    expect_eq "127.0.0.12 ACK b1" "$(wire)" "the ACK to its failure"
    ask c ACK 127.0.0.11 5060 b2 call server
    expect_eq "127.0.0.12 ACK b2" "$(wire)" "the ACK to its 200"
    ask c INVITE 127.0.0.11 5060 b3 call server
    expect_eq "127.0.0.12 INVITE b3" "$(wire)" "the re-INVITE"
    ask c BYE 127.0.0.11 5060 b4 call server
    expect_eq "127.0.0.12 BYE b4" "$(wire)" "the BYE"
    ask c INVITE 127.0.0.11 5060 b5 call2
    expect_eq "127.0.0.13 INVITE b5" "$(wire)" "the next call"
}

@test "a request that the program itself repeats elsewhere is not held back" {
    begin
    ask c INVITE 127.0.0.12 5060 b1 call
    expect_eq "127.0.0.12 INVITE b1" "$(wire)" "the INVITE to the pin"
    pinctl set pool.test 127.0.0.13 >/dev/null
    ask c INVITE 127.0.0.12 5060 b1 call
    expect_eq "127.0.0.12 INVITE b1" "$(wire)" "sent again"
    ask c ACK 127.0.0.12 5060 b1 call server
    expect_eq "127.0.0.12 ACK b1" "$(wire)" "its ACK"
    ask c BYE 127.0.0.12 5060 b2 call server
    expect_eq "127.0.0.12 BYE b2" "$(wire)" "its dialog"
    ask c INVITE 127.0.0.12 5060 b3 call3
    expect_eq "127.0.0.13 INVITE b3" "$(wire)" "a new call"
}

@test "steer = off, on, and sip again, for a running program" {
    begin
    settings 'default { steer = off }'
    ask c OPTIONS 127.0.0.11 5060 b1 i1
    expect_eq "127.0.0.11 OPTIONS b1" "$(wire)" "with steer = off"
    settings 'default { steer = on }'
    ask c OPTIONS 127.0.0.11 5060 b2 i2
    expect_eq "127.0.0.12 OPTIONS b2" "$(wire)" "with steer = on"
    ask c udp4
    ask c raw 127.0.0.11 5060 rtp
    expect_eq "127.0.0.12 raw" "$(wire)" "any datagram with steer = on"
    expect_eq "rtp 127.0.0.11:5060" "$(ask c recv recvfrom)" "its echo"
    settings 'default { }'
    ask c raw 127.0.0.11 5060 rtp
    expect_eq "127.0.0.11 raw" "$(wire)" "a datagram with steer = sip"
}

@test "names that disagree about an address are not steered, unless the program asked for one of them" {
    begin
    dns_pool other.test 127.0.0.11 127.0.0.13
    with_shim getent ahostsv4 other.test >/dev/null
    pinctl set other.test 127.0.0.13 >/dev/null
    ask c OPTIONS 127.0.0.11 5060 b1 i1
    expect_eq "127.0.0.12 OPTIONS b1" "$(wire)" "a program that looked up the one"
    client_start d shim steer
    ask d udp4
    ask d OPTIONS 127.0.0.11 5060 b2 i2
    expect_eq "127.0.0.11 OPTIONS b2" "$(wire)" "a program that looked up neither"
}

@test "bad pointers are the kernel's to refuse" {
    begin bare
    local bare=$(ask c bad 127.0.0.11 5060)
    client_stop c
    client_start c shim steer
    ask c lookup pool.test
    pinctl set pool.test 127.0.0.12
    ask c udp4
    expect_eq "EFAULT EFAULT EFAULT EFAULT EINVAL EFAULT EMSGSIZE" "$bare" "bare"
    expect_eq "$bare" "$(ask c bad 127.0.0.11 5060)" "with the shim"
}

# begin_silent : as begin, but the pin is the first address handed out, $pin, whose server answers nothing.
begin_silent() {
    begin
    pinctl drop pool.test
    pin=$(ask c lookup pool.test)
    pin=${pin%:*}
    touch "$BATS_TEST_TMPDIR/$pin"
}

# Both servers have the INVITE in the end, so there are two dialogs when the silent one answers: RFC 3261 13.2.2.4.
@test "silence moves the fifth send itself, and its answer is heard; a late answer's dialog stays where that came from" {
    local pin next
    begin_silent
    ask c REGISTER "$pin" 5060 b1 i1                        # just before the server was heard of last
    rm "$BATS_TEST_TMPDIR/$pin"
    ask c OPTIONS "$pin" 5060 b0 i0
    expect_eq "200 $pin:5060" "$(ask c recv recvfrom)" "the last answer"
    touch "$BATS_TEST_TMPDIR/$pin"
    sleep 0.2                                               # times in the table are 1/16 s
    : >"$WIRE"
    for t in 0 0.5 1 2 4; do
        sleep "$t"
        ask c REGISTER "$pin" 5060 b1 i1
        ask c INVITE "$pin" 5060 b2 call
    done
    await "all ten requests at the servers" eval '(($(wc -l <"$WIRE") >= 10))'
    expect_eq "$pin" "$(head -n 8 "$WIRE" | awk '{ print $1 }' | sort -u)" "the first four sends"
    next=$(tail -n 1 "$WIRE" | awk '{ print $1 }')
    expect_ne "$pin" "$next" "the fifth"
    expect_eq "$next" "$(tail -n 2 "$WIRE" | awk '{ print $1 }' | sort -u)" "both fifths"
    expect_eq "200 $pin:5060" "$(ask c recv recvfrom)" "the answer"
    expect_match "failed.*$pin.*5060/udp.*silent" "$(pinctl events)" "events"
    ask c recv recvfrom
    spoof "$pin" "$(port_of c)" 200 INVITE b2 call late
    expect_eq "200 $pin:5060" "$(ask c recv recvfrom)" "the late answer"
    : >"$WIRE"
    ask c ACK "$pin" 5060 b3 call late
    expect_eq "$pin ACK b3" "$(wire)" "its ACK"
    ask c BYE "$pin" 5060 b4 call late
    expect_eq "$pin BYE b4" "$(wire)" "its BYE"
    ask c ACK "$pin" 5060 b2 call late
    expect_eq "$pin ACK b2" "$(wire)" "the ACK, were it a failure"
    ask c BYE "$pin" 5060 b5 call server
    expect_eq "$next BYE b5" "$(wire)" "the BYE of the other dialog"
}

# The port of the client's present socket.
port_of() {
    ss -Hunap | awk -v pid="pid=${CLIENT_PID[$1]}," 'index($0, pid) { sub(/.*:/, "", $4); print $4 }'
}

# spoof FROM PORT STATUS METHOD BRANCH ID [TAG] : an answer to the client's port that nobody at FROM was asked for.
spoof() {
    /usr/bin/python3 -S -c 'import socket, sys
sender, port, status, method, branch, call_id, tag = (sys.argv[1:] + ["b"])[:7]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sender, 5060))
s.sendto((f"SIP/2.0 {status} No\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bK{branch}\r\nFrom: <sip:a>;tag=a\r\n"
          f"To: <sip:a>;tag={tag}\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n").encode(),
         ("127.0.0.1", int(port)))' "$@"
}

@test "the answer to what was sent before the pin moved does not pull it back" {
    local pin next
    begin_silent
    ask c OPTIONS "$pin" 5060 b1 i1
    sleep 0.2                                               # on its way; times in the table are 1/16 s
    pinctl fail pool.test "$pin"
    next=$(pin_of pool.test)
    expect_ne "$pin" "$next" "the pin"
    spoof "$pin" "$(port_of c)" 200 OPTIONS b1 i1
    expect_eq "200 $pin:5060" "$(ask c recv recvfrom)" "the answer"
    expect_eq "$next" "$(pin_of pool.test)" "the pin after the answer"
}

@test "an answer from the address that was asked, but is not where the request went, proves nothing" {
    dns_pool pool.test $POOL
    serve 127.0.0.12
    client_start c shim steer
    ask c lookup pool.test >/dev/null
    pinctl set pool.test 127.0.0.12 >/dev/null
    touch "$BATS_TEST_TMPDIR/127.0.0.12"
    ask c udp4
    local port
    port=$(port_of c)
    ask c REGISTER 127.0.0.11 5060 b1 i1
    expect_eq "127.0.0.12 REGISTER b1" "$(wire)" "the server"
    spoof 127.0.0.11 "$port" 503 REGISTER b1 i1
    expect_eq "503 127.0.0.11:5060" "$(ask c recv recvfrom)" "what the program gets, as ever"
    spoof 127.0.0.13 "$port" 200 REGISTER b1 i1
    expect_eq "200 127.0.0.13:5060" "$(ask c recv recvfrom)" "and from a third"
    expect_eq "" "$(pinctl events | grep -E "failed|confirmed" || true)" "events"
}

@test "an address that cannot be reached from the socket: as the program asked" {
    begin
    ip route add prohibit 192.0.2.77
    pinctl set pool.test 192.0.2.77 >/dev/null
    ask c OPTIONS 127.0.0.11 5060 b1 i1
    expect_eq "127.0.0.11 OPTIONS b1" "$(wire)" "the server"
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer"
}

@test "the error queue names the address asked, and the real one as the offender" {
    begin
    pinctl set pool.test 127.0.0.99 >/dev/null
    ask c OPTIONS 127.0.0.11 5060 b1 i1
    expect_eq "127.0.0.11:5060 by 127.0.0.99:0" "$(ask c error)" "the error"
    expect_match "failed.*127.0.0.99.*5060/udp.*ECONNREFUSED" "$(pinctl events)" "events"
}

@test "an error that is made up moves nothing, whatever it quotes" {
    local own
    begin
    expect_eq sent "$(ask c OPTIONS 127.0.0.12 5060 b1 i1)" "a request"
    expect_eq "200 127.0.0.12:5060" "$(ask c recv recvfrom)" "its answer"
    own=$(ask c ends)
    own=${own%% *}
    printf 'OPTIONS sip:pool.test SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKb2\r\nCall-ID: i1\r\nCSeq: 7 OPTIONS\r\n\r\n' \
        "$own" >"$BATS_TEST_TMPDIR/text"
    for quoted in "head 8" "head 300" "text $BATS_TEST_TMPDIR/text"; do
        icmp_forge "${own#*:}" 127.0.0.12 5060 $quoted
        for _ in 1 2 3; do expect_eq "127.0.0.12:5060 by 127.0.0.1:0" "$(ask c error)" "the error, $quoted"; done
    done
    expect_eq "" "$(pinctl events | grep failed || true)" "failures"
    expect_eq 127.0.0.12 "$(pin_of pool.test)" "the pin"
}

@test "a child that closed its parent's connect in flight sends SIP through the number: it is steered" {
    need nft
    dns_pool pool.test $POOL
    serve $POOL
    pinctl init
    pinctl set pool.test 127.0.0.12
    nft -f - <<-'EOF'
	table inet blackhole {
	    chain in { type filter hook input priority 0; tcp dport 5060 tcp flags & (syn | ack) == syn drop; }
	}
	EOF
    with_shim /usr/bin/python3 -S "$TESTS/clients/fork_in_flight.py" pool.test 127.0.0.13
    expect_match "^127.0.0.12 OPTIONS " "$(wire)" "the server of the child's request"
}
