# A table that somebody overwrites while it is in use: choices are spoilt, nothing else. No program and no
# pinctl ends by a signal or hangs, and every answer still holds all that DNS said, whole.

load ../lib/harness
setup_file() { use_clients churn scribble lookup; }

HOSTS=(p0.test=127.0.0.11,127.0.0.12,127.0.0.13 p1.test=127.0.0.12,127.0.0.13,127.0.0.14
    p2.test=127.0.0.15 p3.test=127.0.0.8,127.0.0.9,127.0.0.10,127.0.0.11)

pools_in_dns() {
    local pool
    for pool in "${HOSTS[@]}"; do
        tr , '\n' <<<"${pool#*=}" | sed "s/\$/ ${pool%%=*}/"
    done >"$BATS_TEST_TMPDIR/pools"
    dns_names "$BATS_TEST_TMPDIR/pools"
}

# Four programs that look up and connect without a pause.
churns_start() {
    local i
    CHURNS=()
    for i in 1 2 3 4; do
        env "${SHIM_ENV[@]}" ${UNDER:-} "$(client churn)" 5060 "${HOSTS[@]}" \
            >"$BATS_TEST_TMPDIR/churn-$i" 2>&1 3>&- 4>&- &
        CHURNS+=($!)
        [[ -z ${UNDER:-} ]] || break
    done
    for ((i = 1; i <= ${#CHURNS[@]}; i++)); do
        await "program $i to run" grep -q ready "$BATS_TEST_TMPDIR/churn-$i"
    done
}

churns_stop() {
    local i status
    kill -TERM "${CHURNS[@]}"
    for ((i = 0; i < ${#CHURNS[@]}; i++)); do
        status=0
        wait "${CHURNS[i]}" || status=$?
        ((status == 0)) || tail -n 12 "$BATS_TEST_TMPDIR/churn-$((i + 1))"
        expect_eq 0 "$status" "exit status of program $((i + 1)) (above 128: a signal)"
        expect_ge "${1:-50}" "$(sed -n 's/ lookups,.*//p' "$BATS_TEST_TMPDIR/churn-$((i + 1))")" \
            "lookups by program $((i + 1))"
    done
}

# pinctl's readers, one after the other, until the file `enough` is there; bad exits go to `pinctl-bad`.
pinctl_readers() {
    local words status
    until [[ -e $BATS_TEST_TMPDIR/enough ]]; do
        for words in list "list --json" "show p0.test" "show p1.test --json" events stats; do
            status=0
            pinctl $words >/dev/null 2>"$BATS_TEST_TMPDIR/complaint" || status=$?
            ((status <= 1)) || echo "pinctl $words: exit $status" >>"$BATS_TEST_TMPDIR/pinctl-bad"
            # Two at most: a warning about where the table comes from, and the complaint.
            ((status == 0)) || (($(grep -c '' "$BATS_TEST_TMPDIR/complaint") <= 2)) ||
                { echo "pinctl $words: many lines"; cat "$BATS_TEST_TMPDIR/complaint"; } >>"$BATS_TEST_TMPDIR/pinctl-bad"
        done
        echo >>"$BATS_TEST_TMPDIR/pinctl-rounds"
    done
}

# Writers of pinctl's too: what they find is as bad, and they walk it with the right to change it.
pinctl_writers() {
    local words status
    until [[ -e $BATS_TEST_TMPDIR/enough ]]; do
        for words in "set p0.test 127.0.0.12" "fail p1.test 127.0.0.13" "ok p1.test 127.0.0.13" "drop --all" \
            "set p2.test 127.0.0.15,127.0.0.14"; do
            status=0
            pinctl $words >/dev/null 2>&1 || status=$?
            ((status <= 1)) || echo "pinctl $words: exit $status" >>"$BATS_TEST_TMPDIR/pinctl-bad"
        done
    done
}

overwritten() { # HOW TIMES
    pools_in_dns
    pinctl init --names 64
    churns_start
    pinctl_readers 3>&- 4>&- &
    local readers=$!
    pinctl_writers 3>&- 4>&- &
    local writers=$! seed=$((RANDOM * 32768 + RANDOM))
    echo "seed $seed"
    timeout 500 "$(client scribble)" "$TABLE" "$1" "$2" "$seed"
    touch "$BATS_TEST_TMPDIR/enough"
    wait "$readers" "$writers"
    churns_stop
    expect_eq "" "$(cat "$BATS_TEST_TMPDIR/pinctl-bad" 2>/dev/null || true)" "exits of pinctl other than 0 and 1"
    expect_ge 1 "$(grep -c '' "$BATS_TEST_TMPDIR/pinctl-rounds")" "rounds of pinctl list, show, events, stats"
}

@test "overwritten with random bytes, whole, 2,000 times" { overwritten whole 2000; }
@test "overwritten with random bytes after its first page, 2,000 times" { overwritten tail 2000; }
@test "words of its header overwritten, 2,000 times" { overwritten head 2000; }
@test "words anywhere overwritten, 2,000 times" { overwritten words 2000; }
@test "words moved about, each one plausible in itself, 2,000 times" { overwritten shuffle 2000; }

@test "what is overwritten leads to no access outside the table or the program's own memory (valgrind)" {
    local how seed
    need valgrind
    pools_in_dns
    pinctl init --names 64
    UNDER="valgrind -q --error-exitcode=9" churns_start
    for how in words shuffle tail whole head; do
        seed=$((RANDOM * 32768 + RANDOM))
        echo "$how: seed $seed"
        timeout 500 "$(client scribble)" "$TABLE" "$how" 700 "$seed"
    done
    churns_stop 10
}

@test "after all that, a new table serves new programs" {
    local first
    pools_in_dns
    pinctl init --names 64
    timeout "$LIMIT" "$(client scribble)" "$TABLE" whole 1 1
    rm "$TABLE"
    pinctl init --names 64
    first=$(with_shim "$(client lookup)" -4 p0.test | cut -d' ' -f1)
    expect_eq "$first" "$(with_shim "$(client lookup)" -4 -n 5 p0.test | cut -d' ' -f1 | sort -u)" "first addresses"
    expect_eq "$first" "$(pin_of p0.test)" "the pin"
}
