# A request of a dialog that goes over TCP reaches the dialog's server, though the pin has moved: a large re-INVITE of a call
# over UDP (RFC 3261 18.1.1), a BYE whose connection was closed.

load ../lib/harness
setup_file() { use_clients steer; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"
A=127.0.0.11 B=127.0.0.12 C=127.0.0.13

# begin PIN : servers on the pool, a client that has looked it up, the pin set by hand.
begin() {
    dns_pool pool.test $POOL
    WIRE=$BATS_TEST_TMPDIR/wire
    /usr/bin/python3 -S "$TESTS/servers/sip.py" "$WIRE" 5060 $POOL >>"$LOGS/sip.py.log" 2>&1 3>&- 4>&- &
    await 10 "the servers" port_open tcp $C 5060
    client_start c shim steer
    ask c lookup pool.test >/dev/null
    pinctl set pool.test "$1" >/dev/null
    ask c udp4 >/dev/null
    : >"$WIRE"
}

wire() {
    await 10 "something on the wire" test -s "$WIRE"
    sed 's/z9hG4bK//' "$WIRE"
    : >"$WIRE"
}

# calls ASKED REAL : a call of client c over UDP to ASKED, which comes up at REAL.
calls() {
    expect_eq sent "$(ask c INVITE "$1" 5060 b1 call)" "the INVITE"
    expect_eq "$2 udp INVITE b1" "$(wire)" "its server"
    expect_match "^200 $1" "$(ask c recv recvfrom)" "its answer"
    ask c ACK "$1" 5060 b2 call server >/dev/null
    expect_eq "$2 udp ACK b2" "$(wire)" "the ACK's server"
}

# connects ASKED REAL WHAT
connects() {
    local way
    for way in block poll again; do
        expect_eq "connected $1:5060" "$(ask c tcp "$1" 5060 "$way")" "$3: connect, $way"
        expect_eq "$2 tcp connect" "$(wire)" "$3: the server, $way"
    done
}

@test "the server of a call over UDP keeps the connects to it when the pin is set, drained, failed" {
    begin $A
    calls $A $A
    connects $A $A "before"
    connects $B $A "to another"
    pinctl set pool.test $B >/dev/null
    connects $A $A "set"
    connects $C $B "to another when it is set"
    pinctl set pool.test $A >/dev/null
    pinctl drop pool.test >/dev/null
    ask c lookup pool.test >/dev/null
    pinctl drain $A >/dev/null
    connects $A $A "drained"
    pinctl undrain $A >/dev/null
    pinctl fail pool.test $A >/dev/null
    connects $A $A "failed"
}

@test "until the call ends" {
    begin $A
    calls $A $A
    pinctl set pool.test $B >/dev/null
    connects $A $A "in the call"
    await 20 "a connect that is led to the pin after the BYE" ended
}

ended() {
    ask c BYE $A 5060 "b$RANDOM" call server >/dev/null
    ask c recv recvfrom >/dev/null
    ask c tcp $A 5060 block >/dev/null
    await 10 "the connect" grep -q "tcp connect" "$WIRE" || return 1
    [[ $(wire | tail -n 1) == "$B tcp connect" ]]
}

@test "a failed INVITE begins no dialog" {
    begin $A
    ask c INVITE $A 5060 b1 call >/dev/null
    wire >/dev/null
    ask c ACK $A 5060 b1 call server >/dev/null             # of the same branch: to a failure
    wire >/dev/null
    pinctl set pool.test $B >/dev/null
    connects $A $B "after the failure"
}

@test "a call that was led elsewhere when it began" {
    begin $A
    calls $B $A
    pinctl set pool.test $C >/dev/null
    connects $B $A "to where the program believes it"
    connects $A $A "to where it is"
    pinctl set pool.test $B >/dev/null
    connects $B $A "to the present pin, where the program believes it"
    expect_eq sent "$(ask c OPTIONS $B 5060 b3 new)" "what is not of the call"
    expect_eq "$B udp OPTIONS b3" "$(wire)" "its server"
}

@test "a server that refuses keeps no connects" {
    begin $A
    dns_pool pool.test $POOL 127.0.0.9
    ask c lookup pool.test >/dev/null
    ask c INFO 127.0.0.9 5060 b1 call tag >/dev/null        # of a dialog with a server that is gone
    expect_eq "ECONNREFUSED -" "$(ask c tcp 127.0.0.9 5060 block)" "the first connect"
    connects 127.0.0.9 $A "the next ones"
}

@test "one process's dialog is another's" {
    begin $A
    with_shim /usr/bin/python3 -S - $A "$BUILD/pinctl" <<-'EOF' >"$BATS_TEST_TMPDIR/peer"
	import os, socket, subprocess, sys
	server = sys.argv[1]
	socket.gethostbyname("pool.test")
	if os.fork() == 0:
	    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	    s.settimeout(20)
	    s.sendto(b"INFO sip:pool.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\nFrom: <sip:a>;tag=a\r\n"
	             b"To: <sip:b>;tag=b\r\nCall-ID: x\r\nCSeq: 1 INFO\r\n\r\n", (server, 5060))
	    s.recv(2000)
	    os._exit(0)
	os.wait()
	subprocess.run([sys.argv[2], "set", "pool.test", "127.0.0.12"], check=True, stdout=subprocess.DEVNULL)
	s = socket.create_connection((server, 5060))
	print(s.getpeername()[0])
	EOF
    expect_eq "$A" "$(cat "$BATS_TEST_TMPDIR/peer")" "the peer"
    expect_eq "$A tcp connect" "$(wire | tail -n 1)" "the server of the connect"
}

# kamailio sends what is larger than 1,300 bytes over TCP: the re-INVITE and the BYE of this call.
@test "a call through kamailio over UDP, its large re-INVITE and BYE over TCP" {
    local home call how
    need sipp kamailio kamcmd
    sip_pool pool.test $POOL
    for a in $POOL; do
        cp "$TESTS/sip/callee.xml" "$BATS_TEST_TMPDIR"
        (cd "$BATS_TEST_TMPDIR"; exec sipp -sf callee.xml -i "$a" -p 5080 -t u1 -nostdin -max_socket 200 \
            >"$LOGS/callee-$a.log" 2>&1 3>&- 4>&- </dev/null) &
        await 10 "the callee on $a" port_open udp "$a" 5080
    done
    awk -v pad="$(printf 'X-Pad: %01200d' 0)" '
        /^(INVITE|BYE) / { n++ }
        { print }
        n > 1 && /^CSeq:|^ *CSeq:/ { print pad }' "$TESTS/sip/call.xml" | sed '/rtp_stream\|play_pcap/d' >"$BATS_TEST_TMPDIR/call.xml"
    for how in set drain; do
        relay_start 5600 shim
        (cd "$BATS_TEST_TMPDIR"; exec sipp -sf call.xml -t u1 -r 1 -l 1 -m 1 -nostdin -max_socket 200 -s "called-$how" \
            -key domain pool.test -i 127.0.0.1 127.0.0.1:5600 >"$LOGS/caller-$how.log" 2>&1 3>&- 4>&- </dev/null) &
        await_arrivals 20 1 "user=called-$how" method=ACK in=dialog
        read -r home call <<<"$(arrivals "user=called-$how" method=ACK in=dialog | awk '{ print $2, $10; exit }')"
        for a in $POOL; do [[ $a == "${home%:*}" ]] || other=$a; done
        if [[ $how == set ]]; then pinctl set pool.test "$other" >/dev/null
        else pinctl drop pool.test >/dev/null; pinctl drain "${home%:*}" >/dev/null; fi
        await_arrivals 30 1 "call=$call" method=BYE
        expect_eq "$home" "$(arrived_at "call=$call" | xargs)" "servers of the call, $how"
        expect_eq "tcp" "$(arrivals "call=$call" method=BYE | awk '{ print $3; exit }')" "how the BYE came"
        agent_stop 5600
    done
}
