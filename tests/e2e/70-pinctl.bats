# The command line of pinctl: words, complaints, exit statuses, and what list, show, events and stats print.

load ../lib/harness
load ../lib/complains

repeated() { printf "$1%.0s" $(seq "$2"); }

@test "misuse: exit 2, one line, the word" {
    complains 2 "no such command: 'bogus'" bogus
    complains 2 "unrecognized option '--bogus'" --bogus
    complains 2 "list: unrecognized option '--bogus'" list --bogus
    complains 2 "requires an argument" list -t
    complains 2 "empty path" --table "" list
    complains 2 "--table: one only: /b" -t /a -t /b list
    complains 2 "set: nothing is shown as JSON: --json" --json set a.test 192.0.2.9
    complains 2 "set: one name is pinned, no pattern: '\*.test'" set '*.test' 192.0.2.9
    complains 2 "stats: one word too many: extra" stats extra
    complains 2 "list: not an address, a network or TARGET:PORT: '192.0.2.0/33'" list 192.0.2.0/33
    complains 2 "show: not an address, a network or TARGET:PORT: 'sbc1.test:0'" show sbc1.test:0
    complains 2 "events: no pattern of a name: 'a\.\.\*'" events 'a..*'
    complains 2 "list: an address, not a name: '192.0.2.1'" list --name 192.0.2.1
    complains 2 "events: --since: not a time .*: '25:00'" events --since 25:00
    complains 2 "events: --until: before --since: '2h'" events --since 1h --until 2h
    complains 2 "show: a HOST is wanted" show
    complains 2 "set: HOST and ADDR are needed" set a.test
    complains 2 "drop: a HOST or --all" drop
    complains 2 "drop: either --all or names: a.test" drop --all a.test
    complains 2 "refresh: a HOST or --all" refresh
    complains 2 "fail: HOST and ADDR are needed" fail a.test
    complains 2 "ok: not an address: 'x'" ok a.test x
    complains 2 "events: -n: not a number: 'x'" events -n x
    complains 2 "run: a CMD is wanted" run --
    complains 2 "init: --names: .*'0'" init --names 0
    complains 2 "init: --names: .*'1000001'" init --names 1000001
    complains 2 "init: --names: .*'12x'" init --names 12x
    complains 2 "init: --group: no such group: 'nonesuch'" init --group nonesuch
    [[ ! -e $TABLE ]] || { echo "misuse made a table"; return 1; }
}

@test "names: empty, overlong, malformed, numeric, local" {
    local label
    label=$(repeated a 63)
    complains 2 "empty name: ''" set "" 192.0.2.9
    complains 2 "empty name: '\.'" show .
    complains 2 "too long: '${label}a'" set "${label}a" 192.0.2.9
    complains 2 "too long" set "$label.$label.$label.$label" 192.0.2.9
    complains 2 "malformed name: 'a..b'" set a..b 192.0.2.9
    complains 2 "malformed name: 'a b'" drop "a b"
    complains 2 "malformed name: 'evil.\[31m'" show $'evil\e[31m'
    complains 2 "malformed name: 'evil\?\?31m'" show $'evil\xc2\x9b31m'
    complains 2 "not a name: '192.0.2.1'" refresh 192.0.2.1
    complains 2 "local name.*: 'localhost'" set localhost 192.0.2.9
    pinctl set "$label.$label.$label.${label:0:61}" 192.0.2.9
    expect_eq 253 "$(pinctl list --json | jq '.[0].name | length')" "length of the longest name"
}

@test "set: addresses and times" {
    complains 2 "not an address: '192.0.2.999'" set a.test 192.0.2.999
    complains 2 "not an address: ''" set a.test 192.0.2.9,
    complains 2 "not an address: 'fe80::1%nonesuch'" set a.test fe80::1%nonesuch
    complains 2 "IPv4 and IPv6 in one list: '2001:db8::9'" set a.test 192.0.2.9,2001:db8::9
    complains 2 "twice in the list: '192.0.2.9'" set a.test 192.0.2.9,192.0.2.9
    complains 2 "twice in the list: '::ffff:192.0.2.9'" set a.test 192.0.2.9,::ffff:192.0.2.9
    complains 2 "more than 8 addresses: '192.0.2.9'" set a.test "$(seq -s, -f 192.0.2.%g 9)"
    complains 2 "--ttl: not a time .*: '0'" set --ttl 0 a.test 192.0.2.9
    complains 2 "--ttl: not a time .*: '5x'" set --ttl 5x a.test 192.0.2.9
    complains 2 "--ttl: not a time .*: '9999d'" set --ttl 9999d a.test 192.0.2.9
    [[ ! -e $TABLE ]] || { echo "misuse made a table"; return 1; }

    pinctl set a.test "$(seq -s, -f 192.0.2.%g 8)" --ttl 1d
    expect_eq "1 2 3 4 5 6 7 8" "$(pinctl list --json | jq -r '[.[0].candidates[].rank] | join(" ")')" "ranks"
    expect_match '^(86400|863[0-9][0-9])$' "$(pin_field a.test expires_s)" "seconds until it ends"
    pinctl set a.test 192.0.2.3 --ttl off
    expect_eq null "$(pin_field a.test expires_s)" "end of a pin for ever"
    pinctl set a.test 2001:db8::3
    expect_eq "192.0.2.3 2001:db8::3" "$(pinctl list --json | jq -r '[.[0].pins[].address] | join(" ")')" "one a family"
}

@test "no table: readers say where they looked, writers make it" {
    local words
    for words in list "show a.test" "drop a.test" "drop --all" events stats; do
        complains 1 "no table at $TABLE" $words
    done
    pinctl set a.test 192.0.2.9
    expect_eq 600 "$(stat -c %a "$TABLE")" "mode of the table"
    complains 1 "no table at /none/table" --table /none/table set a.test 192.0.2.9
}

@test "--table before and after the command, and over the environment" {
    pinctl --table "$TABLE.2" set a.test 192.0.2.9
    expect_eq a.test "$(pinctl list -t "$TABLE.2" | cut -f1)" "name in the other table"
    complains 1 "no table at $TABLE" list
}

@test "output that cannot be written is a failure" {
    local words
    pinctl set a.test 192.0.2.9
    for words in list "list --json" "show a.test" events "events --json" stats "stats --json" --help "set --help"; do
        expect_status 1 eval "pinctl $words >/dev/full"
        expect_one_line "$output" "complaint of pinctl $words >/dev/full"
        expect_match "No space left" "$output" "complaint of pinctl $words >/dev/full"
    done
}

@test "every command has --help on stdout, with its own name" {
    local command
    for command in list show set drop refresh fail ok drain undrain save restore events stats settings init check reload doctor run; do
        expect_match "^Usage: pinctl $command " "$(pinctl "$command" --help)" "$command --help"
        expect_match "  $command  " "$(pinctl --help)" "pinctl --help"
    done
}

@test "--version: ours, and that of the tables" {
    local program tables
    pinctl init
    tables=$(pinctl stats --json | jq .version)
    for program in pinctl pinwatch; do
        [[ -x $BUILD/$program ]] || cannot "$program was not built: make deps"
        expect_match "^$program \(stickydns\) [0-9]+\.[0-9]+, tables of layout v$tables\.[0-9a-f]{8}\$" "$("$BUILD/$program" --version)" \
            "$program --version"
    done
}

# The schema may not lag behind the code either: what is listed there, and what stands in the manual.
@test "JSON is as its schema says, and the schema as pinctl(1) and the code" {
    local root=$TESTS/.. schema=$TESTS/../tools/schema/pinctl.schema.json page key document documents=()
    dns_pool pool.test 127.0.0.11 127.0.0.12
    dns_srv _sip._udp.pool.test "0 0 5060 pool.test"
    server_start 127.0.0.11 7060 accept
    pinctl init --names 64
    with_shim getent ahostsv4 pool.test
    pinctl set _sip._tcp.pool.test sbc1.pool.test:5060
    pinctl set six.test 2001:db8::7 --ttl 1h
    pinctl fail pool.test 127.0.0.11
    pinctl drain 192.0.2.99
    exec {connection}<>/dev/tcp/127.0.0.11/7060
    pinctl set also.test 127.0.0.11
    conf 'default { idle = 1h }' 'host "*.test" { absent = keep }' 'host also.test { connect-timeout = 9s }'
    pinctl reload "$CONF"
    conf 'default {' 'idle = never }'

    while IFS='|' read -r document words; do
        eval "pinctl $words --json" >"$BATS_TEST_TMPDIR/$document" || :
        documents+=("${document%%-*}" "$BATS_TEST_TMPDIR/$document")
    done <<'ROWS'
list|list
show|show pool.test
show-service|show _sip._tcp.pool.test
shows|show '*'
refresh|refresh --all
drain|drain
events|events
stats|stats
settings|settings pool.test
settings_all|settings
doctor|doctor cat
doctor-pid|doctor $$
check|check "$CONF"
check-good|check /dev/null
check-absent|check /nonexistent
ROWS
    /usr/bin/python3 "$TESTS/lib/schema.py" "$schema" "${documents[@]}"
    expect_eq "false 2" "$(jq -r '"\(.good) \(.line)"' "$BATS_TEST_TMPDIR/check")" "what check says of a wrong file"
    expect_match "never" "$(jq -r .error "$BATS_TEST_TMPDIR/check")" "its error"
    expect_eq "127.0.0.11" "$(jq -r '.talkers[0].address' "$BATS_TEST_TMPDIR/show")" "who talks to another server"
    expect_match "connect-timeout" "$(jq -r '.[].stricter[].setting' "$BATS_TEST_TMPDIR/shows")" "where another name's setting holds"

    expect_eq "$(sed -n '/define EVENTS_LIST/,/^$/s/.*E([A-Z]*, "\([a-z]*\)").*/\1/p' "$root/policy/table/journal.h" | xargs)" \
        "$(jq -r '."$defs".event.properties.event.enum | join(" ")' "$schema")" "events"
    expect_eq "$(sed -n '/define COUNTERS_LIST/,/^$/p' "$root/policy/table/layout.h" | grep -o '"[a-z_]*"' | xargs)" \
        "$(jq -r '."$defs".stats.properties.counters.required | join(" ")' "$schema")" "counters"
    page=" $(tr -cs 'a-z_A-Z' ' ' <"$root/tools/man/pinctl.1") "
    for key in $(jq -r '[.. | objects | .properties? // empty | keys[]] | unique | .[]' "$schema"); do
        [[ $page == *" $key "* ]] || { echo "no word on $key in pinctl(1)"; return 1; }
    done
}

@test "set: addresses that no server can have" {
    local address
    for address in 0.0.0.0 255.255.255.255 224.0.0.1 :: ff02::1 fe80::1; do
        complains 2 "'$address'" set pool.test "$address"
    done
    complains 2 "a link-local address needs its interface .*: 'fe80::1'" drain fe80::1
}

@test "list: tabs when piped, a table on a terminal, [] when empty" {
    pinctl init
    expect_eq "[]" "$(pinctl list --json)" "no names as JSON"
    expect_eq "" "$(pinctl list)" "no names"
    pinctl set b.test 192.0.2.9
    pinctl set a.test 2001:db8::9
    expect_eq $'a.test\tinet6\t2001:db8::9\texplicit\ttentative\t-\t-\tpinctl' "$(pinctl list | head -n 1)" "first row"
    expect_eq "NAME FAMILY ADDRESS KIND STATE PORT IDLE BY" \
        "$(script -qec "$BUILD/pinctl -t $TABLE" /dev/null | head -n 1 | tr -d '\r' | xargs)" "titles"
}

@test "list, show, events: patterns, addresses, networks, targets, times" {
    local args expected
    { printf '%s\n' "stickydns 2" "set a.x.test 192.0.2.7" "set b.x.test 192.0.2.8 192.0.2.7" "set b.x.test 2001:db8::8" \
        "set c.y.test 198.51.100.9" "set _sip._udp.x.test sbc.x.test:5060" end; } | pinctl restore
    pinctl fail b.x.test 192.0.2.7
    while IFS='|' read -r args expected; do
        expect_eq "$expected" "$(eval "pinctl list $args" | cut -f1,3 | tr '\t' ' ' | paste -sd,)" "list $args"
    done <<'ROWS'
'*.X.test.'|_sip._udp.x.test sbc.x.test:5060,a.x.test 192.0.2.7,b.x.test 192.0.2.8,b.x.test 2001:db8::8,sbc.x.test -
a.x.test --name c.y.test|a.x.test 192.0.2.7,c.y.test 198.51.100.9
192.0.2.7|a.x.test 192.0.2.7
192.0.2.6/31 2001:db8::/32|a.x.test 192.0.2.7,b.x.test 2001:db8::8
'b*' --address=192.0.2.8|b.x.test 192.0.2.8
sbc.x.test:5060|_sip._udp.x.test sbc.x.test:5060
--since=1h '*.y.test'|c.y.test 198.51.100.9
--until=1h|
nonesuch.test|
ROWS
    expect_eq "a.x.test" "$(pinctl list 192.0.2.7 --json | jq -r '.[].name' | xargs)" "list as JSON"
    expect_eq "[]" "$(pinctl list --until 1h --json)" "none as JSON"
    expect_eq "a.x.test b.x.test" "$(pinctl show 192.0.2.7 --json | jq -r '.[].name' | xargs)" "show: also as candidate"
    expect_eq "a.x.test b.x.test" "$(pinctl show 'a.x.test' b.x.test | grep -o '^[ab]\.x\.test' | xargs)" "show of several"
    expect_eq object "$(pinctl show a.x.test --json | jq -r type)" "show of one name as JSON"
    complains 1 "show: no name is like that" show '*.nonesuch'
    complains 1 "show: not known: nonesuch.test" show nonesuch.test

    expect_eq "set,set,failed" "$(pinctl events 'b*' | cut -f2 | paste -sd,)" "events of a name and of its endpoints"
    expect_eq "set a.x.test,failed -" "$(pinctl events 192.0.2.7 | cut -f2,3 | tr '\t' ' ' | paste -sd,)" "events of an address"
    expect_eq "set b.x.test,failed -" "$(pinctl events 'b*' -n 2 --since 1h | cut -f2,3 | tr '\t' ' ' | tail -n 2 | paste -sd,)" "the last two of them"
    expect_eq "" "$(pinctl events --until "$(date -u -d '1 hour ago' +%FT%TZ)")" "events until an hour ago"
    expect_eq 0 "$(pinctl events -f --until 1s | grep -vc .)" "a follower ends with its time"
}

@test "show: the source of each setting; drop; fail and ok" {
    local before
    pinctl set www.a.test 192.0.2.9,192.0.2.10
    conf 'default { idle = 1h }' 'host "*.a.test" { absent = keep }' 'host "www.a.test" { stale = off }'
    pinctl reload "$CONF"
    expect_eq $'sticky\ton\tbuiltin' "$(pinctl show www.a.test | grep ^sticky)" "sticky"
    expect_eq $'idle\t1h\tdefault' "$(pinctl show www.a.test | grep ^idle)" "idle"
    expect_eq $'absent\tkeep\thost "*.a.test"' "$(pinctl show www.a.test | grep ^absent)" "absent"
    expect_eq 'off host "www.a.test"' \
        "$(pinctl show WWW.A.test. --json | jq -r '.settings.stale | "\(.value) \(.from)"')" "stale as JSON"
    complains 1 "show: not known: b.test" show b.test

    before=$(now_ms)
    pinctl fail www.a.test 192.0.2.9
    expect_eq "false 1 by hand" "$(pinctl show www.a.test --json | jq -r \
        '.candidates[] | select(.address == "192.0.2.9") | "\(.healthy) \(.failures) \(.last_error)"')" "health"
    expect_cooling 24 36 "$before" www.a.test 192.0.2.9
    pinctl ok www.a.test 192.0.2.9
    expect_eq true "$(candidate_field www.a.test 192.0.2.9 healthy)" "health after ok"
    complains 1 "fail: no such address of that name: 192.0.2.77" fail www.a.test 192.0.2.77
    complains 1 "ok: not known: b.test" ok b.test 192.0.2.9

    complains 1 "drop: not known: b.test" drop b.test www.a.test
    expect_eq "[]" "$(pinctl list --json)" "the other name was dropped all the same"
}

@test "events of a drop say what each pin was" {
    pinctl set a.test 192.0.2.1
    pinctl set a.test 2001:db8::7
    pinctl drop a.test
    expect_eq "dropped a.test 192.0.2.1 by hand true
dropped a.test 2001:db8::7 by hand true" "$(pinctl events --json |
        jq -r 'select(.event == "dropped") | "\(.event) \(.name) \(.address) \(.cause) \(.explicit)"')" "as JSON"
    expect_eq "192.0.2.1 2001:db8::7" "$(pinctl events -n 2 | cut -f4 | xargs)" "in rows"
}

@test "events: rows, -n, JSON; -f ends by SIGTERM, SIGINT and with its reader, and changes over" {
    local signal pid status
    for n in 1 2 3; do pinctl set "n$n.test" 192.0.2.$n; done
    expect_eq "n1.test n2.test n3.test" "$(pinctl events | cut -f3 | xargs)" "names in the events"
    expect_eq "n3.test" "$(pinctl events -n 1 | cut -f3)" "the last event"
    expect_eq "" "$(pinctl events -n 0)" "none"
    expect_eq "set n3.test 192.0.2.3 by hand pinctl" "$(pinctl events --json | tail -n 1 |
        jq -r '"\(.event) \(.name) \(.address) \(.cause) \(.origin)"')" "an event as JSON"
    expect_eq 3 "$(pinctl events --json | jq -c . | grep -c '')" "objects, one a line"

    for signal in TERM INT; do
        env -i "$BUILD/pinctl" events -f -t "$TABLE" >"$LOGS/follow-$signal" 2>&1 3>&- 4>&- &
        pid=$!
        await "events so far" grep -q n3.test "$LOGS/follow-$signal"
        # A shell's background jobs ignore SIGINT from the start; pinctl asks for it.
        kill "-$signal" "$pid"
        status=0
        wait "$pid" || status=$?
        expect_eq 0 "$status" "exit status after SIG$signal"
    done

    env -i "$BUILD/pinctl" events -f -n 0 -t "$TABLE" >"$LOGS/follow" 2>&1 3>&- 4>&- &
    pid=$!
    await "the follower on the old table" grep -q "$TABLE" "/proc/$pid/maps"
    pinctl init --replace
    await "the follower on the new table" eval 'pinctl set new.test 192.0.2.9 && grep -q new.test "$LOGS/follow"'
    expect_eq "replaced - by hand set new.test by hand" "$(head -n 2 "$LOGS/follow" | cut -f2,3,7 | xargs)" "what it wrote"
    expect_eq "n1.test n2.test n3.test - new.test" "$(pinctl events | cut -f3 | uniq | xargs)" "names in the new table's events"
    kill "$pid"

    (set +e; pinctl events -f; echo $? >"$BATS_TEST_TMPDIR/status") | head -n 1
    await "the end of a follower without a reader" test -s "$BATS_TEST_TMPDIR/status"
    expect_eq 0 "$(cat "$BATS_TEST_TMPDIR/status")" "its exit status"
}

# follow NAME ARG... : a follower in the background, its output in $LOGS/NAME, its pid in $FOLLOWER.
follow() {
    local name=$1
    shift
    env -i "$BUILD/pinctl" events -f -t "$TABLE" "$@" >"$LOGS/$name" 2>&1 3>&- 4>&- &
    FOLLOWER=$!
}

# set_often N : as many events, by one process.
set_often() { { echo stickydns 2; yes 'set n.test 192.0.2.1' | head -n "$1"; echo end; } | pinctl restore; }

# Both are stopped while more is written than the journal of a small table holds: 601 events, of which it keeps 512.
@test "events -f: a follower that was too slow says exactly how many it lost, and where" {
    local json text n
    pinctl init --names 64
    follow json --json
    json=$FOLLOWER
    follow text
    text=$FOLLOWER
    pinctl set first.test 192.0.2.1
    await "the first event" grep -q first.test "$LOGS/json"
    await "the first event as text" grep -q first.test "$LOGS/text"
    kill -STOP "$json" "$text"
    set_often 600
    pinctl set last.test 192.0.2.1
    kill -CONT "$json" "$text"
    await "the last event" grep -q last.test "$LOGS/json"
    await "the last event as text" grep -q last.test "$LOGS/text"
    pinctl set more.test 192.0.2.1
    await "an event after it" grep -q more.test "$LOGS/json"
    await "an event after it, as text" grep -q more.test "$LOGS/text"
    expect_eq "set first.test null|lost null 89|set n.test null x 511|set last.test null|set more.test null" \
        "$(jq -r '"\(.event) \(.name) \(.count)"' "$LOGS/json" | runs)" "what the follower with --json wrote"
    /usr/bin/python3 "$TESTS/lib/schema.py" "$TESTS/../tools/schema/pinctl.schema.json" events "$LOGS/json"
    expect_eq "first.test|pinctl: events: 89 events lost|n.test x 511|last.test|more.test" \
        "$(awk -F'\t' '{ print (NF > 1 ? $3 : $0) }' "$LOGS/text" | runs)" "what the follower with text wrote"
}

# runs : lines with | between them, equal ones that follow each other as "LINE x N".
runs() { uniq -c | sed -E 's/^ *([0-9]+) (.*)/\2 x \1/; s/ x 1$//' | paste -sd '|'; }

# The pipe is full, so the follower stands in write(2) while the journal goes on.
@test "events -f: one whose reader was too slow says so too" {
    local n out=$BATS_TEST_TMPDIR/pipe
    pinctl init --names 64
    mkfifo "$out"
    env -i "$BUILD/pinctl" events -f --json -t "$TABLE" >"$out" 2>&1 3>&- 4>&- &
    exec {reader}<"$out"
    set_often 1300
    pinctl set last.test 192.0.2.1
    timeout "$LIMIT" sed -u '/last.test/q' <&"$reader" >"$LOGS/json"
    expect_eq 1301 "$(jq -s 'map(if .event == "lost" then .count else 1 end) | add' "$LOGS/json")" "events and lost ones"
    expect_eq 1 "$(grep -c '"lost"' "$LOGS/json")" "losses told"
}

@test "events -f waits in the futex, and is woken by an event, not by its clock" {
    need strace
    pinctl init --names 64
    strace -o "$LOGS/strace" -e trace=futex,clock_nanosleep "$BUILD/pinctl" -t "$TABLE" events -f >"$LOGS/follow" 2>&1 3>&- 4>&- &
    await "the wait" grep -q FUTEX_WAIT "$LOGS/strace"
    for n in 1 2 3; do
        pinctl set "n$n.test" 192.0.2.1
        await "event $n" grep -q "n$n.test" "$LOGS/follow"
    done
    expect_ge 3 "$(grep -c 'FUTEX_WAIT.* = 0$' "$LOGS/strace")" "waits that an event ended"
    expect_eq "" "$(grep nanosleep "$LOGS/strace" || true)" "sleeps"
}

@test "stats: how full, of what boot and network" {
    pinctl init --names 100
    pinctl set a.test 192.0.2.1,192.0.2.2
    expect_eq "1 100 2 200 2 true true" "$(pinctl stats --json | jq -r '"\(.names.live) \(.names.capacity) \(.addresses.live) \(.addresses.capacity) \(.version) \(.boot_matches) \(.netns_matches)"')" "stats"
    expect_eq "$TABLE" "$(pinctl stats | grep ^path | cut -f2)" "path"
    expect_eq number "$(pinctl stats --json | jq -r '.counters.failures | type')" "a counter"
    STICKYDNS_TABLE=$TABLE.2 unshare -n "$BUILD/pinctl" init --names 64
    expect_eq false "$(pinctl -t "$TABLE.2" stats --json | jq .netns_matches)" "a table of another namespace"
    expect_match "another network namespace" "$(pinctl -t "$TABLE.2" list 2>&1)" "list of it"
    complains 1 "another network namespace" -t "$TABLE.2" refresh a.test
}
