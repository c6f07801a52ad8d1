# Programs that try one address after the other by themselves (RFC 8305) are not led back to a server
# that has not answered them: a steered connect must be no worse than the bare one.

# bats file_tags=long
load ../lib/harness

begin() { # [confirmed]
    need nft
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    for i in 1 2 3; do server_start 127.0.0.1$i 5060 accept; done
    pin=$(with_shim /usr/bin/python3 -S -c 'import socket; print(socket.gethostbyname("pool.test"))')
    [[ ${1:-} != confirmed ]] || with_shim /usr/bin/python3 -S -c 'import socket; socket.create_connection(("pool.test", 5060))'
    nft -f - <<-EOF
	table ip silent {
	    chain out { type filter hook output priority 0; ip daddr $pin tcp dport 5060 drop; }
	}
	EOF
}

attempts() { "$1" /usr/bin/python3 -S "$TESTS/clients/attempts.py" pool.test 5060 "${3:-400}" "$2"; }

@test "an attempt that is in flight unanswered: the next goes where the program asks" {
    begin
    expect_ne none "$(attempts bare keep)" "the address reached, bare"
    expect_match '^127.0.0.1[123]$' "$(attempts with_shim keep)" "the address reached"
}

@test "an attempt that was given up unanswered: the next goes where the program asks" {
    begin
    expect_ne none "$(attempts bare close)" "the address reached, bare"
    expect_match '^127.0.0.1[123]$' "$(attempts with_shim close)" "the address reached"
}

@test "an attempt in flight for long: when the program turns elsewhere without a lookup, the pin moves for all" {
    begin
    expect_match '^127.0.0.1[123]$' "$(attempts with_shim stay 3100)" "the address reached"
    expect_eq "1 timed" "$(failures_of "$pin") $(pinctl events | grep -o -m 1 'timed')" "failures of $pin"
    expect_ne "$pin" "$(pin_of pool.test)" "the pin"
}

@test "processes of little patience: what they wait in vain adds up, and the pin moves for all" {
    local i addrs
    begin
    for i in 1 2 3; do
        with_shim /usr/bin/python3 -S -c 'import socket, time
s = socket.socket(); s.settimeout(1.6)
host, began = socket.gethostbyname("pool.test"), time.monotonic()
try: s.connect((host, 5060)); said = s.getpeername()[0]
except OSError as e: said = type(e).__name__
print(said, int((time.monotonic() - began) * 1000))'
    done >"$LOGS/patience"
    # One that was kept waiting for 3 s by the machine is a failure of its own.
    (($(awk 'NR == 1 { print $2 }' "$LOGS/patience") >= 2900)) ||
        expect_eq "TimeoutError TimeoutError" "$(head -n 2 "$LOGS/patience" | cut -d' ' -f1 | paste -sd ' ')" "the first two"
    expect_match '^127.0.0.1[123] ' "$(tail -n 1 "$LOGS/patience")" "whom the third reaches"
    expect_eq "1 timed" "$(failures_of "$pin") $(pinctl events | grep -o -m 1 'timed')" "failures of $pin"
}

failures_of() { candidate_field pool.test "$1" failures; }

@test "where the pin answers, all attempts meet it" {
    begin
    nft delete table ip silent
    expect_eq "$pin" "$(repeat 6 attempts with_shim keep | sort -u)" "the address reached"
}

@test "an attempt that came through long before its program asks is none in vain" {
    begin
    nft delete table ip silent
    expect_eq "127.0.0.11 127.0.0.12 127.0.0.13" "$(attempts bare late)" "the servers reached, bare"
    expect_eq "$pin" "$(attempts with_shim late)" "the servers reached"
}

# A path of some 200 ms: connects that a program makes one after the other wait at the same time.
@test "attempts at one address, in flight together, all go to the pin" {
    local other=127.0.0.11
    begin
    [[ $pin != "$other" ]] || other=127.0.0.12
    expect_eq "$other" "$(/usr/bin/python3 -S "$TESTS/clients/attempts.py" "pool.test/$other" 5060 250 many)" "the server, bare"
    expect_eq "$pin" "$(with_shim /usr/bin/python3 -S "$TESTS/clients/attempts.py" "pool.test/$other" 5060 250 many)" "the server"
}

@test "a connect that loses its packets, while others come through, is no failure" {
    begin
    nft delete table ip silent
    nft -f - <<-'EOF'
	table ip lossy {
	    chain out { type filter hook output priority 0; tcp sport 40000 drop; }
	}
	EOF
    with_shim /usr/bin/python3 -S -c 'import socket, time
lost, began = socket.socket(), time.monotonic()
lost.setblocking(False)
lost.bind(("127.0.0.1", 40000))
lost.connect_ex((socket.gethostbyname("pool.test"), 5060))
last, longest = began, 0
while time.monotonic() < began + 3.3:
    socket.create_connection(("pool.test", 5060)).close()
    last, longest = time.monotonic(), max(longest, time.monotonic() - last)
    time.sleep(0.2)
print(int(longest * 1000))' >"$LOGS/longest"
    # Where the machine let none come through for long, it is no news that this one did not.
    (($(cat "$LOGS/longest") >= 2500)) ||
        expect_eq "0 $pin" "$(failures_of "$pin") $(pin_of pool.test)" "failures of the pin, and the pin"
}

# ---- what was closed behind our back: libuv closes by syscall(2)

node_attempt() { "$1" node "$TESTS/clients/attempts.js" pool.test 5060; }

@test "an attempt that was closed by syscall(2): judged when its number comes again" {
    begin confirmed
    expect_ne none "$(attempts bare past)" "the address reached, bare"
    expect_match '^127.0.0.1[123]$' "$(attempts with_shim past)" "the address reached"
    repeat 4 attempts with_shim past 1600 >"$LOGS/past"
    cat "$LOGS/past"
    expect_match '^[1-9] timed$' "$(failures_of "$pin") $(pinctl events | grep -o -m 1 'timed')" "failures of $pin"
    expect_ne "$pin" "$(pin_of pool.test)" "the pin"
}

@test "an attempt that came through, was asked about, and closed by syscall(2) is none in vain" {
    begin
    nft delete table ip silent
    expect_eq "$pin" "$(repeat 3 attempts with_shim past | sort -u)" "the address reached"
    expect_eq 0 "$(failures_of "$pin")" "failures of $pin"
}

@test "node (autoSelectFamily): as fast elsewhere as bare, and the table hears of it" {
    need node
    local reached ms i
    begin confirmed
    read -r reached ms < <(node_attempt bare)
    expect_match '^127.0.0.1[123]$' "$reached" "the address reached, bare"
    read -r reached ms < <(node_attempt with_shim)
    expect_match '^127.0.0.1[123]$' "$reached" "the address reached"
    expect_ne "$pin" "$reached" "the address reached"
    expect_le 20000 "$ms" "ms that it took"
    for ((i = 0; i < 40; i++)); do
        [[ $(pin_of pool.test) == "$pin" ]] || break
        node_attempt with_shim >>"$LOGS/node"
    done
    expect_ne "$pin" "$(pin_of pool.test)" "the pin, after $i more"
    expect_eq timed "$(pinctl events | grep -o -m 1 'timed')" "why"
}

@test "curl and asyncio (happy eyeballs): elsewhere within the time that they take bare" {
    local program=(/usr/bin/python3 -S -c 'import asyncio
async def main():
    _, w = await asyncio.open_connection("pool.test", 5060, happy_eyeballs_delay=0.25)
    print(w.get_extra_info("peername")[0])
asyncio.run(main())')
    begin
    expect_match '^127.0.0.1[123]$' "$(bare "${program[@]}")" "asyncio, bare"
    expect_match '^127.0.0.1[123]$' "$(with_shim "${program[@]}")" "asyncio"
    program=(curl -s -o /dev/null -m 20 --connect-timeout 15 --happy-eyeballs-timeout-ms 250 -w '%{remote_ip}' telnet://pool.test:5060)
    expect_match '^127.0.0.1[123]$' "$(bare "${program[@]}" </dev/null || true)" "curl, bare"
    expect_match '^127.0.0.1[123]$' "$(with_shim "${program[@]}" </dev/null || true)" "curl"
}
