# complains STATUS REGEX ARG... : pinctl ARG... says one line on stderr that matches, nothing on stdout, and exits so.
complains() {
    local status=$1 regex=$2 seen=0
    shift 2
    pinctl "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || seen=$?
    expect_eq "$status" "$seen" "exit status of pinctl $*"
    expect_one_line "$(cat "$BATS_TEST_TMPDIR/err")" "complaint of pinctl $*"
    expect_match "^pinctl: .*$regex" "$(cat "$BATS_TEST_TMPDIR/err")" "complaint of pinctl $*"
    expect_eq "" "$(cat "$BATS_TEST_TMPDIR/out")" "output of pinctl $*"
}

# conf LINE... : a stickydns.conf in $CONF.
conf() {
    CONF=$BATS_TEST_TMPDIR/t.conf
    printf '%s\n' "$@" >"$CONF"
}
