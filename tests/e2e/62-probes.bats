# The shim's USDT probes and the bpftrace scripts, on real programs and the real kernel.

load ../lib/harness
setup_file() { use_clients lookup raw lookup_client; }

# bpftrace looks at the whole machine, and at a library by its inode: each test has a copy of its own, or
# it would see the other tests' programs. It reads tracefs, which not every machine has mounted.
setup() {
    harness_setup
    need bpftrace readelf
    [[ -e /sys/kernel/tracing/events ]] || mount -t tracefs none /sys/kernel/tracing || cannot "no tracefs"
    LIBRARY=$BATS_TEST_TMPDIR/libstickydns.so
    cp "$BUILD/libstickydns.so" "$LIBRARY"
    SHIM_ENV[0]=LD_PRELOAD=$LIBRARY
}

# looker SCRIPT ARG... : bpftrace in the background, its output in $SEEN. No word says when it looks;
# so something is done until it is seen. A script of ours gets the path of the copy.
looker() {
    local script=$BATS_TEST_TMPDIR/script.bt
    SEEN=$LOGS/${1##*/}.out
    sed "s,/usr/local/lib/libstickydns.so,$LIBRARY," "$1" >"$script"
    [[ -n ${DNS_PID:-} ]] || dns_pool ready.test 127.0.0.9
    timeout 600 bpftrace "$script" "${@:2}" >"$SEEN" 2>"$LOGS/${1##*/}.err" 3>&- 4>&- </dev/null &
    LOOKER=$!
}

SCRIPTS=$TESTS/../tools/pinwatch

looks() { with_shim "$(client lookup)" -4 ready.test >/dev/null && grep -q "$@" "$SEEN"; }

# Ends it as an operator does, with Ctrl-C, and once more if it did not hear: its maps are printed then.
looker_stop() {
    local tries=0
    await "bpftrace to end" eval '((tries++ % 100)) || pkill -INT -P "$LOOKER"; [[ -z $(pgrep -P "$LOOKER") ]]'
    wait "$LOOKER" || { cat "$LOGS"/*.err; echo "bpftrace failed"; return 1; }
}

# every SECONDS LINE_REGEX... : each is a line of what was seen.
seen() {
    local line
    for line; do
        await "a line from bpftrace: $line" grep -qE "$line" "$SEEN"
    done
}

# Two servers of which the first refuses: a client's connect fails, the pin moves, and is confirmed there.
failover() {
    dns_scripted pool.test 2 0 127.0.0.11 127.0.0.12
    server_start 127.0.0.12 7060 accept
    client_start one shim
    expect_eq 127.0.0.11=ECONNREFUSED "$(ask one connect pool.test 7060)" "the first connect"
    expect_eq 127.0.0.12=ok "$(ask one connect pool.test 7060)" "the second connect"
}

# A program that looks the name up, and goes to the address that does not lead.
goes_elsewhere() {
    server_start 127.0.0.12 5060 accept
    with_shim /usr/bin/python3 -S -c '
import socket
socket.getaddrinfo("pool.test", 5060, socket.AF_INET)
socket.socket().connect(("127.0.0.11", 5060))'
}

@test "six probes, with their arguments and a semaphore each" {
    readelf -n "$BUILD/libstickydns.so" | awk '
        /Provider:/ { provider = $2 }
        /Name:/ { name = $2 }
        /Semaphore:/ { semaphore = $NF }
        /Arguments:/ { print provider, name, NF - 1, (semaphore ~ /^0x0*$/ ? "always" : "watched") }' |
        sort >"$BATS_TEST_TMPDIR/probes"
    diff - "$BATS_TEST_TMPDIR/probes" <<-'END'
	stickydns answer 4 watched
	stickydns pin_drop 5 watched
	stickydns pin_fail 5 watched
	stickydns pin_hit 5 watched
	stickydns pin_set 6 watched
	stickydns steer 5 watched
	END
}

@test "they fire, in programs that come and in one that runs already" {
    cat >"$BATS_TEST_TMPDIR/all.bt" <<-END
	usdt:$LIBRARY:stickydns:pin_hit
	{ printf("hit %s %s %s %d %s %s\n", comm, str(arg0), str(arg1), arg2, str(arg3), str(arg4)); }
	usdt:$LIBRARY:stickydns:answer
	{ printf("answer %s %s %s %d %s\n", comm, str(arg0), str(arg1), arg2, str(arg3)); }
	usdt:$LIBRARY:stickydns:pin_set
	{ printf("set %s %s %s %d %s %s %s\n", comm, str(arg0), str(arg1), arg2, str(arg3), str(arg4), str(arg5)); }
	usdt:$LIBRARY:stickydns:pin_drop
	{ printf("drop %s %s %s %d %s %s\n", comm, str(arg0), str(arg1), arg2, str(arg3), str(arg4)); }
	usdt:$LIBRARY:stickydns:pin_fail
	{ printf("fail %s %s %d %s %s %s\n", comm, str(arg0), arg1, str(arg2), str(arg3), str(arg4)); }
	usdt:$LIBRARY:stickydns:steer
	{ printf("steer %s %s %s %d %s %d\n", comm, str(arg0), str(arg1), arg2, str(arg3), arg4); }
	END
    pinctl init
    client_start running shim
    looker "$BATS_TEST_TMPDIR/all.bt"
    await "bpftrace at the probes" looks "^hit lookup ready.test"
    failover
    seen "^set lookup_client pool.test 127.0.0.11 0 any first handed out $" \
        "^hit lookup_client pool.test 127.0.0.11 0 tcp auto$" \
        "^fail lookup_client 127.0.0.11 7060 tcp refused ECONNREFUSED$" \
        "^set lookup_client pool.test 127.0.0.12 0 any it failed 127.0.0.11$" \
        "^hit lookup_client pool.test 127.0.0.12 0 tcp auto$" \
        "^set lookup_client pool.test 127.0.0.12 7060 tcp connected $"
    expect_eq 1 "$(grep -c ^fail "$SEEN")" "failures seen"
    with_shim "$(client lookup)" -4 -p 5061 pool.test
    seen "^hit lookup pool.test 127.0.0.12 5061 tcp auto$"

    goes_elsewhere
    seen "^steer python3 127.0.0.11 127.0.0.12 5060 tcp 5060$"

    expect_eq 127.0.0.12 "$(ask running first pool.test)" "the client from before"
    expect_eq 127.0.0.12 "$(ask running first pool.test)" "the client from before"
    await "both lookups of the client from before" eval \
        '[[ $(grep -c "^hit lookup_client pool.test 127.0.0.12 0 " "$SEEN") == 3 ]]'

    with_shim "$(client raw)" sendto pool.test 1
    seen "^answer raw pool.test 127.0.0.12 2 first$"
    pinctl set pool.test 127.0.0.11
    with_shim "$(client raw)" res_query pool.test 1
    seen "^hit raw pool.test 127.0.0.11 0 any explicit$" "^answer raw pool.test 127.0.0.11 2 kept$"
    settings 'default { answer = only }'
    with_shim "$(client raw)" res_query pool.test 1
    seen "^answer raw pool.test 127.0.0.11 2 only$"

    pinctl set brief.test 127.0.0.13 --ttl 1s
    dns_scripted brief.test 1 0 127.0.0.14
    await "the end of a pin of one second" eval \
        'with_shim "$(client lookup)" -4 brief.test >/dev/null; grep -q "^drop" "$SEEN"'
    seen "^drop lookup brief.test 127.0.0.13 0 any ttl over$"
    looker_stop
}

@test "a pin that a raw answer does not hold is no answer led by it" {
    cat >"$BATS_TEST_TMPDIR/answers.bt" <<-END
	usdt:$LIBRARY:stickydns:answer { printf("%s %s %s\n", str(arg0), str(arg1), str(arg3)); }
	END
    looker "$BATS_TEST_TMPDIR/answers.bt"
    await "bpftrace at the probes" eval 'with_shim "$(client raw)" res_query ready.test 1; grep -q ready "$SEEN"'
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pinctl set pool.test 127.0.0.13
    with_shim "$(client raw)" res_query pool.test 1
    with_shim "$(client raw)" res_query last.test 1 || true
    dns_pool last.test 127.0.0.11
    with_shim "$(client raw)" res_query last.test 1
    seen "^last.test 127.0.0.11 kept$"
    expect_eq "" "$(grep ^pool.test "$SEEN" || true)" "answers of pool.test led by a pin"
    looker_stop
}

# ---- the scripts

@test "lookups.bt: who resolves what and gets which pin" {
    looker "$SCRIPTS/lookups.bt"
    await "lookups.bt at work" looks "ready.test"
    failover
    with_shim "$(client lookup)" -4 -p 5060 pool.test
    with_shim "$(client raw)" sendto pool.test 1
    seen "lookup_client +pinned +pool.test +127.0.0.11 +first handed out$" \
        "lookup_client +led +pool.test +127.0.0.11 +auto pin$" \
        "lookup_client +moved +pool.test +127.0.0.12 +from 127.0.0.11: it failed$" \
        "lookup_client +confirmed +pool.test +127.0.0.12 +connected$" \
        "lookup +led +pool.test +127.0.0.12 +auto pin, for port 5060/tcp$" \
        "raw +answer +pool.test +127.0.0.12 +first of 2 records$"
    goes_elsewhere
    seen "python3 +steered +- +127.0.0.12 +from 127.0.0.11, tcp port 5060$"
    looker_stop
    seen "^@lookups\[lookup_client, pool.test, 127.0.0.12\]: 1$" "^@lookups\[raw, pool.test, 127.0.0.12\]: 1$"
    expect_eq "" "$(grep WARNING "$LOGS"/*.err || true)" "warnings"
}

@test "lookups.bt NAME shows that name only" {
    looker "$SCRIPTS/lookups.bt" ready.test
    await "lookups.bt at work" looks "ready.test"
    dns_pool pool.test 127.0.0.11 127.0.0.12
    with_shim "$(client lookup)" -4 pool.test
    looks ready.test
    looker_stop
    expect_eq "" "$(grep pool.test "$SEEN" || true)" "lines of the other name"
}

@test "failures.bt: failures by server" {
    looker "$SCRIPTS/failures.bt"
    client_start ready shim
    await "failures.bt at work" eval 'ask ready connect ready.test 9 >/dev/null; grep -q "failed.*127.0.0.9" "$SEEN"'
    # It cools off already; what programs meet there is told all the same.
    repeat 3 ask ready connect ready.test 8 >/dev/null
    failover
    seen "lookup_client +failed +127.0.0.11 port 7060/tcp: refused ECONNREFUSED$" \
        "lookup_client +moved +pool.test from 127.0.0.11 to 127.0.0.12: it failed$"
    looker_stop
    seen "^@failures\[127.0.0.9, 8, tcp, refused\]: 3$" "^@failures\[127.0.0.11, 7060, tcp, refused\]: 1$" "^@moves\[127.0.0.11, 127.0.0.12\]: 1$"
    expect_eq "" "$(grep WARNING "$LOGS"/*.err || true)" "warnings"
}

# All of the machine's connects are seen, so the port is one that nobody else has: a number at random.
@test "latency.bt: connects by server, IPv4 and IPv6, and those that fail" {
    local port=$((RANDOM % 20000 + 10000))
    need curl
    looker "$SCRIPTS/latency.bt" "$port"
    server_start 127.0.0.12 "$port" accept
    server_start ::1 "$port" accept
    server_start 127.0.0.12 $((port + 1)) accept
    await "latency.bt's first words" grep -q Measuring "$SEEN"
    await "latency.bt at work" latency_ready
    repeat 5 curl -s "http://127.0.0.12:$port/"
    repeat 3 curl -s "http://[::1]:$port/"
    repeat 2 curl -s "http://[::ffff:127.0.0.12]:$port/"
    curl -s "http://127.0.0.12:$((port + 1))/"
    expect_status 7 curl -s "http://127.0.0.13:$port/"
    looker_stop
    expect_eq 7 "$(histogram 127.0.0.12, "$port")" "connects to 127.0.0.12, by IPv4 and IPv6 sockets"
    expect_eq 3 "$(histogram ::1, "$port")" "connects to ::1"
    expect_eq "" "$(grep ", $((port + 1))\]" "$SEEN" || true)" "the other port"
    seen "^@failed\[127.0.0.13, $port\]: 1$"
}

# bpftrace prints its maps at SIGUSR1.
latency_ready() {
    curl -s "http://127.0.0.14:$port/" || sleep 0.1
    kill -USR1 "$(pgrep -P "$LOOKER")" && grep -q "^@failed.127.0.0.14" "$SEEN"
}

# histogram SERVER : how many connects to it there are in all rows of the last time that it was printed.
histogram() {
    awk -v key="@connect_us[$*]:" '
        index($0, "@") == 1 { ours = index($0, key) == 1; if (ours) n = 0; next }
        ours && /^\[/ { sub(/^[^)\]]*[)\]] */, ""); n += $1 }
        END { print n + 0 }' "$SEEN"
}

@test "the scripts in the build directory look into the library beside them" {
    local script
    for script in lookups failures; do
        expect_eq "$BUILD/libstickydns.so" "$(sed -n 's/^usdt:\([^:]*\):.*/\1/p' "$BUILD/$script.bt" | sort -u)" "$script.bt"
    done
}

@test "without sys/sdt.h it builds, with no probe, and works" {
    local sys=$BATS_TEST_TMPDIR/sys dir=/usr/include/x86_64-linux-gnu/sys said
    need gcc
    [[ -e $dir/sdt.h ]] || dir=$(dirname "$(gcc -E -x c - <<<'#include <sys/sdt.h>' | sed -n 's/^# 1 "\(.*sdt\.h\)".*/\1/p' | head -n 1)")
    cp -r "$dir" "$sys"
    rm "$sys/sdt.h"
    mount --bind "$sys" "$dir"
    mkdir "$BATS_TEST_TMPDIR/build"                                   # what has probes is made anew
    find "$BUILD" -mindepth 1 -maxdepth 1 ! -name asan ! -name tsan ! -name fuzz -exec cp -r -t "$BATS_TEST_TMPDIR/build" {} +
    touch "$BATS_TEST_TMPDIR"/build/{shim,policy}/*/*.o
    rm $(grep -l shim/core/probes.h "$BATS_TEST_TMPDIR"/build/{shim,policy}/*/*.d | sed 's/d$/o/') "$BATS_TEST_TMPDIR/build/libstickydns.so"
    find "$BATS_TEST_TMPDIR/build" -name '*.d' -delete
    said=$(make -C "$TESTS/.." --no-print-directory B="$BATS_TEST_TMPDIR/build" "$BATS_TEST_TMPDIR/build/libstickydns.so" 2>&1)
    expect_eq "" "$(grep -vE '^  (CC|AR|LD) ' <<<"$said" || true)" "what make says"
    expect_eq "" "$(readelf -n "$BATS_TEST_TMPDIR/build/libstickydns.so" | grep stapsdt || true)" "probes"
    BUILD=$BATS_TEST_TMPDIR/build
    shim_setup
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    expect_eq 1 "$(repeat 6 first_of shim pool.test | spread)" "first addresses"
}
