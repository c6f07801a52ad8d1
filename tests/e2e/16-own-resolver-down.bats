# A DNS outage for programs with their own resolver: their messages are theirs, so they go on as they do bare,
# and no worse. What the table knows helps those that ask libc (52-dns-down).

load ../lib/harness
setup_file() { use_clients raw; }

# sipsak asks for SRV and A by c-ares, with packets of its own: what it says, and how it ends.
sipsak_says() {
    local how=$1 status=0 out
    out=$($how sipsak -H 127.0.0.1 -s sip:bob@pool.test 2>&1) || status=$?
    printf '%s (%d)\n' "$(grep -m1 -oE 'error[^(]*|SIP/2.0 [0-9]+' <<<"$out" || true)" "$status"
}

@test "raw answers: none comes, and none is made up, bare and shimmed alike" {
    local way
    dns_pool pool.test 127.0.0.11 127.0.0.12
    with_shim "$(client raw)" send pool.test 1 >/dev/null
    dns_stop
    for way in send res_query res_send; do
        expect_eq "$(bare "$(client raw)" $way pool.test 2>&1)" "$(with_shim "$(client raw)" $way pool.test 2>&1)" "$way"
    done
}

registered() { (($(arrivals "user=$1" | grep -c '') >= $2)); }
count() { arrivals "user=$1" | grep -c '' || true; }

# It registers again every 2 s and asks DNS before each time: without an answer it stops, bare too, and begins
# again by itself when DNS is back.
@test "baresip, DNS down and back: no less registers with the shim than bare, and both begin again" {
    local bare shim
    LIMIT=120
    need baresip kamailio
    sip_srv pool.test 127.0.0.11:5060 127.0.0.12:5060
    stream_start baresip bare bob pool.test udp
    stream_start baresip shim ann pool.test udp
    await 20 "bob registers, bare" registered bob 2
    await 20 "ann registers, with the shim" registered ann 2
    dns_stop
    bare=$(count bob) shim=$(count ann)
    sleep 8                             # past the TTL of 5 s: what comes now comes without DNS
    bare=$(($(count bob) - bare)) shim=$(($(count ann) - shim))
    expect_ge $((bare - 2)) "$shim" "REGISTERs in 8 s without DNS with the shim, beside $bare bare"
    bare=$(count bob) shim=$(count ann)
    dns_start
    await 90 "bob registers again, bare" registered bob $((bare + 1))
    await 15 "ann registers again, with the shim" registered ann $((shim + 1))
}

@test "sipsak, when DNS is down: as bare" {
    need sipsak
    dns_srv _sip._udp.pool.test sbc1.test:5060:10:10
    dns_write sbc1.test 127.0.0.11
    dns_pool pool.test 127.0.0.11
    server_start 127.0.0.11 5060 uas-udp
    expect_eq "$(sipsak_says bare)" "$(sipsak_says with_shim)" "sipsak with DNS up"
    dns_stop
    expect_match ' \([1-9]' "$(sipsak_says bare)" "sipsak bare, with DNS down"
    expect_eq "$(sipsak_says bare)" "$(sipsak_says with_shim)" "sipsak with DNS down"
}
