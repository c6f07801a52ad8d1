# A pool that programs stick to or spread over, and programs of root's and of nobody's: loaded where a file wants them.

POOL=(127.0.0.11 127.0.0.12 127.0.0.13)

pool_up() { # [PORT]
    local address
    dns_pool pool.test "${POOL[@]}"
    for address in "${POOL[@]}"; do server_start "$address" "${1:-5060}" accept; done
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
