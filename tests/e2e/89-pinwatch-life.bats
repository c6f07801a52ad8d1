# pinwatch over a long life: one that is stopped, tables and cgroups that are made anew under it.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
source "$TESTS/lib/steer.bash"

setup_file() {
    use_clients lookup
    use_static_client steered
    use_static_client reach
}

setup() {
    harness_setup
    steer_setup
}

teardown() {
    steer_teardown
    harness_teardown
}

reach() { bare "$(client reach)" "$@"; }

@test "status: one that is stopped does not answer, and the others do" {
    pool
    pinwatch_start
    steer_start
    kill -STOP "$PINWATCH_PID"
    expect_status 0 timeout 30 "$BUILD/pinwatch" status
    kill -CONT "$PINWATCH_PID"
    expect_match "pinwatch: $PINWATCH_PID: does not answer" "$output" "what is said of the one that is stopped"
    expect_match "steering  $STEER_PID" "$output" "the other one"
    expect_status 0 "$BUILD/pinwatch" status
    expect_match "pinwatch  $PINWATCH_PID" "$output" "when it goes on"
}

@test "what happens right behind init --replace counts in the new table" {
    local pin
    pool
    pinwatch_start
    await_watched 3
    pinctl init --replace --conf=/dev/null >/dev/null
    with_shim "$(client lookup)" pool.test >/dev/null
    pin=$(pin_of pool.test)
    server_stop "$pin" 5060
    reach tcp "$pin" 5060 2 >>"$LOGS/reach.log" || true
    await 5 "the pin to move from $pin" moved pool.test "$pin"
    expect_eq 1 "$(failures_of pool.test "$pin")" "failures of $pin"
}
