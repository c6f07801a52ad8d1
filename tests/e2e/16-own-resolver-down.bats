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

# Counts from now on what each asks DNS, by the port of its socket: libre has one.
watch_askers() {
    nft -f - <<-END
	table inet dns {
	    set askers { type inet_service; flags dynamic; counter; }
	    chain out { type filter hook output priority 0; ip daddr 127.0.0.54 udp dport 53 add @askers { udp sport }; }
	}
	END
}
# askers N TIMES : have N sockets asked so often?
askers() {
    (($(nft -j list set inet dns askers | jq "[.nftables[].set.elem? // [] | .[] | select(.elem.counter.packets >= $2)] | length") >= $1))
}

# It registers again every 2 s and asks DNS before each time: without an answer it stops, bare too, and begins
# again by itself when DNS is back.
@test "baresip, DNS down and back: it asks in vain, and registers again, with the shim as bare" {
    local bare shim
    need baresip kamailio nft
    sip_srv pool.test 127.0.0.11:5060 127.0.0.12:5060
    stream_start baresip bare bob pool.test udp
    stream_start baresip shim ann pool.test udp
    await "bob registers, bare" registered bob 2
    await "ann registers, with the shim" registered ann 2
    dns_stop
    watch_askers
    await "both ask DNS in vain, and again and again" askers 2 4
    bare=$(count bob) shim=$(count ann)
    dns_start
    await "bob registers again, bare" registered bob $((bare + 1))
    await "ann registers again, with the shim" registered ann $((shim + 1))
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
