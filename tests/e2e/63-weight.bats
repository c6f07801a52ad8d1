# What the shim weighs: mlockall(2) counts all that is mapped, so a realtime daemon, or one with a small
# RLIMIT_MEMLOCK, pays for each page of it.

load ../lib/harness
load ../lib/sticking
setup_file() { use_clients lookup; }

# Of a program that does nothing else, in KiB.
size_of() { "$@" sed -n 's/^VmSize:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status; }

# The library, its arrays, what processes of a program share, the table that it makes.
@test "a program that does nothing weighs 5 MiB more at most, 2.25 of them the table" {
    local without with table
    pool_up
    expect_sticks "a table is made"
    without=$(size_of bare) with=$(size_of with_shim) table=$(($(stat -c %s "$TABLE") / 1024))
    expect_le 2304 "$table" "KiB of the table"
    expect_le 5120 "$((with - without))" "KiB with the shim, $with, over those without, $without"
    expect_le 1048576 "$(size -A "$BUILD/libstickydns.so" | awk '$1 == ".bss" || $1 == ".data" { n += $2 } END { print n }')" \
        "bytes of the library's own arrays"
}

# Arrays are in chunks, made when a descriptor has something to keep there.
@test "descriptors far apart: connects in flight, connections and UDP sockets are followed all the same" {
    pool_up
    with_shim python3 -c '
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
    s.settimeout(5)
    s.connect(address)
    s.sendall(b"OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK%d\r\nContent-Length: 0\r\n\r\n" % at)
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
