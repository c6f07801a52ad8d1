# pinkeeper asks DNS for every name as its TTL runs out: what DNS moves, moves, though no program looks it up.

load ../lib/harness
setup_file() { use_clients lookup lookup_client raw; }

pin_is() { [[ $(pin_of "$1") == "$2" ]]; }
srv_pin_is() { [[ $(pin_field _sip._udp.pool.test address srv) == "$1" ]]; }
knows() { [[ -n $(candidate_field "$1" "$2" address) ]]; }

# As seen by the server.
queries() { grep -c "query\[$1\] $2 " "$LOGS/dnsmasq.log" || true; }

@test "names, a service and its target move in DNS; as \`absent\` says; whatever becomes of pinkeeper, and of resolv.conf" {
    DNS_TTL=1 DNS_OPTIONS=(--log-queries)
    pinctl init >/dev/null
    settings 'default { absent = follow }  host "kept.test" { absent = keep }'
    dns_write kept.test 127.0.0.11
    dns_write sbc1.pool.test 127.0.0.11
    dns_write sbc2.pool.test 127.0.0.12
    dns_write hosts.test 127.0.0.9
    echo "127.0.0.8 hosts.test" >>/etc/hosts
    dns_srv _sip._udp.pool.test sbc1.pool.test:5060:10:10
    dns_pool pool.test 127.0.0.11
    with_shim "$(client lookup)" -4 pool.test kept.test hosts.test >/dev/null
    with_shim "$(client raw)" res_query _sip._udp.pool.test 1 SRV >/dev/null
    expect_eq "127.0.0.11 127.0.0.11 127.0.0.8" "$(pin_of pool.test) $(pin_of kept.test) $(pin_of hosts.test)" "pins"
    client_start one shim
    keeper_start 'events = off'

    # All at once; no program asked for sbc1: it is known because the service led there.
    await "the target to be asked for" knows sbc1.pool.test 127.0.0.11
    dns_write kept.test 127.0.0.13
    dns_write sbc1.pool.test 127.0.0.13
    dns_write pool.test 127.0.0.12
    dns_srv _sip._udp.pool.test sbc2.pool.test:5060:10:10
    await "the pin to move" pin_is pool.test 127.0.0.12
    expect_match $'\tmoved\tpool.test\t127.0.0.12\t127.0.0.11\t.*\tpinkeeper$' "$(pinctl events)" "who moved it"
    await "the target's new address" knows sbc1.pool.test 127.0.0.13
    await "the new address of what is kept" knows kept.test 127.0.0.13
    expect_eq "127.0.0.11 127.0.0.8" "$(pin_of kept.test) $(pin_of hosts.test)" "pins that stay"
    expect_eq 0 "$(queries A hosts.test)" "questions for what stands in /etc/hosts"
    await "the service's pin to move" srv_pin_is sbc2.pool.test:5060

    # In another table that takes the place of this one.
    dns_change pool.test 127.0.0.10
    pinctl init --replace >/dev/null
    await "the pin in the new table to move" pin_is pool.test 127.0.0.10

    # Killed, and started anew: programs go on.
    kill -9 "$KEEPER"
    expect_eq 127.0.0.10 "$(ask one first pool.test)" "what a program gets when pinkeeper was killed"
    dns_change pool.test 127.0.0.14
    : >"$LOGS/pinkeeper"
    keeper_start 'events = off'
    await "the pin to move again" pin_is pool.test 127.0.0.14
    expect_eq 127.0.0.14 "$(ask one first pool.test)" "what the same program gets"

    # Another server, while what was asked of the first is in flight.
    kill -STOP "$DNS_PID"
    /usr/bin/python3 -S "$TESTS/servers/dns.py" 127.0.0.55 53 pool.test 1 0 127.0.0.15 >>"$LOGS/dns.py.log" 2>&1 3>&- 4>&- &
    await "another DNS server" port_open udp 127.0.0.55 53
    echo 'nameserver 127.0.0.55' >/etc/resolv.conf
    await "the pin to move to what the other server says" pin_is pool.test 127.0.0.15
    keeper_stop
    expect_eq "" "$(grep -v ': served$' "$LOGS/pinkeeper" || true)" "what pinkeeper says beside"
}

@test "DNS fails, and comes back: few questions meanwhile, nothing is lost, and each name is asked for once" {
    local before
    seq -f '10.1.0.1 n%g.test' 100 >"$BATS_TEST_TMPDIR/many"
    DNS_TTL=1 dns_names "$BATS_TEST_TMPDIR/many"
    pinctl init >/dev/null
    with_shim "$(client lookup)" -4 $(cut -d' ' -f2 "$BATS_TEST_TMPDIR/many") >/dev/null
    settings 'host "n1.test" { serve = on }'
    before=$(pinctl list | cut -f1-5)
    expect_eq 100 "$(grep -c '^n[0-9]*.test.inet.10.1.0.1' <<<"$before")" "names"
    dns_stop
    # SERVFAIL to all, a line for each question.
    /usr/bin/python3 -S - "$BATS_TEST_TMPDIR/asked" 3>&- 4>&- <<'PY' &
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.54", 53))
asked = open(sys.argv[1], "ab", 0)
while True:
    q, peer = s.recvfrom(2000)
    asked.write(b".\n")
    s.sendto(q[:2] + b"\x81\x82" + q[4:6] + b"\0\0\0\0\0\0" + q[12:q.index(b"\0", 12) + 5], peer)
PY
    local failing=$!
    await "the server" port_open udp 127.0.0.54 53
    keeper_start 'queries = 8  events = off'
    await "the notice" grep -q 'DNS is down: no server gave an answer' "$LOGS/pinkeeper"
    nap 1.5
    # Two families and two tries each, of 8 names until it is down and 8 in flight; then of one after a second.
    expect_le 80 "$(wc -l <"$BATS_TEST_TMPDIR/asked")" "questions while all 100 names were due"
    expect_eq "$before" "$(pinctl list | cut -f1-5)" "the table"
    kill "$failing"
    wait "$failing" || true
    DNS_TTL=600 DNS_OPTIONS=(--log-queries)
    dns_start
    await "DNS to be noticed" grep -q 'DNS answers again' "$LOGS/pinkeeper"
    await "all names to be asked for" eval '[[ $(grep -o "query\[AAAA\] n[0-9]*" "$LOGS/dnsmasq.log" | sort -u | wc -l) == 100 ]]'
    expect_eq 100 "$(queries A '.*')" "questions for A"
    await "its answer" eval '[[ $(pinctl list --json | jq ".[] | select(.name == \"n1.test\") | .ttl_s") -gt 500 ]]'
    expect_ge 601 "$(pinctl list --json | jq '.[] | select(.name == "n1.test") | .ttl_s')" "seconds for which n1 is served: until the next answer"
    expect_le 600 "$(pinctl list --json | jq '.[] | select(.name == "n2.test") | .ttl_s')" "seconds of the TTL of n2, which is not served"
    expect_eq "$before" "$(pinctl list | cut -f1-5)" "the table"
    expect_eq 3 "$(grep -c '' "$LOGS/pinkeeper")" "lines that pinkeeper says"
    keeper_stop
}

# calls SET... : the system calls of these sets, as systemd knows them.
calls() {
    systemd-analyze syscall-filter --no-pager | awk -v wanted="$*" '
        function add(set,    i, n, members) {
            n = split(of[set], members)
            for (i = 1; i <= n; i++)
                if (members[i] ~ /^@/) add(members[i]); else print members[i]
        }
        /^@/ { set = $1 }
        /^ +[@a-z]/ { of[set] = of[set] " " $1 }
        END { n = split(wanted, sets); for (i = 1; i <= n; i++) add(sets[i]) }' | sort -u
}

@test "the unit's sandbox: exposure of at most 2.0; its user, without capabilities, and the calls that it leaves are enough" {
    local unit=$TESTS/../tools/systemd/pinkeeper.service
    need systemd-analyze strace setpriv
    expect_status 0 systemd-analyze security --no-pager --offline=yes --threshold=20 "$unit"
    expect_eq "@system-service ~@privileged @resources" "$(sed -n 's/^SystemCallFilter=//p' "$unit" | xargs)" "its filter"
    "$BUILD/pinctl" init --group daemon >/dev/null
    TABLE=/run/stickydns/table.$(layout)
    shim_setup
    DNS_TTL=1 dns_pool pool.test 127.0.0.11
    settings 'default { absent = follow }'
    with_shim "$(client lookup)" -4 pool.test >/dev/null
    dns_change pool.test 127.0.0.12
    cp "$BUILD/pinkeeper" /run/pinkeeper
    strace -f -qq -o "$BATS_TEST_TMPDIR/strace" setpriv --reuid=daemon --regid=daemon --clear-groups --bounding-set=-all --no-new-privs \
        /run/pinkeeper >>"$LOGS/pinkeeper" 2>&1 3>&- 4>&- &
    await "the pin to move" pin_is pool.test 127.0.0.12
    kill "$(pgrep -x pinkeeper)"
    wait $! || true
    sed '1,/execve("\/run\/pinkeeper"/d' "$BATS_TEST_TMPDIR/strace" | sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' | sort -u >"$BATS_TEST_TMPDIR/made"
    expect_ge 30 "$(wc -l <"$BATS_TEST_TMPDIR/made")" "different calls"
    calls @privileged @resources | comm -23 <(calls @system-service) - >"$BATS_TEST_TMPDIR/allowed"
    expect_eq "" "$(comm -23 "$BATS_TEST_TMPDIR/made" "$BATS_TEST_TMPDIR/allowed")" "calls that the filter forbids"
}
