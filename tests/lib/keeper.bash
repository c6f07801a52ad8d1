# pinkeeper in a test.

# keeper_start [TEXT] : serves $TABLE (it may come later) with TEXT as its block keeper{}. Its pid is in $KEEPER, its
# messages in $LOGS/pinkeeper.
keeper_start() {
    local conf=$BATS_TEST_TMPDIR/keeper.conf
    [[ -x $BUILD/pinkeeper ]] || { echo "no $BUILD/pinkeeper: run make first" >&2; return 1; }
    printf 'keeper {\n%s\n}\n' "${1:-}" >"$conf"
    "$BUILD/pinkeeper" --table "$TABLE" --conf "$conf" >>"$LOGS/pinkeeper" 2>&1 3>&- 4>&- &
    KEEPER=$!
    await "pinkeeper" grep -q ': \(served\|waited for\)$\|no table there' "$LOGS/pinkeeper"
}

# keeper_stop [SIGNAL] : and its exit status.
keeper_stop() {
    kill "-${1:-TERM}" "$KEEPER"
    wait "$KEEPER"
}
