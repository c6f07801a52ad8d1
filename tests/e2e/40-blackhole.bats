# A server that swallows SYNs. Whoever waits 3 s or more and gives up has learnt that it is dead, and the
# next lookup by any program goes elsewhere; whoever gives up sooner has learnt nothing.
#
# Every way of giving up has a name and a pool of its own, so that all of them wait at the same time.

# bats file_tags=long
load ../lib/harness
setup_file() { use_clients dial lookup; }

# blackhole_pools MODE... : mode-N.test with three addresses each, SYNs to all of them are dropped. The
# pools begin at 127.0.(N+1).8, where libc does not sort (see the harness).
blackhole_pools() {
    local mode n=1 file=$BATS_TEST_TMPDIR/pools
    for mode; do
        n=$((n + 1))
        printf "127.0.$n.%s $mode.test\n" 8 9 10 >>"$file"
    done
    dns_names "$file"
    need nft
    nft -f - <<-'EOF'
	table inet blackhole {
	    chain in { type filter hook input priority 0; tcp dport 5060 tcp flags & (syn | ack) == syn drop; }
	}
	EOF
}

# dial_all SECONDS MODE... : all at once; dial's lines are in $BATS_TEST_TMPDIR/MODE.out. A mode
# "kill-MODE" is MODE killed by -9 after SECONDS. The process ids are left in $pids.
dial_all() {
    local seconds=$1 mode
    shift
    pids=()
    for mode; do
        env "${SHIM_ENV[@]}" "$(client dial)" "${mode#kill-}" "$mode.test" 5060 "$seconds" \
            >"$BATS_TEST_TMPDIR/$mode.out" 2>&1 </dev/null 3>&- 4>&- &
        pids+=($!)
    done
}

tried() { sed -n "s/^try //p" "$BATS_TEST_TMPDIR/$1.out" 2>/dev/null; }
has_tried() { [[ -n $(tried "$1") ]]; }

# Every mode of $@ has led away from the address it tried, and the table says why.
expect_failed() {
    local mode old
    for mode; do
        old=$(tried "$mode")
        expect_match '^127' "$old" "$mode: the address tried"
        expect_ne "$old" "$(with_shim "$(client lookup)" -4 "$mode.test" | cut -d' ' -f1)" \
            "$mode: the first address of another program's lookup"
        expect_eq false "$(candidate_field "$mode.test" "$old" healthy)" "$mode: $old healthy"
        expect_eq 1 "$(candidate_field "$mode.test" "$old" failures)" "$mode: $old failures"
        expect_match 'ETIMEDOUT|timed out|abandoned' "$(candidate_field "$mode.test" "$old" last_error)" \
            "$mode: $old last_error"
    done
}

expect_unharmed() {
    local mode old
    for mode; do
        old=$(tried "$mode")
        expect_match '^127' "$old" "$mode: the address tried"
        expect_eq "$old" "$(with_shim "$(client lookup)" -4 "$mode.test" | cut -d' ' -f1)" \
            "$mode: the first address of another program's lookup"
        expect_eq 0 "$(candidate_field "$mode.test" "$old" failures)" "$mode: $old failures"
    done
}

@test "a SYN given up after 3 s is a failure, however it is given up" {
    local modes=(sndtimeo alarm poll dup2 bad-dup2 close_range again)
    blackhole_pools "${modes[@]}"
    dial_all 3.3 "${modes[@]}"
    wait "${pids[@]}" || true
    expect_eq "done EINPROGRESS" "$(tail -n 1 "$BATS_TEST_TMPDIR/sndtimeo.out")" "SO_SNDTIMEO"
    expect_eq "done EINTR" "$(tail -n 1 "$BATS_TEST_TMPDIR/alarm.out")" "alarm"
    expect_eq "done EINPROGRESS" "$(tail -n 1 "$BATS_TEST_TMPDIR/poll.out")" "poll"
    expect_failed "${modes[@]}"
    expect_ne "$(tried again)" "$(sed -n 's/^again //p' "$BATS_TEST_TMPDIR/again.out")" \
        "the first address of the same program's next lookup"
}

@test "a program killed, or gone without a close, after 3 s leads to a failure mark" {
    local modes=(exit kill-poll kill-block)
    blackhole_pools "${modes[@]}"
    dial_all 20 kill-poll kill-block
    local killed=("${pids[@]}") mode
    dial_all 3.3 exit
    for mode in "${modes[@]}"; do await "$mode to connect" has_tried "$mode"; done
    wait "${pids[@]}" || true
    kill -KILL "${killed[@]}"
    wait "${killed[@]}" || true
    expect_failed "${modes[@]}"
}

@test "a SYN given up after 250 ms says nothing, however it is given up" {
    local modes=(sndtimeo alarm poll dup2 close_range again exit kill-poll kill-block) began said n
    blackhole_pools "${modes[@]}"
    for n in {1..10}; do
        began=$(now_ms)
        brief_dials
        said=$(expect_unharmed "${modes[@]:0:6}" "${modes[@]:7}" || true)
        (($(now_ms) - began >= 2900)) || break      # else somebody may have waited for 3 s
        rm -f "$TABLE" "$BATS_TEST_TMPDIR"/*.out
        said=
    done
    expect_eq "" "$said" "what came of it"
    ((n < 10)) || { echo "# no run was over in 3 s: nothing is learnt" >&3; return 0; }
    sleep 3.2                           # as old as a failure, had anybody waited so long; of exit nobody has asked yet
    expect_unharmed "${modes[@]}"
}

brief_dials() {
    local mode brief
    dial_all 0.25 sndtimeo alarm poll dup2 close_range again exit
    brief=("${pids[@]}")
    dial_all 20 kill-poll kill-block
    for mode in kill-poll kill-block; do await "$mode to connect" has_tried "$mode"; done
    kill -KILL "${pids[@]}"
    wait "${brief[@]}" "${pids[@]}" || true
}

@test "a child that closes its copy of a waiting socket blames nobody; its parent does" {
    local modes=(child vfork-child raw-child) mode pids=()
    blackhole_pools "${modes[@]}"
    mkfifo "$BATS_TEST_TMPDIR/go"
    for mode in "${modes[@]}"; do
        env "${SHIM_ENV[@]}" "$(client dial)" "$mode" "$mode.test" 5060 3.3 \
            <"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/$mode.out" 2>&1 3>&- 4>&- &
        pids+=($!)
    done
    exec 9>"$BATS_TEST_TMPDIR/go"
    for mode in "${modes[@]}"; do
        await "the $mode to close" grep -q '^child closed' "$BATS_TEST_TMPDIR/$mode.out"
        expect_eq 0 "$(candidate_field "$mode.test" "$(tried "$mode")" failures)" "failures after the $mode's close"
    done
    exec 9>&-
    wait "${pids[@]}" || true
    expect_failed "${modes[@]}"
}

@test "the kernel's own time-out is a failure, blocking and not" {
    local modes=(block poll)
    blackhole_pools "${modes[@]}"
    echo 1 >/proc/sys/net/ipv4/tcp_syn_retries
    dial_all 15 "${modes[@]}"
    wait "${pids[@]}" || true
    expect_eq "done ETIMEDOUT" "$(tail -n 1 "$BATS_TEST_TMPDIR/block.out")" "blocking"
    expect_eq "done ETIMEDOUT" "$(tail -n 1 "$BATS_TEST_TMPDIR/poll.out")" "non-blocking"
    expect_failed "${modes[@]}"
}

@test "happy eyeballs: curl's loser, closed after 200 ms, is not marked" {
    local began
    need curl nft
    dns_names <(printf '%s dual.test\n' 2001:db8::1 127.0.0.11)
    nft -f - <<-'EOF'
	table inet blackhole {
	    chain in { type filter hook input priority 0; ip6 daddr 2001:db8::1 tcp dport 5060 drop; }
	}
	EOF
    server_start 127.0.0.11 5060 accept
    began=$(now_ms)
    expect_eq 127.0.0.11 "$(with_shim curl -s --happy-eyeballs-timeout-ms 200 http://dual.test:5060/)" \
        "the server that answered"
    (($(now_ms) - began >= 2900)) ||              # else it may have been given up after 3 s
        expect_eq 0 "$(candidate_field dual.test 2001:db8::1 failures)" "failures of the loser"
    expect_eq confirmed "$(pin_field dual.test state inet)" "the winner's pin"
}

@test "host unreachable is a failure; the host's own trouble is none" {
    need nft
    local name
    dns_names <(for name in 2 3 4; do printf "127.0.$name.%s trouble-$name.test\n" 8 9 10; done)
    nft -f - <<-'EOF'
	table inet trouble {
	    chain in {
	        type filter hook input priority 0;
	        ip daddr 127.0.2.0/24 tcp dport 5060 reject with icmp type host-unreachable
	        ip daddr 127.0.3.0/24 tcp dport 5060 reject with icmp type net-unreachable
	    }
	}
	EOF
    for name in 2 3 4; do
        with_shim "$(client lookup)" -4 "trouble-$name.test" >/dev/null
    done
    # After the first lookup: libc itself puts addresses without a route last.
    ip route add prohibit 127.0.4.0/24 table local
    for name in 2 3 4; do
        with_shim "$(client dial)" block "trouble-$name.test" 5060 >"$BATS_TEST_TMPDIR/trouble-$name.out" || true
    done
    expect_eq "done EHOSTUNREACH" "$(tail -n 1 "$BATS_TEST_TMPDIR/trouble-2.out")" "ICMP host unreachable"
    expect_eq "done ENETUNREACH" "$(tail -n 1 "$BATS_TEST_TMPDIR/trouble-3.out")" "ICMP net unreachable"
    expect_eq "done EACCES" "$(tail -n 1 "$BATS_TEST_TMPDIR/trouble-4.out")" "prohibited route"
    local old
    old=$(tried trouble-2)
    expect_eq 1 "$(candidate_field trouble-2.test "$old" failures)" "failures after EHOSTUNREACH"
    expect_ne "$old" "$(pin_of trouble-2.test)" "pin after EHOSTUNREACH"
    expect_unharmed trouble-3 trouble-4
}
