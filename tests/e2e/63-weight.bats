# What the shim weighs: mlockall(2) counts all that is mapped, so a realtime daemon, or one with a small
# RLIMIT_MEMLOCK, pays for each page of it.

load ../lib/harness
load ../lib/sticking
setup_file() { use_clients lookup dial locks; }

# Of a program that does nothing else, in KiB.
size_of() { "$@" sed -n 's/^VmSize:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status; }

# The library, its arrays, what processes of a program share, the table that it makes.
@test "a program that does nothing weighs 4 MiB more at most, 2.25 of them the table" {
    local without with table
    pool_up
    expect_sticks "a table is made"
    without=$(size_of bare) with=$(size_of with_shim) table=$(($(stat -c %s "$TABLE") / 1024))
    expect_le 2304 "$table" "KiB of the table"
    expect_le 4096 "$((with - without))" "KiB with the shim, $with, over those without, $without"
    expect_le 1048576 "$(size -A "$BUILD/libstickydns.so" | awk '$1 == ".bss" || $1 == ".data" { n += $2 } END { print n }')" \
        "bytes of the library's own arrays"
}

# Arrays are in chunks, made when a descriptor has something to keep there.
@test "descriptors far apart: connects in flight, connections and UDP sockets are followed all the same" {
    sip_pool pool.test "${POOL[@]}"
    with_shim /usr/bin/python3 -S -c '
import resource, socket, os, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
for at in 3, 600, 5000, 9000, 19999:
    address = socket.getaddrinfo("pool.test", 5060, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    s = socket.socket()
    try:
        os.dup2(s.fileno(), at, False)
    except OSError as e:
        sys.exit("%s at %d" % (e, at))
    s.close()
    s = socket.socket(fileno=at)
    s.settimeout(100)
    s.connect(address)
    s.sendall(b"OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK%d\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n" % (at, at))
    s.recv(1000)
    print(at, address[0], s.getpeername()[0])
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    os.dup2(u.fileno(), at, False)
    u.close()
    u = socket.socket(fileno=at)
    u.connect(address)
    u.send(b"OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%du\r\nContent-Length: 0\r\n\r\n" % at)
    s.detach()
    u.close()' >"$BATS_TEST_TMPDIR/out"
    cat "$BATS_TEST_TMPDIR/out"
    local pin
    pin=$(pin_of pool.test)
    expect_eq "3 600 5000 9000 19999" "$(awk -v pin="$pin" '$2 == pin && $3 == pin { print $1 }' "$BATS_TEST_TMPDIR/out" | xargs)" \
        "descriptors that were led to the pin"
    expect_eq confirmed "$(pin_field pool.test state)" "state of the pin"
}

# locks_bare MEMLOCK [thread], locks_shimmed ... : locks, as a user who may lock so many bytes.
locks_as_nobody() {
    local limit=$1
    shift
    timeout -k 2 "$LIMIT" prlimit --memlock="$limit:$limit" setpriv --reuid=65534 --regid=65534 --clear-groups env "$@"
}

locks_bare() { locks_as_nobody "$1" "$PUBLIC/locks" pool.test 80 "${@:2}"; }
locks_shimmed() { locks_as_nobody "$1" "${SHIM_ENV[@]}" "$PUBLIC/locks" pool.test 80 "${@:2}"; }

pool_for_locks() {
    local address
    need prlimit setpriv
    dns_pool pool.test "${POOL[@]}"
    for address in "${POOL[@]}"; do server_start "$address" 80 accept; done
    public_copies
    cp "$(client locks)" "$PUBLIC"
    SHIM_LOG=
    shim_setup
    SHIM_ENV[0]=LD_PRELOAD=$PUBLIC/libstickydns.so
    expect_match "mlockall 0 map 0 connect 127.* 0" "$(locks_bare 8388608 | xargs)" "a bare program with 8 MiB"
}

# system_table [--names N] : one of root's that nobody's programs may write, with a confirmed pin for pool.test, $PIN.
system_table() {
    pinctl init --empty --group "$(id -gn nobody)" "$@"
    as_nobody "$PUBLIC/dial" block pool.test 80
    PIN=$(pin_of pool.test)
    expect_eq confirmed "$(pin_field pool.test state)" "state of the pin"
}

@test "mlockall with 8 MiB and a table as programs make it: it works, sticks, and leaves room for what is mapped later" {
    local i seen
    pool_for_locks
    system_table --names 1024
    seen=$(for i in {1..9}; do locks_shimmed 8388608; done | sort -u)
    expect_eq "connect $PIN 0 map 0 mlockall 0" "$(xargs <<<"$seen")" "nine programs"
}

@test "mlockall where the table does not fit: it works, without us; with another thread we stay" {
    local i seen
    pool_for_locks
    system_table
    expect_ge 16777216 "$(stat -c %s "$TABLE")" "bytes of the table"
    seen=$(for i in {1..9}; do locks_shimmed 8388608; done | sort -u)
    expect_eq "map 0 mlockall 0" "$(sed '/^connect/d' <<<"$seen" | xargs)" "nine programs"
    expect_eq 3 "$(grep -c '^connect 127.* 0$' <<<"$seen")" "servers that they reached"
    seen=$(for i in {1..9}; do locks_shimmed 8388608 thread; done | sort -u)
    expect_eq "connect $PIN 0 map 0 mlockall ENOMEM" "$(xargs <<<"$seen")" "nine with another thread"
}

# Less than with what is in flight: that goes as well. Less than the program: nothing goes in vain.
@test "mlockall with hardly more than a bare program needs, and with less" {
    local i seen size
    pool_for_locks
    system_table
    size=$(($(size_of bare) * 1024))
    expect_match "mlockall 0" "$(locks_bare $((size + 1048576)))" "a bare program with 1 MiB more than sed"
    expect_match "mlockall 0" "$(locks_shimmed $((size + 1048576)))" "with the shim"
    expect_match "mlockall ENOMEM" "$(locks_bare 1048576)" "a bare program with 1 MiB"
    seen=$(for i in {1..9}; do locks_shimmed 1048576; done | sort -u)
    expect_eq "connect $PIN 0 map 0 mlockall ENOMEM" "$(xargs <<<"$seen")" "nine programs with 1 MiB"
}

# Bare it weighs more than that, says so and goes on.
@test "kamailio with mlock_pages and 8 MiB: it cannot lock, as bare, and so keeps the table" {
    local what="failed to lock the memory pages" dir=/run/relay
    need kamailio
    pool_for_locks
    system_table
    mkdir -m 777 "$dir"
    { echo 'mlock_pages=yes'; cat "$TESTS/servers/relay.cfg"; } >"$dir/cfg"
    locks_relay() { # PORT, and its environment
        prlimit --memlock=8388608:8388608 setpriv --reuid=65534 --regid=65534 --clear-groups env "${@:2}" \
            kamailio -f "$dir/cfg" -A FAILOVER=no -DD -E -m 32 -M 4 -l "udp:127.0.0.1:$1" -P "$dir/pid-$1" -Y "$dir" \
            >"$LOGS/relay-$1" 2>&1 3>&- 4>&- </dev/null &
        await "the relay on $1" port_open udp 127.0.0.1 "$1"
        await "what it says of locking" grep -q "$what" "$LOGS/relay-$1"
    }
    locks_relay 5601
    locks_relay 5602 "${SHIM_ENV[@]}"
    expect_eq 1 "$(grep -c "$TABLE" /proc/$!/maps)" "mappings of the table"
}
