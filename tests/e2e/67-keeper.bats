# What pinkeeper finds in its table without a program that looks: what killed programs left in flight; another table in its place.

load ../lib/harness
setup_file() { use_clients dial lookup; }

pin_has_moved() { [[ $(pin_of pool.test) != "$1" ]]; }

@test "a program is killed while it waits for a silent server: its pin moves without another lookup" {
    need nft
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    nft -f - <<-'EOF'
	table inet blackhole {
	    chain in { type filter hook input priority 0; tcp dport 5060 tcp flags & (syn | ack) == syn drop; }
	}
	EOF
    keeper_start
    env "${SHIM_ENV[@]}" "$(client dial)" alarm pool.test 5060 60 >"$BATS_TEST_TMPDIR/dial" 3>&- 4>&- &
    local dialer=$!
    await "the program's first try" grep -q '^try ' "$BATS_TEST_TMPDIR/dial"
    local old
    old=$(pin_of pool.test)
    nap 3.5                                     # a younger connect tells nothing
    kill -9 $dialer
    await "the pin to move" pin_has_moved "$old"
    expect_match $'\tfailed\t.*abandoned unanswered.*\tpinkeeper$' "$(pinctl events)" "who found it"
}

served_times() { (($(grep -c ': served$' "$LOGS/pinkeeper") >= $1)); }

@test "a table whose file was removed, and made anew by a program, is the one that is served" {
    dns_pool pool.test 127.0.0.11
    pinctl set pool.test 127.0.0.11
    keeper_start
    await "the table to be served" served_times 1
    rm "$TABLE"
    with_shim "$(client lookup)" pool.test >"$LOGS/lookup"
    await "the new table to be served" served_times 2
}
