# pinctl drain and undrain: a server that pins keep away from, without a failure.

load ../lib/harness
load ../lib/complains
setup_file() { use_clients lookup_client; }

@test "drain: misuse, what is drained, undrain" {
    complains 2 "drain: not an address: 'x'" drain 192.0.2.7 x
    complains 2 "drain: no address of a server: '0.0.0.0'" drain 0.0.0.0
    complains 2 "drain: not an address: 'sbc1.pool.test:5060'" drain sbc1.pool.test:5060
    complains 2 "drain: either --json or addresses: 192.0.2.7" drain --json 192.0.2.7
    complains 2 "undrain: an ADDR is wanted" undrain
    complains 1 "drain: no table at $TABLE" drain
    complains 1 "undrain: no table at $TABLE" undrain 192.0.2.7
    pinctl drain 192.0.2.7 2001:db8::7 192.0.2.7
    expect_eq "192.0.2.7 2001:db8::7" "$(pinctl drain | sort | xargs)" "what is drained"
    expect_eq "192.0.2.7 2001:db8::7" "$(pinctl drain --json | jq -r .[] | sort | xargs)" "as JSON"
    expect_eq "drained 192.0.2.7,drained 2001:db8::7" "$(pinctl events | awk -F'\t' '{ print $2, $4 }' | paste -s -d,)" \
        "events: a drain that changes nothing is none"
    complains 1 "undrain: not drained: 192.0.2.8" undrain 192.0.2.8 192.0.2.7
    expect_eq "2001:db8::7" "$(pinctl drain)" "the other one was undrained all the same"
    expect_eq "undrained 192.0.2.7" "$(pinctl events -n 1 | awk -F'\t' '{ print $2, $4 }')" "the event"
    pinctl undrain 2001:db8::7
    expect_eq "[]" "$(pinctl drain --json)" "nothing is drained"
}

@test "auto pins move at once, before any lookup; new ones keep away; undone, none returns" {
    dns_scripted pool.test 2 0 127.0.0.11 127.0.0.12
    server_start 127.0.0.11 5060 accept
    server_start 127.0.0.12 5060 accept
    client_start one shim
    expect_eq 127.0.0.11=ok "$(ask one connect pool.test 5060)" "before"
    pinctl drain 127.0.0.11
    expect_eq "127.0.0.12 tentative" "$(pin_of pool.test) $(pin_field pool.test state)" "the pin, moved by drain itself"
    expect_match "moved pool.test 127.0.0.12 127.0.0.11 - drained" "$(pinctl events -n 1 | tr '\t' ' ')" "the event"
    expect_eq "true true" "$(candidate_field pool.test 127.0.0.11 drained) $(candidate_field pool.test 127.0.0.11 healthy)" \
        "the drained address, which has not failed"
    expect_eq drained "$(pinctl show pool.test | awk -F'\t' '$1 == "127.0.0.11" && $4 == "5060/tcp" { print $5 }')" "as show has it"
    expect_eq 127.0.0.12=ok "$(ask one connect pool.test 5060)" "after"
    dns_scripted new.test 2 0 127.0.0.11 127.0.0.12
    expect_eq 127.0.0.12 "$(first_of shim new.test)" "a new name"
    pinctl undrain 127.0.0.11
    dns_scripted pool.test 2 0 127.0.0.11 127.0.0.12
    expect_eq 127.0.0.12=ok "$(ask one connect pool.test 5060)" "after undrain"
    dns_scripted other.test 2 0 127.0.0.11 127.0.0.12
    expect_eq 127.0.0.11 "$(first_of shim other.test)" "a new name after undrain"
}

@test "a thousand names leave an address in one command" {
    seq -f '10.1.0.1 n%g.test' 1000 >"$BATS_TEST_TMPDIR/many"
    seq -f '10.1.0.2 n%g.test' 1000 >>"$BATS_TEST_TMPDIR/many"
    dns_names "$BATS_TEST_TMPDIR/many"
    client_start one shim
    for n in {1..1000}; do tell one first "n$n.test"; hear one; done >"$BATS_TEST_TMPDIR/firsts"
    expect_ge 300 "$(grep -c 10.1.0.1 "$BATS_TEST_TMPDIR/firsts")" "names that lead to it"
    pinctl drain 10.1.0.1
    expect_eq "1000 10.1.0.2" "$(pinctl list | cut -f3 | sort | uniq -c | xargs)" "where they lead"
}

@test "explicit pins: a single one stays, a list goes on to the next" {
    pinctl set one.test 192.0.2.7
    pinctl set list.test 192.0.2.7,192.0.2.8
    expect_status 0 pinctl drain 192.0.2.7
    expect_eq "pinctl: drain: pins that stay, as they were set by hand or have nowhere else to go: 1 (pinctl list)" "$output" "what it says"
    expect_eq "192.0.2.7 192.0.2.8" "$(pin_of one.test) $(pin_of list.test)" "while it is drained"
    pinctl undrain 192.0.2.7
    expect_eq 192.0.2.7 "$(pin_of list.test)" "after undrain"
}

@test "a service leaves a target whose addresses are all drained" {
    local sip=_sip._udp.pool.test
    dns_srv $sip sbc1.pool.test:5060:10:60 sbc2.pool.test:5062:20:40
    dns_pool sbc1.pool.test 127.0.0.11 127.0.0.13
    dns_pool sbc2.pool.test 127.0.0.12
    pinctl refresh $sip >/dev/null
    drained() { pinctl list --json | jq -r --arg n $sip '.[] | select(.name == $n) | [.candidates[].drained] | join(" ")'; }
    pinctl drain 127.0.0.11
    expect_eq "false false" "$(drained)" "with one of two addresses drained"
    pinctl drain 127.0.0.13
    expect_eq "true false" "$(drained)" "with both drained"
    pinctl set $sip sbc1.pool.test:5060,sbc2.pool.test:5062
    expect_eq sbc2.pool.test:5062 "$(pin_of $sip srv)" "a list of targets"
}
