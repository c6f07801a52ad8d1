#!/usr/bin/env bash
# Runs the tests and closes with the line `N passed, N failed`.
#
#   tests/run.sh [--programs] [BATS FILE...]
#
# First the unit and stress programs in $BUILD/tests, each of which closes with such
# a line of its own, then the end-to-end suite in bats, in parallel where GNU
# parallel is there. Beside it each fuzz target in $BUILD/fuzz looks for new inputs,
# one after the other, for $FUZZ_SECONDS each (60), on time that nothing else wants.
# --programs: only the first (for the sanitizers).
set -u
here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$(dirname "$here")/build}
export BUILD
passed=0 failed=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

count() { passed=$((passed + $1)) failed=$((failed + $2)); }

# One program: its output is shown only if it failed.
run_program() {
    local name=${1#"$BUILD"/tests/} log=$logs/program line
    timeout 300 "$1" >"$log" 2>&1
    local status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    if [ "$status" -ne 0 ] || [ -z "$line" ]; then
        cat "$log"
        echo "not ok $name (exit $status)"
        [ -n "$line" ] || count 0 1
    else
        echo "ok $name: $line"
    fi
    [ -z "$line" ] || count "$(sed -E 's/ passed.*//' <<<"$line")" "$(sed -E 's/.* passed, ([0-9]+) failed.*/\1/' <<<"$line")"
}

run_programs() {
    local program
    for program in "$BUILD"/tests/unit/* "$BUILD"/tests/fuzz/* "$BUILD"/tests/stress/*; do
        [ -f "$program" ] && [ -x "$program" ] && run_program "$program"
    done
}

# The fuzz targets, in the background; judge_fuzzers waits for them.
start_fuzzers() {
    local target name seconds=${FUZZ_SECONDS:-60}
    for target in "$BUILD"/fuzz/*; do
        [ -f "$target" ] && [ -x "$target" ] || continue
        name=${target##*/}
        mkdir -p "$logs/corpus-$name"
        nice -n 19 timeout $((seconds + 120)) "$target" -max_total_time="$seconds" -print_final_stats=1 -timeout=60 \
            -artifact_prefix="$logs/" "$logs/corpus-$name" "$here/fuzz/corpus/$name" >"$logs/fuzz-$name" 2>&1 </dev/null
        echo $? >"$logs/status-$name"
    done
}

judge_fuzzers() {
    local status name runs
    wait "$1"
    for status in "$logs"/status-*; do
        [ -f "$status" ] || continue
        name=${status##*/status-}
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/fuzz-$name")
        if [ "$(cat "$status")" -eq 0 ] && [ -n "$runs" ]; then
            echo "ok fuzz/$name: no finding in $runs runs"
            count 1 0
        else
            tail -n 60 "$logs/fuzz-$name"
            echo "not ok fuzz/$name (exit $(cat "$status"))"
            count 0 1
        fi
    done
}

# A skip is a failure where everything is there: in CI, which is root.
run_bats() {
    local jobs=() log=$logs/bats
    command -v parallel >/dev/null && jobs=(--jobs $(($(nproc) + 1)))   # half of their time the tests wait
    bats --tap --timing "${jobs[@]}" "$@" | tee "$log"
    count "$(grep -cE '^ok ' "$log")" "$(grep -cE '^not ok ' "$log")"
    local skips
    skips=$(grep -cE '^ok .*# skip' "$log")
    if [ "${CI:-}" = true ] && [ "$skips" -gt 0 ]; then
        echo "$skips tests were skipped in CI:"
        grep -E '^ok .*# skip' "$log"
        count "-$skips" "$skips"
    fi
    grep -qE '^1\.\.' "$log" || { echo "bats ran no test"; count 0 1; }
}

programs_only= fuzzers=
[ "${1:-}" = --programs ] && programs_only=yes && shift
if [ $# -eq 0 ]; then
    run_programs
    set -- "$here"/e2e/*.bats
    [ -n "$programs_only" ] || { start_fuzzers & fuzzers=$!; }
fi
[ -n "$programs_only" ] || run_bats "$@"
[ -z "$fuzzers" ] || judge_fuzzers "$fuzzers"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
