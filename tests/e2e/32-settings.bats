# What counts as a failure, and how long a failed server is avoided, as a name's settings say.

load ../lib/harness
load ../lib/complains
setup_file() { use_clients lookup phone; }

first() { with_shim "$(client lookup)" -4 "$1" | cut -d' ' -f1; }

@test "silence: sipp leaves a silent registrar at the third send of a REGISTER" {
    conf 'host "shim-a.test" { silence = {2, 1.4s} }'
    pinctl reload "$CONF"
    lanes_start sipp udp shim-a
    lanes_fail silent
    lanes_moved
    expect_le 3 "$(lane_tries shim-a)" "sends of one request to ${VICTIM[shim-a]}"
    expect_match 'silent' "$(candidate_field shim-a.test "${VICTIM[shim-a]%:*}" last_error)" "why"
}

@test "fail-on: a registrar that answers 404 is left when 404 is in the list, else it works" {
    local pin
    dns_pool pool.test 127.0.0.11 127.0.0.12
    sip_server 127.0.0.11 5060 404
    sip_server 127.0.0.12 5060 404
    register() { with_shim sipsak -U -H 127.0.0.1 -u alice -a secret -C sip:alice@127.0.0.1 -s sip:alice@pool.test >>"$LOGS/sipsak.log" 2>&1 || true; }
    pin=$(first pool.test)
    register
    expect_eq "$pin confirmed" "$(pin_of pool.test) $(pin_field pool.test state)" "the pin after a 404"
    conf 'host pool.test { fail-on = {503, 404} }'
    pinctl reload "$CONF"
    register
    expect_ne "$pin" "$(pin_of pool.test)" "the pin after a 404 that is in the list"
    expect_eq "$pin:5060" "$(arrived_at)" "where both REGISTERs arrived"
}

@test "connect-timeout and cool-off: 1.5 s are enough for one name, and its server may be tried again after a second" {
    local name pids=()
    dns_pool quick.test 127.0.2.8 127.0.2.9
    dns_pool usual.test 127.0.3.8 127.0.3.9
    need nft
    nft -f - <<<'table inet hole { chain in { type filter hook input priority 0; tcp dport 5060 tcp flags & (syn | ack) == syn drop; }; }'
    conf 'host quick.test { connect-timeout = 1s cool-off = {1s, 1s} }'
    pinctl reload "$CONF"
    declare -A old=([quick]=$(first quick.test) [usual]=$(first usual.test))
    for name in quick usual; do
        env "${SHIM_ENV[@]}" "$(client phone)" -p 1.5 tcp "$name.test" >>"$LOGS/phone.log" 2>&1 3>&- 4>&- &
        pids+=($!)
    done
    wait "${pids[@]}" || true
    expect_eq "1 0" "$(candidate_field quick.test "${old[quick]}" failures) $(candidate_field usual.test "${old[usual]}" failures)" "failures"
    expect_ne "${old[quick]}" "$(pin_of quick.test)" "the pin of quick.test"
    expect_le 1200 "$(candidate_field quick.test "${old[quick]}" cooling_ms)" "ms of its cool-off that are left"
}
