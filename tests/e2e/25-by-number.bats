# Who asks for an address gets it: health checks of each server, messages between nodes, a redirection to a given node. Who
# asks for the name is led to its pin.

load ../lib/harness
setup_file() { use_clients steer; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

# begin : servers on the pool, a table that knows it, and a client that has looked it up. $first is the address that it was
# given first, the pin is another, $pin, and $other is the third.
begin() {
    local a
    dns_pool pool.test $POOL
    servers
    client_start c shim steer
    first=$(ask c lookup pool.test) first=${first%:*}
    for a in $POOL; do [[ $a == "$first" ]] || { other=${pin:+$a} pin=${pin:-$a}; }; done
    pinctl set pool.test "$pin" >/dev/null
    ask c udp4 >/dev/null
}

servers() {
    WIRE=$BATS_TEST_TMPDIR/wire
    /usr/bin/python3 -S "$TESTS/servers/sip.py" "$WIRE" 5060 $POOL >>"$LOGS/sip.py.log" 2>&1 3>&- 4>&- &
    await 10 "the servers" port_open udp 127.0.0.13 5060
}

wire() {
    await 10 "something on the wire" test -s "$WIRE"
    sed 's/ udp / /; s/z9hG4bK//' "$WIRE"
    : >"$WIRE"
}

# goes WHERE WHAT : the next request of client c to $other, or to ADDR, arrives there.
goes() {
    local to=${3:-$other}
    expect_eq sent "$(ask c OPTIONS "$to" 5060 "b$RANDOM" "i$RANDOM")" "$2"
    expect_match "^$1 OPTIONS" "$(wire)" "the server: $2"
    expect_eq "200 $to:5060" "$(ask c recv recvfrom)" "the answer: $2"
}

@test "a request whose next hop is written as a number goes there, one to a name to the pin" {
    local how
    begin
    goes "$pin" "to the name"
    for how in sendto sendmsg sendmmsg; do
        ask c how "$how" 1 >/dev/null
        ask c for "sip:bob@$other" >/dev/null
        goes "$other" "to a number, $how"
        ask c for "sip:bob@$other:5060;transport=udp" >/dev/null
        goes "$other" "to a number and port, $how"
        ask c for sip:bob@pool.test "sip:$other;lr" >/dev/null
        goes "$other" "by a Route, $how"
        ask c for "sip:bob@pool.test;maddr=$other" >/dev/null
        goes "$other" "by maddr, $how"
        ask c for "sip:bob@$other" "sip:pool.test;lr" >/dev/null
        goes "$pin" "by a Route with a name, $how"
        ask c for "sip:bob@$pin" >/dev/null
        goes "$pin" "to another number, $how"
    done
    ask c how sendmsg 1 40 >/dev/null
    ask c for "sip:bob@$other" >/dev/null
    goes "$other" "in pieces"
    settings 'default { steer = on }'
    goes "$pin" "with steer = on"
}

@test "through a connected socket, too" {
    begin
    ask c connect "$other" 5060 >/dev/null
    ask c how send 0 >/dev/null
    ask c for "sip:bob@$other" >/dev/null
    expect_eq sent "$(ask c OPTIONS - 0 b1 i1)" "to a number"
    expect_eq "$other OPTIONS b1" "$(wire)" "its server"
    ask c for sip:bob@pool.test >/dev/null
    expect_eq sent "$(ask c OPTIONS - 0 b2 i2)" "to the name"
    expect_eq "$pin OPTIONS b2" "$(wire)" "its server"
}

# sipp writes the address that it was given into its requests ([remote_ip]).
@test "the address that libc has handed out first stands for the name, until the program asks for its number" {
    begin
    ask c for "sip:bob@$first" >/dev/null
    goes "$pin" "to the first address" "$first"
    ask c lookup "$first" >/dev/null
    goes "$first" "to the first address, which was asked for" "$first"
    ask c for sip:bob@pool.test >/dev/null
    goes "$pin" "to the name, which was resolved lately" "$first"
}

@test "sipp with the usual scenario follows the pin" {
    local first pin a
    dns_pool pool.test $POOL
    servers
    sed 's/bob@\[remote_host\]/bob@[remote_ip]:[remote_port]/' "$TESTS/sip/options.xml" >"$BATS_TEST_TMPDIR/options.xml"
    (agent_exec shim sipp -sf "$BATS_TEST_TMPDIR/options.xml" -t u1 -m 10000 -r 4 -nostdin -i 127.0.0.1 -p 5070 pool.test \
        >>"$LOGS/sipp.log" 2>&1 3>&- 4>&- </dev/null) &
    await 30 "3 requests" sh -c "[ \$(grep -c OPTIONS '$WIRE') -ge 3 ]"
    first=$(awk '/OPTIONS/ { print $1 }' "$WIRE" | sort -u)
    for a in $POOL; do [[ $a == "$first" ]] || pin=$a; done
    pinctl set pool.test "$pin" >/dev/null
    await 30 "a request at the new pin" grep -q "^$pin udp OPTIONS" "$WIRE"
}

@test "who was never given the address by the name: as asked, over UDP and TCP" {
    local way
    begin
    client_start d shim steer
    ask d udp4 >/dev/null
    for way in nothing number name; do
        [[ $way != number ]] || ask d lookup "$other" >/dev/null
        [[ $way != name ]] || { dns_pool other.test 127.0.0.99; ask d lookup other.test >/dev/null; }
        ask d OPTIONS "$other" 5060 "b$way" "i$way" >/dev/null
        expect_eq "$other OPTIONS b$way" "$(wire)" "the server of a program that looked up: $way"
        expect_eq "connected $other:5060" "$(ask d tcp "$other" 5060 block)" "connect"
        expect_eq "$other tcp connect" "$(wire)" "the server of its connect: $way"
    done
    ask d lookup pool.test >/dev/null
    ask d OPTIONS "$other" 5060 b1 i1 >/dev/null
    expect_eq "$pin OPTIONS b1" "$(wire)" "once it was given"
    settings 'default { steer = on }'
    client_start e shim steer
    ask e udp4 >/dev/null
    ask e OPTIONS "$other" 5060 b1 i1 >/dev/null
    expect_eq "$pin OPTIONS b1" "$(wire)" "never, with steer = on"
}

@test "what one process of a program was given counts for all of them" {
    begin
    with_shim /usr/bin/python3 -S -c 'import os, socket, sys
if os.fork() == 0:
    socket.gethostbyname("pool.test")
    os._exit(0)
os.wait()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.sendto(b"OPTIONS sip:pool.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\nFrom: <sip:a>;tag=a\r\n"
         b"To: <sip:b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n", (sys.argv[1], 5060))
s.recv(2000)' "$other"
    expect_match "^$pin OPTIONS" "$(wire)" "the server of what the parent sends"
}

# sip_servers : kamailio on the pool, and a table that knows it.
sip_servers() {
    local a
    for a in $POOL; do server_start "$a" 5060 kamailio; done
    dns_pool pool.test $POOL
    pinctl init --conf=/dev/null >/dev/null
    with_shim getent ahostsv4 pool.test >/dev/null
}

@test "sipsak asks each server by number, and finds the dead one" {
    local a transport seen
    need sipsak kamailio
    sip_servers
    server_stop 127.0.0.13 5060
    for transport in udp tcp; do
        seen=
        for a in $POOL; do
            with_shim sipsak -E "$transport" -H 127.0.0.1 -s "sip:bob@$a" >>"$LOGS/sipsak.log" 2>&1 && seen+=" $a"
        done
        expect_eq " 127.0.0.11 127.0.0.12" "$seen" "alive over $transport"
    done
    expect_eq "2 2" "$(server_hits 127.0.0.11 5060) $(server_hits 127.0.0.12 5060)" "requests"
}

@test "STICKYDNS_NAMES: a name that is to be left alone is neither steered nor judged" {
    local a
    begin
    SHIM_ENV+=(STICKYDNS_NAMES=other.test)
    client_start d shim steer
    ask d udp4 >/dev/null
    ask d lookup pool.test >/dev/null
    for a in $POOL; do
        ask d OPTIONS "$a" 5060 "b$a" "i$a" >/dev/null
        expect_eq "$a OPTIONS b$a" "$(wire)" "the server"
        expect_eq "connected $a:5060" "$(ask d tcp "$a" 5060 block)" "connect"
        expect_eq "$a tcp connect" "$(wire)" "the server of the connect"
    done
    settings 'default { steer = on }'
    ask d OPTIONS "$other" 5060 b1 i1 >/dev/null
    expect_eq "$other OPTIONS b1" "$(wire)" "the server, steer = on"
    settings 'default { }'
    pinctl drop pool.test
    dns_pool pool.test $POOL 127.0.0.9
    shim_setup
    with_shim getent ahostsv4 pool.test >/dev/null
    expect_eq "ECONNREFUSED -" "$(ask d tcp 127.0.0.9 5060 block)" "a connect that is refused"
    expect_eq "" "$(pinctl events | grep "failed" || true)" "failures"
}

@test "sticky = off for a name: the same" {
    begin
    settings 'host "pool.test" { sticky = off }'
    goes "$other" "to the name"
    dns_pool pool.test $POOL 127.0.0.9
    ask c lookup pool.test >/dev/null
    expect_eq "ECONNREFUSED -" "$(ask c tcp 127.0.0.9 5060 block)" "a connect that is refused"
    expect_eq "" "$(pinctl events | grep "failed" || true)" "failures"
}

# ---- over TCP, where the connect comes before the message ----

# says WAY ADDR FIRST-LINE [HEADER...] : how that went, and the servers that got the message.
says() {
    : >"$WIRE"
    with_shim "$TESTS/clients/onset.py" pool.test "$@"
    awk '$3 != "connect" { print "at " $1 }' "$WIRE"
}

@test "over TCP a request to a number goes there, though the program resolved the name" {
    local way
    begin
    for way in block poll once epoll; do
        expect_eq "200 $other at $pin" "$(says $way "$other" "OPTIONS sip:bob@pool.test SIP/2.0" | xargs)" "to the name, $way"
        expect_eq "200 $other at $other" "$(says $way "$other" "OPTIONS sip:bob@$other SIP/2.0" | xargs)" "to a number, $way"
        expect_eq "200 $other at $other" \
            "$(says $way "$other" "OPTIONS sip:bob@pool.test SIP/2.0" "Route: <sip:$other;transport=tcp;lr>" | xargs)" "by a Route, $way"
        expect_eq "200 $other at $pin" "$(says $way "$other" "OPTIONS sip:bob@$pin SIP/2.0" | xargs)" "to another number, $way"
    done
    settings 'default { steer = on }'
    expect_eq "200 $other at $pin" "$(says block "$other" "OPTIONS sip:bob@$other SIP/2.0" | xargs)" "with steer = on"
}

@test "a dead server that is asked for by number over TCP is dead" {
    local way
    begin
    dns_pool pool.test $POOL 127.0.0.9
    for way in block poll once; do
        expect_eq ECONNREFUSED "$(says $way 127.0.0.9 "OPTIONS sip:bob@127.0.0.9 SIP/2.0" | xargs)" "to a number, $way"
        expect_eq "200 127.0.0.9 at $pin" "$(says $way 127.0.0.9 "OPTIONS sip:bob@pool.test SIP/2.0" | xargs)" "to the name, $way"
    done
    expect_eq "" "$(pinctl events | grep "failed.* $pin" || true)" "failures of the pin"
}

# dispatcher udp|tcp async|sync : kamailio that probes the pool by number, from processes that look the name up and relay
# to it, and shows what it thinks of each.
dispatcher() {
    local dir=$BATS_TEST_TMPDIR/dispatcher a n=0
    mkdir -p "$dir"
    for a in $POOL; do echo "1 sip:$a:5060;transport=$1"; done >"$dir/list"
    {
        sed -e '/^tcp_connect_timeout/a tcp_async='"$([[ $2 == async ]] && echo yes || echo no)" -e "s/FAILOVER/no/" \
            "$TESTS/servers/relay.cfg" | sed '/^# Within/,$d'
        cat <<-CFG
	loadmodule "ctl.so"
	loadmodule "dispatcher.so"
	modparam("dispatcher", "list_file", "$dir/list")
	modparam("dispatcher", "ds_ping_interval", 1)
	modparam("dispatcher", "ds_probing_mode", 1)
	modparam("dispatcher", "ds_probing_threshold", 1)
	modparam("dispatcher", "ds_inactive_threshold", 1)
	request_route {
	    \$du = "sip:pool.test;transport=$1";
	    if (!t_relay()) sl_reply_error();
	}
	CFG
    } >"$dir/cfg"
    agent_exec shim setsid kamailio -f "$dir/cfg" -DD -E -m 32 -M 4 -l udp:127.0.0.1:5600 -l tcp:127.0.0.1:5600 \
        -P "$dir/pid" -Y "$dir" >"$LOGS/dispatcher.log" 2>&1 3>&- 4>&- </dev/null &
    AGENT_PID[5600]=$!
    disown $!
    await 20 "the dispatcher" test -S "$dir/kamailio_ctl"
}

# What it thinks: "ADDR FLAGS", AP active, IP not.
thinks() {
    kamcmd -s "unix:$BATS_TEST_TMPDIR/dispatcher/kamailio_ctl" dispatcher.list 2>>"$LOGS/kamcmd.log" |
        awk '/URI:/ { sub(/.*sip:/, ""); sub(/:.*/, ""); at = $0 } /FLAGS:/ { print at, $2 }' | sort | xargs
}
thinks_so() { [[ $(thinks) == "$1" ]] || { sleep 0.2; return 1; }; }

dispatcher_finds() { # udp|tcp async|sync
    local a dead=127.0.0.13 expected
    need kamailio kamcmd sipsak
    sip_servers
    pinctl set pool.test 127.0.0.11 >/dev/null
    dispatcher "$@"
    repeat 3 bare sipsak -H 127.0.0.1 -p 127.0.0.1:5600 -s sip:bob@pool.test >>"$LOGS/sipsak.log"
    expect_eq 0 "$(arrived_or_hit 127.0.0.12 sipsak)" "relayed requests elsewhere than at the pin"
    await 30 "all to be found active" thinks_so "127.0.0.11 AP 127.0.0.12 AP 127.0.0.13 AP" || { thinks; return 1; }
    hits_reset
    for a in $POOL; do await 30 "probes at $a" probed "$a"; done
    server_stop "$dead" 5060
    await 60 "the dead one to be found dead" thinks_so "127.0.0.11 AP 127.0.0.12 AP 127.0.0.13 IP" || { thinks; return 1; }
}

arrived_or_hit() { grep -a -c "HIT .*$2" "$(hits_file "$1" 5060)" || true; }
probed() { (($(server_hits "$1" 5060) >= 2)) || { sleep 0.2; return 1; }; }

@test "kamailio's dispatcher probes each server of a pool that it also relays to, over UDP" { dispatcher_finds udp async; }
@test "the same over TCP" { dispatcher_finds tcp async; }
@test "the same over TCP, tcp_async = no" { dispatcher_finds tcp sync; }
