# SIP over UDP: answers confirm, silence to REGISTER or INVITE and 503 to REGISTER move the pin, and so do
# ICMP errors that a program is told of. Nothing else is evidence.

load ../lib/harness
setup_file() { use_clients lookup lookup_client; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

first() { with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }'; }

# request METHOD [TIMES] : one SIP request to pool.test by sipp under the shim, until it is answered; or sent again TIMES.
request() {
    sed "s/METHOD/$1/" "$TESTS/sip/request.xml" >"$BATS_TEST_TMPDIR/$1.xml"
    with_shim sipp -sf "$BATS_TEST_TMPDIR/$1.xml" -t u1 -m 1 -nostdin -i 127.0.0.1 -p 5070 \
        ${2:+-max_retrans "$2"} -timeout 90s -timeout_error pool.test >>"$LOGS/sipp.log" 2>&1 || true
}

# silent ADDR : a UDP socket on port 5060 that never answers; a line in $SENDS for each datagram.
silent() {
    SENDS=$BATS_TEST_TMPDIR/sends
    : >"$SENDS"
    /usr/bin/python3 -S -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 5060))
while True: print(s.recv(2000).split()[0].decode(), flush=True)' "$1" >"$SENDS" 3>&- 4>&- &
    SILENT=$!
    await "a silent socket on $1" port_open udp "$1" 5060
}

# failing ADDR STATUS [HEADER] : a SIP server that answers everything so.
failing() {
    sed "s/STATUS/$2/; s/MORE/${3:-X: y}/" "$TESTS/sip/uas-status.xml" >"$BATS_TEST_TMPDIR/uas.xml"
    (cd "$BATS_TEST_TMPDIR" && exec sipp -sf uas.xml \
        -i "$1" -p 5060 -t u1 -nostdin >>"$LOGS/failing-$1.log" 2>&1 3>&- 4>&-) &
    await "a failing server on $1" port_open udp "$1" 5060
}

all() { local a; for a in $POOL; do "$@" "$a" 5060 uas-udp; done; }

@test "an answer confirms the pin, with its port and transport" {
    local pin
    dns_pool pool.test $POOL
    all server_start
    pin=$(first)
    expect_eq tentative "$(pin_field pool.test state)" "state before"
    request OPTIONS
    expect_eq confirmed "$(pin_field pool.test state)" "state after an answer"
    expect_eq "$pin 5060 udp" "$(pin_of pool.test) $(pin_field pool.test port) $(pin_field pool.test transport)" "the pin"
    expect_match "confirmed.*answered" "$(pinctl events)" "events"
}

@test "silence to REGISTER and to INVITE moves the pin at the fifth send" {
    local method pin sipp
    dns_pool pool.test $POOL
    for method in REGISTER INVITE; do
        pinctl init --empty
        pin=$(first)
        silent "$pin"
        request "$method" &
        sipp=$!
        await "the pin to move from $pin" moved_from "$pin"
        pkill -KILL -x sipp
        wait "$sipp" || true
        expect_ne "$pin" "$(first)" "where lookups lead after silence to $method"
        expect_match "failed.*$pin.*5060/udp.*silent" "$(pinctl events)" "events"
        expect_eq "4 $method" "$(sort "$SENDS" | uniq -c | xargs)" "sends to $pin"
        kill "$SILENT"
        wait "$SILENT" 2>/dev/null || true
    done
}

moved_from() { [[ $(pin_of pool.test) != "$1" ]]; }

@test "silence to OPTIONS, and a short silence to REGISTER, prove nothing" {
    local pin
    dns_pool pool.test $POOL
    pin=$(first)
    silent "$pin"
    request OPTIONS 4
    expect_eq 5 "$(grep -c OPTIONS "$SENDS")" "sends of OPTIONS"
    expect_eq "$pin" "$(first)" "where lookups lead after silence to OPTIONS"
    request REGISTER 2
    expect_eq 3 "$(grep -c REGISTER "$SENDS")" "sends of REGISTER"
    expect_eq "$pin" "$(first)" "where lookups lead after silence to REGISTER, sent three times"
    expect_eq "" "$(pinctl events | grep failed || true)" "failures"
}

@test "503 to REGISTER moves the pin; Retry-After is honoured" {
    local pin before
    dns_pool pool.test $POOL
    pin=$(first)
    failing "$pin" "503 Service Unavailable" "Retry-After: 200"
    before=$(now_ms)
    request REGISTER
    expect_ne "$pin" "$(first)" "where lookups lead after 503"
    expect_match "503 Service Unavailable" "$(pinctl events)" "events"
    expect_cooling 200 200 "$before" pool.test "$pin"
}

@test "503 to OPTIONS without Retry-After moves nothing" {
    local pin
    dns_pool pool.test $POOL
    pin=$(first)
    failing "$pin" "503 Service Unavailable"
    request OPTIONS
    expect_eq "$pin" "$(first)" "where lookups lead"
}

@test "500 to REGISTER moves the pin without a cool-off" {
    local pin
    dns_pool pool.test $POOL
    pin=$(first)
    failing "$pin" "500 Server Internal Error"
    request REGISTER
    expect_ne "$pin" "$(first)" "where lookups lead after 500"
    expect_eq 0 "$(candidate_field pool.test "$pin" cooling_ms)" "its cool-off"
}

# told STATUS : all servers answer a REGISTER so, and one is sent; prints where lookups lead then.
told() {
    local address
    for address in $POOL; do sip_does "$address" "$1"; done
    request REGISTER
    await_arrivals 1 "did=$1" >&2
    first
}

@test "a status that speaks of the request moves nothing; 500 and 503 move one account's phone at once, each time to a server not tried yet" {
    local pin status seen=()
    sip_pool pool.test $POOL
    pin=$(first)
    for status in 501 505 513 600 603 604 606; do expect_eq "$pin" "$(told $status)" "where lookups lead after $status"; done
    expect_eq "" "$(pinctl events | grep failed || true)" "failures"
    seen=("$pin" "$(told 500)" "$(told 500)")
    expect_eq "$(tr ' ' '\n' <<<"$POOL")" "$(printf '%s\n' "${seen[@]}" | sort)" "where lookups led, 500 upon 500"
    pinctl drop pool.test >/dev/null
    expect_ne "$(first)" "$(told 503)" "where lookups lead after 503"
}

@test "sipsak, on a connected socket, is refused: the pin moves, and stays" {
    local pin a
    dns_pool pool.test $POOL
    pin=$(first)
    for a in $POOL; do [[ $a == "$pin" ]] || server_start "$a" 5060 uas-udp; done
    with_shim sipsak -H 127.0.0.1 -s sip:bob@pool.test >>"$LOGS/sipsak.log" 2>&1 || true
    expect_match "failed.*$pin.*5060/udp.*ECONNREFUSED" "$(pinctl events)" "events"
    expect_ne "$pin" "$(first)" "where lookups lead"
    for _ in 1 2 3 4 5; do with_shim sipsak -H 127.0.0.1 -s sip:bob@pool.test >>"$LOGS/sipsak.log" 2>&1; done
    expect_eq 1 "$(servers_hit)" "servers reached afterwards"
}

@test "an answer from an address that was not asked proves nothing" {
    local pin
    dns_pool pool.test $POOL
    pin=$(first)
    cat >"$BATS_TEST_TMPDIR/spoof.py" <<'PY'
import socket, sys
pin, other = sys.argv[1:]
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); here.bind(("127.0.0.1", 5070)); here.settimeout(60)
asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); asked.bind((pin, 5060))
spoof = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); spoof.bind((other, 5060))
request = ("REGISTER sip:pool.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
           "To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n")
here.sendto(request.encode(), (pin, 5060))
for sender, status in ((spoof, "200 OK"), (spoof, "503 No"), (asked, "503 No")):
    branch = "z9hG4bK1" if sender is spoof else "z9hG4bKother"
    answer = request.replace("REGISTER sip:pool.test SIP/2.0", "SIP/2.0 " + status).replace("z9hG4bK1", branch)
    sender.sendto(answer.encode(), ("127.0.0.1", 5070))
    here.recvfrom(2000)
PY
    with_shim "$(client lookup)" -4 pool.test >/dev/null
    with_shim /usr/bin/python3 "$BATS_TEST_TMPDIR/spoof.py" "$pin" "$(tr ' ' '\n' <<<"$POOL" | grep -v "$pin" | head -n 1)"
    expect_eq "$pin tentative" "$(pin_of pool.test) $(pin_field pool.test state)" "the pin"
    expect_eq "" "$(pinctl events | grep failed || true)" "failures"
}

# Answers that come in the same instant are not all read, and none of their requests is one that waited in vain.
@test "several accounts that register at once, again and again, are answered: nothing moves" {
    local pin
    need kamailio
    sip_pool pool.test $POOL
    pin=$(first)
    expect_eq "48 of 48" "$(with_shim "$TESTS/clients/accounts.py" pool.test 8 6)" "answered"
    expect_eq "$pin" "$(first)" "where lookups lead"
    expect_eq "" "$(pinctl events | grep -E 'failed|moved' || true)" "failures and moves"
}
