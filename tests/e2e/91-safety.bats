# Places where a preloaded library must keep its feet: constructors, signal handlers, children that share
# memory, jumps out of a lookup, threads, plug-ins, set-id programs, and tables that are none.

load ../lib/harness
setup_file() {
    use_clients lookup dial signals jump spawn threads dlopener matrix
    library libctor
    library libresolve
    library libnomem
}

# tests/clients/NAME.c as a shared library.
library() {
    ${CC:-cc} -std=gnu17 -O1 -g -Wall -shared -fPIC -o "$BATS_FILE_TMPDIR/$1.so" "$TESTS/clients/$1.c"
}

SMALL_STACK=32     # KiB; without the shim, lookup needs 20
POOL=(127.0.0.11 127.0.0.12 127.0.0.13)

pool_up() {
    local address
    dns_pool pool.test "${POOL[@]}"
    for address in "${POOL[@]}"; do server_start "$address" 5060 accept; done
}

first_words() { cut -d' ' -f1; }

# expect_sticks WHAT [CMD...] : six runs of lookup (or CMD) under the shim agree with each other and the pin.
expect_sticks() {
    local what=$1 seen
    shift
    (($#)) || set -- "$(client lookup)" -4 pool.test
    seen=$(repeat 6 with_shim "$@" 2>&1 | first_words | sort -u)
    expect_eq "$(pin_of pool.test)" "$seen" "first addresses, $what"
}

expect_spreads() {
    local what=$1
    shift
    expect_ge 2 "$(repeat 9 "$@" | first_words | spread)" "different first addresses, $what"
}

# ---- before main

# One that runs before ours passes through to libc; main is pinned in any case.
@test "a constructor that runs before the shim's own, and one that runs after it" {
    local order run
    pool_up
    export CTOR_HOST=pool.test CTOR_PORT=5060
    for order in "$BUILD/libstickydns.so:$BATS_FILE_TMPDIR/libctor.so" "$BATS_FILE_TMPDIR/libctor.so:$BUILD/libstickydns.so"; do
        rm -f "$TABLE"
        for run in 1 2 3 4; do
            with_shim env LD_PRELOAD="$order" "$(client lookup)" -4 pool.test >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
            expect_match '^ctor 127\.0\.0\.1[123] 0$' "$(cat "$BATS_TEST_TMPDIR/err")" "the constructor's lookup and connect, $order"
            expect_eq "$(pin_of pool.test)" "$(first_words <"$BATS_TEST_TMPDIR/out")" "main's lookup, $order"
        done
    done
}

@test "a constructor of a library that the program is linked with" {
    local run bind
    pool_up
    export CTOR_HOST=pool.test CTOR_PORT=5060
    ${CC:-cc} -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/linked" "$TESTS/clients/lookup.c" -Wl,--no-as-needed \
        "$BATS_FILE_TMPDIR/libctor.so" -Wl,-rpath,"$BATS_FILE_TMPDIR"
    for bind in "" 1; do
        rm -f "$TABLE"
        for run in 1 2 3 4; do
            with_shim env LD_BIND_NOW="$bind" "$BATS_TEST_TMPDIR/linked" -4 pool.test >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
            expect_match '^ctor 127\.0\.0\.1[123] 0$' "$(cat "$BATS_TEST_TMPDIR/err")" "the constructor's lookup and connect"
            expect_eq "$(pin_of pool.test)" "$(first_words <"$BATS_TEST_TMPDIR/out")" "main's lookup"
        done
    done
}

# ---- odd places to call from

@test "lookups and connects in a signal handler that interrupts the shim" {
    local status=0
    pool_up
    with_shim "$(client signals)" pool.test 5060 3 libstickydns.so >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    cat "$BATS_TEST_TMPDIR/err"
    expect_eq 0 "$status" "exit status"
    expect_eq "$(pin_of pool.test)" "$(cat "$BATS_TEST_TMPDIR/out")" "a lookup in the clear afterwards"
    expect_ge 20 "$(sed -n 's/.* signals, \([0-9]*\) within.*/\1/p' "$BATS_TEST_TMPDIR/err")" "handlers that met the shim"
    expect_sticks "in other programs"
}

@test "vfork and posix_spawn children that close the parent's sockets" {
    local address
    pool_up
    with_shim "$(client spawn)" pool.test 5060 60 >"$BATS_TEST_TMPDIR/out"
    address=$(pin_of pool.test)
    expect_eq "$address 0 $address" "$(paste -sd' ' "$BATS_TEST_TMPDIR/out")" "lookup, outcome, next lookup"
    expect_eq confirmed "$(pin_field pool.test state)" "state of the pin: the parent's outcome was seen"
    expect_eq 0 "$(candidate_field pool.test "$address" failures)" "failures"
}

@test "the parent's outcome is seen though vfork children closed the same numbers: a refusal" {
    dns_pool pool.test "${POOL[@]}"
    with_shim "$(client spawn)" pool.test 5060 6 >"$BATS_TEST_TMPDIR/out"
    mapfile -t seen <"$BATS_TEST_TMPDIR/out"
    expect_eq ECONNREFUSED "${seen[1]}" "outcome"
    expect_ne "${seen[0]}" "${seen[2]}" "the next lookup"
    expect_eq 1 "$(candidate_field pool.test "${seen[0]}" failures)" "failures of the first"
}

@test "lookups left by siglongjmp, 100 times; the lookups after that are pinned" {
    local pin
    pool_up
    expect_sticks "before"
    pin=$(pin_of pool.test)
    kill -STOP "$DNS_PID"
    mkfifo "$BATS_TEST_TMPDIR/go"
    env "${SHIM_ENV[@]}" "$(client jump)" 100 pool.test <"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- &
    exec 9>"$BATS_TEST_TMPDIR/go"
    await 10 "the program to have jumped" grep -q '^silent over' "$BATS_TEST_TMPDIR/out"
    kill -CONT "$DNS_PID"
    exec 9>&-
    wait $! || expect_eq 0 $? "exit status"
    expect_eq "silent over?" "$(head -n 1 "$BATS_TEST_TMPDIR/out")" "what the program said first"
    expect_eq "5 deep $pin 5 shallow $pin" "$(tail -n +2 "$BATS_TEST_TMPDIR/out" | sort | uniq -c | xargs)" \
        "the ten lookups after the jumps"
}

@test "sixteen threads look up and connect: one server, no thread of ours" {
    pool_up
    bare "$(client threads)" pool.test 5060 16 20 >"$BATS_TEST_TMPDIR/out-bare"
    expect_eq 3 "$(grep -c '^127' "$BATS_TEST_TMPDIR/out-bare")" "addresses without the shim"
    with_shim "$(client threads)" pool.test 5060 16 50 >"$BATS_TEST_TMPDIR/out"
    expect_eq "$(pin_of pool.test) 800 800 threads 1" "$(paste -sd' ' "$BATS_TEST_TMPDIR/out")" \
        "address, lookups, connects; threads left"
}

@test "a plug-in that resolves, opened and closed again and again" {
    pool_up
    expect_sticks "in plug-ins" "$(client dlopener)" "$BATS_FILE_TMPDIR/libresolve.so" pool.test 20
}

@test "threads with small stacks" {
    pool_up
    bare "$(client threads)" pool.test 5060 4 20 "$SMALL_STACK" >"$BATS_TEST_TMPDIR/out-bare"
    server_stop 127.0.0.11 5060                     # so that refusals, moves and their log lines are made too
    server_stop 127.0.0.12 5060
    with_shim "$(client threads)" pool.test 5060 4 20 "$SMALL_STACK" >"$BATS_TEST_TMPDIR/out"
    expect_eq 80 "$(awk '/^127/ { n += $2 } END { print n }' "$BATS_TEST_TMPDIR/out")" "lookups"
}

@test "a daemon that closes every descriptor, gives up root, and goes on for years" {
    pool_up
    expect_sticks "before"
    chmod 600 "$TABLE"
    expect_sticks "all descriptors closed" "$(client lookup)" -d -4 pool.test
    expect_sticks "root given up" "$(client lookup)" -d -u 65534 -4 pool.test
    rm "$TABLE.gone" 2>/dev/null || true
    mv "$TABLE" "$TABLE.gone"
    TABLE=$TABLE.gone
    expect_sticks "STICKYDNS_TABLE names the file's new place" env STICKYDNS_TABLE="$TABLE" "$(client lookup)" -4 pool.test
}

@test "no memory for the shim: the answers of libc, no crash" {
    local how seen
    pool_up
    pinctl set pool.test 127.0.0.99
    for how in "" "-c" "-6 -m" "-f ghbn" "-f ghbn2" "-f ghbn_r"; do
        seen=$(with_shim env LD_PRELOAD="$BUILD/libstickydns.so:$BATS_FILE_TMPDIR/libnomem.so" "$(client lookup)" -4 $how pool.test)
        expect_eq "127.0.0.11 127.0.0.12 127.0.0.13" \
            "$(tr ' ' '\n' <<<"$seen" | sed 's/^::ffff://' | grep -E '^127\.0\.0\.1[123]$' | sort | xargs)" "libc's addresses with lookup $how"
    done
}

@test "valgrind: no invalid access, no leak, with pins put in front and all" {
    need valgrind
    pool_up
    pinctl set pool.test 127.0.0.99
    pinctl set six.test 2001:db8::99
    pinctl set lone.test 2001:db8::98               # a family that DNS has nothing of
    dns_change six.test 127.0.0.14 2001:db8::14
    dns_change lone.test 127.0.0.15
    LIMIT=60
    local checked=(valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible)
    with_shim "${checked[@]}" "$(client matrix)" quick pool.test six.test lone.test nx.test localhost 127.0.0.1 \
        >"$BATS_TEST_TMPDIR/out"
    with_shim "${checked[@]}" "$(client matrix)" hostent pool.test six.test lone.test >"$BATS_TEST_TMPDIR/out"
    expect_eq "" "$(grep -a OVERRUN "$BATS_TEST_TMPDIR/out" || true)" "writes past the caller's buffer"
    with_shim "${checked[@]}" "$(client threads)" pool.test 5060 4 20 >"$BATS_TEST_TMPDIR/out"
    expect_match '^127.0.0.99 80 ' "$(cat "$BATS_TEST_TMPDIR/out")" "address and lookups"
    dns_stop                                        # answers from the table from here on
    with_shim "${checked[@]}" "$(client matrix)" quick pool.test six.test lone.test >"$BATS_TEST_TMPDIR/out"
    with_shim "${checked[@]}" "$(client matrix)" hostent pool.test six.test lone.test >"$BATS_TEST_TMPDIR/out"
    expect_match '127.0.0.99' "$(cat "$BATS_TEST_TMPDIR/out")" "an answer from the table"
}

@test "resource limits: file size, descriptors, address space" {
    local limit
    pool_up
    for limit in "-f 0" "-f 1" "-f 1000" "-n 4" "-v 30000" "-l 0"; do
        # The shell itself has made a table already.
        expect_eq 3 "$(with_shim bash -c "rm '$TABLE'; exec 3>&- 4>&-; ulimit $limit; exec '$(client lookup)' -4 pool.test" | wc -w)" \
            "addresses under ulimit $limit, without a table"
        expect_sticks "without a limit"
        expect_eq 3 "$(with_shim bash -c "exec 3>&- 4>&-; ulimit $limit; exec '$(client lookup)' -4 pool.test" | wc -w)" \
            "addresses under ulimit $limit, with one"
    done
}

# ---- programs that are not to be helped

# A place that every user may execute from; the test's own folders are root's.
public_copies() {
    PUBLIC=/run/public
    mkdir -p "$PUBLIC"
    cp "$(client lookup)" "$(client dial)" "$BUILD/libstickydns.so" "$PUBLIC"
    chmod 755 "$PUBLIC"/*
    SHIM_ENV[0]=LD_PRELOAD=$PUBLIC/libstickydns.so
}

# as_nobody CMD... : under the shim, as a user of no importance. setpriv itself is not under it, being root's.
as_nobody() {
    need setpriv
    timeout -k 2 "$LIMIT" setpriv --reuid=65534 --regid=65534 ${GROUPS_OF_NOBODY:---clear-groups} env "${SHIM_ENV[@]}" "$@"
}

@test "STICKYDNS=off, and STICKYDNS_NAMES that does not match" {
    pool_up
    SHIM_ENV+=(STICKYDNS=off)
    expect_spreads "STICKYDNS=off" with_shim "$(client lookup)" -4 pool.test
    shim_setup
    expect_eq "" "$(ls /dev/shm)" "files made with STICKYDNS=off"
    expect_spreads "STICKYDNS_NAMES elsewhere" with_shim env STICKYDNS_NAMES='*.example.com sip.test' "$(client lookup)" -4 pool.test
    expect_eq "" "$(pin_of pool.test)" "a pin of a name that was to be left alone"
    expect_sticks "STICKYDNS_NAMES matches" env STICKYDNS_NAMES='*.example.com,pool.*' "$(client lookup)" -4 pool.test
}

@test "a set-uid program, loaded the usual way: the loader leaves us out, the program runs" {
    pool_up
    public_copies
    cp "$PUBLIC/lookup" "$PUBLIC/setuid"
    chown 65534:65534 "$PUBLIC/setuid"
    chmod 4755 "$PUBLIC/setuid"
    expect_match '^secure=1 shim=0' "$(with_shim "$PUBLIC/setuid" -S -4 pool.test 2>/dev/null)" "the set-uid copy"
    expect_spreads "set-uid" with_shim "$PUBLIC/setuid" -4 pool.test 2>/dev/null
    expect_eq "" "$(ls /dev/shm)" "tables made by a set-uid program"
}

# The loader does take a set-uid library from its own directories into set-id programs; an overlay makes
# one of ours such a library here. Then it is our own check that counts.
@test "a set-uid program that does load us: we are inert" {
    need setcap setpriv
    pool_up
    public_copies
    local system
    system=$(dirname "$(ldd /bin/true | awk '/libc.so/ { print $3 }')")
    system=$(readlink -f "$system")
    mkdir /run/upper
    mount -t tmpfs none /run/upper
    mkdir /run/upper/u /run/upper/w
    mount -t overlay overlay -o "lowerdir=$system,upperdir=/run/upper/u,workdir=/run/upper/w" "$system" ||
        cannot "no overlay file system here"
    install -m 4755 "$BUILD/libstickydns.so" "$system/libstickydns.so"
    SHIM_ENV[0]=LD_PRELOAD=libstickydns.so
    cp "$PUBLIC/lookup" "$PUBLIC/setuid"
    chown 65534:65534 "$PUBLIC/setuid"
    chmod 4755 "$PUBLIC/setuid"
    SHIM_ENV+=(STICKYDNS_LOG=/run/public/log)
    expect_match '^secure=0 shim=1' "$(with_shim "$PUBLIC/lookup" -S -4 pool.test)" "an ordinary program"
    expect_match '^secure=1 shim=1' "$(with_shim "$PUBLIC/setuid" -S -4 pool.test)" "the set-uid copy"
    rm -f "$TABLE" /run/public/log
    expect_spreads "set-uid with the shim inside" with_shim "$PUBLIC/setuid" -4 pool.test
    expect_eq "" "$(ls /dev/shm; ls /run/public/log 2>/dev/null || true)" "tables and logs made by a set-uid program"
    # With file capabilities instead.
    cp "$PUBLIC/lookup" "$PUBLIC/capable"
    setcap cap_net_bind_service+ep "$PUBLIC/capable"
    expect_match '^secure=1 shim=1' "$(as_nobody "$PUBLIC/capable" -S -4 pool.test)" "the copy with capabilities"
    expect_spreads "file capabilities" as_nobody "$PUBLIC/capable" -4 pool.test
    expect_eq "" "$(ls /dev/shm)" "tables made by a program with capabilities"
}

@test "pinctl run says so when it cannot reach a program" {
    local status=0
    dns_pool pool.test "${POOL[@]}"
    public_copies
    cp "$PUBLIC/lookup" "$PUBLIC/setuid"
    chown 65534:65534 "$PUBLIC/setuid"
    chmod 4755 "$PUBLIC/setuid"
    pinctl run -- "$PUBLIC/setuid" -4 pool.test >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    expect_match 'set-?[ug]?id' "$(cat "$BATS_TEST_TMPDIR/err")" "what pinctl run says of a set-uid program"
    expect_one_line "$(cat "$BATS_TEST_TMPDIR/err")" "pinctl run"
    printf 'int main(void) { return 7; }\n' >"$BATS_TEST_TMPDIR/static.c"
    ${CC:-cc} -static -o "$BATS_TEST_TMPDIR/static" "$BATS_TEST_TMPDIR/static.c"
    pinctl run -- "$BATS_TEST_TMPDIR/static" 2>"$BATS_TEST_TMPDIR/err" || true
    expect_match 'static' "$(cat "$BATS_TEST_TMPDIR/err")" "what pinctl run says of a static program"
    status=0
    pinctl run -- sh -c 'exit 7' 2>"$BATS_TEST_TMPDIR/err" || status=$?
    expect_eq 7 "$status" "exit status of an ordinary program under pinctl run"
    expect_eq "" "$(cat "$BATS_TEST_TMPDIR/err")" "what pinctl run says of an ordinary program"
}

# ---- tables that are none

# Without STICKYDNS_TABLE: the default paths.
default_table() { SHIM_ENV=("${SHIM_ENV[0]}"); }

@test "machines without a writable /dev/shm, or without any" {
    pool_up
    default_table
    expect_eq 1 "$(repeat 6 with_shim "$(client lookup)" -4 pool.test | first_words | spread)" "first addresses on /dev/shm"
    expect_match '^stickydns-0\.v[0-9]+$' "$(ls /dev/shm)" "the table that the program made"
    expect_eq 600 "$(stat -c %a /dev/shm/stickydns-0.v*)" "its mode"
    rm /dev/shm/*
    mount -o remount,ro /dev/shm
    expect_spreads "read-only /dev/shm" with_shim "$(client lookup)" -4 pool.test
    umount /dev/shm
    mount -t tmpfs -o mode=555 none /dev/shm
    public_copies
    default_table
    expect_spreads "/dev/shm of another user" as_nobody "$PUBLIC/lookup" -4 pool.test
}

@test "a table on a read-only file system is honoured" {
    pool_up
    expect_sticks "writable"
    mount -o remount,ro /dev/shm
    expect_sticks "read-only"
}

@test "no output of the shim's own" {
    pool_up
    SHIM_LOG=
    shim_setup
    with_shim "$(client lookup)" -4 pool.test >"$BATS_TEST_TMPDIR/out" 2>&1
    with_shim "$(client dial)" block pool.test 5060 >>"$BATS_TEST_TMPDIR/out" 2>&1
    rm "$TABLE"
    mkdir "$TABLE"
    with_shim "$(client lookup)" -4 pool.test >>"$BATS_TEST_TMPDIR/out" 2>&1
    expect_eq 4 "$(grep -cE '^(127[0-9. ]+|try 127[0-9.]+|done 0)$' "$BATS_TEST_TMPDIR/out")" "lines of the programs' own"
    expect_eq 4 "$(grep -c '' "$BATS_TEST_TMPDIR/out")" "lines in all"
}

@test "a table that may only be read: pins hold, nothing is learnt" {
    local pin
    pool_up
    dns_change other.test "${POOL[@]}"
    public_copies
    expect_sticks "root's"
    pin=$(pin_of pool.test)
    chmod 644 "$TABLE"
    sha256sum <"$TABLE" >"$BATS_TEST_TMPDIR/before"
    expect_eq "$pin" "$(repeat 6 as_nobody "$PUBLIC/lookup" -4 pool.test | first_words | sort -u)" "nobody's first addresses"
    expect_spreads "a name that is not in the table" as_nobody "$PUBLIC/lookup" -4 other.test
    server_stop "$pin" 5060
    as_nobody "$PUBLIC/dial" block pool.test 5060 >"$BATS_TEST_TMPDIR/out" || true
    expect_eq "try $pin done ECONNREFUSED" "$(paste -sd' ' "$BATS_TEST_TMPDIR/out")" "nobody's connect"
    expect_eq "$(cat "$BATS_TEST_TMPDIR/before")" "$(sha256sum <"$TABLE")" "hash of the table"
}

@test "a table of root's and a group: members teach it, others read it" {
    local first
    pool_up
    public_copies
    pinctl init --names 64
    chgrp 4242 "$TABLE"
    chmod 664 "$TABLE"
    GROUPS_OF_NOBODY="--groups 4242"
    first=$(as_nobody "$PUBLIC/lookup" -4 pool.test | first_words)
    expect_eq "$first" "$(pin_of pool.test)" "the pin that a member of the group set"
    server_stop "$first" 5060
    as_nobody "$PUBLIC/dial" block pool.test 5060 >/dev/null || true
    expect_ne "$first" "$(with_shim "$(client lookup)" -4 pool.test | first_words)" "root's first address after the member's refusal"
}

@test "read-only user after a failure that root saw: acts as if the pin had moved" {
    local first second
    pool_up
    public_copies
    first=$(with_shim "$(client lookup)" -4 pool.test | first_words)
    chmod 644 "$TABLE"
    pinctl fail pool.test "$first"
    second=$(as_nobody "$PUBLIC/lookup" -4 pool.test | first_words)
    expect_ne "$first" "$second" "nobody's first address"
    expect_eq "$second" "$(with_shim "$(client lookup)" -4 pool.test | first_words)" "root's first address"
}

# bad_table KIND : puts something at $TABLE that is no table of ours.
bad_table() {
    rm -rf "$TABLE"
    case $1 in
    empty) : >"$TABLE" ;;
    short) head -c 100 "$BATS_TEST_TMPDIR/good" >"$TABLE" ;;
    cut-short) head -c 70000 "$BATS_TEST_TMPDIR/good" >"$TABLE" ;;
    random) head -c 2000000 /dev/urandom >"$TABLE" ;;
    zeroes) head -c 2000000 /dev/zero >"$TABLE" ;;
    fifo) mkfifo "$TABLE" ;;
    directory) mkdir "$TABLE" ;;
    symlink) ln -s "$BATS_TEST_TMPDIR/good" "$TABLE" ;;
    dangling) ln -s /nonexistent "$TABLE" ;;
    device) mknod "$TABLE" c 1 3 ;;
    socket) python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$TABLE" ;;
    world-writable) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && chmod 666 "$TABLE" ;;
    foreign) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && chown 4711 "$TABLE" ;;
    version) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && printf '\x63' | dd of="$TABLE" bs=1 seek=8 conv=notrunc status=none ;;
    signature) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && printf '\x63\x63' | dd of="$TABLE" bs=1 seek=12 conv=notrunc status=none ;;
    size) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && printf '\x7f\x7f\x7f' | dd of="$TABLE" bs=1 seek=19 conv=notrunc status=none ;;
    names) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && printf '\xff\xff\xff\x7f' | dd of="$TABLE" bs=1 seek=24 conv=notrunc status=none ;;
    esac
}

@test "files that are no table: programs run on, pinctl says what is wrong in one line" {
    local kind status good=$TABLE
    pool_up
    pinctl init --names 64
    cp "$TABLE" "$BATS_TEST_TMPDIR/good"
    for kind in empty short cut-short random zeroes fifo directory symlink dangling device socket world-writable \
        foreign version signature size names; do
        bad_table "$kind"
        find "$TABLE" -type f -exec sha256sum {} + >"$BATS_TEST_TMPDIR/before"
        expect_spreads "$kind" with_shim "$(client lookup)" -4 pool.test
        status=0
        pinctl list >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
        expect_eq 1 "$status" "exit status of pinctl list, $kind"
        expect_one_line "$(cat "$BATS_TEST_TMPDIR/err")" "pinctl list, $kind"
        expect_match "$TABLE" "$(cat "$BATS_TEST_TMPDIR/err")" "what pinctl list says, $kind"
        status=0
        pinctl set pool.test 127.0.0.99 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
        expect_eq 1 "$status" "exit status of pinctl set, $kind"
        expect_eq "$(cat "$BATS_TEST_TMPDIR/before")" "$(find "$TABLE" -type f -exec sha256sum {} +)" "hash of the file, $kind"
    done
    TABLE=/dev/shm/none/table
    shim_setup
    expect_spreads "no such directory" with_shim "$(client lookup)" -4 pool.test
    TABLE=$good
}

# The words of the header that say where and when: magic, version, signature, size, names, addrs and seed
# come first, so the boot id is at 40 and the network namespace at 56.
@test "a table made before the last boot is not used: pinctl says so, the next program makes a new one" {
    local first status=0
    pool_up
    pinctl set pool.test 127.0.0.99
    printf '\x01\x02\x03' | dd of="$TABLE" bs=1 seek=40 conv=notrunc status=none
    pinctl list >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    expect_eq 1 "$status" "exit status of pinctl list"
    expect_one_line "$(cat "$BATS_TEST_TMPDIR/err")" "pinctl list"
    expect_match 'boot' "$(cat "$BATS_TEST_TMPDIR/err")" "what pinctl list says"
    first=$(with_shim "$(client lookup)" -4 pool.test | first_words)
    expect_match '^127\.0\.0\.1[123]$' "$first" "first address"
    expect_sticks "the new table"
}

@test "a table of another network namespace is not used, and stays" {
    pool_up
    unshare -n true || cannot "no network namespace within this one"
    unshare -n env STICKYDNS_TABLE="$TABLE" "$BUILD/pinctl" init --names 64
    sha256sum <"$TABLE" >"$BATS_TEST_TMPDIR/before"
    expect_spreads "another namespace's table" with_shim "$(client lookup)" -4 pool.test
    expect_eq "$(cat "$BATS_TEST_TMPDIR/before")" "$(sha256sum <"$TABLE")" "hash of the table"
}

@test "a table that is replaced: programs that run already attach again" {
    local line
    pool_up
    pinctl init --names 64
    mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
    env "${SHIM_ENV[@]}" "$(client lookup)" -w -4 pool.test <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- 4>&- &
    exec 8>"$BATS_TEST_TMPDIR/in" 9<"$BATS_TEST_TMPDIR/out"
    echo >&8
    read -r -t 5 line <&9
    expect_eq "$(pin_of pool.test)" "${line%% *}" "first address before"
    pinctl init --names 128 --replace
    pinctl set pool.test 127.0.0.99
    echo >&8
    read -r -t 5 line <&9
    expect_eq 127.0.0.99 "${line%% *}" "first address after"
    exec 8>&-
    wait $!
}
