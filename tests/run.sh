#!/usr/bin/env bash
# Runs the tests and closes with the line `N passed, N failed`.
#
#   tests/run.sh [--programs] [BATS FILE...]
#
# First the unit and stress programs in $BUILD/tests, each of which closes with such a line of its own. Then the
# end-to-end suite in bats, in parallel where GNU parallel is there. Beside it, on time that nothing else wants: the
# same programs under sanitizers ($BUILD/asan, $BUILD/tsan), one after the other; and each fuzz target in $BUILD/fuzz,
# which looks for new inputs for $FUZZ_SECONDS.
# --programs: only the first (make asan, make tsan, make arm64). $EMULATOR is what runs them, if this machine does not.
#
# No time bound here is near what a test takes, on a busy machine too. They end what has stopped, and report it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$(dirname "$here")/build}
export BUILD
PROGRAM_SECONDS=1800 SUITE_SECONDS=10800
passed=0 failed=0

# Scratch in memory, where this may be mounted: what other work does to the disk must not keep tests waiting.
if [ -z "${TEST_SCRATCH:-}" ]; then
    TEST_SCRATCH=$(mktemp -d)
    export TEST_SCRATCH
    [ "$(id -u)" != 0 ] || ! unshare --mount true 2>/dev/null || exec unshare --mount "$0" "$@"
fi
mount -t tmpfs none "$TEST_SCRATCH" 2>/dev/null
export TMPDIR=$TEST_SCRATCH
logs=$(mktemp -d)
beside=()

finish() {
    local pid
    for pid in "${beside[@]}"; do
        pkill -P "$pid"
        kill "$pid"
    done 2>/dev/null
    umount -l "$TEST_SCRATCH" 2>/dev/null
    rm -rf "$TEST_SCRATCH"
}
trap finish EXIT
trap 'exit 130' INT TERM

count() { passed=$((passed + $1)) failed=$((failed + $2)); }

# One program: its output is shown only if it failed. judge_program is the second half.
run_program() { # PROGRAM LOG
    timeout -k 10 "$PROGRAM_SECONDS" ${EMULATOR:-} "$1" >"$2" 2>&1 </dev/null
    echo $? >"$2.status"
}

judge_program() { # NAME LOG
    local line status
    status=$(cat "$2.status")
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$2" | tail -n 1)
    if [ "$status" -ne 0 ] || [ -z "$line" ]; then
        cat "$2"
        echo "not ok $1 (exit $status)"
        [[ $line =~ ' 0 failed' || -z $line ]] && count 0 1
    else
        echo "ok $1: $line"
    fi
    [ -z "$line" ] || count "$(sed -E 's/ passed.*//' <<<"$line")" "$(sed -E 's/.* passed, ([0-9]+) failed.*/\1/' <<<"$line")"
}

run_programs() {
    local program
    for program in "$BUILD"/tests/unit/* "$BUILD"/tests/fuzz/* "$BUILD"/tests/stress/*; do
        [ -f "$program" ] && [ -x "$program" ] || continue
        run_program "$program" "$logs/program"
        judge_program "${program#"$BUILD"/tests/}" "$logs/program"
    done
}

# ---- beside the suite

run_sanitized() {
    local kind program
    renice -n 19 "$BASHPID" >/dev/null
    for kind in asan tsan; do
        for program in "$BUILD/$kind"/tests/unit/* "$BUILD/$kind"/tests/stress/*; do
            [ -f "$program" ] && [ -x "$program" ] || continue
            run_program "$program" "$logs/$kind-$(basename "$(dirname "$program")")-${program##*/}"
        done
    done
}

judge_sanitized() {
    local status log name
    for status in "$logs"/[at]san-*.status; do
        [ -f "$status" ] || continue
        log=${status%.status} name=${status##*/}
        name=${name%.status}
        judge_program "${name//-//}" "$log"
    done
}

run_fuzzers() {
    local target name seconds=${FUZZ_SECONDS:-60}
    renice -n 19 "$BASHPID" >/dev/null
    for target in "$BUILD"/fuzz/tests/fuzz/*; do
        [ -f "$target" ] && [ -x "$target" ] || continue
        name=${target##*/}
        mkdir -p "$logs/corpus-$name"
        timeout -k 10 $((seconds + PROGRAM_SECONDS)) "$target" -max_total_time="$seconds" -print_final_stats=1 \
            -timeout=600 -artifact_prefix="$logs/" "$logs/corpus-$name" "$here/fuzz/corpus/$name" \
            >"$logs/fuzz-$name" 2>&1 </dev/null
        echo $? >"$logs/fuzz-$name.status"
    done
}

judge_fuzzers() {
    local status log name runs
    for status in "$logs"/fuzz-*.status; do
        [ -f "$status" ] || continue
        log=${status%.status}
        name=${log##*/fuzz-}
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        if [ "$(cat "$status")" -eq 0 ] && [ -n "$runs" ]; then
            echo "ok fuzz/$name: no finding in $runs runs"
            count 1 0
        else
            tail -n 60 "$log"
            echo "not ok fuzz/$name (exit $(cat "$status"))"
            count 0 1
        fi
    done
}

# ---- the suite

# Not through a pipe, which whatever is left of a suite that was ended would hold open.
run_bats() {
    local jobs=() log=$logs/bats skips planned bats
    # Files beside each other, and more of them than CPUs: half of their time the tests wait. The tests of one file follow
    # each other, as bats gives them slots by processes that poll.
    command -v parallel >/dev/null && jobs=(--jobs $(($(nproc) * 2 + 1)) --no-parallelize-within-files)
    : >"$log"
    timeout -k 60 "$SUITE_SECONDS" bats --tap --timing "${jobs[@]}" "$@" >"$log" 2>&1 </dev/null &
    bats=$!
    beside+=("$bats")
    tail -n +1 -f --pid="$bats" "$log"
    wait "$bats"
    count "$(grep -cE '^ok ' "$log")" "$(grep -cE '^not ok ' "$log")"
    skips=$(grep -cE '^ok .*# skip' "$log")
    if [ "${CI:-}" = true ] && [ "$skips" -gt 0 ]; then
        echo "$skips tests were skipped in CI:"
        grep -E '^ok .*# skip' "$log"
        count "-$skips" "$skips"
    fi
    planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log" | head -n 1)
    planned=$((${planned:-1} - $(grep -cE '^(not )?ok ' "$log")))
    [ "$planned" -le 0 ] || { echo "not ok $planned tests that did not come to an end"; count 0 "$planned"; }
}

programs_only=
[ "${1:-}" = --programs ] && programs_only=yes && shift
if [ $# -eq 0 ]; then
    run_programs
    # What takes long comes first, so that nobody waits for it alone at the end.
    mapfile -t long < <(grep -l '^# bats file_tags=long' "$here"/e2e/*.bats)
    mapfile -t others < <(grep -L '^# bats file_tags=long' "$here"/e2e/*.bats | xargs ls -S)
    set -- "${long[@]}" "${others[@]}"
    if [ -z "$programs_only" ]; then
        run_sanitized & beside+=($!)
        run_fuzzers & beside+=($!)
        lanes=("${beside[@]}")
    fi
fi
[ -n "$programs_only" ] || run_bats "$@"
if [ -n "${lanes:-}" ]; then
    wait "${lanes[@]}"
    judge_sanitized
    judge_fuzzers
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
