# The command line of pinctl: what each command prints and changes, every complaint, every exit status.

load ../lib/harness
setup_file() { use_clients lookup; }

# complains STATUS REGEX ARG... : one line on stderr that matches, nothing on stdout, that exit status.
complains() {
    local status=$1 regex=$2 seen=0
    shift 2
    pinctl "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || seen=$?
    expect_eq "$status" "$seen" "exit status of pinctl $*"
    expect_one_line "$(cat "$BATS_TEST_TMPDIR/err")" "complaint of pinctl $*"
    expect_match "^pinctl: .*$regex" "$(cat "$BATS_TEST_TMPDIR/err")" "complaint of pinctl $*"
    expect_eq "" "$(cat "$BATS_TEST_TMPDIR/out")" "output of pinctl $*"
}

# conf LINE... : a stickydns.conf in $CONF.
conf() {
    CONF=$BATS_TEST_TMPDIR/t.conf
    printf '%s\n' "$@" >"$CONF"
}

repeated() { printf "$1%.0s" $(seq "$2"); }

# ---- words

@test "misuse: exit 2, one line, the word" {
    complains 2 "no such command: 'bogus'" bogus
    complains 2 "unrecognized option '--bogus'" --bogus
    complains 2 "list: unrecognized option '--bogus'" list --bogus
    complains 2 "requires an argument" list -t
    complains 2 "bad path" --table "" list
    complains 2 "list: one word too many: extra" list extra
    complains 2 "show: a HOST is wanted" show
    complains 2 "show: one word too many: b" show a.test b
    complains 2 "set: HOST and ADDR are wanted" set a.test
    complains 2 "drop: a HOST or --all" drop
    complains 2 "drop: either --all or names: a.test" drop --all a.test
    complains 2 "refresh: a HOST or --all" refresh
    complains 2 "fail: HOST and ADDR are wanted" fail a.test
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
    complains 2 "--ttl: not a time: '0'" set --ttl 0 a.test 192.0.2.9
    complains 2 "--ttl: not a time: '5x'" set --ttl 5x a.test 192.0.2.9
    complains 2 "--ttl: not a time: '9999d'" set --ttl 9999d a.test 192.0.2.9
    [[ ! -e $TABLE ]] || { echo "misuse made a table"; return 1; }

    pinctl set a.test "$(seq -s, -f 192.0.2.%g 8)" --ttl 1d
    expect_eq "1 2 3 4 5 6 7 8" "$(pinctl list --json | jq -r '[.[0].candidates[].rank] | join(" ")')" "ranks"
    expect_match '^(86400|86399)$' "$(pin_field a.test expires_s)" "seconds until it ends"
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
    for command in list show set drop refresh fail ok events stats init check reload run; do
        expect_match "^Usage: pinctl $command " "$(pinctl "$command" --help)" "$command --help"
        expect_match "  $command  " "$(pinctl --help)" "pinctl --help"
    done
}

# ---- what is shown

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

@test "show: the source of each setting; drop; fail and ok" {
    pinctl set www.a.test 192.0.2.9,192.0.2.10
    conf 'default { idle = 1h }' 'host "*.a.test" { absent = keep }' 'host "www.a.test" { stale = off }'
    pinctl reload "$CONF"
    expect_eq $'sticky\ton\tbuiltin' "$(pinctl show www.a.test | grep ^sticky)" "sticky"
    expect_eq $'idle\t1h\tdefault' "$(pinctl show www.a.test | grep ^idle)" "idle"
    expect_eq $'absent\tkeep\thost "*.a.test"' "$(pinctl show www.a.test | grep ^absent)" "absent"
    expect_eq 'off host "www.a.test"' \
        "$(pinctl show WWW.A.test. --json | jq -r '.settings.stale | "\(.value) \(.from)"')" "stale as JSON"
    complains 1 "show: not known: b.test" show b.test

    pinctl fail www.a.test 192.0.2.9
    expect_eq "false 1 by hand" "$(pinctl show www.a.test --json | jq -r \
        '.candidates[] | select(.address == "192.0.2.9") | "\(.healthy) \(.failures) \(.last_error)"')" "health"
    expect_ge 20000 "$(candidate_field www.a.test 192.0.2.9 cooling_ms)" "cool-off, ms"
    pinctl ok www.a.test 192.0.2.9
    expect_eq true "$(candidate_field www.a.test 192.0.2.9 healthy)" "health after ok"
    complains 1 "fail: no such address of that name: 192.0.2.77" fail www.a.test 192.0.2.77
    complains 1 "ok: not known: b.test" ok b.test 192.0.2.9

    complains 1 "drop: not known: b.test" drop b.test www.a.test
    expect_eq "[]" "$(pinctl list --json)" "the other name was dropped all the same"
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
        await 5 "events so far" grep -q n3.test "$LOGS/follow-$signal"
        # A shell's background jobs ignore SIGINT from the start; pinctl asks for it.
        kill "-$signal" "$pid"
        status=0
        wait "$pid" || status=$?
        expect_eq 0 "$status" "exit status after SIG$signal"
    done

    env -i "$BUILD/pinctl" events -f -n 0 -t "$TABLE" >"$LOGS/follow" 2>&1 3>&- 4>&- &
    pid=$!
    pinctl init --replace
    await 5 "the follower on the new table" eval 'pinctl set new.test 192.0.2.9 && grep -q new.test "$LOGS/follow"'
    kill "$pid"

    (set +e; pinctl events -f; echo $? >"$BATS_TEST_TMPDIR/status") | head -n 1
    await 5 "the end of a follower without a reader" test -s "$BATS_TEST_TMPDIR/status"
    expect_eq 0 "$(cat "$BATS_TEST_TMPDIR/status")" "its exit status"
}

# follow NAME ARG... : a follower in the background, its output in $LOGS/NAME, its pid in $FOLLOWER.
follow() {
    local name=$1
    shift
    env -i "$BUILD/pinctl" events -f -t "$TABLE" "$@" >"$LOGS/$name" 2>&1 3>&- 4>&- &
    FOLLOWER=$!
}

# Both are stopped while more is written than the journal holds: 2,101 events, of which it keeps 2,048.
@test "events -f: a follower that was too slow says exactly how many it lost, and where" {
    local json text n
    pinctl init --names 64
    follow json --json
    json=$FOLLOWER
    follow text
    text=$FOLLOWER
    pinctl set first.test 192.0.2.1
    await 5 "the first event" grep -q first.test "$LOGS/json"
    await 5 "the first event as text" grep -q first.test "$LOGS/text"
    kill -STOP "$json" "$text"
    for n in {1..2100}; do "$BUILD/pinctl" -t "$TABLE" set "n.test" 192.0.2.1; done
    pinctl set last.test 192.0.2.1
    kill -CONT "$json" "$text"
    await 5 "the last event" grep -q last.test "$LOGS/json"
    await 5 "the last event as text" grep -q last.test "$LOGS/text"
    pinctl set more.test 192.0.2.1
    await 5 "an event after it" grep -q more.test "$LOGS/json"
    await 5 "an event after it, as text" grep -q more.test "$LOGS/text"
    expect_eq "set first.test null|lost null 53|set n.test null x 2047|set last.test null|set more.test null" \
        "$(jq -r '"\(.event) \(.name) \(.count)"' "$LOGS/json" | runs)" "what the follower with --json wrote"
    expect_eq "first.test|pinctl: events: 53 events lost|n.test x 2047|last.test|more.test" \
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
    for n in {1..2600}; do "$BUILD/pinctl" -t "$TABLE" set "n.test" 192.0.2.1; done
    pinctl set last.test 192.0.2.1
    timeout 20 sed -u '/last.test/q' <&"$reader" >"$LOGS/json"
    expect_eq 2601 "$(jq -s 'map(if .event == "lost" then .count else 1 end) | add' "$LOGS/json")" "events and lost ones"
    expect_eq 1 "$(grep -c '"lost"' "$LOGS/json")" "losses told"
}

@test "events -f waits in the futex, and is woken by an event, not by its clock" {
    need strace
    pinctl init --names 64
    strace -o "$LOGS/strace" -e trace=futex,clock_nanosleep "$BUILD/pinctl" -t "$TABLE" events -f >"$LOGS/follow" 2>&1 3>&- 4>&- &
    await 5 "the wait" grep -q FUTEX_WAIT "$LOGS/strace"
    for n in 1 2 3; do
        pinctl set "n$n.test" 192.0.2.1
        await 5 "event $n" grep -q "n$n.test" "$LOGS/follow"
    done
    expect_ge 3 "$(grep -c 'FUTEX_WAIT.* = 0$' "$LOGS/strace")" "waits that an event ended"
    expect_eq "" "$(grep nanosleep "$LOGS/strace" || true)" "sleeps"
}

@test "stats: how full, of what boot and network" {
    pinctl init --names 100
    pinctl set a.test 192.0.2.1,192.0.2.2
    expect_eq "1 100 2 200 1 true true" "$(pinctl stats --json | jq -r '"\(.names.live) \(.names.capacity) \(.addresses.live) \(.addresses.capacity) \(.version) \(.boot_matches) \(.netns_matches)"')" "stats"
    expect_eq "$TABLE" "$(pinctl stats | grep ^path | cut -f2)" "path"
    expect_eq number "$(pinctl stats --json | jq -r '.counters.failures | type')" "a counter"
    STICKYDNS_TABLE=$TABLE.2 unshare -n "$BUILD/pinctl" init --names 64
    expect_eq false "$(pinctl -t "$TABLE.2" stats --json | jq .netns_matches)" "a table of another namespace"
    expect_match "another network namespace" "$(pinctl -t "$TABLE.2" list 2>&1)" "list of it"
    complains 1 "another network namespace" -t "$TABLE.2" refresh a.test
}

# ---- init, check, reload

@test "init: the system's table for root, an own one elsewhere; replacing" {
    env -u STICKYDNS_TABLE "$BUILD/pinctl" init --names 10
    expect_eq "664 755" "$(stat -c %a /run/stickydns/table.v1 /run/stickydns | xargs)" "modes of the system's table"
    expect_eq 10 "$(env -u STICKYDNS_TABLE "$BUILD/pinctl" stats --json | jq .names.capacity)" "names it holds"
    pinctl init --names 1000
    expect_eq 600 "$(stat -c %a "$TABLE")" "mode"
    complains 1 "init: $TABLE: exists already" init
    pinctl set a.test 192.0.2.9
    pinctl init --replace --names 2000
    expect_eq "0 2000" "$(pinctl stats --json | jq -r '"\(.names.live) \(.names.capacity)"')" "the new table"
    echo precious >"$BATS_TEST_TMPDIR/file"
    complains 1 "not replaced" init --replace -t "$BATS_TEST_TMPDIR/file"
    expect_eq precious "$(cat "$BATS_TEST_TMPDIR/file")" "a file that is no table"
    complains 1 "no such directory" init -t /none/table
    conf 'default { sticky = maybe }'
    complains 1 "t.conf:1: sticky: 'maybe'" init --replace --conf "$CONF"
    expect_eq 2000 "$(pinctl stats --json | jq .names.capacity)" "the table after a refused init"
    conf 'default { idle = 7m }'
    pinctl init --replace --conf "$CONF"
    pinctl set a.test 192.0.2.9
    expect_eq $'idle\t7m\tdefault' "$(pinctl show a.test | grep ^idle)" "a setting from --conf"
}

@test "a million names" {
    pinctl init --names 1000000 -t "$BATS_TEST_TMPDIR/big" || cannot "no room for a table of a million names"
    pinctl -t "$BATS_TEST_TMPDIR/big" set a.test 192.0.2.9
    expect_eq "1 1000000" "$(pinctl -t "$BATS_TEST_TMPDIR/big" stats --json | jq -r '"\(.names.live) \(.names.capacity)"')" "names"
    rm "$BATS_TEST_TMPDIR/big"
}

# wrong REGEX LINE... : a file of these lines is refused with that.
wrong() {
    local regex=$1
    shift
    conf "$@"
    complains 1 "check: $CONF:$regex" check "$CONF"
}

@test "check: file, line and word of every error" {
    wrong "3: no such option 'bogus'" 'default {' '  idle = 1h' '  bogus = 1' '}'
    wrong "2: sticky: 'maybe'" 'host "a.test" {' '  sticky = maybe' '}'
    wrong "1: idle: '5x'" 'default { idle = 5x }'
    wrong "1: idle: '-5'" 'default { idle = -5 }'
    wrong "1: idle: '99999999999999999999'" 'default { idle = 99999999999999999999 }'
    wrong "1: answer: 'last'" 'default { answer = last }'
    wrong "1: steer: 'tcp'" 'default { steer = tcp }'
    wrong "2: absent: 'bogus'" 'default {' 'absent = bogus' '}'
    wrong "1: absent: '5m'" 'default { absent = {keep, 5m} }'
    wrong "1: absent: 'grace off'" 'default { absent = "grace off" }'
    wrong "1: dns-ports: '70000'" 'dns-ports = {53, 70000}'
    wrong "1: dns-ports: '7': more than 6 beside 53" 'dns-ports = {53, 1, 2, 3, 4, 5, 6, 6, 7}'
    wrong "2: .*duplicate title 'a.test'" 'host "a.test" { }' 'host "a.test" { }'
    wrong "2: default: a second block" 'default { }' 'default { }'
    wrong "2: host 'a..b': malformed" '' 'host "a..b" { sticky = off }'
    wrong "1: host '': empty" 'host "" { sticky = off }'
    wrong "1: missing title" 'host { sticky = off }'
    wrong "2: a block without its '}'" '' 'default {' 'idle = 1h'
    wrong "2: a comment without its end" '' '/* idle'
    wrong "[0-9]*: premature end" 'default { sticky = "on }'
    wrong "513: host 'h513.test': more than 512" $(seq -f 'host "h%g.test" { }' 513 | tr ' ' '~' | sed 's/~//g')
    printf 'default { }\n\0' >"$CONF"
    complains 1 "$CONF:2: a NUL byte" check "$CONF"
    complains 1 "/none: No such file" check /none
    complains 1 "/: Is a directory" check /
    truncate -s 2M "$CONF"
    complains 1 "larger than 1048576" check "$CONF"
}

@test "check: what is right, in every form" {
    conf 'default { absent = "grace 5m" }' 'host a.test { absent = grace 1h idle=off }' \
        'host "*.b.test" { absent = {grace, 30} max-age = 30d stale = 3600 }' '# {' '/* { */ // "'
    expect_eq "" "$(pinctl check "$CONF" 2>&1)" "what check says"
    conf 'dns-ports = {53, 5353}' 'host a.test { answer = only steer = off failback = 5m serve = on }'
    expect_eq "" "$(pinctl check "$CONF" 2>&1)" "what check says of ports, answer, steer, failback, serve"
    pinctl check "$TESTS/../tools/stickydns.conf"
}

@test "reload: an error changes nothing, a held lock is waited for and not for ever" {
    pinctl set a.test 192.0.2.9
    conf 'default { idle = 7m }'
    pinctl reload "$CONF"
    conf 'default { idle = 8m bogus = 1 }'
    complains 1 "t.conf:1: .*bogus" reload "$CONF"
    expect_eq $'idle\t7m\tdefault' "$(pinctl show a.test | grep ^idle)" "after the refused one"
    conf 'default { idle = 9m }'
    flock "$TABLE" sleep 60 3>&- 4>&- &
    await 5 "the lock" eval '! flock -n "$TABLE" true'
    complains 1 "reload: $TABLE: locked by another process" reload "$CONF"
    kill %1
    pkill -P $! || true
    await 5 "the lock's end" flock -n "$TABLE" true
    pinctl reload "$CONF"
    expect_eq $'idle\t9m\tdefault' "$(pinctl show a.test | grep ^idle)" "after the lock's end"
}

# ---- refresh

@test "refresh: learned, renewed, dropped, kept, absent; TTLs; JSON" {
    local refreshed='"\(.name) \(.status) \([.families[] | "\(.family)=\(.result)"] | join(","))"'
    DNS_TTL=77 dns_pool pool.test 127.0.0.11 127.0.0.12 2001:db8::11
    expect_eq "pool.test answered inet=learned,inet6=learned" "$(pinctl refresh pool.test --json | jq -r ".[] | $refreshed")" "first"
    expect_match '^7[67]$' "$(pinctl list --json | jq '.[0].ttl_s')" "TTL"
    with_shim "$(client lookup)" -4 pool.test >/dev/null
    expect_eq "inet=renewed" "$(pinctl refresh pool.test --json | jq -r ".[] | $refreshed" | grep -o 'inet=[a-z]*')" "second"
    dns_change pool.test 127.0.0.13
    expect_eq "inet=dropped" "$(pinctl refresh pool.test --json | jq -r ".[] | $refreshed" | grep -o 'inet=[a-z]*')" "third"
    pinctl set gone.test 192.0.2.9
    expect_eq $'gone.test\tinet\tkept\t192.0.2.9\t-' "$(pinctl refresh gone.test | head -n 1)" "an explicit pin"
    complains 1 "refresh: never.test: no such name" refresh never.test
    expect_eq "" "$(pinctl list | grep never || true)" "an unknown name after its refresh"
    echo "127.0.0.9 hosts.test" >>/etc/hosts
    complains 1 "hosts.test: .*/etc/hosts" refresh hosts.test
}

@test "refresh: servers and times" {
    local word
    pinctl set a.test 192.0.2.9
    for word in x "" 1.2.3.4: 1.2.3.4:0 1.2.3.4:65536 "[::1" "[::1]x" "[::1]:"; do
        complains 2 "--server: not IP\[:PORT\]" refresh a.test --server "$word"
    done
    complains 2 "--timeout: .*'0'" refresh a.test --timeout 0
    complains 2 "--timeout: .*'6m'" refresh a.test --timeout 6m
    dns_pool a.test 192.0.2.9
    for word in 127.0.0.54 127.0.0.54:53; do
        expect_eq renewed "$(pinctl refresh a.test --server "$word" | cut -f3)" "from $word"
    done
    complains 1 "refresh: a.test: no server gave an answer" refresh a.test --server 127.0.0.54:5
    complains 1 "refresh: a.test: no server gave an answer" refresh a.test --server '[::1]:5'
}

@test "refresh: two thousand names, with a server that answers, that is gone, that is silent" {
    local started
    seq -f '10.1.0.1 n%g.test' 2000 >"$BATS_TEST_TMPDIR/many"
    dns_names "$BATS_TEST_TMPDIR/many"
    cut -d' ' -f2 "$BATS_TEST_TMPDIR/many" | xargs "$BUILD/pinctl" -t "$TABLE" refresh >/dev/null
    expect_eq 2000 "$(pinctl refresh --all | grep -c learned)" "names learned"
    kill -STOP "$DNS_PID"
    started=$(now_ms)
    expect_status 1 pinctl refresh --all --timeout 2s
    expect_le 8000 $(($(now_ms) - started)) "milliseconds until a silent server is given up"
    expect_match "1968 more names not asked for" "$output" "what is said"
    kill -CONT "$DNS_PID"
    dns_stop
    expect_status 1 pinctl refresh --all
    expect_eq 2000 "$(grep -c 'no server gave an answer' <<<"$output")" "complaints"
    expect_eq 2000 "$(pinctl list | grep -c '')" "names in the table"
}

@test "refresh: one family unanswered, and nothing of the name changes" {
    local pin
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pin=$(with_shim "$(client lookup)" -4 pool.test | cut -d' ' -f1)
    dns_stop
    # A server that has other addresses by now, and fails for AAAA.
    python3 - 3>&- 4>&- <<'PY' &
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.54", 53))
while True:
    q, peer = s.recvfrom(2000)
    end = q.index(b"\0", 12) + 5
    question = q[12:end]
    if question[-4:-2] == b"\0\1":
        s.sendto(q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([127, 0, 0, 15]), peer)
    else:
        s.sendto(q[:2] + b"\x81\x82\0\1\0\0\0\0\0\0" + question, peer)
PY
    await 5 "the server" port_open udp 127.0.0.54 53
    complains 1 "refresh: pool.test: no server gave an answer" refresh pool.test
    expect_eq "$pin" "$(pin_of pool.test)" "the pin"
    expect_eq "" "$(candidate_field pool.test 127.0.0.15 address)" "the new address"
}

# ---- run

@test "run: the environment, exit statuses, words that look like options" {
    expect_eq "$BUILD/libstickydns.so" "$(pinctl run env | sed -n 's/^LD_PRELOAD=//p')" "LD_PRELOAD"
    expect_eq "$BUILD/libstickydns.so:/x.so" \
        "$(LD_PRELOAD="$BUILD/libstickydns.so:/x.so" pinctl run env 2>/dev/null | sed -n 's/^LD_PRELOAD=//p')" "no duplicate"
    cd "$BATS_TEST_TMPDIR"
    expect_eq "a.*,b $PWD/t $PWD/l" "$("$BUILD/pinctl" run -n 'a.*,b' -t t -l l -- sh -c \
        'echo $STICKYDNS_NAMES $STICKYDNS_TABLE $STICKYDNS_LOG')" "the shim's environment"
    expect_eq "--json -t" "$(pinctl run echo --json -t)" "options of CMD"
    expect_status 7 pinctl run -- sh -c 'exit 7'
    complains 127 "run: nonesuch: no such program" run nonesuch
    complains 127 "run: ./nonesuch: no such program" run ./nonesuch
    complains 126 "run: /etc: not executable" run /etc
}

@test "run: the shim it cannot find, or cannot name" {
    expect_status 1 env STICKYDNS_LIB=/none "$BUILD/pinctl" run true
    expect_match "run: no shim: /none: No such file" "$output" "no shim"
    mkdir "$BATS_TEST_TMPDIR/a b"
    cp "$BUILD/libstickydns.so" "$BATS_TEST_TMPDIR/a b/"
    expect_status 1 env STICKYDNS_LIB="$BATS_TEST_TMPDIR/a b/libstickydns.so" "$BUILD/pinctl" run true
    expect_match "no space and no colon" "$output" "a path that LD_PRELOAD cannot hold"
}

@test "run: what it cannot reach, straight or behind a script" {
    cd "$BATS_TEST_TMPDIR"
    printf 'int main(void) { return 3; }\n' >t.c
    ${CC:-cc} -o dynamic t.c
    ${CC:-cc} -static -o static t.c
    printf '#!%s/static\n' "$PWD" >script
    printf 'exit 4\n' >plain
    chmod +x script plain
    expect_status 3 pinctl run ./dynamic
    expect_status 4 pinctl run ./plain
    complains 1 "./static is static" run ./static
    complains 1 "/static is static" run ./script
    mkdir /run/bin
    cp dynamic /run/bin/suid
    chown 1 /run/bin/suid
    chmod u+s /run/bin/suid
    cp dynamic /run/bin/sgid
    chown :1 /run/bin/sgid
    chmod g+s /run/bin/sgid
    complains 1 "suid is set-uid" run /run/bin/suid
    complains 1 "sgid is set-gid" run /run/bin/sgid
    expect_status 3 setpriv --no-new-privs "$BUILD/pinctl" run /run/bin/suid
    head -c 100 dynamic >cut
    cp dynamic other
    printf '\x01' | dd of=other bs=1 seek=4 conv=notrunc status=none
    chmod +x cut
    complains 1 "cut is cut short" run ./cut
    complains 1 "other is a 32-bit program" run ./other
}

@test "run: says so when the program will not stick" {
    mkdir "$TABLE"
    expect_match "$TABLE: not a regular file: nothing will be sticky" "$(pinctl run true 2>&1)" "no table"
    rmdir "$TABLE"
    STICKYDNS_TABLE=$TABLE unshare -n "$BUILD/pinctl" init --names 64
    expect_match "another network namespace: nothing will be sticky" "$(pinctl run true 2>&1)" "a foreign table"
    rm "$TABLE"
    expect_match "STICKYDNS=off" "$(STICKYDNS=off pinctl run true 2>&1)" "switched off"
    expect_eq "" "$(pinctl run true 2>&1)" "with nothing to say"
}

@test "another user: may read a readable table, may not write it, and a private one not at all" {
    chmod 755 /run
    mkdir -m 755 /run/public
    cp "$BUILD/pinctl" /run/public/pinctl
    TABLE=/run/public/table
    pinctl init --group 0 2>/dev/null || pinctl init --group root
    pinctl set a.test 192.0.2.9
    other() { setpriv --reuid 65534 --regid 65534 --clear-groups /run/public/pinctl -t "$TABLE" "$@"; }
    expect_eq a.test "$(other list | cut -f1)" "list"
    expect_status 1 other set a.test 192.0.2.10
    expect_match "this user may only read it" "$output" "set"
    chmod 600 "$TABLE"
    expect_status 1 other list
    expect_match "permission denied" "$output" "list of a private table"
}

@test "check: a FIFO is refused at once, and one name has one block however it is spelt" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    complains 1 "not a regular file" check "$BATS_TEST_TMPDIR/fifo"
    expect_eq "" "$(pinctl check /dev/null 2>&1)" "check of /dev/null"
    conf 'host "A.b" { sticky = off }' 'host "a.B." { sticky = on }'
    complains 1 "$CONF:2: host 'a.B.': a second block" check "$CONF"
}

@test "set: addresses that no server can have" {
    local address
    for address in 0.0.0.0 255.255.255.255 224.0.0.1 :: ff02::1 fe80::1; do
        complains 2 "'$address'" set pool.test "$address"
    done
}
