# However a program learns what became of its connect, we learn it too; and nothing that is not so.

load ../lib/harness
setup_file() { use_clients dial lookup stray; }

# Each way has a name and a pool of its own: WAY.test.
ways_up() {
    local way n=1
    for way; do
        n=$((n + 1))
        printf "127.0.$n.%s $way.test\n" 8 9 10
    done >"$BATS_TEST_TMPDIR/pools"
    dns_names "$BATS_TEST_TMPDIR/pools"
}

# dialled WAY : runs dial that way; $tried is the address, $said its last line.
dialled() {
    with_shim "$(client dial)" "$1" "$1.test" 7060 2 >"$BATS_TEST_TMPDIR/$1.out" || true
    tried=$(sed -n 's/^try //p' "$BATS_TEST_TMPDIR/$1.out")
    said=$(tail -n 1 "$BATS_TEST_TMPDIR/$1.out")
}

first() { with_shim "$(client lookup)" -4 "$1.test" | cut -d' ' -f1; }

@test "a refusal is noticed whichever call shows it" {
    local way ways=(block thread poll recv send reconnect unread shutdown dup2 close_range again)
    ways_up "${ways[@]}"
    for way in "${ways[@]}"; do
        dialled "$way"
        case $way in
        unread) expect_eq "done 0" "$said" "$way" ;;
        shutdown) expect_eq "done ENOTCONN" "$said" "$way" ;;
        *) expect_eq "done ECONNREFUSED" "$said" "$way" ;;
        esac
        expect_ne "$tried" "$(first "$way")" "$way: the next lookup's first address"
        expect_eq 1 "$(candidate_field "$way.test" "$tried" failures)" "$way: failures of $tried"
        expect_match "ECONNREFUSED|refused" "$(candidate_field "$way.test" "$tried" last_error)" "$way: last_error of $tried"
    done
}

@test "a success is noticed whichever call shows it" {
    local way ways=(block thread poll recv send reconnect unread shutdown dup2 close_range again)
    ways_up "${ways[@]}"
    server_start 0.0.0.0 7060 accept
    for way in "${ways[@]}"; do
        dialled "$way"
        expect_eq confirmed "$(pin_field "$way.test" state)" "$way ($said): state of the pin"
        expect_eq "$tried 7060 tcp" "$(pin_of "$way.test") $(pin_field "$way.test" port) $(pin_field "$way.test" transport)" \
            "$way: the pin"
    done
}

@test "the same over Multipath TCP" {
    local way refused=(block poll recv unread) good=(thread send reconnect again)
    export DIAL_PROTOCOL=262                    # IPPROTO_MPTCP
    ways_up "${refused[@]}" "${good[@]}"
    for way in "${refused[@]}"; do
        dialled "$way"
        expect_eq 1 "$(candidate_field "$way.test" "$tried" failures)" "$way ($said): failures of $tried"
    done
    server_start 0.0.0.0 7060 accept
    for way in "${good[@]}"; do
        dialled "$way"
        expect_eq confirmed "$(pin_field "$way.test" state)" "$way ($said): state of the pin"
    done
}

@test "a datagram socket's connect proves nothing, to an open port or a closed one" {
    ways_up udp
    dialled udp
    expect_eq "done 0" "$said" "the connect"
    expect_eq tentative "$(pin_field udp.test state)" "state of the pin"
    expect_eq 0 "$(candidate_field udp.test "$tried" failures)" "failures"
    expect_eq "$tried" "$(first udp)" "the next lookup's first address"
}

@test "a socket closed by fclose whose number comes back by SCM_RIGHTS: nobody is blamed for another" {
    need nft
    ways_up stray
    nft -f - <<-'EOF'
	table inet blackhole {
	    chain in { type filter hook input priority 0; ip daddr 127.0.2.0/24 tcp dport 7060 drop; }
	}
	EOF
    with_shim "$(client stray)" stray.test 7060 127.0.0.1 5999 >"$BATS_TEST_TMPDIR/stray.out"
    expect_eq "other ECONNREFUSED" "$(tail -n 1 "$BATS_TEST_TMPDIR/stray.out")" "the other connect"
    tried=$(sed -n 's/^try //p' "$BATS_TEST_TMPDIR/stray.out")
    expect_eq 0 "$(candidate_field stray.test "$tried" failures)" "failures of $tried"
    expect_eq "$tried" "$(first stray)" "the next lookup's first address"
}
