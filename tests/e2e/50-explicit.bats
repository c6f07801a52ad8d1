# Pins set by hand, their end, and refresh.

load ../lib/harness
setup_file() { use_clients lookup_client; }

all_of() { with_shim "$(client lookup_client)" all "$1"; }
kind_of() { echo "$(pin_of "$1") $(pin_field "$1" kind)"; }

# fixed_pool : pool.test, three addresses in a fixed order; $client is a shimmed program that runs already.
fixed_pool() {
    dns_scripted pool.test 3 0 127.0.0.11 127.0.0.12 127.0.0.13
    pinctl init
    client_start one shim
}

@test "an explicit pin outside DNS comes first, the published addresses follow" {
    fixed_pool
    expect_eq "127.0.0.11 127.0.0.12 127.0.0.13" "$(bare "$(client lookup_client)" all pool.test)" "bare"
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "before pinctl set"
    pinctl set pool.test 127.0.0.20
    expect_eq "127.0.0.20 127.0.0.11 127.0.0.12 127.0.0.13" "$(ask one all pool.test)" "in a running process"
    expect_eq "127.0.0.20 127.0.0.11 127.0.0.12 127.0.0.13" "$(all_of pool.test)" "in a new process"
    expect_match "^127.0.0.20( |$)" "$(ask one byname pool.test)" "by gethostbyname"
    expect_eq "127.0.0.20 explicit" "$(kind_of pool.test)" "the pin"
}

@test "real programs follow an explicit pin outside DNS" {
    need curl
    dns_pool pool.test 127.0.0.11
    server_start 127.0.0.11 80 accept
    server_start 127.0.0.20 80 accept
    pinctl init
    pinctl set pool.test 127.0.0.20
    expect_eq 127.0.0.11 "$(bare curl -sS http://pool.test/)" "who answered curl, bare"
    expect_eq 127.0.0.20 "$(with_shim curl -sS http://pool.test/)" "who answered curl"
    expect_eq 127.0.0.20 "$(with_shim /usr/bin/python3 -S "$TESTS/clients/lookup_python.py" asyncio pool.test 80)" \
        "who answered python"
}

@test "a name can be pinned before anybody looked it up, and one that DNS does not have stays unknown" {
    dns_pool pool.test 127.0.0.11
    pinctl init
    pinctl set POOL.Test. 127.0.0.20
    expect_eq 127.0.0.20 "$(first_of shim pool.test)" "first lookup ever"
    pinctl set nope.test 127.0.0.20
    expect_eq EAI_NONAME "$(first_of shim nope.test)" "NXDOMAIN passes through"
}

@test "an explicit pin survives failures" {
    local i
    fixed_pool
    pinctl set pool.test 127.0.0.20
    for i in 1 2 3; do
        expect_eq 127.0.0.20=ECONNREFUSED "$(ask one connect pool.test 5060)" "connect $i"
    done
    expect_eq 127.0.0.20 "$(first_of shim pool.test)" "lookup by a new process"
    expect_eq "127.0.0.20 explicit" "$(kind_of pool.test)" "the pin"
}

@test "preference list: the first that is not cooling, and the earlier one again when it has recovered" {
    fixed_pool
    server_start 127.0.0.20 5060 accept
    server_start 127.0.0.21 5060 accept
    pinctl set pool.test 127.0.0.20,127.0.0.21
    expect_eq 127.0.0.20=ok "$(ask one connect pool.test 5060)" "both up"
    server_stop 127.0.0.20 5060
    expect_eq 127.0.0.20=ECONNREFUSED "$(ask one connect pool.test 5060)" "the first is down"
    expect_eq 127.0.0.21=ok "$(ask one connect pool.test 5060)" "the second is used"
    expect_eq 127.0.0.21 "$(first_of shim pool.test)" "lookup by a new process"
    server_start 127.0.0.20 5060 accept
    expect_eq 127.0.0.21 "$(first_of shim pool.test)" "the first is back, but nobody knows"
    settings 'default { steer = off }'
    expect_eq 127.0.0.20=ok "$(ask one connect 127.0.0.20 5060)" "a success there, which ends the cool-off"
    expect_eq 127.0.0.20=ok "$(ask one connect pool.test 5060)" "the first is used again"
}

@test "preference list: pinctl fail and ok report by hand" {
    fixed_pool
    pinctl set pool.test 127.0.0.20,127.0.0.21
    pinctl fail pool.test 127.0.0.20
    expect_eq 127.0.0.21 "$(ask one first pool.test)" "after pinctl fail"
    pinctl ok pool.test 127.0.0.20
    expect_eq 127.0.0.20 "$(ask one first pool.test)" "after pinctl ok"
}

@test "set --ttl: the pin ends by itself" {
    fixed_pool
    pinctl set --ttl 10s pool.test 127.0.0.20
    expect_eq 127.0.0.20 "$(ask one first pool.test)" "at once"
    led_back() { [[ $(ask one first pool.test) == 127.0.0.11 ]]; }
    await "the pin of ten seconds ends" led_back
    expect_eq "127.0.0.11 auto" "$(kind_of pool.test)" "the pin afterwards"
}

@test "drop: the next lookup chooses anew" {
    fixed_pool
    pinctl set pool.test 127.0.0.20
    pinctl drop pool.test
    expect_eq "" "$(pin_of pool.test)" "pin after drop"
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "lookup after drop"
    expect_eq "127.0.0.11 auto" "$(kind_of pool.test)" "the new pin"
    expect_status 1 pinctl drop never.test
    expect_match never.test "$output" "complaint about a name that has no pin"
}

@test "drop --all forgets every pin" {
    local i
    dns_names <(for i in {1..5}; do echo "127.0.0.1$i n$i.test"; done)
    for i in {1..5}; do first_of shim "n$i.test"; done
    pinctl set n1.test 127.0.0.20
    expect_eq 5 "$(pinctl list --json | jq '[.[] | select(.pins | length > 0)] | length')" "pinned names"
    pinctl drop --all
    expect_eq 0 "$(pinctl list --json | jq '[.[] | select(.pins | length > 0)] | length')" "pinned names after drop --all"
    expect_eq 127.0.0.11 "$(first_of shim n1.test)" "lookup afterwards"
}

@test "set fails whole or not at all, with one line that names the word" {
    local long
    long=$(printf 'a%.0s' {1..60}).$(printf 'b%.0s' {1..60}).$(printf 'c%.0s' {1..60}).$(printf 'd%.0s' {1..60}).$(printf 'e%.0s' {1..60})
    fixed_pool
    pinctl set pool.test 127.0.0.20
    refuses() { # WORD ARG...
        local word=$1
        shift
        expect_status 2 pinctl set "$@"
        expect_one_line "$output" "the complaint about $word"
        expect_match "$word" "$output" "the complaint"
        expect_eq "127.0.0.20 explicit" "$(kind_of pool.test)" "the pin after a refused set"
    }
    refuses '127\.0\.0\.999' pool.test 127.0.0.999
    refuses 'bogus' pool.test 127.0.0.21,bogus
    refuses '' '' 127.0.0.21
    refuses "${long:0:20}" "$long" 127.0.0.21
    refuses '127\.0\.0\.39' pool.test 127.0.0.31,127.0.0.32,127.0.0.33,127.0.0.34,127.0.0.35,127.0.0.36,127.0.0.37,127.0.0.38,127.0.0.39
    refuses '' pool.test ''
}

@test "refresh renews what is published and drops auto pins that left DNS" {
    dns_pool pool.test 127.0.0.11 127.0.0.12
    first_of shim pool.test
    local pin
    pin=$(pin_of pool.test)
    pinctl refresh pool.test
    expect_eq "$pin auto" "$(kind_of pool.test)" "pin after a refresh that changes nothing"
    dns_change pool.test 127.0.0.14 127.0.0.15
    expect_status 0 pinctl refresh pool.test
    expect_match "$pin" "$output" "what refresh says of the address that left"
    expect_eq "" "$(pin_of pool.test | grep -x "$pin" || true)" "the old pin after refresh"
    expect_match '^127\.0\.0\.1[45]$' "$(first_of shim pool.test)" "lookup after refresh"
}

@test "refresh keeps an explicit pin that DNS does not have" {
    fixed_pool
    pinctl set pool.test 127.0.0.20
    pinctl refresh pool.test
    expect_eq "127.0.0.20 explicit" "$(kind_of pool.test)" "the pin"
}

@test "refresh --all asks for every name" {
    local i
    dns_names <(for i in {1..50}; do echo "127.0.1.$i n$i.test"; done)
    for i in {1..50}; do first_of shim "n$i.test"; done >/dev/null
    rm "$BATS_TEST_TMPDIR/dns-hosts"
    dns_names <(for i in {1..50}; do echo "127.0.2.$((i % 2 ? i : 0)) n$i.test"; done | sed 's/127.0.2.0 n\(.*\)\.test/127.0.1.\1 n\1.test/')
    pinctl refresh --all
    expect_eq "127.0.1.2" "$(pin_of n2.test)" "a pin that is still published"
    expect_eq 25 "$(pinctl list --json | jq '[.[].pins[] | select(.address | startswith("127.0.1."))] | length')" "pins that stay"
}

@test "refresh with DNS down changes nothing and exits 1" {
    local pin
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pin=$(first_of shim pool.test)
    dns_stop
    expect_status 1 pinctl refresh pool.test
    expect_match pool.test "$output" "what refresh says"
    expect_eq "$pin auto" "$(kind_of pool.test)" "the pin after a refused refresh"
    # A server that says nothing: refresh must give up by itself.
    DNS_PID=
    dns_start
    kill -STOP "$DNS_PID"
    expect_status 1 pinctl refresh --all --server 127.0.0.54            # 124, had it to be ended
    expect_eq "$pin auto" "$(kind_of pool.test)" "the pin after an unanswered refresh"
}

@test "preference list: people are told when it goes on to the next address, and when that one works" {
    dns_pool pool.test 127.0.0.11 127.0.0.12
    server_start 127.0.0.21 8080 accept
    pinctl set pool.test 127.0.0.20,127.0.0.21
    for _ in 1 2 3; do with_shim curl -s -m 60 http://pool.test:8080/ >/dev/null || true; done
    expect_match "moved.*127.0.0.21.*127.0.0.20" "$(pinctl events)" "events"
    expect_eq 1 "$(pinctl events | grep -c moved)" "moves"
    expect_eq "127.0.0.21 confirmed 8080 tcp" \
        "$(pin_of pool.test) $(pin_field pool.test state) $(pin_field pool.test port) $(pin_field pool.test transport)" "the pin"
}
