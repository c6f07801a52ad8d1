# pinctl refresh: what DNS says now, of names with addresses. Services are in 71-pinctl-srv.bats.

load ../lib/harness
load ../lib/complains
setup_file() { use_clients lookup; }

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
    seq -f '10.1.0.1 n%g.test' 2000 >"$BATS_TEST_TMPDIR/many"
    dns_names "$BATS_TEST_TMPDIR/many"
    pinctl init --names 4096
    cut -d' ' -f2 "$BATS_TEST_TMPDIR/many" | xargs "$BUILD/pinctl" -t "$TABLE" refresh >/dev/null
    expect_eq 2000 "$(pinctl refresh --all | grep -c learned)" "names learned"
    # What is down is said once, and how many names that is about.
    kill -STOP "$DNS_PID"
    expect_status 1 pinctl refresh --all --timeout 2s
    expect_match '^pinctl: refresh: DNS is down: no answer in time: 2000 names stay as they are, 18[0-9]{2} of them not asked for$' \
        "$output" "what is said of a silent server"
    interrupted
    kill -CONT "$DNS_PID"
    dns_stop
    expect_status 1 pinctl refresh --all
    expect_match '^pinctl: refresh: DNS is down: no server gave an answer [^:]*: 2000 names stay as they are, 18[0-9]{2} of them not asked for$' \
        "$output" "what is said where no server is"
    expect_eq 2000 "$(pinctl list | grep -c '')" "names in the table"
}

# On a terminal: a line that is written over while it runs, and gone behind Ctrl-C.
interrupted() {
    local tty=$BATS_TEST_TMPDIR/tty status=0
    : >"$tty"
    TERM=xterm script -qfec "exec $BUILD/pinctl -t $TABLE refresh --all --timeout 5m" "$tty" </dev/null >/dev/null 3>&- 4>&- &
    await "the line" grep -q 'pinctl: 0 of 2000 names' "$tty"
    kill -INT "$(pgrep -P $! -x pinctl)"
    wait $! || status=$?
    expect_eq 1 "$status" "exit status"
    expect_match $'names\e\\[K\r\e\\[Kpinctl: refresh: stopped: 0 of 2000 names are done, 64 had no answer, 1936 were not asked for\r' \
        "$(cat "$tty")" "what stands on the terminal"
}

# dnsmasq refuses what is not below .test.
@test "refresh: a zone of which nothing answers does not end it, and its names are told one by one" {
    seq -f '10.1.0.1 a%g.test' 600 >"$BATS_TEST_TMPDIR/many"
    dns_names "$BATS_TEST_TMPDIR/many"
    pinctl init --names 4096
    { cut -d' ' -f2 "$BATS_TEST_TMPDIR/many"; seq -f 'a%g.dead' 200; } | xargs -n 1 printf 'set %s 10.9.9.9\n' |
        { echo "stickydns 2"; cat; echo end; } | pinctl restore
    pinctl refresh --all >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || true
    expect_eq 600 "$(grep -c kept "$BATS_TEST_TMPDIR/out")" "names with an answer"
    expect_eq 200 "$(grep -c '^pinctl: refresh: a[0-9]*.dead: no server gave an answer' "$BATS_TEST_TMPDIR/err")" "names without"
    expect_eq 200 "$(grep -c '' "$BATS_TEST_TMPDIR/err")" "complaints"
}

@test "refresh: an answer with records of a wrong length, and one without any, with stdout closed" {
    local pin
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pin=$(with_shim "$(client lookup)" -4 pool.test | cut -d' ' -f1)
    dns_stop
    # For pool.test an A record of 3 bytes, for two.test a good one beside one of 2 bytes, of the others no record; what
    # is no query is noted.
    /usr/bin/python3 -S - "$BATS_TEST_TMPDIR/strays" 3>&- 4>&- <<'PY' &
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.54", 53))
while True:
    q, peer = s.recvfrom(9000)
    if q[2:6] != b"\1\0\0\1":
        open(sys.argv[1], "ab").write(q)
        continue
    question = q[12:q.index(b"\0", 12) + 5]
    bad = question.startswith(b"\4pool") and question[-4:-2] == b"\0\1"
    two = question.startswith(b"\3two") and question[-4:-2] == b"\0\1"
    record = lambda data: b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0" + bytes([len(data)]) + data
    records = [bytes([127, 0, 0, 11]), bytes(2)] if two else [bytes(3)] if bad else []
    s.sendto(q[:2] + b"\x81\x80\0\1\0" + bytes([len(records)]) + b"\0\0\0\0" + question + b"".join(map(record, records)), peer)
PY
    await "the server" port_open udp 127.0.0.54 53
    printf '%s\n' "stickydns 2" "auto two.test 127.0.0.12" end | pinctl restore
    complains 1 "refresh: two.test: malformed answer" refresh two.test
    expect_eq "127.0.0.12" "$(pin_of two.test)" "the pin of an answer with a good record, too"
    complains 1 "refresh: pool.test: malformed answer" refresh pool.test
    expect_eq "$pin" "$(pin_of pool.test)" "the pin"
    complains 1 "refresh: empty.test: no address" refresh empty.test
    seq -f 'h%g.test' 300 | xargs "$BUILD/pinctl" -t "$TABLE" refresh --json >&- 2>"$BATS_TEST_TMPDIR/err" || true
    expect_match "cannot write the output: Bad file descriptor" "$(tail -n 1 "$BATS_TEST_TMPDIR/err")" "closed stdout"
    expect_eq "" "$(cat "$BATS_TEST_TMPDIR/strays" 2>/dev/null | head -c 100)" "what the DNS server got beside queries"
}

@test "refresh: one family unanswered, and nothing of the name changes" {
    local pin
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pin=$(with_shim "$(client lookup)" -4 pool.test | cut -d' ' -f1)
    dns_stop
    # A server that has other addresses by now, and fails for AAAA.
    /usr/bin/python3 -S - 3>&- 4>&- <<'PY' &
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
    await "the server" port_open udp 127.0.0.54 53
    complains 1 "refresh: pool.test: no server gave an answer" refresh pool.test
    expect_eq "$pin" "$(pin_of pool.test)" "the pin"
    expect_eq "" "$(candidate_field pool.test 127.0.0.15 address)" "the new address"
}
