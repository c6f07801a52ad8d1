# What the shim costs, in instructions and system calls, which are the same on a busy machine. tests/bench/bounds has the
# bounds. Times are for `make bench` to show.

load ../lib/harness

counts() { "$TESTS/bench/run.sh" --counts "$@"; }

@test "hooks, pinned lookups and steered requests keep to their bounds" {
    need valgrind
    expect_status 0 counts
}

@test "a bound that is passed fails, and so does one whose row is gone" {
    local row='close, an fd that is none of ours'
    need valgrind
    export BOUNDS=$BATS_TEST_TMPDIR/bounds
    printf '%s\t1000\t0\n' "$row" >"$BOUNDS"
    expect_status 0 counts strangers
    expect_match "$row .* ok"$'\n' "$output" "what is said"
    printf '%s\t1\t0\n' "$row" >"$BOUNDS"
    expect_status 1 counts strangers
    expect_match "$row .* over"$'\n' "$output" "what is said"
    printf '%s\t1000\t-1\n' "$row" >"$BOUNDS"
    expect_status 1 counts strangers
    expect_match "$row .* over"$'\n' "$output" "what is said"
    printf 'a row of old\t1000\t0\n' >"$BOUNDS"
    expect_status 1 awk -v all=yes -f "$TESTS/bench/counts.awk" "$BOUNDS"
    expect_match 'not counted: a row of old' "$output" "what is said"
}
