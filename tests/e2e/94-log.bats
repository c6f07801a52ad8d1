# The shim's log: what happened to which name, in words; nothing unless asked.

load ../lib/harness
setup_file() { use_clients lookup dial cancelled; }

# logged WHAT EREGEX : some line of the log matches.
logged() {
    grep -qE "$2" "$SHIM_LOG" || { echo "expected a line for: $1"; echo "    matching: $2"; echo "seen:"; cat "$SHIM_LOG"; return 1; }
}

pid_of_run() { # with_shim, leaving the pid of the program in $pid
    env "${SHIM_ENV[@]}" "$@" >/dev/null 2>&1 3>&- 4>&- &
    pid=$!
    wait "$pid" || true
}

@test "pinned, confirmed, failed with errno's name, moved" {
    local first pid
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    for address in 11 12 13; do server_start 127.0.0.$address 7060 accept; done
    pid_of_run "$(client dial)" block pool.test 7060
    first=$(pin_of pool.test)
    logged "pinned" "pool\.test.*pinned.* $first|pinned.*pool\.test.* $first"
    logged "by whom" "$pid"
    logged "confirmed, with port and transport" "confirmed.*$first.*7060|pool\.test.*confirmed.*"
    grep -E confirmed "$SHIM_LOG" | grep -qi tcp || { echo "no transport in:"; cat "$SHIM_LOG"; return 1; }

    : >"$SHIM_LOG"
    pid_of_run "$(client dial)" block pool.test 7060
    expect_eq "" "$(grep -E 'moved|dropped|failed' "$SHIM_LOG" || true)" "lines when nothing changed"

    server_stop "$first" 7060
    : >"$SHIM_LOG"
    pid_of_run "$(client dial)" block pool.test 7060
    pid_of_run "$(client lookup)" -4 pool.test
    logged "failed" "$first.*ECONNREFUSED"
    logged "moved" "moved.*$(pin_of pool.test)|$(pin_of pool.test).*moved"
}

@test "explicitly pinned" {
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pinctl set pool.test 127.0.0.99
    pid_of_run "$(client lookup)" -4 pool.test
    logged "explicitly pinned" "explicit.*127\.0\.0\.99|127\.0\.0\.99.*explicit"
}

@test "to stderr when asked; the file gets no line that is not whole with 8 writers" {
    local i lines pids=()
    dns_pool pool.test 127.0.0.11 127.0.0.12
    expect_match 'pool\.test' "$(with_shim env STICKYDNS_LOG=stderr "$(client lookup)" -4 pool.test 2>&1 >/dev/null)" "stderr"
    rm "$TABLE"
    : >"$SHIM_LOG"
    for i in 1 2 3 4 5 6 7 8; do
        env "${SHIM_ENV[@]}" "$(client lookup)" -n 50 pool.test >/dev/null 3>&- 4>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    lines=$(grep -c '' "$SHIM_LOG" || true)
    expect_ge 1 "$lines" "lines"
    expect_eq "$lines" "$(grep -cE '^20[0-9]{2}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{3}Z stickydns: ' "$SHIM_LOG" || true)" \
        "lines that begin with the time and who writes"
}

@test "a thread that is to be cancelled is not cancelled by a line of the log" {
    pinctl set pool.test 127.0.0.11
    expect_eq "got ECONNREFUSED" "$(bare "$(client cancelled)" connect 127.0.0.11 7060)" "without the shim"
    expect_eq "got ECONNREFUSED" "$(with_shim "$(client cancelled)" connect 127.0.0.11 7060)" "with it"
    logged "failed" "127.0.0.11.*ECONNREFUSED"
}

@test "a log with a second name, and one of another user, get no line" {
    local log
    cd "$BATS_TEST_TMPDIR"
    echo victim >victim
    ln victim second
    echo theirs >theirs
    chown 4711 theirs
    chmod 666 theirs
    : >ours
    pinctl set pool.test 127.0.0.11
    for log in second theirs ours; do
        expect_eq 127.0.0.11 "$(with_shim env STICKYDNS_LOG="$PWD/$log" "$(client lookup)" -4 pool.test)" "the answer"
    done
    expect_eq "victim theirs" "$(cat victim theirs | xargs)" "what is in them"
    expect_match "explicitly pinned" "$(cat ours)" "what is in one of ours"
}

@test "a log that cannot be opened or written changes nothing" {
    local where
    dns_pool pool.test 127.0.0.11
    ln -s /dev/full "$BATS_TEST_TMPDIR/full"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    for where in /nonexistent/log "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/full" "$BATS_TEST_TMPDIR/fifo" syslog ""; do
        rm -f "$TABLE"
        expect_eq 127.0.0.11 "$(with_shim env STICKYDNS_LOG="$where" "$(client lookup)" -4 pool.test 2>&1)" \
            "output with STICKYDNS_LOG=$where"
    done
}
