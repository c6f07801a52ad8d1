# pinwatch: what the kernel sees of programs that run without the shim moves the pins of those that run with it.
#
# The program is tests/clients/reach.c, linked statically: nothing is preloaded into it.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
source "$TESTS/lib/icmp.bash"
setup_file() { use_clients lookup dial reach; }

# Each way has a name and a pool of its own, in both families: WAY.test.
ways_up() {
    local way n=1
    for way; do
        n=$((n + 1))
        printf "%s $way.test\n" "127.0.$n.8" "127.0.$n.9" "2001:db8:$n::8" "2001:db8:$n::9"
        ip addr add "2001:db8:$n::8/128" dev lo nodad
        ip addr add "2001:db8:$n::9/128" dev lo nodad
    done >"$BATS_TEST_TMPDIR/pools"
    dns_names "$BATS_TEST_TMPDIR/pools"
    for way; do first 4 "$way" >/dev/null; first 6 "$way" >/dev/null; done
    await_watched $((4 * $#))
}

# first 4|6 WAY : the first address that a lookup under the shim gives.
first() { with_shim "$(client lookup)" "-$1" "$2.test" | cut -d' ' -f1; }

family() { if [[ $1 == 4 ]]; then echo inet; else echo inet6; fi; }

# nft_input RULE... : rules for packets that come in.
nft_input() {
    need nft
    { printf '%s\n' 'table inet faults {' 'chain in {' 'type filter hook input priority 0;' "$@" '}' '}'; } | nft -f -
}

reach() { bare "$(client reach)" "$@"; }

# expect_failed V WAY ADDR PORT/TRANSPORT REASON : the pin is elsewhere, and the journal says why and by whom.
expect_failed() {
    await "$2, IPv$1: the pin to move from $3" moved "$2.test" "$3" "$(family "$1")"
    expect_ne "$3" "$(first "$1" "$2")" "$2, IPv$1: the next lookup's first address"
    expect_eq 1 "$(failures_of "$2.test" "$3")" "$2, IPv$1: failures of $3"
    expect_match "failed[^"$'\n'"]*$3[^"$'\n'"]*$4[^"$'\n'"]*$5[^"$'\n'"]*reach[^"$'\n'"]*pinwatch" "$(pinctl events)" "$2, IPv$1: events"
}

expect_unharmed() { # V WAY ADDR
    expect_eq "$3" "$(first "$1" "$2")" "$2, IPv$1: the next lookup's first address"
    expect_eq 0 "$(failures_of "$2.test" "$3")" "$2, IPv$1: failures of $3"
}

# silent ADDR : a UDP socket on port 5060 that never answers.
silent() {
    /usr/bin/python3 -S -c 'import socket, sys, time
a = sys.argv[1]
s = socket.socket(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_DGRAM); s.bind((a, 5060)); time.sleep(3600)' "$1" 3>&- 4>&- &
}

@test "refused: TCP, connected UDP, unconnected UDP; IPv4 and IPv6" {
    local v way addr
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up tcp udp udp-connected tcp-mapped udp-mapped udp-connected-mapped
    for v in 4 6; do
        for way in tcp udp-connected udp; do
            addr=$(first "$v" "$way")
            [[ $way != udp-connected ]] || watch_packets "$addr"
            reach "$way" "$addr" 5060 >>"$LOGS/reach.log" || true
            expect_failed "$v" "$way" "$addr" "5060.${way%%-*}" ECONNREFUSED
        done
    done
    for way in tcp udp-connected udp; do                # IPv4 through an IPv6 socket
        addr=$(first 4 "$way-mapped")
        reach "$way" "::ffff:$addr" 5060 >>"$LOGS/reach.log" || true
        expect_failed 4 "$way-mapped" "$addr" "5060.${way%%-*}" ECONNREFUSED
    done
}

@test "unreachable by ICMP: TCP, connected and unconnected UDP; IPv4 and IPv6" {
    local v way addr
    nft_input 'ip daddr 127.0.0.0/16 th dport 5060 reject with icmp host-unreachable' \
        'ip6 daddr 2001:db8::/32 th dport 5060 reject with icmpv6 addr-unreachable'
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up tcp udp udp-connected
    for v in 4 6; do
        for way in tcp udp-connected udp; do
            addr=$(first "$v" "$way")
            [[ $way != udp-connected ]] || watch_packets "$addr"
            reach "$way" "$addr" 5060 >>"$LOGS/reach.log" || true
            expect_failed "$v" "$way" "$addr" "5060.${way%%-*}" EHOSTUNREACH
        done
    done
}

# lossy ADDR FILE : a connect from port 40000 waits; until FILE is there others come through, one after the other.
lossy() {
    exec /usr/bin/python3 -S -c 'import os, socket, sys, time
waits = socket.socket()
waits.setblocking(False)
waits.bind(("127.0.0.1", 40000))
waits.connect_ex((sys.argv[1], 5061))
while not os.path.exists(sys.argv[2]):
    socket.create_connection((sys.argv[1], 5061)).close()
    time.sleep(0.2)
time.sleep(3600)' "$@"
}

@test "SYNs that are dropped: a failure after 3 s, while the program still waits; given up sooner it is none" {
    local v pids=() addr4 addr6 lossy short start began
    nft_input 'tcp dport 5060 tcp flags & (syn | ack) == syn drop' 'tcp sport 40000 drop'
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up long short lossy
    addr4=$(first 4 long) addr6=$(first 6 long) lossy=$(first 4 lossy)
    server_start "$lossy" 5061 accept
    lossy "$lossy" "$BATS_TEST_TMPDIR/silence" >>"$LOGS/lossy.log" 2>&1 3>&- 4>&- &
    pids+=($!)
    start=$(now_ms)
    for v in "$addr4" "$addr6"; do
        "$(client reach)" tcp "$v" 5060 15 >>"$LOGS/reach.log" 3>&- 4>&- &
        pids+=($!)
    done
    short=$(first 4 short)
    began=$(now_ms)
    reach tcp "$short" 5060 2 >>"$LOGS/reach.log" || true
    (($(now_ms) - began >= 2900)) || expect_unharmed 4 short "$short"       # else it has waited for 3 s
    expect_failed 4 long "$addr4" 5060.tcp ETIMEDOUT
    expect_failed 6 long "$addr6" 5060.tcp ETIMEDOUT
    expect_ge 3000 $(($(now_ms) - start)) "ms until the failure was known"
    await "the time-out of the one that loses its packets" grep -q "timed.*$lossy 5061" "$LOGS/pinwatch.log"
    expect_unharmed 4 lossy "$lossy"            # for others come through
    touch "$BATS_TEST_TMPDIR/silence"
    await "the pin to move from where none comes through any more" moved lossy.test "$lossy" inet
    expect_eq 1 "$(failures_of lossy.test "$lossy")" "failures of $lossy"
    expect_eq 1 "$(grep -c "timed.*$lossy 5061" "$LOGS/pinwatch.log")" "how often it is said that it waits"
    kill -0 "${pids[@]}"                        # all wait still
    kill "${pids[@]}"
    wait "${pids[@]}" || true
    expect_eq 1 "$(failures_of long.test "$addr4")" "failures after the program was ended"
}

@test "established is told, and where SIP is spoken confirms nothing; neither a reset nor a close moves the pin" {
    local v addr pid
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up hold clean
    for v in 4 6; do
        addr=$(first "$v" hold)
        resetting "$addr" 5060 reset
        "$(client reach)" hold "$addr" 5060 >>"$LOGS/reach.log" 3>&- 4>&- &
        pid=$!
        await "$addr connected" outcome_of "$addr"
        touch "$BATS_TEST_TMPDIR/end"
        wait "$pid" || true
        await "$addr in doubt" tentative hold "$v"
        expect_eq "$addr" "$(first "$v" hold)" "where lookups lead after a reset"
        rm "$BATS_TEST_TMPDIR/end"

        addr=$(first "$v" clean)
        resetting "$addr" 5060 close
        "$(client reach)" hold "$addr" 5060 >>"$LOGS/reach.log" 3>&- 4>&- &
        pid=$!
        await "$addr connected" outcome_of "$addr"
        touch "$BATS_TEST_TMPDIR/end"
        wait "$pid" || true
        expect_eq tentative "$(pin_field clean.test state "$(family "$v")")" "state after a clean close"
        rm "$BATS_TEST_TMPDIR/end"
    done
}

outcome_of() { [[ $(pinwatch_status "[.latest[] | select(.address == \"$1\")] | length") -gt 0 ]]; }
confirmed() { [[ $(pin_field "$1.test" state "$(family "$2")") == confirmed ]]; }
tentative() { [[ $(pin_field "$1.test" state "$(family "$2")") == tentative ]]; }

# resetting ADDR PORT reset|close : takes one connection, and ends it so once there is a file `end`.
resetting() {
    /usr/bin/python3 -S -c 'import os, socket, struct, sys, time
a, port, how, end = sys.argv[1:]
s = socket.create_server((a, int(port)), family=socket.AF_INET6 if ":" in a else socket.AF_INET)
c, _ = s.accept()
while not os.path.exists(end): time.sleep(0.01)
if how == "reset": c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
c.close()' "$@" "$BATS_TEST_TMPDIR/end" 3>&- 4>&- &
    await "a server on $1" port_open tcp "$1" "$2"
}

@test "an established connection that times out is a failure, and one where the shim sees it too" {
    local addr pid
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up hold
    addr=$(first 4 hold)
    server_start "$addr" 5060 accept
    env "${SHIM_ENV[@]}" /usr/bin/python3 -S -c 'import socket, sys, time
s = socket.create_connection((sys.argv[1], 5060))
s.setsockopt(socket.IPPROTO_TCP, 18, 1500)      # TCP_USER_TIMEOUT, tcp(7)
open(sys.argv[2], "w"); time.sleep(1); s.send(b"x")
try: s.recv(1)
except OSError: pass' "$addr" "$BATS_TEST_TMPDIR/connected" 3>&- 4>&- &
    pid=$!
    await "the connection" test -e "$BATS_TEST_TMPDIR/connected"
    nft_input 'tcp dport 5060 drop'
    wait "$pid" || true
    await "the pin to move" moved hold.test "$addr"
    expect_match "failed[^"$'\n'"]*$addr[^"$'\n'"]*ETIMEDOUT" "$(pinctl events)" "events"
    await "pinwatch to see it" grep -q "timed out $addr" "$LOGS/pinwatch.log"
    expect_eq 1 "$(failures_of hold.test "$addr")" "failures, of which the program was told, too"
}

@test "UDP silence to REGISTER and INVITE, of programs without the shim; IPv4 and IPv6" {
    local v way pids=() addr
    declare -A pin
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up register invite options
    for way in register invite options; do
        for v in 4 6; do
            pin[$way$v]=$(first "$v" "$way")
            silent "${pin[$way$v]}"
            await "a silent socket" port_open udp "${pin[$way$v]}" 5060
        done
    done
    for way in "${!pin[@]}"; do
        "$(client reach)" sip "${pin[$way]}" 5060 "$(tr a-z A-Z <<<"${way%?}")" >>"$LOGS/reach.log" 3>&- 4>&- &
        pids+=($!)
    done
    wait "${pids[@]}" || true
    for way in register invite; do
        for v in 4 6; do expect_failed "$v" "$way" "${pin[$way$v]}" 5060.udp silent; done
    done
    for v in 4 6; do expect_unharmed "$v" options "${pin[options$v]}"; done
}

@test "a server that refuses a REGISTER five times is refused each time, and silent never" {
    local plain connected mute
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up plain connected mute
    plain=$(first 4 plain) connected=$(first 4 connected) mute=$(first 4 mute)
    silent "$mute"
    await "a silent socket" port_open udp "$mute" 5060
    # In this order, so that what is said of the third comes after all there is to say of the others.
    /usr/bin/python3 -S - "$plain" "$connected" "$mute" <<'PY'
import socket, sys, time
sockets = [(a, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for a in sys.argv[1:]]
sockets[1][1].connect((sys.argv[2], 5060))
text = ("REGISTER sip:pool.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bK%s\r\n"
        "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: %s\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n")
for gap in 0.5, 1, 2, 4, 0:
    for address, s in sockets:
        for attempt in 1, 2:            # the error of the one before comes first
            try: s.send((text % (address, address)).encode()) if s is sockets[1][1] else s.sendto((text % (address, address)).encode(), (address, 5060)); break
            except ConnectionRefusedError: pass
    time.sleep(gap)
PY
    await "$mute to be silent" eval '[[ $(told "$mute") == silent ]]'
    expect_eq "refused" "$(told "$plain")" "what was said of an unconnected socket's server"
    expect_eq "refused" "$(told "$connected")" "what was said of a connected socket's server"
}

# told ADDR : what pinwatch said of it, each word once.
told() { sed -n "s/^pinwatch: \([a-z ]*\) $1 5060.udp.*/\1/p" "$LOGS/pinwatch.log" | sort -u; }

@test "a SIP answer over UDP to a program without the shim confirms the pin" {
    local addr
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up sip
    addr=$(first 4 sip)
    server_start "$addr" 5060 kamailio
    expect_eq "done 0" "$(reach sip "$addr" 5060 OPTIONS)" "a request that begins it"
    await "a look at packets" packets_seen true
    expect_eq "done 0" "$(reach sip "$addr" 5060 REGISTER)" "the request"
    await "the pin confirmed" confirmed sip 4
    expect_eq "5060 udp" "$(pin_field sip.test port) $(pin_field sip.test transport)" "the endpoint"
}

# said_all NAME ADDR : all that was forged has been read, as an event that comes after it is known: a refusal over TCP.
said_all() {
    reach tcp "$2" 5999 >>"$LOGS/reach.log" || true
    await "the refusal" moved "$1.test" "$2"
}

@test "an ICMP error moves a pin when what it quotes was sent: port, length, and the text" {
    local way addr n=0 branch
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up unsent made-up length other port true
    for way in unsent made-up length other port true; do
        addr=$(first 4 "$way") n=$((n + 1))
        silent "$addr"
        await "a silent socket" port_open udp "$addr" 5060
        for branch in 1 2; do
            printf 'REGISTER sip:%s.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:507%s;rport;branch=z9hG4bK-%s\r\n\r\n' \
                "$way" "$n" "$branch" >"$BATS_TEST_TMPDIR/$branch"
        done
        [[ $way == unsent ]] || datagram_from "507$n" "$addr" "$BATS_TEST_TMPDIR/1"
        case $way in
            unsent) icmp_forge "507$n" "$addr" 5060 text "$BATS_TEST_TMPDIR/1" ;;
            made-up) icmp_forge "507$n" "$addr" 5060 head 8 ;;
            length) icmp_forge "507$n" "$addr" 5060 head "$(wc -c <"$BATS_TEST_TMPDIR/1")" ;;
            other) icmp_forge "507$n" "$addr" 5060 text "$BATS_TEST_TMPDIR/2" ;;
            port) icmp_forge "507$n" "$addr" 5061 text "$BATS_TEST_TMPDIR/1" ;;
            true) icmp_forge "507$n" "$addr" 5060 text "$BATS_TEST_TMPDIR/1" ;;
        esac
        [[ $way == true ]] || said_all "$way" "$addr"
    done
    await "the pin to move for what was sent" moved true.test "$addr"
    expect_eq "$addr" "$(pinctl events | grep 'failed.*/udp' | grep -o '127[0-9.]*' | sort -u)" "events of UDP"
}

# datagram_from PORT ADDR FILE [answered] : FILE as a datagram to ADDR:5060; and one comes back.
datagram_from() {
    /usr/bin/python3 -S - "$@" <<'PY'
import socket, sys
s, server = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
s.bind(("127.0.0.1", int(sys.argv[1])))
if len(sys.argv) > 4: server.bind((sys.argv[2], 5060))
s.sendto(open(sys.argv[3], "rb").read(), (sys.argv[2], 5060))
if len(sys.argv) > 4: server.sendto(b"x", server.recvfrom(2000)[1]); s.recv(1)
PY
}

@test "an ICMP error that quotes eight bytes moves a pin when the next datagram met the same, unanswered" {
    local addr answers text=$BATS_TEST_TMPDIR/text
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    ways_up silent answers
    addr=$(first 4 silent) answers=$(first 4 answers)
    silent "$addr"
    await "a silent socket" port_open udp "$addr" 5060
    watch_packets "$addr"
    printf '%0100d' 0 >"$text"
    for _ in 1 2 3; do
        datagram_from 5071 "$answers" "$text" answered
        icmp_forge 5071 "$answers" 5060 head "$(wc -c <"$text")"
        sleep 0.5       # longer than an answer may take
    done
    datagram_from 5070 "$addr" "$text"
    icmp_forge 5070 "$addr" 5060 head "$(wc -c <"$text")"
    icmp_forge 5070 "$addr" 5060 head "$(wc -c <"$text")"
    said_all answers "$answers"
    expect_eq "" "$(pinctl events | grep 'failed.*/udp' || true)" "events of UDP, for one datagram, or for those that were answered"
    sleep 0.5
    datagram_from 5070 "$addr" "$text"
    icmp_forge 5070 "$addr" 5060 head "$(wc -c <"$text")"
    await "the pin to move" moved silent.test "$addr"
}
