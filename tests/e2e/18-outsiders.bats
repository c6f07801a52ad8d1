# Names that an outsider makes a program look up: a proxy resolves what stands in a Request-URI. Whatever their answers
# hold, they change nothing of another name.

load ../lib/harness
setup_file() { use_clients raw lookup; }

# relayed USER@HOST : one OPTIONS through the kamailio, which looks HOST up.
relayed() { sipsak -H 127.0.0.1 -p 127.0.0.1:5600 -s "sip:$1" >>"$LOGS/sipsak.log" 2>&1 || true; }

@test "what stands beside an SRV answer for another domain is no address of the target" {
    need kamailio sipsak
    relay_start 5600 shim
    dns_write pool.test 127.0.0.66              # the outsider's DNS says so
    sip_server 127.0.0.66
    dns_srv _sip._udp.evil.zone.test pool.test:5060:10:10
    relayed x@evil.zone.test
    await_arrivals 1 server=127.0.0.66:5060
    expect_eq "" "$(pin_of pool.test)" "the pin of pool.test"

    dns_change pool.test 127.0.0.11 127.0.0.12
    expect_match '127.0.0.1[12]' "$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')" "what it is pinned to"
    dns_change pool.test 127.0.0.66
    with_shim "$(client raw)" res_query _sip._udp.evil.zone.test 1 SRV || true
    expect_eq "127.0.0.11 127.0.0.12" "$(pinctl show --json pool.test | jq -r '.candidates[].address' | sort | xargs)" \
        "its candidates, when the outsider's answer came again"
}

@test "what stands beside an SRV answer for its own domain is, and show says whence it came" {
    need kamailio sipsak
    relay_start 5600 shim
    dns_write sbc.pool.test 127.0.0.66
    sip_server 127.0.0.66
    dns_srv _sip._udp.pool.test sbc.pool.test:5060:10:10
    with_shim "$(client raw)" res_query _sip._udp.pool.test 1 SRV || true
    expect_eq "127.0.0.66 srv" "$(pinctl show --json sbc.pool.test | jq -r '.candidates[] | "\(.address) \(.from)"')" \
        "candidates of the target"
    expect_match "SRV answer" "$(pinctl show sbc.pool.test)" "show"
    with_shim "$(client lookup)" -4 sbc.pool.test
    expect_eq "127.0.0.66 answer" "$(pinctl show --json sbc.pool.test | jq -r '.candidates[] | "\(.address) \(.from)"')" \
        "candidates when it was looked up"
}

@test "a name that publishes another's addresses neither keeps it from steering nor is confirmed by it" {
    need kamailio sipsak
    sip_pool pool.test 127.0.0.11 127.0.0.12
    relay_start 5600 shim no -n 1                # one process looks both names up
    relayed x@pool.test
    await_arrivals 1 user=x
    local pin other
    pin=$(pin_of pool.test)
    expect_eq confirmed "$(pin_field pool.test state)" "the pin of pool.test"
    other=127.0.0.11
    [[ $pin != 127.0.0.11 ]] || other=127.0.0.12
    dns_change evil.test "$pin"
    relayed y@evil.test
    await_arrivals 1 user=y
    expect_eq tentative "$(pin_field evil.test state)" "the pin of evil.test, whose server is the other's"
    dns_change evil.test "$pin" 127.0.0.66
    with_shim "$(client lookup)" -4 evil.test
    pinctl drain "$pin"                         # kamailio holds its answers: what it sends there is steered
    repeat 3 relayed x@pool.test
    await_arrivals 4 user=x
    expect_eq "$other:5060 3" "$(arrivals user=x | tail -n 3 | awk '{ print $2 }' | uniq -c | awk '{ print $2, $1 }')" \
        "servers that requests for pool.test reached after the drain"
}

@test "an answer from a server that was not asked teaches nothing, whichever call received it" {
    local call
    for call in recvfrom recv read recvmsg; do
        expect_eq 127.0.0.66 "$(with_shim /usr/bin/python3 -S "$TESTS/clients/other_server.py" "$call.test" 127.0.0.67 $call)" \
            "what the program read by $call"
        expect_eq "" "$(pin_of "$call.test")" "the pin, when another server answered ($call)"
        with_shim /usr/bin/python3 -S "$TESTS/clients/other_server.py" "$call.test" 127.0.0.99 $call
        expect_eq 127.0.0.66 "$(pin_of "$call.test")" "the pin, when the one that was asked answered ($call)"
    done
}

# A program remembers the last 64 names that it looked up.
@test "so many of an outsider's names that a program has forgotten the victim's lead nobody to the outsider's server" {
    local how address
    seq -f 'n%g.evil.test' 80 | while read -r how; do printf "127.0.0.%s $how\n" 9 11 12 13; done >"$BATS_TEST_TMPDIR/evil"
    DNS_OPTIONS=(--no-round-robin)                              # all of his names are pinned to his server
    dns_write pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    dns_names "$BATS_TEST_TMPDIR/evil"
    for address in 127.0.0.{9,11,12,13}; do server_start $address 5060 whoami; done
    expect_eq 127.0.0.9 "$(first_of shim n1.evil.test)" "what his names are pinned to"
    for how in hand block answered; do
        pinctl init --empty --conf=/dev/null
        case $how in
        hand) pinctl set pool.test 127.0.0.11 ;;
        block) settings 'host "pool.test" { sticky = on }' ;;
        esac
        expect_eq "none" "$(with_shim /usr/bin/python3 -S - $how <<'PY'
import socket, sys
names = ["pool.test"] + [f"n{i}.evil.test" for i in range(1, 81)]
def answered(name, n):          # a request to the first address of the name, which is answered
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(30)
    s.sendto((register % (n, n)).encode(), socket.getaddrinfo(name, 5060, socket.AF_INET)[0][4])
    s.recv(500)
register = "REGISTER sip:pool.test SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%d\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: %d\r\nCSeq: 1 REGISTER\r\n\r\n"
for i, name in enumerate(names):
    if sys.argv[1] == "answered": answered(name, 1000 + i)
    else: socket.getaddrinfo(name, 5060, socket.AF_INET)
led = []
for n in 11, 12, 13:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(30)
    s.sendto((register % (n, n)).encode(), (f"127.0.0.{n}", 5060))
    said = s.recv(500).decode().split()[0]
    if said == "127.0.0.9": led.append(f"127.0.0.{n}")
print(*led or ["none"])
PY
)" "requests led to the outsider's server, with a pin by $how"
    done
}
