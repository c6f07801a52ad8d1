#!/usr/bin/env bash
# follow.sh: DNS for many names, beside a local unbound: pinctl refresh and dig -f; pinkeeper, whose names' TTLs are a minute.
#
#   follow.sh BUILD DIR      prints rows as measure.h does, and takes a minute and a half
#
# In a network and a mount namespace of its own (run.sh). unbound answers from what it was given, as from a full cache.
# dig asks one question after the other, for A and AAAA of each name, which are the questions that pinctl asks.
set -eu
BUILD=$1 dir=$2
here=$(cd "$(dirname "$0")" && pwd)
NAMES=100000 REFRESHED=10000 TTL=60 ROUNDS=3
export STICKYDNS_TABLE=$dir/follow

# The names and addresses are those of fill.c.
zone() {
    printf '%s\n' 'server:' 'interface: 127.0.0.54' 'do-daemonize: no' 'username: ""' 'chroot: ""' "directory: \"$dir\"" 'pidfile: ""' \
        'use-syslog: no' 'logfile: ""' 'module-config: "iterator"' 'local-zone: "fill.test." static'
    awk -v names=$NAMES -v ttl=$TTL 'BEGIN {
        for (n = 1; n <= names; n++)
            printf "local-data: \"n%d.fill.test. %d IN A 10.%d.%d.%d\"\n", n, ttl, n / 65536, n / 256 % 256, n % 256
    }'
}

# took COMMAND... : nanoseconds.
took() {
    local from=${EPOCHREALTIME/[.,]/}
    "$@" >"$dir/out"
    echo $(((${EPOCHREALTIME/[.,]/} - from) * 1000))
}

# row WHAT LIMIT UNIT BARE OURS, a pair a line on stdin.
row() {
    awk -v what="$1" -v limit="$2" -v unit="$3" '
        function median(v, n,    i, k, t) {
            for (i = 2; i <= n; i++)
                for (k = i; k > 1 && v[k - 1] > v[k]; k--) { t = v[k]; v[k] = v[k - 1]; v[k - 1] = t }
            return v[int((n + 1) / 2)]
        }
        { bare[NR] = $1; ours[NR] = $2; more[NR] = $2 - $1; ratio[NR] = $1 ? $2 / $1 : 0 }
        END {
            b = median(bare, NR); o = median(ours, NR); m = median(more, NR); r = median(ratio, NR)
            seen = unit == "%" ? (r - 1) * 100 : m
            printf "%s\t%.1f\t%.1f\t%.1f\t%.4f\t%d\t%s\t%s\t%s\n", what, b, o, m, r, NR, limit, unit, seen <= limit ? "ok" : "over"
        }'
}

# CPU that a process has used, in nanoseconds, and its own memory, in bytes.
cpu() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.0f\n", ($12 + $13) * 1e9 / hz }' "/proc/$1/stat"; }
memory() { awk '/^RssAnon:/ { print $2 * 1024 }' "/proc/$1/status"; }

# What else the machine does is kept from meeting one alone.
renice -n -15 $$ >/dev/null

ends() { kill "$@" 2>/dev/null || true; }

echo 'nameserver 127.0.0.54' >"$dir/resolv.conf"
mount --bind "$dir/resolv.conf" /etc/resolv.conf
zone >"$dir/unbound.conf"
unbound -c "$dir/unbound.conf" 2>"$dir/unbound.log" &
unbound=$!
trap 'ends $unbound ${keeper:-}' EXIT
until dig +short +tries=1 +time=1 @127.0.0.54 n$NAMES.fill.test | grep -q .; do kill -0 $unbound; done

"$BUILD/tests/bench/fill" "$STICKYDNS_TABLE" $REFRESHED
awk -v names=$REFRESHED 'BEGIN { for (n = 1; n <= names; n++) print "n" n ".fill.test A\nn" n ".fill.test AAAA" }' >"$dir/questions"
for ((i = 0; i < ROUNDS; i++)); do
    bare=$(took dig @127.0.0.54 -f "$dir/questions")
    ours=$(took "$BUILD/pinctl" refresh --all)
    [ "$(wc -l <"$dir/out")" = $REFRESHED ] || { echo "bench: refresh answered for $(wc -l <"$dir/out") names" >&2; exit 1; }
    echo "$bare $ours"
done | row "dig -f and pinctl refresh, $REFRESHED names" -90 %
rm "$STICKYDNS_TABLE"

"$BUILD/tests/bench/fill" "$STICKYDNS_TABLE" $NAMES
printf '%s\n' 'keeper {' 'probe = off' 'reap = off' 'events = off' '}' >"$dir/keeper.conf"
"$BUILD/pinkeeper" --conf "$dir/keeper.conf" 2>"$dir/keeper.log" &
keeper=$!
sleep $TTL
asked=$("$BUILD/pinctl" list --json | grep -o '"ttl_s":[0-9]' | wc -l)
[ "$asked" -ge $((NAMES * 99 / 100)) ] || { echo "bench: pinkeeper had answers for $asked names" >&2; exit 1; }
# A tenth of a core.
echo "0 $(($(cpu $keeper) / TTL))" | row "pinkeeper follows $NAMES names, CPU a second" 100000000 ns
echo "0 $(memory $keeper)" | row "the same, memory beside the table" 16777216 B
