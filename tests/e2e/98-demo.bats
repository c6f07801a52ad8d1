# What `make demo` runs, to its end.

# bats file_tags=long
load ../lib/harness

@test "the demo shows what it is there to show" {
    need kamailio sipp sipsak script
    # As from a shell that knows nothing of bats.
    bare env $(printf -- '-u %s ' "${!BATS_@}") BUILD="$BUILD" "$TESTS/demo.sh" >"$BATS_TEST_TMPDIR/demo" 2>&1 || { tail -n 20 "$BATS_TEST_TMPDIR/demo"; return 1; }
    expect_match "servers that the two programs were led to +3 +1"$'\n' "$(cat "$BATS_TEST_TMPDIR/demo")" "servers without and with"
    expect_match "unanswered of 24 requests after the kill +[1-9][0-9]* +[0-9]+$" "$(cat "$BATS_TEST_TMPDIR/demo")" "the last line"
}
