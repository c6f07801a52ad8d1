# What pinkeeper tells: metrics for Prometheus, events in journald or syslog, a command at each move.

load ../lib/harness
setup_file() { use_clients journal; }

MONITORING=${TESTS%/tests}/tools/monitoring
PLACE=127.0.0.1:9110

page() { curl -sf "http://$PLACE/metrics"; }

# metric NAME[{LABELS}] : its value on the page.
metric() { page | awk -v name="$1 " 'index($0, name) == 1 { print substr($0, length(name) + 1) }'; }

said() { grep -qE -- "$1" "$LOGS/pinkeeper"; }

said_once() { expect_eq 1 "$(grep -cE -- "$1" "$LOGS/pinkeeper")" "lines of: $1"; }

# What stands where a real one has its socket.
RECEIVER='
import socket, sys
place, out = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(place)
with open(out, "ab") as f:
    while True:
        f.write(s.recv(65536) + b"\n")
        f.flush()
'

# A private /dev, since a socket in it is one of the whole machine.
dev_private() {
    local dev=$BATS_TEST_TMPDIR/dev node
    mkdir "$dev"
    mount -t tmpfs none "$dev"
    mkdir "$dev/shm"
    ln -s /proc/self/fd "$dev/fd"
    for node in null zero urandom random; do
        : >"$dev/$node"
        mount --bind "/dev/$node" "$dev/$node"
    done
    mount --bind /dev/shm "$dev/shm"
    mount --rbind "$dev" /dev
}

# journald_start : systemd's own, for this test alone.
journald_start() {
    local journald=/lib/systemd/systemd-journald
    [[ -x $journald && -s /etc/machine-id ]] || cannot "there is no systemd-journald, or no /etc/machine-id"
    mkdir -p /run/systemd/journald.conf.d
    printf '%s\n' '[Journal]' Storage=volatile ReadKMsg=no Audit=no ForwardToSyslog=no ForwardToWall=no >/run/systemd/journald.conf.d/test.conf
    "$journald" >>"$LOGS/journald" 2>&1 3>&- 4>&- &
    JOURNALD=$!
    await "journald's socket" test -S /run/systemd/journal/socket
}

# journaled MATCH... : how many entries.
journaled() { journalctl --sync 2>/dev/null; journalctl -q -t pinkeeper -o cat "$@" | grep -c '' || true; }

all_journaled() { (($(journaled STICKYDNS_EVENT="$1") >= $2)); }

@test "/metrics is what Prometheus reads, and says what pinctl says" {
    need curl promtool
    local sample json
    local -A samples=()
    keeper_start "metrics = \"$PLACE\""
    expect_eq 0 "$(metric stickydns_table_up)" "a table before there is one"
    expect_eq "" "$(metric stickydns_names)" "names without a table"
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pinctl set 'hand.test' 192.0.2.7
    pinctl set _sip._udp.test a.test:5060
    with_shim getent ahostsv4 pool.test >/dev/null
    local pin=$(pin_of pool.test)
    await "the table to be served" said ': served$'
    pinctl fail pool.test "$pin"
    pinctl drain 192.0.2.7
    await "the events" eval 'page | grep -q "stickydns_events_total{event=\"drained\""'
    page >"$BATS_TEST_TMPDIR/page"
    promtool check metrics <"$BATS_TEST_TMPDIR/page"
    while read -r sample; do samples[${sample% *}]=${sample##* }; done < <(grep -v '^#' "$BATS_TEST_TMPDIR/page")
    json=$(pinctl stats --json)
    for sample in stickydns_table_up=1 stickydns_names="$(jq .names.live <<<"$json")" \
        stickydns_names_capacity="$(jq .names.capacity <<<"$json")" \
        stickydns_addresses="$(jq .addresses.live <<<"$json")" \
        stickydns_pin_moves_total="$(jq .counters.moves <<<"$json")" \
        stickydns_endpoint_failures_total="$(jq .counters.failures <<<"$json")" \
        stickydns_events_total'{event="moved",cause="it failed"}'=1 \
        stickydns_events_lost_total=0 \
        stickydns_pins'{family="inet",kind="explicit",state="tentative"}'=1 \
        stickydns_pins'{family="srv",kind="explicit",state="tentative"}'=1 \
        stickydns_addresses_drained=1 \
        stickydns_pin_info'{name="hand.test",family="inet",address="192.0.2.7",port="",kind="explicit",state="tentative"}'=1 \
        stickydns_pin_info'{name="pool.test",family="inet",address="'"$(pin_of pool.test)"'",port="",kind="auto",state="tentative"}'=1 \
        stickydns_pin_info'{name="_sip._udp.test",family="srv",address="a.test:5060",port="",kind="explicit",state="tentative"}'=1 \
        stickydns_pin_healthy'{name="pool.test",family="inet"}'=1 \
        stickydns_name_moves_total'{name="pool.test"}'=1 \
        stickydns_name_candidates'{name="pool.test"}'=2 \
        stickydns_name_candidates_healthy'{name="pool.test"}'=1; do
        expect_eq "${sample##*=}" "${samples[${sample%=*}]:-none}" "${sample%=*}"
    done
    expect_eq 404 "$(curl -so /dev/null -w '%{http_code}' "http://$PLACE/")" "another path"
    expect_eq 405 "$(curl -so /dev/null -w '%{http_code}' -d x "http://$PLACE/metrics")" "a POST"
    expect_eq "pinkeeper runs" "$(curl -sf "http://$PLACE/-/healthy")" "healthy"
    expect_eq "HTTP/1.1 200 OK" "$(curl -sfI "http://$PLACE/metrics" | head -n 1 | tr -d '\r')" "a HEAD"

    # What Prometheus and Grafana ask for is there, and all that is there stands in the manual.
    local asked told
    told=$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$BATS_TEST_TMPDIR/page" | sort)
    asked=$(grep -ohE '\b(stickydns|pinkeeper|process)_[a-z_]+\b' "$MONITORING"/* | sort -u | grep -v '^stickydns_dashboard$')
    expect_eq "" "$(comm -13 <(echo "$told") <(echo "$asked"))" "metrics that are asked for in vain"
    expect_ge 10 "$(wc -l <<<"$asked")" "metrics that are asked for"
    expect_eq "" "$(comm -23 <(grep -v ^process_ <<<"$told") <(grep -oE '^\.B (stickydns|pinkeeper)_[a-z_]+' "${TESTS%/tests}/tools/man/pinkeeper.8" | cut -c4- | sort))" \
        "metrics that pinkeeper(8) does not name"
}

@test "a real Prometheus scrapes it, and its alerts fire" {
    need curl prometheus promtool
    local rules=$MONITORING/stickydns.rules.yml dir=$BATS_TEST_TMPDIR/prometheus
    mkdir "$dir"
    jq -e '.panels | length > 10 and all(.targets | length > 0)' "$MONITORING/stickydns-dashboard.json" >/dev/null
    cat >"$dir/rules-test.yml" <<-END
	rule_files: [$rules]
	evaluation_interval: 1m
	tests:
	  - interval: 1m
	    input_series:
	      - {series: 'stickydns_table_up{instance="h"}', values: '0x30'}
	      - {series: 'stickydns_name_candidates{instance="h",name="dead.test"}', values: '3x30'}
	      - {series: 'stickydns_name_candidates_healthy{instance="h",name="dead.test"}', values: '0x30'}
	      - {series: 'stickydns_name_candidates{instance="h",name="empty.test"}', values: '0x30'}
	      - {series: 'stickydns_name_candidates_healthy{instance="h",name="empty.test"}', values: '0x30'}
	      - {series: 'stickydns_pin_healthy{instance="h",name="dead.test",family="inet"}', values: '0x30'}
	      - {series: 'stickydns_pin_moves_total{instance="h"}', values: '0+20x30'}
	      - {series: 'stickydns_name_moves_total{instance="h",name="dead.test"}', values: '0+1x30'}
	      - {series: 'pinkeeper_follow_dns_up{instance="h"}', values: '0x30'}
	      - {series: 'stickydns_evictions_total{instance="h"}', values: '0+1x30'}
	      - {series: 'pinkeeper_events_lost_total{instance="h",log="journald"}', values: '0+1x30'}
	    promql_expr_test:
	      - expr: count by (alertname) (ALERTS{alertstate="firing"})
	        eval_time: 20m
	        exp_samples: [$(printf '{labels: "{alertname=\\"Stickydns%s\\"}", value: 1}, ' \
	            NoTable NoServer PinUnhealthy ManyMoves PinFlaps DnsDown TableFull EventsLost)]
	END
    promtool test rules "$dir/rules-test.yml"

    pinctl set pool.test 192.0.2.7
    keeper_start "metrics = \"$PLACE\""
    cat >"$dir/prometheus.yml" <<-END
	global: {scrape_interval: 1s, evaluation_interval: 1s}
	rule_files: [$rules]
	scrape_configs: [{job_name: stickydns, static_configs: [{targets: ['$PLACE']}]}]
	END
    prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" --web.listen-address=127.0.0.1:9090 \
        >"$LOGS/prometheus" 2>&1 3>&- 4>&- &
    value_of() { curl -sfG --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query | jq -r '.data.result[0].value[1]'; }
    await "a scrape" eval '[[ $(value_of "stickydns_pin_info{name=\"pool.test\",address=\"192.0.2.7\"}") == 1 ]]'
    expect_eq 1 "$(value_of 'up{job="stickydns"}')" "up"
}

@test "metrics at a path: whoever is first has it, a dead one's is replaced, another file is left alone" {
    need curl
    local path=/run/metrics.sock first
    at_path() { curl -sf --unix-socket "$path" http://pinkeeper/-/healthy >/dev/null; }
    keeper_start "metrics = $path"
    first=$KEEPER
    expect_eq 660 "$(stat -c %a "$path")" "mode"
    await "an answer" at_path
    kill -9 "$first"
    await "its end" eval '! kill -0 '"$first"' 2>/dev/null'
    at_path && unexpected "a dead one" "no answer" "an answer"
    keeper_start "metrics = $path"
    await "an answer of the second" at_path
    first=$KEEPER

    # A third does its other duties meanwhile, and has it when the second is gone.
    keeper_start "metrics = $path"
    await "its complaint" said "metrics: $path: Address already in use: tried again"
    at_path
    kill "$first"
    await "its success" said "metrics: $path: served"
    at_path
    said_once "Address already in use"
    keeper_stop
    expect_eq "" "$(ls "$path" 2>/dev/null)" "its socket"

    # The same of a port; and a file that is none of ours.
    echo mine >"$path"
    keeper_start "metrics = $path"
    await "its complaint" said "metrics: $path: File exists: tried again"
    expect_eq mine "$(cat "$path")" "the file"
    server_start 127.0.0.1 9110 accept
    keeper_start "metrics = \"$PLACE\""
    await "its complaint" said "metrics: $PLACE: Address already in use: tried again"
    server_stop 127.0.0.1 9110
    await "its success" said "metrics: $PLACE: served"
}

@test "events are found in systemd's journal, none is lost at 1,000 a second, and all that come while it is away" {
    need journalctl
    local json entry
    journald_start
    pinctl init                                     # the system's keeps 2,048 events, one that a program makes 512
    RUNTIME_DIRECTORY=$BATS_TEST_TMPDIR keeper_start        # as systemd does
    dns_pool pool.test 127.0.0.11 127.0.0.12
    with_shim getent ahostsv4 pool.test >/dev/null
    pinctl fail pool.test "$(pin_of pool.test)"
    await "the move" all_journaled moved 1

    # The fields are those of pinctl events --json, in the same words.
    json=$(pinctl events --json | jq -c 'select(.event == "moved") | with_entries(select(.value != null) | .value |= tostring)')
    entry=$(journalctl -q -t pinkeeper STICKYDNS_NAME=pool.test STICKYDNS_EVENT=moved -o json)
    expect_eq "$json" "$(jq -c 'with_entries(select(.key | startswith("STICKYDNS_")) | .key |= (ltrimstr("STICKYDNS_") | ascii_downcase))' <<<"$entry" |
        jq -c --argjson like "$json" '. as $have | $like | with_entries(.value = $have[.key])')" "fields"
    expect_eq "$(jq length <<<"$json")" "$(jq '[keys[] | select(startswith("STICKYDNS_"))] | length' <<<"$entry")" "fields of an entry"
    expect_match "^moved pool.test 127.0.0.1[12] -> 127.0.0.1[12]: it failed " "$(jq -r .MESSAGE <<<"$entry")" "message"
    expect_eq "4 3 pinkeeper" "$(jq -r '"\(.PRIORITY) \(.SYSLOG_FACILITY) \(.SYSLOG_IDENTIFIER)"' <<<"$entry")" "priority, facility, identifier"

    "$(client journal)" "$TABLE" 2000 1000
    await "all events" all_journaled confirmed 2000
    expect_eq 0 "$(journaled STICKYDNS_EVENT=lost)" "gaps"
    expect_eq 1 "$(journaled STICKYDNS_NAME=n1999.test)" "entries of one name"

    kill "$JOURNALD"
    wait "$JOURNALD" || true
    rm -f /run/systemd/journal/socket
    "$(client journal)" "$TABLE" 500 1000
    await "the complaint" said 'events: journald: .*: tried again'
    journald_start
    await "all events" all_journaled confirmed 2500
    expect_eq 0 "$(journaled STICKYDNS_EVENT=lost)" "gaps"
    said_once 'events: journald: .*: tried again'
    said_once 'events: journald takes them again'

    # A pinkeeper that is started again goes on where the last one was, and says what is too old.
    keeper_stop
    pinctl set while-away.test 192.0.2.9
    RUNTIME_DIRECTORY=$BATS_TEST_TMPDIR keeper_start
    await "what came meanwhile" all_journaled set 1
    kill -9 "$KEEPER"
    await "its end" eval '! kill -0 '"$KEEPER"' 2>/dev/null'
    "$(client journal)" "$TABLE" 3000 0
    RUNTIME_DIRECTORY=$BATS_TEST_TMPDIR keeper_start
    await "what the table still has" all_journaled confirmed $((2500 + 2048))
    expect_eq "952 events lost" "$(journalctl -q -t pinkeeper -o cat STICKYDNS_EVENT=lost)" "the gap"
    expect_eq 1 "$(journaled STICKYDNS_NAME=while-away.test)" "entries of one name"
}

@test "events in syslog; what a log that does not read makes it lose is counted, and said once it reads" {
    need python3
    local written
    dev_private
    pinctl set first.test 192.0.2.7
    keeper_start "events = syslog"
    await "the complaint" said 'events: syslog: /dev/log: No such file or directory: tried again'
    pinctl drop first.test
    python3 -S -c "$RECEIVER" /dev/log "$LOGS/syslog" 3>&- 4>&- &
    local receiver=$!
    await "the event" grep -q 'event="dropped"' "$LOGS/syslog"
    expect_match "^<30>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} pinkeeper\[$KEEPER\]: dropped first.test 192.0.2.7: by hand  \(pinctl [0-9]+, pinctl\) \[time=\"[^\"]*\" event=\"dropped\" name=\"first.test\" address=\"192.0.2.7\" cause=\"by hand\" explicit=\"true\" comm=\"pinctl\" pid=\"[0-9]+\" origin=\"pinctl\"\]$" \
        "$(cat "$LOGS/syslog")" "the line"

    kill -STOP $receiver
    "$(client journal)" "$TABLE" 60000 0
    kill -CONT $receiver
    accounted() {
        local have gaps
        have=$(grep -c 'event="confirmed"' "$LOGS/syslog")
        gaps=$(sed -n 's/.*: \([0-9]*\) events lost \[event="lost" count="\1"\]$/\1/p' "$LOGS/syslog" | paste -sd+ | { read -r sum; echo $((sum)); })
        ((have > 0 && gaps > 0 && have + gaps == 60000))
    }
    await "each event, or its loss" accounted
}

@test "on-move: each move runs the command; a few at once, none for ever, and what is skipped is told" {
    local dir=$BATS_TEST_TMPDIR/on-move lost
    mkdir "$dir"
    pinctl set first.test 192.0.2.7
    keeper_start "on-move = $dir/command"

    # A command that is missing is told once, and taken when it is there.
    "$(client journal)" "$TABLE" 2 0 moved
    await "the complaint" said "on-move: $dir/command: no such file or directory"
    cat >"$dir/command" <<-END
	#!/bin/bash
	echo "heard of \$STICKYDNS_NAME"
	[[ ! -e "$dir/hang" ]] || { sleep 1000 & echo \$! >>"$dir/sleepers"; wait; }
	[[ \$STICKYDNS_NAME == n0.test && ! -e "$dir/environment" ]] || exit 0
	{ echo "words: \$# input: \$(</dev/stdin)"; for v in "\${!STICKYDNS_@}"; do echo "\$v=\${!v}"; done; } >"$dir/environment"
	exit 3
	END
    chmod +x "$dir/command"
    "$(client journal)" "$TABLE" 1 0 moved
    "$(client journal)" "$TABLE" 1 0                # which moves nothing
    await "the command" said 'heard of n0.test'
    await "its end" said "on-move: $dir/command: n0.test: exit status 3"
    said_once "no such file or directory"
    expect_eq "words: 0 input:
STICKYDNS_ADDRESS=192.0.2.2
STICKYDNS_CAUSE=it failed
STICKYDNS_COMM=journal
STICKYDNS_ERRNO=
STICKYDNS_EVENT=moved
STICKYDNS_EXPLICIT=false
STICKYDNS_NAME=n0.test
STICKYDNS_OLD=192.0.2.1
STICKYDNS_ORIGIN=shim
STICKYDNS_PID=
STICKYDNS_PORT=5060
STICKYDNS_TABLE=$TABLE
STICKYDNS_TIME=
STICKYDNS_TRANSPORT=udp" "$(sed 's/^\(STICKYDNS_\(PID\|TIME\)=\).*/\1/; s/input: $/input:/' "$dir/environment")" "environment"

    # Four hang, 64 wait, twelve are skipped. Those that hang are killed with what they started.
    touch "$dir/hang"
    "$(client journal)" "$TABLE" 80 0 moved
    await "four that hang" eval '[[ $(cat "$dir/sleepers" | wc -l) == 4 ]]'
    rm "$dir/hang"
    await "four that are killed" eval '[[ $(grep -c "killed after 10 s$" "$LOGS/pinkeeper") == 4 ]]'
    await "the rest" eval '[[ $(grep "^heard of" "$LOGS/pinkeeper" | sort -u | grep -c .) == 68 ]]'
    await "what was skipped" said "on-move: $dir/command: skipped at 12 moves: more than 64 waited"
    while read -r lost; do
        kill -0 "$lost" 2>/dev/null && unexpected "a child of a command that was killed" "dead" "alive: $lost"
    done <"$dir/sleepers"
    keeper_stop
}
