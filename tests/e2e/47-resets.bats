# How an established connection ends: a reset puts the pin in doubt, a time-out is a failure, a close is nothing.

load ../lib/harness
setup_file() { use_clients lookup; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"
WAYS="recv recvmsg read send sendmsg write again error tls"

first() { with_shim "$(client lookup)" -4 "$1" | awk '{ print $1 }'; }

ways_up() {
    local way n=1
    for way; do
        n=$((n + 1))
        printf "127.0.$n.%s $way.test\n" 8 9 10
    done >"$BATS_TEST_TMPDIR/pools"
    dns_names "$BATS_TEST_TMPDIR/pools"
}

# ends END WAY : a connection ends so, and WAY shows it; $asked and $error are the client's words.
ends() { read -r asked error < <(with_shim "$TESTS/clients/tcp_end.py" "$1" "$2" "$2.test") || true; }

failures() { pinctl events --json | jq -r 'select(.event == "failed") | .address'; }

@test "a reset makes the pin tentative and leaves its address, whichever call shows it" {
    local way asked error
    ways_up $WAYS
    for way in $WAYS; do
        ends reset "$way"
        expect_eq ECONNRESET "$error" "$way"
        expect_eq "$asked tentative" "$(pin_of "$way.test") $(pin_field "$way.test" state)" "$way: the pin"
        expect_eq "$asked" "$(first "$way.test")" "$way: where lookups lead"
    done
    expect_eq "" "$(failures)" "failures"
    expect_match "connection broken" "$(pinctl events)" "events"
}

@test "after a reset the next attempt decides: a connect confirms, a refusal moves" {
    local asked error address
    ways_up recv send
    ends reset recv
    with_shim "$TESTS/clients/tcp_end.py" close recv recv.test
    expect_eq "$asked confirmed" "$(pin_of recv.test) $(pin_field recv.test state)" "the pin after a connect"
    ends reset send
    for address in $(pinctl show send.test --json | jq -r '.candidates[].address'); do
        [[ $address == "$asked" ]] || server_start "$address" 7060 accept
    done
    with_shim curl -s "http://send.test:7060/"
    expect_ne "$asked" "$(pin_of send.test)" "the pin after a refusal"
}

@test "a time-out of an established connection is a failure, whichever call shows it" {
    local way asked error
    ways_up $WAYS
    for way in $WAYS; do
        ends gone "$way"
        expect_eq ETIMEDOUT "$error" "$way"
        expect_ne "$asked" "$(first "$way.test")" "$way: where lookups lead"
        expect_match "$asked" "$(failures)" "$way: failures"
        expect_match "ETIMEDOUT|timed out" "$(candidate_field "$way.test" "$asked" last_error)" "$way: last error"
    done
}

@test "a time-out is seen though a child after vfork has closed the same numbers" {
    local asked error
    ways_up recv
    ends gone-vfork recv
    expect_eq "$asked ETIMEDOUT" "$(failures) $error" "who failed"
}

@test "a close is nothing, and neither is what our own end does" {
    local way asked error end
    for end in close abort; do
        pinctl init --empty
        ways_up $WAYS
        for way in $WAYS; do
            ends "$end" "$way"
            expect_ne "ECONNRESET" "$error" "$end, $way"
            expect_eq "$asked confirmed" "$(pin_of "$way.test") $(pin_field "$way.test" state)" "$end, $way: the pin"
        done
        expect_eq "" "$(failures)" "failures"
    done
}

@test "baresip's connection to kamailio is reset: the pin is in doubt until it has registered again" {
    local address dir=$BATS_TEST_TMPDIR/baresip pin
    dns_pool pool.test $POOL
    for address in $POOL; do server_start "$address" 5060 kamailio; done
    mkdir -p "$dir"
    printf '%s\n' 'sip_listen 0.0.0.0:5070' 'module_path /usr/lib/baresip/modules' 'module g711.so' \
        'module_app account.so' 'module_app menu.so' >"$dir/config"
    echo '<sip:alice@pool.test;transport=tcp>;auth_pass=x;regint=10' >"$dir/accounts"
    : >"$dir/contacts"
    env "${SHIM_ENV[@]}" timeout -k 1 600 baresip -f "$dir" -t 600 >"$LOGS/baresip.log" 2>&1 </dev/null 3>&- 4>&- &
    await "a confirmed pin" pin_is confirmed
    pin=$(pin_of pool.test)
    await_hits 1
    ss -K state established src "$pin:5060" >"$LOGS/ss.log"
    await "the pin in doubt" pin_is tentative
    expect_eq "$pin" "$(pin_of pool.test)" "its address"
    await "the pin confirmed again" pin_is confirmed
    expect_eq "$pin" "$(pin_of pool.test)" "its address"
}

pin_is() { [[ $(pin_field pool.test state) == "$1" ]]; }
