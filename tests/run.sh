#!/usr/bin/env bash
# Runs the tests and closes with the line `N passed, N failed`.
#
#   tests/run.sh [--programs] [BATS FILE...]
#
# First the unit and stress programs in $BUILD/tests, each of which closes with such
# a line of its own, then the end-to-end suite in bats, in parallel where GNU
# parallel is there. --programs: only the former (for the sanitizers).
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

# A skip is a failure where everything is there: in CI, which is root.
run_bats() {
    local jobs=() log=$logs/bats
    command -v parallel >/dev/null && jobs=(--jobs "$(nproc)")
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

programs_only=
[ "${1:-}" = --programs ] && programs_only=yes && shift
if [ $# -eq 0 ]; then
    run_programs
    set -- "$here"/e2e/*.bats
fi
[ -n "$programs_only" ] || run_bats "$@"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
