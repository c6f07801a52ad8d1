# pinctl and services: names with SRV records, whose pins are targets (RFC 2782).

load ../lib/harness
load ../lib/complains
setup_file() { use_clients raw lookup_client; }

SIP=_sip._udp.pool.test

# Two targets, the first of better priority, each with an address.
sip_dns() {
    DNS_TTL=77
    dns_srv $SIP sbc1.pool.test:5060:10:60 sbc2.pool.test:5062:20:40
    dns_pool sbc1.pool.test 127.0.0.11 2001:db8::11
    dns_pool sbc2.pool.test 127.0.0.12
}

# service NAME JQ : of the JSON object of that name.
service() { pinctl list --json | jq -r --arg name "$1" ".[] | select(.name == \$name) | $2"; }

@test "set, list, show, drop: a service is pinned to a target" {
    pinctl set $SIP sbc1.pool.test:5060
    expect_eq "$SIP"$'\tsrv\tsbc1.pool.test:5060\texplicit\ttentative\t-\t-\tpinctl' "$(pinctl list | grep ^_sip)" "its row"
    expect_eq $'srv\tsbc1.pool.test:5060\texplicit\ttentative' "$(pinctl show $SIP | grep ^srv | cut -f1-4)" "its row of show"
    expect_eq "srv sbc1.pool.test:5060 sbc1.pool.test 5060 null" \
        "$(service $SIP '.pins[] | "\(.family) \(.address) \(.target) \(.target_port) \(.port)"')" "the pin as JSON"
    expect_eq "set $SIP sbc1.pool.test:5060" \
        "$(pinctl events --json | jq -r '"\(.event) \(.name) \(.address)"')" "the event as JSON"
    expect_eq sbc1.pool.test:5060 "$(pinctl events | cut -f4)" "the event's address"
    pinctl drop $SIP
    expect_eq "" "$(pinctl list | grep ^_sip || true)" "after drop"
}

@test "a host that a service leads to is dropped: the target, and save, still have its name" {
    pinctl set $SIP sbc1.pool.test:5090
    pinctl set sbc1.pool.test 192.0.2.7
    pinctl drop sbc1.pool.test
    expect_eq "$SIP sbc1.pool.test:5090 sbc1.pool.test -" "$(pinctl list | cut -f1,3 | xargs)" "the pins"
    expect_match $'\nset _sip._udp.pool.test sbc1.pool.test:5090\n' "$(pinctl save)" "the saved text"
    pinctl drop sbc1.pool.test $SIP
    expect_eq "[]" "$(pinctl list --json)" "after a drop of both"
    pinctl set $SIP sbc1.pool.test:5090
    pinctl drop --all
    expect_eq "[]" "$(pinctl list --json)" "after a drop of all"
}

@test "a host is dropped to which two services lead on unusual ports, and the one noted last has gone" {
    pinctl set $SIP sbc1.pool.test:5090
    pinctl set _sip._tcp.pool.test sbc1.pool.test:5091
    pinctl drop _sip._tcp.pool.test
    pinctl drop sbc1.pool.test
    expect_eq sbc1.pool.test:5090 "$(pinctl list | grep ^_sip | cut -f3)" "the target"
    expect_match $'\nset _sip._udp.pool.test sbc1.pool.test:5090\n' "$(pinctl save)" "the saved text"
    pinctl drop $SIP sbc1.pool.test
    expect_eq "[]" "$(pinctl list --json)" "after a drop of both"
}

@test "refresh: of SRV records those with port 0 are passed over, and an empty answer is not called a name that is not there" {
    dns_srv $SIP sbc1.pool.test:0:10:0 sbc2.pool.test:5060:20:0
    dns_srv _sip._tcp.pool.test sbc1.pool.test:0:10:0
    dns_pool sbc2.pool.test 127.0.0.12
    expect_eq "$SIP srv learned" "$(pinctl refresh $SIP | head -n 1 | cut -f1-3 | xargs)" "what is left"
    expect_eq sbc2.pool.test:5060 "$(service $SIP '.candidates[].address')" "candidates"
    complains 1 "refresh: _sip._tcp.pool.test: no SRV record that leads anywhere" refresh _sip._tcp.pool.test
}

@test "set: a list of targets in order of preference, whole or not at all, for a time" {
    local targets
    pinctl set _SIP._udp.Pool.test. SBC1.pool.test.:5060,sbc2.pool.test:5060,sbc2.pool.test:5062 --ttl 1h
    expect_eq "sbc1.pool.test:5060=1 sbc2.pool.test:5060=2 sbc2.pool.test:5062=3" \
        "$(service $SIP '[.candidates[] | "\(.address)=\(.rank)"] | join(" ")')" "ranks"
    expect_match '^(3600|3599)$' "$(service $SIP '.pins[0].expires_s')" "seconds until it ends"
    complains 2 "twice in the list: 'Sbc1.pool.test:5060'" set $SIP sbc1.pool.test:5060,Sbc1.pool.test:5060
    targets=$(seq -s, -f sbc%g.pool.test:5060 8)
    complains 2 "more than 8 targets: 'sbc9.pool.test:5060'" set $SIP "$targets,sbc9.pool.test:5060"
    expect_eq 3 "$(service $SIP '.candidates | length')" "candidates after refused lists"
    pinctl set $SIP "$targets"
    expect_eq "1 2 3 4 5 6 7 8" "$(service $SIP '[.candidates[] | select(.rank > 0) | .rank] | join(" ")')" "ranks of eight"
}

@test "set: what is no target, and what a plain name cannot have" {
    complains 2 "a service leads to TARGET:PORT.*: '192.0.2.7'" set $SIP 192.0.2.7
    complains 2 "a service leads to TARGET:PORT.*: '192.0.2.7:5060'" set $SIP 192.0.2.7:5060
    complains 2 "a service leads to TARGET:PORT.*: '\[2001:db8::7\]:5060'" set $SIP '[2001:db8::7]:5060'
    complains 2 "a service leads to TARGET:PORT.*: '2001:db8::7'" set $SIP 2001:db8::7
    complains 2 "a service leads to TARGET:PORT.*: '192.0.2.7'" set $SIP sbc1.pool.test:5060,192.0.2.7
    complains 2 "not TARGET:PORT: 'sbc1.pool.test'" set $SIP sbc1.pool.test
    complains 2 "not TARGET:PORT: ':5060'" set $SIP :5060
    complains 2 "not TARGET:PORT: ''" set $SIP sbc1.pool.test:5060,
    complains 2 "no port from 1 to 65535: 'sbc1.pool.test:'" set $SIP sbc1.pool.test:
    complains 2 "no port from 1 to 65535: 'sbc1.pool.test:0'" set $SIP sbc1.pool.test:0
    complains 2 "no port from 1 to 65535: 'sbc1.pool.test:65536'" set $SIP sbc1.pool.test:65536
    complains 2 "target: empty name: '\.:5060'" set $SIP .:5060
    complains 2 "target: malformed name: 'a..b:5060'" set $SIP a..b:5060
    complains 2 "target: a local name.*: 'localhost:5060'" set $SIP localhost:5060
    complains 2 "a service is no target: '$SIP:5060'" set $SIP $SIP:5060
    complains 2 "only a service .* has targets: 'sbc1.pool.test:5060'" set pool.test sbc1.pool.test:5060
    complains 2 "only a service .* has targets: 'sbc1.pool.test:5060'" set pool.test 192.0.2.7,sbc1.pool.test:5060
    complains 2 "a service leads to TARGET:PORT" fail $SIP 192.0.2.7
    complains 2 "only a service" ok pool.test sbc1.pool.test:5060
    [[ ! -e $TABLE ]] || { echo "misuse made a table"; return 1; }
}

@test "refresh: SRV with its TTL, then the targets' addresses" {
    sip_dns
    expect_eq "$SIP srv learned - 77s, sbc1.pool.test inet learned - 77s, sbc1.pool.test inet6 learned - 77s, sbc2.pool.test inet learned - 77s" \
        "$(pinctl refresh $SIP | tr '\t' ' ' | paste -s -d, | sed 's/,/, /g')" "rows"
    expect_match '^7[67]$' "$(service $SIP .ttl_s)" "TTL left"
    expect_eq "sbc1.pool.test 5060 10 60, sbc2.pool.test 5062 20 40" \
        "$(service $SIP '[.candidates[] | "\(.target) \(.port) \(.priority) \(.weight)"] | join(", ")')" "candidates as JSON"
    expect_eq $'sbc1.pool.test:5060\t10\t60,sbc2.pool.test:5062\t20\t40' \
        "$(pinctl show $SIP | grep ^sbc | cut -f1,9,10 | paste -s -d,)" "candidates as rows"
    expect_eq 127.0.0.12 "$(service sbc2.pool.test '.candidates[].address')" "the second target's address"
    expect_eq "$SIP srv learned 2, sbc1.pool.test inet learned 1" \
        "$(pinctl refresh $SIP --json | jq -r '[.[:2][] | "\(.name) \(.families[0] | "\(.family) \(.result) \(.published)")"] | join(", ")')" \
        "as JSON"
}

@test "refresh: an explicit target is renewed, or kept when it is not published; each target is asked for once" {
    sip_dns
    dns_srv _sip._tcp.pool.test sbc1.pool.test:5060:10:60
    pinctl set $SIP sbc2.pool.test:5062
    expect_eq "$SIP srv renewed sbc2.pool.test:5062" "$(pinctl refresh $SIP | head -n 1 | cut -f1-4 | tr '\t' ' ')" "published"
    pinctl set $SIP sbc2.pool.test:5099
    expect_eq "$SIP srv kept sbc2.pool.test:5099" "$(pinctl refresh $SIP | head -n 1 | cut -f1-4 | tr '\t' ' ')" "on another port"
    expect_eq 1 "$(pinctl refresh $SIP _sip._tcp.pool.test sbc1.pool.test | grep -c $'^sbc1.pool.test\tinet\t')" "rows of a target"
    expect_eq 1 "$(pinctl refresh --all | grep -c $'^sbc1.pool.test\tinet\t')" "rows of a target with --all"
}

@test "refresh: no such service, no answer, and \".\", which says that there is none" {
    sip_dns
    complains 1 "_sip._udp.never.test: no such name" refresh _sip._udp.never.test
    expect_eq "" "$(pinctl list | grep never || true)" "an unknown service after its refresh"
    pinctl refresh $SIP >/dev/null
    complains 1 "$SIP: no server gave an answer" refresh $SIP --server 127.0.0.54:5
    expect_eq 2 "$(service $SIP '.candidates | length')" "candidates after no answer"
    dns_srv $SIP
    expect_eq "$SIP"$'\t-\tabsent\t-\t-' "$(pinctl refresh $SIP)" "when it has gone"
}

# unbound_start LINE... : unbound in dnsmasq's place, with this local data.
unbound_start() {
    local conf=$BATS_TEST_TMPDIR/unbound.conf
    {
        printf 'server:\n'
        printf ' %s\n' 'interface: 127.0.0.54' 'do-daemonize: no' 'username: ""' 'chroot: ""' 'pidfile: ""' 'use-syslog: no' \
            'access-control: 127.0.0.0/8 allow' 'local-zone: pool.test. static'
        printf ' local-data: "%s"\n' "$@"
        printf 'remote-control:\n control-enable: no\n'
    } >"$conf"
    unbound -c "$conf" >>"$LOGS/unbound.log" 2>&1 3>&- 4>&- &
    await "unbound answering" port_open udp 127.0.0.54 53
}

@test "refresh, from unbound: the least TTL; an answer that needs TCP keeps the best targets; \".\"" {
    need unbound
    local i records=()
    for i in {1..100}; do records+=("_many._udp.pool.test. 60 SRV $((200 - i)) 1 5060 a-rather-long-name-for-a-target-$i.pool.test."); done
    unbound_start "$SIP. 300 SRV 10 60 5060 sbc1.pool.test." "$SIP. 300 SRV 20 40 5062 sbc2.pool.test." \
        "sbc1.pool.test. 120 A 127.0.0.11" "sbc2.pool.test. 30 AAAA 2001:db8::12" \
        "_none._udp.pool.test. 60 SRV 0 0 0 ." "${records[@]}"
    expect_eq "$SIP srv learned - 5m,sbc1.pool.test inet learned - 2m,sbc2.pool.test inet6 learned - 30s" \
        "$(pinctl refresh $SIP | tr '\t' ' ' | paste -s -d,)" "rows"
    expect_eq $'_none._udp.pool.test\t-\tabsent\t-\t-' "$(pinctl set _none._udp.pool.test a.test:1 && pinctl refresh _none._udp.pool.test |
        grep absent)" "a service that is said not to be"
    pinctl refresh _many._udp.pool.test >"$BATS_TEST_TMPDIR/out" 2>&1 || true
    expect_eq "100 99 98 97 96 95 94 93" "$(service _many._udp.pool.test \
        '[.candidates[] | .target | capture("target-(?<n>[0-9]+)").n] | join(" ")')" "the eight best of a hundred"
}

@test "fail and ok of a target" {
    sip_dns
    pinctl refresh $SIP >/dev/null
    complains 1 "no such target of that service: sbc1.pool.test:5061" fail $SIP sbc1.pool.test:5061
    complains 1 "not known: _sip._udp.never.test" fail _sip._udp.never.test sbc1.pool.test:5060
    pinctl fail $SIP sbc1.pool.test:5060
    expect_eq "false 1 by hand" "$(service $SIP '.candidates[0] | "\(.healthy) \(.failures) \(.last_error)"')" "its health"
    expect_eq 5060/udp "$(pinctl show $SIP | grep ^sbc1 | cut -f4)" "the endpoint that failed"
    expect_match "failed - sbc1.pool.test:5060 - 5060/udp by hand" "$(pinctl events -n 1 | tr '\t' ' ')" "the event"
    expect_eq true "$(service $SIP '.candidates[1].healthy')" "the other target"
    pinctl ok $SIP sbc1.pool.test:5060
    expect_eq true "$(service $SIP '.candidates[0].healthy')" "after ok"
}

@test "a target is as fit as its host's addresses, and ok of the target is ok of them" {
    sip_dns
    pinctl refresh $SIP >/dev/null
    pinctl fail sbc2.pool.test 127.0.0.12
    expect_eq false "$(service $SIP '.candidates[1].healthy')" "a target without a fit address"
    pinctl ok $SIP sbc2.pool.test:5062
    expect_eq true "$(service $SIP '.candidates[1].healthy')" "after ok of the target"
    pinctl fail sbc1.pool.test 127.0.0.11
    expect_eq true "$(service $SIP '.candidates[0].healthy')" "a target with another address"
}

# leads : the target that one program's SRV answer is led by, as TARGET:PORT.
leads() { with_shim "$(client raw)" send $SIP 1 SRV | awk '{ split($1, r, ":"); print r[4] ":" r[3] }'; }

@test "programs that read SRV are led by what was set, dropped, failed, restored" {
    sip_dns
    expect_eq sbc1.pool.test:5060 "$(leads)" "by priority"
    expect_eq sbc1.pool.test:5060 "$(pin_of $SIP srv)" "the pin"
    pinctl fail $SIP sbc1.pool.test:5060
    expect_eq sbc2.pool.test:5062 "$(leads)" "after fail"
    expect_match "moved $SIP sbc2.pool.test:5062 sbc1.pool.test:5060" "$(pinctl events | tr '\t' ' ')" "the move"
    expect_match "$SIP: moved from sbc1.pool.test:5060 to sbc2.pool.test:5062|$SIP: pinned to sbc2.pool.test:5062" \
        "$(cat "$SHIM_LOG")" "the log"
    pinctl set $SIP sbc1.pool.test:5060
    expect_eq sbc1.pool.test:5060 "$(leads)" "after set"
    expect_match "$SIP: explicitly pinned to sbc1.pool.test:5060" "$(cat "$SHIM_LOG")" "the log"
    pinctl ok $SIP sbc1.pool.test:5060
    pinctl drop $SIP
    expect_eq sbc1.pool.test:5060 "$(leads)" "after drop, by priority"
    pinctl drain 127.0.0.11 2001:db8::11
    expect_eq sbc2.pool.test:5062 "$(leads)" "after drain of a target's addresses"
    pinctl save "$BATS_TEST_TMPDIR/saved"
    pinctl drop --all
    pinctl undrain 127.0.0.11 2001:db8::11
    pinctl restore "$BATS_TEST_TMPDIR/saved"
    expect_eq sbc2.pool.test:5062 "$(leads)" "after restore"
}

@test "what happens to a target's only address is told of the target: events, and the shim's log" {
    dns_pool sbc1.pool.test 127.0.0.11
    pinctl set _sip._tcp.pool.test sbc1.pool.test:5060
    client_start one shim
    expect_eq 127.0.0.11=ECONNREFUSED "$(ask one connect sbc1.pool.test 5060)" "the connect"
    expect_match "failed - sbc1.pool.test:5060 - 5060/tcp refused \(ECONNREFUSED\) lookup_client" "$(pinctl events | tr '\t' ' ')" \
        "events"
    expect_match "lookup_client\[[0-9]*\]: endpoint failed sbc1.pool.test:5060 port 5060/tcp \(ECONNREFUSED\)" "$(cat "$SHIM_LOG")" \
        "the log"
    expect_eq false "$(service _sip._tcp.pool.test '.candidates[0].healthy')" "the target's health"
}

@test "what the table says of a target's host is shown as one harmless line" {
    pinctl set $SIP sbc1.pool.test:5060
    # Whoever may write the table may write this: the hash of the name no longer matches, and no name is shown.
    LC_ALL=C sed -i 's/sbc1\.pool\.test/\x1b[31m.pool\x09tes/g' "$TABLE"
    expect_eq "?:5060" "$(pinctl list 2>&1 | grep ^_sip | cut -f3)" "the pin"
    expect_eq "null 5060" "$(service $SIP '.pins[0] | "\(.target) \(.target_port)"')" "the pin as JSON"
    expect_eq 0 "$(pinctl list | grep -c $'\x1b' || true)" "escape sequences"
}
