#!/usr/bin/env bash
# What each part costs: the hooked call beside the bare one, and the bound that it keeps to.
#
#   tests/bench/run.sh [--json] [connects|resolve|strangers|datagrams|dns|lookup|flood|probe|start|restore|streams|watch|steered...]
#   tests/bench/run.sh --counts [--json] [connects|resolve|strangers|datagrams...]
#
# Each row is the median over pairs that were measured in turn (measure.h): `more` of
# the differences, `ratio` of the quotients. `pairs`: how many. Rows without a bound
# are there to be looked at. Ends with 1 only when something is broken, never because of
# a time, since machines are noisy. Tables lie in a directory of their own in /dev/shm.
#
# --counts: instructions and system calls instead of time, counted by callgrind (counts.awk). These are the same on a busy
# machine. It ends with 1 when one is past its bound in tests/bench/bounds, or in another file that $BOUNDS names.
set -u
here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$(dirname "$(dirname "$here")")/build}
json= counts=
[ "${1:-}" = --counts ] && counts=yes && shift
[ "${1:-}" = --json ] && json=yes && shift
all=
if [ $# -eq 0 ]; then
    all=yes
    set -- connects resolve strangers datagrams
    [ -n "$counts" ] || set -- "$@" dns lookup flood probe start restore watch steered
fi

dir=$(mktemp -d /dev/shm/stickydns-bench.XXXXXX) || exit 1
cgroups=()
trap 'rm -rf "$dir"; [ ${#cgroups[@]} -eq 0 ] || rmdir "${cgroups[@]}"' EXIT
trap 'exit 1' INT TERM
unset LD_PRELOAD "${!STICKYDNS@}"
export STICKYDNS_TABLE=$dir/table

# A full table of a million names takes 1.6 GB; where there is not twice that, a smaller one.
names() {
    local free
    free=$({ awk '/^MemAvailable:/ { print $2 }' /proc/meminfo; df -k --output=avail /dev/shm | tail -n 1; } | sort -n | head -n 1)
    if [ "$free" -ge 3300000 ]; then echo 1000000; else echo 20000; fi
}

bench() {
    local bin=$BUILD/tests/bench
    case $1 in
    connects | resolve | strangers | datagrams) LD_PRELOAD="$BUILD/libstickydns.so $bin/libcanned.so" timeout 60 "$bin/$1" ;;
    streams) LD_PRELOAD="$BUILD/libstickydns.so" timeout 60 "$bin/streams" ;;
    dns) LD_PRELOAD="$BUILD/libstickydns.so" timeout 60 "$bin/dns" ;;
    lookup) timeout 60 "$bin/lookup" "$dir/large" "$(names)" ;;
    flood) timeout 60 "$bin/flood" "$dir/full" ;;
    probe) timeout 60 "$bin/probe" ;;
    start) timeout 60 "$bin/start" "$BUILD/libstickydns.so" ;;
    restore) timeout 120 "$bin/restore" "$BUILD/pinctl" "$dir" ;;
    watch) watch ;;
    steered) steered ;;
    follow) follow ;;
    *) echo "bench: no part is called $1" >&2 && return 2 ;;
    esac
}

programs=0

# Under callgrind, with a dump for each count.
count() {
    LD_PRELOAD="$BUILD/libstickydns.so $BUILD/tests/bench/libcanned.so" timeout 300 \
        valgrind -q --tool=callgrind --collect-systime=usec --combine-dumps=yes --callgrind-out-file="$dir/counts.$((++programs)).%p" \
        "$BUILD/tests/bench/$1"
}

# pinwatch needs root, and to have been built; without it the other rows stand.
has_pinwatch() {
    { [ -x "$BUILD/pinwatch" ] && [ "$(id -u)" = 0 ]; } || { echo "bench: pinwatch is left out: it needs root, and what \`make\` says is missing" >&2; return 1; }
}

# alone SCRIPT WORD... : in a network of its own, in which no TIME_WAIT is kept: rounds would use up its ports.
alone() { unshare --net bash -euc 'ip link set lo up; echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets;'"$1" "$@"; }

watch() {
    has_pinwatch || return 0
    alone '"$1/pinctl" init --table "$2" --conf=/dev/null >/dev/null
        "$1/pinctl" set --table "$2" server.bench.test 127.9.9.9
        timeout 120 "$1/tests/bench/watch" "$1/pinwatch" "$2"' "$BUILD" "$dir/watched"
}

# Two cgroups beside each other; without them the other rows stand.
steered() {
    local mount table=$dir/steered
    has_pinwatch || return 0
    mount=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
    cgroups=("$mount/stickydns-bench-$$" "$mount/stickydns-bench-$$-bare")
    [ -n "$mount" ] && mkdir "${cgroups[@]}" 2>/dev/null ||
        { rmdir "${cgroups[@]}" 2>/dev/null; cgroups=(); echo "bench: pinwatch steer is left out: it needs a cgroup2 mount" >&2; return 0; }
    alone '"$1/pinctl" init --table "$2" --conf=/dev/null >/dev/null
        "$1/pinctl" set --table "$2" pool.bench.test 127.9.9.1,127.9.9.2
        timeout 60 "$1/tests/bench/steered" "$1/pinwatch" "$2" "${@:3}"' "$BUILD" "$table" "${cgroups[@]}"
}

follow() {
    local missing=
    for program in unbound dig unshare; do command -v $program >/dev/null || missing+=" $program"; done
    [ -z "$missing" ] && [ "$(id -u)" = 0 ] || { echo "bench: following DNS is left out: it needs root,$missing" >&2; return 0; }
    unshare --net --mount bash -c 'ip link set lo up; exec "$@"' - timeout 300 "$here/follow.sh" "$BUILD" "$dir"
}

broken=
: >"$dir/rows"
"$BUILD/pinctl" init --conf=/dev/null >/dev/null || exit 1
for part; do
    if [ -n "$counts" ]; then count "$part"; else bench "$part" >>"$dir/rows"; fi ||
        { echo "bench: $part is broken" >&2 && broken=yes; }
done
if [ -n "$counts" ]; then
    awk -v json="$json" -v all="$all" -f "$here/counts.awk" "${BOUNDS:-$here/bounds}" "$dir"/counts.* || broken=yes
else
    awk -v json="$json" -f "$here/rows.awk" "$dir/rows"
fi
[ -z "$broken" ]
