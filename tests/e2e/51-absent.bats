# The pinned address is not in the answer any more. Three settings, and a
# single-address name that moves in DNS.

load ../lib/harness
setup_file() { use_clients lookup_client; }

# moved SETTING : pool.test is one address with `absent = SETTING`, pinned, and then moves to another.
moved() {
    dns_pool pool.test 127.0.0.11
    pinctl init
    settings "default { absent = \"$1\" }"
    client_start one shim
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "lookup before the move"
    dns_change pool.test 127.0.0.12
    expect_eq 127.0.0.12 "$(first_of bare pool.test)" "bare, after the move"
}

@test "absent = follow: the new address at once" {
    moved follow
    expect_eq 127.0.0.12 "$(ask one all pool.test)" "lookup after the move"
    expect_eq "127.0.0.12 auto" "$(pin_of pool.test) $(pin_field pool.test kind)" "the pin"
}

@test "absent = grace: the old address in front until the grace is over, then the new one" {
    local started led
    moved "grace 8s"
    started=$(now_ms)
    expect_eq "127.0.0.11 127.0.0.12" "$(ask one all pool.test)" "first answer without the pin"
    expect_eq "127.0.0.11 127.0.0.12" "$(ask one all pool.test)" "second answer without the pin"
    expect_match "^127.0.0.11" "$(ask one byname pool.test)" "gethostbyname within the grace"
    followed() { [[ $(ask one first pool.test) == 127.0.0.12 ]]; }
    await "the new address after a grace of 8 s" followed
    led=$(($(now_ms) - started))
    expect_ge 7000 "$led" "milliseconds that the old address was kept"
    expect_eq 127.0.0.12 "$(ask one all pool.test)" "the answer afterwards"
    expect_eq "127.0.0.12" "$(pin_of pool.test)" "the pin afterwards"
}

@test "absent = grace: an answer that has the address starts the grace again" {
    local started
    moved "grace 8s"
    ask one first pool.test
    ask one first pool.test
    started=$(now_ms)
    dns_change pool.test 127.0.0.12 127.0.0.11
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "an answer with the pin"
    later() { (($(now_ms) - started > 8200)); }
    await "the first grace would be over" later
    dns_change pool.test 127.0.0.12
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "first answer without it, after the first grace's end"
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "second answer without it"
}

@test "absent by default: a grace of minutes, so the old address holds" {
    dns_pool pool.test 127.0.0.11
    client_start one shim
    ask one first pool.test
    dns_change pool.test 127.0.0.12
    repeat 5 ask one first pool.test
    expect_eq "127.0.0.11 127.0.0.12" "$(ask one all pool.test)" "sixth answer without the pin"
}

@test "absent = keep: whatever DNS says" {
    local i
    moved keep
    for i in {1..5}; do expect_eq "127.0.0.11 127.0.0.12" "$(ask one all pool.test)" "lookup $i"; done
    expect_eq "127.0.0.11 127.0.0.12" "$(with_shim "$(client lookup_client)" all pool.test)" "a new process"
}

@test "within the grace a dead old server is left at the first refusal" {
    moved "grace 1h"
    server_start 127.0.0.12 5060 accept
    expect_eq "127.0.0.11=ECONNREFUSED 127.0.0.12=ok" "$(ask one walk pool.test 5060)" "walk"
    expect_eq 127.0.0.12 "$(first_of shim pool.test)" "lookup by a new process"
}

@test "absent for one name only" {
    dns_names <(printf '127.0.0.11 %s\n' a.test b.test)
    pinctl init
    settings 'default { absent = "keep" }
host "b.test" { absent = "follow" }'
    first_of shim a.test
    first_of shim b.test
    rm "$BATS_TEST_TMPDIR/dns-hosts"
    dns_names <(printf '127.0.0.12 %s\n' a.test b.test)
    expect_eq "127.0.0.11 127.0.0.12" "$(first_of shim a.test) $(first_of shim b.test)" "a.test keeps, b.test follows"
}

@test "a pin that nobody used for idle is not shown as one, and the next lookup makes a new one" {
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    settings 'default { idle = 6s }'
    with_shim getent ahostsv4 pool.test >/dev/null
    expect_ne "" "$(pin_of pool.test)" "the pin at once"
    await "the end of the pin" test_empty_pin
    with_shim getent ahostsv4 pool.test >/dev/null
    expect_match "expired.*idle" "$(pinctl events)" "events"
}
test_empty_pin() { [[ -z $(pin_of pool.test) ]]; }

@test "in an answer of 300 a pin behind the 64th is not absent: not with follow, and not for refresh" {
    local pin
    dns_pool pool.test 127.0.{1..3}.{1..100}
    settings 'default { absent = follow }'
    pin=$(with_shim getent ahostsv4 pool.test | awk 'NR == 1 { print $1 }')
    for _ in 1 2 3 4; do
        expect_eq "$pin" "$(with_shim getent ahostsv4 pool.test | awk 'NR == 1 { print $1 }')" "the first address"
    done
    pinctl refresh pool.test
    expect_eq "$pin" "$(pin_of pool.test)" "the pin after refresh"
}
