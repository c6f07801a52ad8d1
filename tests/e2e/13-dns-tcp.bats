# DNS over TCP: what programs read themselves from port 53 in a stream, whose messages begin and end
# anywhere. Real servers and real clients; a table of splits is tests/unit/dnsstream.c.

load ../lib/harness
setup_file() { use_clients raw lookup lookup_client cancelled; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

firsts() { awk '{ sub("/.*", "", $1); print $1 }' <<<"$1"; }

# dnsmasq answers each connection from a child, so what TCP gets turns only when UDP is asked in between.
turned_from() { # PIN CMD... : until CMD's first address, bare, is another than PIN
    local pin=$1 i
    shift
    for i in 1 2 3; do
        [[ $("$@" | sed -n '1{s,[ /].*,,p}') == "$pin" ]] || return 0
        bare "$(client raw)" send pool.test 1 >/dev/null
    done
    echo "bare answers lead to the pin, $pin, anyhow: $*"
    return 1
}

# stays WAY : bare it is led elsewhere than to the pin that getaddrinfo set, shimmed to it.
stays() {
    local pin seen
    pin=$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')
    turned_from "$pin" bare "$(client raw)" "$1" pool.test 1
    seen=$(with_shim "$(client raw)" "$1" pool.test 6)
    expect_eq "$pin" "$(firsts "$seen" | sort -u)" "what $1 led to with the shim"
    expect_eq "$POOL" "$(tail -n 1 <<<"$seen" | tr ' ' '\n' | sed 's,/.*,,' | sort | xargs)" "addresses of an answer"
}

@test "DNS over TCP: length and message read apart" { dns_pool pool.test $POOL; stays tcp; }
@test "DNS over TCP: length and message sent apart" { dns_pool pool.test $POOL; stays tcp-two; }
@test "DNS over TCP: byte by byte, both ways" { dns_pool pool.test $POOL; stays tcp-bytes; }
@test "DNS over TCP: writev and readv" { dns_pool pool.test $POOL; stays tcp-pieces; }
@test "DNS over TCP: sendmsg and recvmsg" { dns_pool pool.test $POOL; stays tcp-msg; }
@test "DNS over TCP: MSG_PEEK, then read, see the same" { dns_pool pool.test $POOL; stays tcp-peek; }
@test "DNS over TCP: a connect in the background" { dns_pool pool.test $POOL; stays tcp-late; }
@test "DNS over TCP: a duplicate of the descriptor" { dns_pool pool.test $POOL; stays tcp-dup; }

@test "DNS over TCP: three at once on one connection, read in pieces" {
    dns_pool pool.test $POOL
    stays tcp-pipe
}

@test "DNS over TCP: a dozen connections that wait for their answers at the same time" {
    local many=(/usr/bin/python3 -S "$TESTS/clients/dns_tcp_many.py" 127.0.0.54 pool.test 12) pin
    dns_pool pool.test $POOL
    pin=$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')
    turned_from "$pin" bare "${many[@]}"
    expect_eq "12 $pin" "$(with_shim "${many[@]}" | sort | uniq -c | xargs)" "what they led to with the shim"
}

@test "DNS over TCP: the server is a candidate itself" {
    local ways=0 way
    dns_pool pool.test $POOL
    dns_pool ns.test 127.0.0.54
    with_shim "$(client lookup)" -4 ns.test >/dev/null
    for way in tcp tcp-late; do stays $way; ways=$((ways + 1)); done
    expect_eq 2 "$ways" "ways tried"
    expect_eq "127.0.0.54 53 tcp" "$(pin_of ns.test) $(pin_field ns.test port) $(pin_field ns.test transport)" \
        "the server's own pin, confirmed by those connects"
}

# Over UDP dig sends by syscall(2), past libc: such a query is not seen, and its answer left alone.
@test "dig +tcp" {
    local pin
    need dig
    dns_pool pool.test $POOL
    pin=$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')
    turned_from "$pin" bare dig +short +tcp @127.0.0.54 pool.test A
    expect_eq "$pin" "$(with_shim dig +short +tcp @127.0.0.54 pool.test A | head -n 1)" "what dig is led to"
}

# unbound_start NAME ADDR... : a second kind of server in dnsmasq's place.
unbound_start() {
    local name=$1 conf=$BATS_TEST_TMPDIR/unbound.conf a
    shift
    {
        printf 'server:\n%s\n' ' interface: 127.0.0.54' ' do-daemonize: no' ' username: ""' ' chroot: ""' ' pidfile: ""' \
            ' use-syslog: no' ' do-not-query-localhost: no' ' rrset-roundrobin: yes' ' access-control: 127.0.0.0/8 allow' \
            " local-zone: $name. transparent"
        for a; do printf ' local-data: "%s. 60 A %s"\n' "$name" "$a"; done
        printf 'remote-control:\n control-enable: no\n'
    } >"$conf"
    unbound -c "$conf" >>"$LOGS/unbound.log" 2>&1 3>&- 4>&- &
    await "unbound answering" port_open udp 127.0.0.54 53
}

@test "unbound's answers, over TCP and UDP" {
    local pin way
    need unbound
    unbound_start pool.test $POOL
    expect_ge 2 "$(firsts "$(bare "$(client raw)" tcp pool.test 12)" | spread)" "addresses, bare"
    pin=$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')
    for way in tcp tcp-bytes tcp-pipe send res_query; do
        expect_eq "$pin" "$(firsts "$(with_shim "$(client raw)" $way pool.test 6)" | sort -u)" "what $way led to"
    done
}

@test "an answer over TCP that no query of ours asked for teaches nothing" {
    dns_pool pool.test $POOL
    # The query goes out past the shim, by the system call itself; the answer comes in through it.
    with_shim /usr/bin/python3 -S - <<'EOF_PY'
import ctypes, socket, struct
s = socket.create_connection(("127.0.0.54", 53), 3)
s.setblocking(True)
query = struct.pack("!HHHHHH", 4711, 0x100, 1, 0, 0, 0) + b"\4pool\4test\0" + struct.pack("!HH", 1, 1)
frame = struct.pack("!H", len(query)) + query
assert ctypes.CDLL(None).syscall(1, s.fileno(), frame, len(frame)) == len(frame)
length, = struct.unpack("!H", s.recv(2))
assert struct.unpack("!H", s.recv(length)[:2]) == (4711,)
EOF_PY
    expect_eq "" "$(pinctl list 2>/dev/null)" "pins"
}

# A read that took bytes has happened; what we look for behind it must not be the cancellation point (pthreads(7)).
@test "a thread that is cancelled while it reads gets what the kernel gave it" {
    dns_pool pool.test $POOL
    expect_eq "read 2" "$(bare "$(client cancelled)" dns 127.0.0.54 pool.test)" "without the shim"
    expect_eq "read 2" "$(with_shim "$(client cancelled)" dns 127.0.0.54 pool.test)" "with it"
}
