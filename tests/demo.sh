#!/bin/bash
# make demo: a DNS pool of three real SIP servers, two real programs, without and with stickydns, and what
# happens when the server that everybody stays on is killed. Some 15 seconds; ends with 1 if the programs
# did not stay together, so it is also a test.
#
# Runs in network, mount and pid namespaces of its own, where nothing of this machine is touched or
# reached; needs root, or user namespaces, for that.
set -eu

TESTS=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$(dirname "$TESTS")/build}
LIMIT=100 PATIENCE=100
NAME=sip.pool.test
SERVERS=(127.0.0.11 127.0.0.12 127.0.0.13)
RUNS=12

source "$TESTS/lib/sandbox.bash"
source "$TESTS/lib/shim.bash"
source "$TESTS/lib/dns.bash"
source "$TESTS/lib/servers.bash"

# What the harness calls in trouble, for a script that is no bats test.
cannot() { echo "demo: $*" >&2; exit 1; }

# Everything is temporary and goes with the script; the names are those that tests/lib expects.
prepare() {
    LOGS=$BATS_TEST_TMPDIR/logs TABLE=/dev/shm/stickydns-demo SHIM_LOG=
    sandbox_furnish
    mkdir -p "$LOGS" "$BATS_TEST_TMPDIR/hits"
    sandbox_environment
    shim_setup
    cd "$BATS_TEST_TMPDIR"
    cp "$TESTS/sip/options.xml" .
    dns_pool "$NAME" "${SERVERS[@]}"
    for address in "${SERVERS[@]}"; do server_start "$address" 5060 kamailio; done
}

SIPP=(sipp -sf options.xml -t u1 -m 1 -nostdin -timeout 2s -timeout_error -i 127.0.0.1 -p 5070 "$NAME")
SIPSAK=(sipsak -H 127.0.0.1 -E tcp -s "sip:bob@$NAME")

say() { printf '%s\n' "$@"; }
show() { say "    \$ $*"; }
title() { printf '\n%s\n\n' "$1"; }

# As on a terminal, where pinctl aligns its columns.
show_pinctl() {
    show "pinctl $*"
    STICKYDNS_TABLE=$TABLE script -qec "$BUILD/pinctl $*" /dev/null </dev/null | tr -d '\r' | sed 's/^/    /'
    echo
}

# requests bare|with_shim CMD... : RUNS of them; leaves how many failed in $failed, the time in $seconds.
requests() {
    local i started
    failed=0 started=$(now_ms)
    for ((i = 0; i < RUNS; i++)); do "$@" >>"$LOGS/programs.log" 2>&1 || failed=$((failed + 1)); done
    seconds=$(awk -v ms=$(($(now_ms) - started)) 'BEGIN { printf "%.1f", ms / 1000 }')
}

head_row() { # TITLE [MORE-COLUMNS...]
    printf '    %-26s' "$1"
    printf '%11s' "${SERVERS[@]}" "${@:2}"
    echo
}

# answers TITLE : who answered since the last row.
answers() {
    local address
    printf '    %-26s' "$1"
    for address in "${SERVERS[@]}"; do printf '%11s' "$(server_hits "$address")"; done
}

# who_got bare|with_shim : the table of both programs; how many servers they reached is left in $together.
who_got() {
    hits_reset
    head_row "$RUNS requests each"
    requests "$1" "${SIPP[@]}"
    together=$(reached)
    answers "sipp, UDP"; echo
    hits_reset
    requests "$1" "${SIPSAK[@]}"
    together=$(printf '%s\n' $together $(reached) | sort -u | wc -l)
    answers "sipsak, TCP"; echo
}

reached() { hits_table | awk '$2 { print $1 }' | xargs; }

# until_answered bare|with_shim CMD... : tries until one succeeds; leaves $tries, and in $took the
# milliseconds since $killed.
until_answered() {
    tries=1
    until "$@" >>"$LOGS/programs.log" 2>&1; do
        tries=$((tries + 1))
        ((tries < 20)) || cannot "no answer after 20 requests"
    done
    took=$(($(now_ms) - killed))
}

without() {
    title "1. Without stickydns, every program is led to another server each time."
    show "${SIPP[*]}"
    show "${SIPSAK[*]}"
    echo
    who_got bare
    spread_bare=$together
}

with() {
    title "2. With stickydns, both programs stay on one server, the same. Nothing else has changed."
    show "export LD_PRELOAD=$BUILD/libstickydns.so"
    show "${SIPP[*]}"
    show "${SIPSAK[*]}"
    echo
    who_got with_shim
    spread_shim=$together
    echo
    show_pinctl list
}

dies() {
    pin=$(pin_of "$NAME")
    [[ $pin ]] || cannot "the programs left no pin for $NAME"
    title "3. The server that everybody stays on, $pin, is killed."
    hits_reset
    killed=$(now_ms)
    server_stop "$pin" 5060
    until_answered with_shim "${SIPSAK[@]}"
    next=$(reached)
    say "    sipsak asked at once. It was refused, and that moved the pin; its request number $tries was answered" \
        "    by ${next%:*}, $took ms after the kill. sipp, which met no refusal, moves too:" ""
    failed_shim=0 failed_bare=0
    head_row "$RUNS requests each" "no answer" seconds
    after_row with_shim "sipp, with stickydns" "${SIPP[@]}"
    after_row with_shim "sipsak, with stickydns" "${SIPSAK[@]}"
    after_row bare "sipp, without stickydns" "${SIPP[@]}"
    after_row bare "sipsak, without stickydns" "${SIPSAK[@]}"
    echo
    show_pinctl list
    show_pinctl events
}

after_row() { # bare|with_shim LABEL CMD...
    local how=$1 label=$2
    shift 2
    hits_reset
    requests "$how" "$@"
    answers "$label"
    printf '%11s%11s\n' "$failed" "$seconds"
    if [[ $how == bare ]]; then failed_bare=$((failed_bare + failed))
    else failed_shim=$((failed_shim + failed)); fi
}

verdict() {
    echo "In short:"
    echo
    printf '    %-48s%12s%18s\n' "" without "with stickydns" \
        "servers that the two programs were led to" "$spread_bare" "$spread_shim" \
        "unanswered of $((2 * RUNS)) requests after the kill" "$failed_bare" "$failed_shim"
    ((spread_bare > 1 && spread_shim == 1 && failed_shim == 0)) && return
    say "demo: the programs did not stay together; see the tables above. The last log lines:" >&2
    tail -n 5 "$LOGS"/*.log >&2
    return 1
}

main() {
    prepare
    say "stickydns: one name, one server, for programs that cannot be changed." "" \
        "$NAME is a DNS pool of ${SERVERS[*]}; a real dnsmasq rotates it." \
        "On each address a real SIP server (kamailio) answers, and counts who asks it." \
        "sipp asks over UDP, sipsak over TCP; each is started anew for every request."
    without
    with
    dies
    verdict
}

enter() {
    local program
    for program in dnsmasq kamailio sipp sipsak jq ip ss unshare script; do
        command -v "$program" >/dev/null || cannot "$program is not installed: make deps"
    done
    [[ -x $BUILD/pinctl && -f $BUILD/libstickydns.so ]] || cannot "nothing built in $BUILD: make"
    sandbox_how || cannot "needs root (or user namespaces) for a network of its own"
    BATS_TEST_TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/stickydns-demo.XXXXXX")
    export BATS_TEST_TMPDIR
    trap 'rm -rf "$BATS_TEST_TMPDIR"' EXIT
    timeout --foreground -k 5 90 "${SANDBOX_HOW[@]}" bash "$0" inside
}

if [[ ${1:-} == inside ]]; then main; else enter; fi
