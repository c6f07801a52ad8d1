# Places where a preloaded library must keep its feet: constructors, signal handlers, children that share
# memory, jumps out of a lookup, threads, plug-ins, limits; and it says nothing of its own.

load ../lib/harness
load ../lib/complains
load ../lib/sticking
setup_file() {
    use_clients lookup dial signals jump spawn threads dlopener matrix sealed listed tight
    use_libraries libctor libresolve libnomem
}

SMALL_STACK=32     # KiB; without the shim, lookup needs 20

# ---- before main

# One that runs before ours passes through to libc; main is pinned in any case.
@test "a constructor that runs before the shim's own, and one that runs after it" {
    local order run
    pool_up
    export CTOR_HOST=pool.test CTOR_PORT=5060
    for order in "$BUILD/libstickydns.so:$(library libctor)" "$(library libctor):$BUILD/libstickydns.so"; do
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
        "$(library libctor)" -Wl,-rpath,"$(dirname "$(library libctor)")"
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
    pool_up 7060                # where no SIP is spoken a connect confirms
    with_shim "$(client spawn)" pool.test 7060 60 >"$BATS_TEST_TMPDIR/out"
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
    await "the program to have jumped" grep -q '^silent over' "$BATS_TEST_TMPDIR/out"
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
    expect_sticks "in plug-ins" "$(client dlopener)" "$(library libresolve)" pool.test 20
}

# Its hooks may be bound elsewhere by then, and what it maps would be mapped again each time.
@test "a program that opens and closes the shim itself (dlopen) has it once" {
    expect_eq 1 "$(bare env STICKYDNS_TABLE="$TABLE" /usr/bin/python3 -S -c '
import _ctypes, sys
for i in range(50):
    _ctypes.dlclose(_ctypes.dlopen(sys.argv[1], 2))
print(open("/proc/self/maps").read().count(sys.argv[2]))' "$BUILD/libstickydns.so" "$TABLE")" "tables that are mapped"
}

@test "threads with small stacks" {
    pool_up
    bare "$(client threads)" pool.test 5060 4 20 "$SMALL_STACK" >"$BATS_TEST_TMPDIR/out-bare"
    server_stop 127.0.0.11 5060                     # so that refusals, moves and their log lines are made too
    server_stop 127.0.0.12 5060
    with_shim "$(client threads)" pool.test 5060 4 20 "$SMALL_STACK" >"$BATS_TEST_TMPDIR/out"
    expect_eq 80 "$(awk '/^127/ { n += $2 } END { print n }' "$BATS_TEST_TMPDIR/out")" "lookups"
}

# What a lookup takes libc takes too; connecting and sending takes it hardly any. The refusal moves a service's pin.
@test "threads with the smallest stacks connect and send to the hosts of a service, and hear of them" {
    local expected="connect ECONNREFUSED sendto 105 recvmmsg EAGAIN 503 97" transport
    pinctl set h1.test 127.0.0.11,127.0.0.12 >/dev/null
    pinctl set h2.test 127.0.0.13 >/dev/null
    for transport in tcp udp; do pinctl set _sip._$transport.svc.test h1.test:5060,h2.test:5060 >/dev/null; done
    expect_eq "$expected" "$(bare "$(client tight)" 127.0.0.11 5060 | xargs)" "without the shim"
    expect_eq "$expected" "$(with_shim "$(client tight)" 127.0.0.11 5060 | xargs)" "with it"
    conf 'host "*.test" { cool-off = {30s, 1m} connect-timeout = 2s fail-on = {503} silence = {3, 3s} sip-ports = {5060} }'
    pinctl reload "$CONF"                           # so that names are asked what holds at an endpoint
    expect_eq "$expected" "$(with_shim "$(client tight)" 127.0.0.12 5060 mmsg | xargs)" "once more, with a failure known"
    expect_eq 2 "$(pinctl events | grep -c "failed.*127.*503")" "servers that said 503, and were heard"
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
        seen=$(with_shim env LD_PRELOAD="$BUILD/libstickydns.so:$(library libnomem)" "$(client lookup)" -4 $how pool.test)
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

# Whether bytes can be read is asked page by page: not of more than a socket address has.
@test "an address of 4 GB is refused at once" {
    need strace
    with_shim strace -f -o "$LOGS/strace" -e trace=rt_sigprocmask /usr/bin/python3 -S -c '
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
space = ctypes.create_string_buffer(1 << 26)
s = socket.socket()
print(libc.connect(s.fileno(), space, ctypes.c_uint(0xffffffff)), ctypes.get_errno())' >"$BATS_TEST_TMPDIR/out"
    expect_eq "-1 22" "$(cat "$BATS_TEST_TMPDIR/out")" "what connect returned"
    expect_le 5000 "$(grep -c rt_sigprocmask "$LOGS/strace" || true)" "calls that ask, of 16,384 pages"
    rm "$LOGS/strace"
}

# What is steered is sent by the program's own system call.
@test "a program that is sealed (seccomp) but for the one system call that it sends by" {
    local call expected=""
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pinctl set pool.test 127.0.0.12,127.0.0.11 >/dev/null
    for call in sendto send sendmsg sendmsg-peer sendmmsg write writev; do expected+="$call 127.0.0.12 "; done
    expect_eq "${expected//0.12/0.11}writev of too many pieces EINVAL exit 0" \
        "$(bare "$(client sealed)" 127.0.0.11 127.0.0.12 5060 pool.test | xargs)" "without the shim"
    expect_eq "${expected}writev of too many pieces EINVAL exit 0" \
        "$(with_shim "$(client sealed)" 127.0.0.11 127.0.0.12 5060 pool.test | xargs)" "with it"
}

# What the manual lists, where what the program itself calls is allowed: nothing else may happen in it.
LISTED=(getpid getsockopt getpeername rt_sigprocmask connect ioctl shutdown socket close mmap futex)

# allow FILE : the numbers of LISTED, and of what listed calls without us once it is sealed.
allow() {
    local name headers
    need strace
    headers=$(echo '#include <sys/syscall.h>' | ${CC:-cc} -E -dM -)
    echo | bare strace -f -qq -o "$LOGS/strace" "$(client listed)" open pool.test 5060 127.0.0.54 >/dev/null
    sed '1,/PR_SET_NO_NEW_PRIVS/d; s/^[0-9]* *\([a-z0-9_]*\)(.*/\1/' "$LOGS/strace" | cat - <(printf '%s\n' "${LISTED[@]}") |
        grep -x '[a-z0-9_]*' | sort -u | while read -r name; do sed -n "s/^#define __NR_$name //p" <<<"$headers"; done >"$1"
    rm "$LOGS/strace"
}

@test "a program that is sealed but for what the manual lists: lookups, connects, SIP and DNS, also where a table is replaced" {
    local page name killed list=$BATS_TEST_TMPDIR/list way
    page=$(tr '\n' ' ' <"$TESTS/../tools/man/stickydns.7" | sed 's/.*seals itself with//; s/\.IP.*//')
    for name in "${LISTED[@]}"; do expect_match "\\b$name\\b" "$page" "the manual's list"; done
    for name in kill stat madvise; do expect_ne "" "$(grep -vw $name <<<"$page")" "what it does not list"; done
    dns_write dark.test 127.0.0.13
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    for name in 127.0.0.{11,12,13}; do server_start $name 5060 kamailio; done
    allow "$list"
    pinctl set pool.test 127.0.0.12,127.0.0.11 >/dev/null
    # Something to ask about: the connect of a process that was killed while it waited.
    need nft
    nft -f - <<<'table inet dark { chain in { type filter hook input priority 0; ip daddr 127.0.0.13 tcp dport 5061 drop; }; }'
    env "${SHIM_ENV[@]}" "$(client dial)" poll dark.test 5061 60 >"$LOGS/dial" 2>&1 3>&- 4>&- &
    killed=$!
    await "the connect" eval '[[ -n $(ss -H -t state syn-sent) ]]'
    kill -KILL $killed
    nap 3.2
    SHIM_LOG=                                           # it takes more
    shim_setup
    for way in bare shim; do
        rm -f "$BATS_TEST_TMPDIR/go" && mkfifo "$BATS_TEST_TMPDIR/go"
        if [[ $way == bare ]]; then name=(); else name=("${SHIM_ENV[@]}"); fi
        env "${name[@]}" "$(client listed)" "$list" pool.test 5060 127.0.0.54 <"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/$way" 2>&1 3>&- 4>&- &
        killed=$!
        exec {go}>"$BATS_TEST_TMPDIR/go"
        await "the first life" eval 'grep -q once "$BATS_TEST_TMPDIR/'$way'" || [[ ! -d /proc/$killed ]]'
        pinctl init --replace --names 2048
        echo >&"$go"
        exec {go}>&-
        status=0
        wait $killed || status=$?
        expect_eq 0 $status "its end, $way ($(cat "$BATS_TEST_TMPDIR/$way"))"
    done
    expect_match "^127.0.0.12 answered 127.0.0.12 127.0.0.12 127.0.0.12,once,127.0.0.1[123] answered" \
        "$(paste -sd, "$BATS_TEST_TMPDIR/shim")" "where it got under the shim"
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
