# Programs that are watched (valgrind) or sealed (seccomp): nothing is said, and nothing dies, that would not without the shim.

# bats file_tags=long
load ../lib/harness
load ../lib/sticking
setup_file() { use_clients lookup dial; }

# What valgrind says of a program, without its numbers.
said() { # with_shim|bare CMD...
    local how=$1
    shift
    rm -f "$LOGS"/valgrind.*
    "$how" valgrind --child-silent-after-fork=no --log-file="$LOGS/valgrind.%p" -q "$@" >>"$LOGS/runs.log" 2>&1 </dev/null || true
    sed -E 's/[=-]=[0-9]+=[=-]|==[0-9]+==//; s/0x[0-9A-F]+/0x/g; s/[0-9]+/N/g' "$LOGS"/valgrind.* | sort -u
}

@test "valgrind says no more of sipp, sipsak and a client with the shim than without" {
    need valgrind
    need sipp
    need sipsak
    local program
    LIMIT=120
    sip_pool pool.test 127.0.0.11 127.0.0.12
    cd "$BATS_TEST_TMPDIR"
    for program in "sipp -sf $TESTS/sip/options.xml -t u1 -m 1 -nostdin -timeout 60s -i 127.0.0.1 -p 5070 pool.test" \
        "sipp -sf $TESTS/sip/options.xml -t t1 -m 1 -nostdin -timeout 60s -i 127.0.0.1 -p 5070 pool.test" \
        "sipsak -E tcp -s sip:bob@pool.test" "sipsak -s sip:bob@pool.test" \
        "$(client lookup) -4 pool.test" "$(client dial) block pool.test 5060"; do
        said bare $program >"$LOGS/said-bare"
        said with_shim $program >"$LOGS/said-shim"
        expect_eq "" "$(comm -13 "$LOGS/said-bare" "$LOGS/said-shim")" "what valgrind says with the shim alone of $program"
    done
    expect_ne "" "$(pin_of pool.test)" "a pin: the shim was there"
}

# chronyd's filter (-F 1) ends it at a system call that it does not make itself. It asks a server of the pool for the time.
chrony_asks() { # with_shim|bare
    local status=0
    "$1" timeout 60 chronyd -F 1 -u root -U -Q -t 30 -f /dev/null "server pool.test port 5123 iburst maxsamples 1" \
        "cmdport 0" "pidfile $BATS_TEST_TMPDIR/ask.pid" "bindcmdaddress /" >"$LOGS/chrony-$1.log" 2>&1 || status=$?
    echo "$status"
}

@test "chronyd under its seccomp filter asks for the time as without the shim" {
    need chronyd
    local address pids=()
    dns_pool pool.test 127.0.0.11 127.0.0.12
    for address in 127.0.0.11 127.0.0.12; do
        chronyd -n -x -U -u root -f /dev/null "local stratum 2" "allow 127.0.0.0/8" "port 5123" "bindaddress $address" "cmdport 0" \
            "bindcmdaddress /" "pidfile $BATS_TEST_TMPDIR/$address.pid" >"$LOGS/chronyd-$address.log" 2>&1 3>&- 4>&- &
        pids+=($!)
        await 10 "chronyd on $address" port_open udp "$address" 5123
    done
    expect_eq 0 "$(chrony_asks bare)" "exit status without the shim"
    expect_eq 0 "$(chrony_asks with_shim)" "exit status with it (159: by its filter)"
    expect_ne "" "$(pin_of pool.test)" "a pin: the shim was there"
    kill "${pids[@]}"
}
