# pinwatch: what the kernel sees of programs that run without the shim moves the pins of those that run with it.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
setup_file() { use_clients lookup dial; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

first() { with_shim "$(client lookup)" -4 "${1:-pool.test}" | cut -d' ' -f1; }

# pinned : pool.test has a pin, made by a program under the shim; its address is left in $pin.
pinned() {
    dns_pool pool.test $POOL
    pin=$(first)
    await_watched 3
}

@test "a refused connect of a program without the shim moves the pin" {
    pinctl init --conf=/dev/null >/dev/null
    pinwatch_start
    pinned
    bare bash -c "exec 3<>/dev/tcp/$pin/5060" 2>/dev/null || true
    await 5 "the pin to move from $pin" moved pool.test "$pin"
    expect_match "failed.*$pin.*5060.*ECONNREFUSED.*bash.*pinwatch" "$(pinctl events | tr '\n' ' ')" "events"
    expect_eq 1 "$(failures_of pool.test "$pin")" "failures of $pin"
    pinwatch_stop
    expect_eq 0 "$status" "exit status after SIGTERM"
}
