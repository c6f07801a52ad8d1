# Programs that are not to be helped, or cannot be: switched off, set-uid, with capabilities, static.

load ../lib/harness
load ../lib/sticking
setup_file() { use_clients lookup dial; }

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
