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
LIMIT=10
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
    mkdir -p "$LOGS" "$BATS_TEST_TMPDIR/hits"
    sandbox_furnish
    shim_setup
    cd "$BATS_TEST_TMPDIR"
    cp "$TESTS/sip/options.xml" .
    dns_pool "$NAME" "${SERVERS[@]}"
    for address in "${SERVERS[@]}"; do server_start "$address" 5060 kamailio; done
}

SIPP=(sipp -sf options.xml -t u1 -m 1 -nostdin -timeout 1s -timeout_error -i 127.0.0.1 -p 5070 "$NAME")
SIPSAK=(sipsak -E tcp -s "sip:bob@$NAME")

say() { printf '%s\n' "$@"; }
show() { say "    \$ $*"; }
title() { printf '\n%s\n\n' "$1"; }

# As on a terminal, where pinctl aligns its columns.
show_pinctl() {
    show "pinctl $*"
    STICKYDNS_TABLE=$TABLE script -qec "$BUILD/pinctl $*" /dev/null </dev/null | tr -d '\r' | sed 's/^/    /'
    echo
}

# requests bare|with_shim CMD... : RUNS of them; how many failed is left in $failed.
requests() {
    local i
    failed=0
    for ((i = 0; i < RUNS; i++)); do "$@" >>"$LOGS/programs.log" 2>&1 || failed=$((failed + 1)); done
}

# answers TITLE : one row, who answered since the last row; the number of servers is left in $spread.
answers() {
    local address row
    printf -v row '    %-24s' "$1"
    for address in "${SERVERS[@]}"; do printf -v row '%s%12s' "$row" "$(server_hits "$address")"; done
    say "$row"
    spread=$(servers_hit)
    hits_reset
}

# who_got bare|with_shim : the table of both programs; the servers they reached together are in $together.
who_got() {
    local header sipp_by
    printf -v header '    %-24s%12s%12s%12s' "$RUNS requests each" "${SERVERS[@]}"
    say "$header"
    requests "$1" "${SIPP[@]}"
    sipp_by=$(reached)
    answers "sipp, UDP"
    requests "$1" "${SIPSAK[@]}"
    together=$(printf '%s\n' $sipp_by $(reached) | sort -u | wc -l)
    answers "sipsak, TCP"
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
    show "sipp -sf options.xml -t u1 -m 1 $NAME"
    show "${SIPSAK[*]}"
    echo
    who_got bare
    spread_bare=$together
}

with() {
    title "2. With stickydns, both programs stay on one server. Nothing else has changed."
    show "export LD_PRELOAD=$BUILD/libstickydns.so"
    show "sipp -sf options.xml -t u1 -m 1 $NAME"
    show "${SIPSAK[*]}"
    echo
    who_got with_shim
    spread_shim=$together
    echo
    show_pinctl list
}

dies() {
    pin=$(pin_of "$NAME")
    title "3. The server that everybody stays on, $pin, is killed."
    killed=$(now_ms)
    server_stop "$pin" 5060
    until_answered with_shim "${SIPSAK[@]}"
    next=$(reached)
    say "    sipsak asked at once and was refused; its request number $tries was answered by ${next%:*}," \
        "    $took ms after the kill. sipp, which met no refusal itself, moves too:" ""
    hits_reset
    who_got_after
    echo
    show_pinctl list
    show_pinctl events
}

# The same table as before, with failures; bare for comparison, the same server being dead.
who_got_after() {
    local how label
    printf '    %-24s%12s%12s%12s%12s\n' "$RUNS requests each" "${SERVERS[@]}" "no answer"
    for how in with_shim bare; do
        label=with
        [[ $how == with_shim ]] || label=without
        after_row "$how" "sipp, UDP, $label" "${SIPP[@]}"
        after_row "$how" "sipsak, TCP, $label" "${SIPSAK[@]}"
    done
}

after_row() {
    local how=$1 label=$2 row
    shift 2
    requests "$how" "$@"
    row=$(answers "$label")
    hits_reset
    printf '%s%12s\n' "$row" "$failed"
    [[ $how == bare ]] && failed_bare=$((${failed_bare:-0} + failed)) || failed_shim=$((${failed_shim:-0} + failed))
}

verdict() {
    local runs=$((2 * RUNS))
    title "In short:"
    printf '    %-44s%12s%12s\n' "" "without" "with stickydns" \
        "servers that the two programs were led to" "$spread_bare" "$spread_shim" \
        "requests unanswered, of $runs after the kill" "$failed_bare" "$failed_shim"
    echo
    ((spread_bare > 1 && spread_shim == 1 && failed_shim == 0)) && return
    say "demo: the programs did not stay together; see the tables above." >&2
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
    timeout --foreground -k 5 90 "${SANDBOX_HOW[@]}" "$0" inside
}

if [[ ${1:-} == inside ]]; then main; else enter; fi
