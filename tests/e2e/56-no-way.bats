# The link to the pinned server's network goes down, or a route says that there is no way: libc puts such an address
# last (RFC 6724, rule 1), so the pin stands aside, unharmed, and is back with the link.

load ../lib/harness
setup_file() { use_clients raw lookup_client; }

ONE=10.1.0.8 TWO=10.2.0.8

# ways [KIND] : two addresses, each with servers, until its way is lost.
ways() {
    local address
    for address in "$ONE" "$TWO"; do
        ip addr add "$address/32" dev lo
        server_start "$address" 80 accept
        [[ -z ${1:-} ]] || server_start "$address" 5060 "$1"
    done
    dns_pool pool.test "$ONE" "$TWO"
}

other_than() { if [[ $1 == "$ONE" ]]; then echo "$TWO"; else echo "$ONE"; fi; }

# How the way is lost, and found again: no route at all, or one that says so.
lose() { # ADDR none|unreachable|blackhole|prohibit
    ip addr del "$1/32" dev lo
    [[ $2 == none ]] || ip route add "$2" "$1"
    nap 0.3                                              # a way that a process found is believed for 1/4 s
}
find() {
    [[ $2 == none ]] || ip route del "$2" "$1"
    ip addr add "$1/32" dev lo
}

# expect_aside HOW LOOKUP... : LOOKUP prints the first address that it got.
expect_aside() {
    local how=$1 pin other
    shift
    with_shim curl -sS http://pool.test/ >/dev/null
    pin=$(pin_of pool.test)
    other=$(other_than "$pin")
    expect_eq "$(printf '%s\n' "$pin" "$pin" "$pin" "$pin")" "$(repeat 4 "$@")" "with a way to the pin"
    lose "$pin" "$how"
    expect_eq "$(printf '%s\n' "$other" "$other" "$other" "$other")" "$(repeat 4 "$@")" "$how: without a way to the pin"
    expect_eq "$pin confirmed 0 true" "$(pin_of pool.test) $(pin_field pool.test state) $(candidate_field pool.test "$pin" failures) $(
        candidate_field pool.test "$pin" healthy)" "$how: the pin, confirmed, its failures, healthy"
    find "$pin" "$how"
    expect_eq "$(printf '%s\n' "$pin" "$pin" "$pin" "$pin")" "$(repeat 4 "$@")" "$how: with a way again"
}

first_by_raw() { with_shim "$(client raw)" "$1" pool.test 1 | sed 's,/.*,,'; }
first_by_name() { with_shim "$(client lookup_client)" byname pool.test | cut -d' ' -f1; }

@test "getaddrinfo: no route" { ways; expect_aside none first_of shim pool.test; }
@test "getaddrinfo: unreachable, blackhole, prohibit" {
    local how
    ways
    for how in unreachable blackhole prohibit; do expect_aside "$how" first_of shim pool.test; done
}
@test "gethostbyname: no route" { ways; expect_aside none first_by_name; }
@test "res_query: no route" { ways; expect_aside none first_by_raw res_query; }
@test "own packets: no route" { ways; expect_aside none first_by_raw sendto; }
@test "a process that runs on" {
    ways
    client_start one shim
    expect_aside none ask one first pool.test
}

@test "a link goes down, and up again" {
    local n pin
    for n in 1 2; do
        ip link add name "net$n" type veth peer name "peer$n"
        ip addr add "10.$n.0.1/24" dev "net$n"
        ip link set "net$n" up
    done
    dns_pool pool.test "$ONE" "$TWO"
    pin=$(first_of shim pool.test)
    for _ in 1 2; do
        ip link set "net${pin:3:1}" down
        expect_eq "$(other_than "$pin")" "$(first_of bare pool.test)" "down, bare"
        expect_eq "$(other_than "$pin")" "$(first_of shim pool.test)" "down"
        expect_eq "$(other_than "$pin")" "$(first_by_name)" "down, gethostbyname"
        ip link set "net${pin:3:1}" up
        expect_eq "$pin $pin" "$(first_of shim pool.test) $(first_by_name)" "up, getaddrinfo and gethostbyname"
    done
}

@test "DNS down as well, and served: the other is given" {
    local pin
    ways
    client_start one shim
    pin=$(ask one first pool.test)
    dns_stop
    lose "$pin" none
    expect_eq "$(other_than "$pin")" "$(ask one first pool.test)" "getaddrinfo"
    expect_eq "$(other_than "$pin")" "$(first_by_name)" "gethostbyname, first"
    find "$pin" none
    expect_eq "$pin" "$(ask one first pool.test)" "with a way again"
}

@test "a pin set by hand stands aside, too" {
    ways
    pinctl set pool.test "$ONE"
    lose "$ONE" none
    expect_eq "$TWO" "$(first_of shim pool.test)" "getaddrinfo"
    find "$ONE" none
    expect_eq "$ONE" "$(first_of shim pool.test)" "with a way again"
}

@test "a way to none of them: the pin leads" {
    local pin
    ways
    pin=$(first_of shim pool.test)
    lose "$ONE" none
    lose "$TWO" none
    expect_ne "" "$(first_of shim pool.test)" "getaddrinfo gives an address"
    expect_eq "$pin" "$(pin_of pool.test)" "the pin"
}

# programs bare|shim : six requests of each of four programs; a line for each that was not answered.
programs() {
    local i
    for i in {1..6}; do
        "$1" curl -sS -o /dev/null http://pool.test/ || echo "curl $i"
        "$1" sipsak -s sip:bob@pool.test >/dev/null || echo "sipsak over UDP $i"
        "$1" sipsak -E tcp -s sip:bob@pool.test >/dev/null || echo "sipsak over TCP $i"
        "$1" sipp -sf "$TESTS/sip/options.xml" -t u1 -m 1 -nostdin -timeout 5s -timeout_error pool.test:5060 \
            </dev/null >/dev/null 2>&1 || echo "sipp over UDP $i"
        "$1" sipp -sf "$TESTS/sip/options.xml" -t t1 -m 1 -nostdin -timeout 5s -timeout_error pool.test:5060 \
            </dev/null >/dev/null 2>&1 || echo "sipp over TCP $i"
    done
}

@test "curl, sipsak, sipp: six of six are answered, as bare" {
    local pin
    need curl sipsak sipp
    ways kamailio
    with_shim sipsak -E tcp -s sip:bob@pool.test >/dev/null
    pin=$(pin_of pool.test)
    lose "$pin" none
    expect_eq "" "$(programs with_shim 2>&1)" "requests unanswered, with the shim"
    expect_eq "$pin 0" "$(pin_of pool.test) $(candidate_field pool.test "$pin" failures)" "the pin and its failures"
    find "$pin" none
    hits_reset
    with_shim sipsak -E tcp -s sip:bob@pool.test >/dev/null
    expect_eq "1 0" "$(server_hits "$pin" 5060) $(server_hits "$(other_than "$pin")" 5060)" "the next request, with the link up"
}

# A program that knows both addresses by heart, from a lookup before, is steered to the pin while there is a way.
@test "what is steered goes as it was asked: no route, unreachable" {
    local how pin other transport
    ways kamailio
    with_shim curl -sS http://pool.test/ >/dev/null
    pin=$(pin_of pool.test)
    other=$(other_than "$pin")
    for how in none unreachable; do
        lose "$pin" "$how"
        for transport in udp tcp; do
            hits_reset
            with_shim /usr/bin/python3 -S - "$other" "$transport" <<'PY'
import socket, sys
kind = socket.SOCK_DGRAM if sys.argv[2] == "udp" else socket.SOCK_STREAM
socket.getaddrinfo("pool.test", 5060)
with socket.socket(socket.AF_INET, kind) as s:
    s.settimeout(5)
    s.connect((sys.argv[1], 5060))
    s.send(b"OPTIONS sip:x@pool.test SIP/2.0\r\nVia: SIP/2.0/" + sys.argv[2].upper().encode() +
           b" 127.0.0.1:9;rport;branch=z9hG4bK" + sys.argv[2].encode() + b"1\r\nFrom: <sip:a@b>;tag=1\r\n"
           b"To: <sip:x@pool.test>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
    assert b" 200 " in s.recv(4096)
PY
            expect_eq "1" "$(server_hits "$other" 5060)" "$how, $transport: requests at the one asked"
        done
        expect_eq "$pin 0" "$(pin_of pool.test) $(candidate_field pool.test "$pin" failures)" "$how: the pin and its failures"
        find "$pin" "$how"
    done
}

@test "who asks for the pin without a way gets what bare gets, and the pin is not blamed" {
    local how pin kind
    ways
    with_shim curl -sS http://pool.test/ >/dev/null
    pin=$(pin_of pool.test)
    for how in none unreachable blackhole prohibit; do
        lose "$pin" "$how"
        for kind in SOCK_STREAM SOCK_DGRAM; do
            set -- /usr/bin/python3 -S -c 'import socket, sys
socket.getaddrinfo("pool.test", 5060)
s = socket.socket(socket.AF_INET, getattr(socket, sys.argv[2]))
try: s.connect((sys.argv[1], 5060))
except OSError as e: print(e.errno)' "$pin" "$kind"
            expect_eq "$(bare "$@")" "$(with_shim "$@")" "$how, $kind: errno"
        done
        expect_eq "0 true" "$(candidate_field pool.test "$pin" failures) $(candidate_field pool.test "$pin" healthy)" \
            "$how: failures, healthy"
        find "$pin" "$how"
    done
    expect_eq "$pin" "$(pin_of pool.test)" "the pin"
}
