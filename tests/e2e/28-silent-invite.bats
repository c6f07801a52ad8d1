# The server falls silent, and a call is made: with the shim the fifth send of its INVITE, 7.5 s after the first, is
# answered by another; bare callers wait for 32 s. Bare and shimmed callers have names and servers of their own.

# bats file_tags=long
load ../lib/harness

# invite_silent PROGRAM : sipp, baresip, linphonec or relay (kamailio, asked by a bare sipp).
invite_silent() {
    local how seen
    need sipp kamailio kamcmd baresip linphonec nft
    cd "$BATS_TEST_TMPDIR"
    cp "$TESTS/sip/invite.xml" .
    DNS_TTL=600                 # bare, what holds an answer for its TTL holds it for the whole test
    sip_pool shim.test 127.0.11.1 127.0.11.2 127.0.11.3
    sip_pool bare.test 127.0.12.1 127.0.12.2 127.0.12.3
    callees 127.0.1{1,2}.{1,2,3}
    for how in shim bare; do "ready_$1" "$how"; done
    for how in shim bare; do await_arrivals 1 "user=$how-.*" did=ok; done
    for how in shim bare; do sip_does "$(arrivals "user=$how-.*" | awk 'END { print $2 }')" silent; done
    for how in shim bare; do "dial_$1" "$how"; done
    await "the call of shim to be answered" answered shim
    for how in shim bare; do await_arrivals 1 "user=$how-callee" method=INVITE did=silent; done
    echo "# $1, UDP, silent to INVITE:  shim $(called shim),  bare $(called bare)" >&3
    expect_le 5 "$(most_sends shim)" "sends of one INVITE to the server that was silent"
    seen=$(answered_ms bare)
    [[ -z $seen ]] || expect_ge 25000 "$seen" "ms of the bare caller"
}

# Milliseconds from the first INVITE that stayed unanswered to the first that another server took.
answered_ms() {
    arrivals "user=$1-callee" method=INVITE in=new |
        awk '$8 == "silent" && !first { first = $1 } $8 == "ok" && first { printf "%d\n", ($1 - first) * 1000; exit }'
}

# How often the INVITE that was sent most often arrived where it was not answered.
most_sends() {
    arrivals "user=$1-callee" method=INVITE in=new did=silent | awk '++n[$9] > most { most = n[$9] } END { print most + 0 }'
}

answered() { [[ -n $(answered_ms "$1") ]] || look_again; }

called() {
    local ms
    ms=$(answered_ms "$1")
    if [[ -n $ms ]]; then printf '%d.%03d s' $((ms / 1000)) $((ms % 1000)); else echo "still waiting then"; fi
}

# One sipp, which looks the name up once, makes two short calls a second; the relay's too.
sipp_calls() { # HOW-OF-SIPP USER REMOTE
    (
        agent_exec "$1" sipp -sf invite.xml -t u1 -r 2 -nostdin -max_socket 200 -s "$2" -key domain "${2%%-*}.test" \
            -i 127.0.0.1 "$3" >>"$LOGS/caller-$2.log" 2>&1 3>&- 4>&- </dev/null
    ) &
}

ready_sipp() { sipp_calls "$1" "$1-callee" "$1.test"; }
dial_sipp() { :; }

ready_relay() {
    if [[ $1 == shim ]]; then relay_start 5601 shim; sipp_calls bare "$1-callee" 127.0.0.1:5601
    else relay_start 5602 bare; sipp_calls bare "$1-callee" 127.0.0.1:5602; fi
}
dial_relay() { :; }

ready_baresip() { baresip_start "$1" "$1" "$1-caller@$1.test;transport=udp"; }
dial_baresip() { baresip_do "$1" "/dial sip:$1-callee@$1.test;transport=udp"; }

ready_linphonec() { linphonec_start "$1" "$1" "sip:$1-caller@$1.test" "sip:$1.test;transport=udp"; }
dial_linphonec() {
    linphonec_do "$1" "soundcard use files"
    linphonec_do "$1" "call sip:$1-callee@$1.test;transport=udp"
}

@test "sipp, silence to INVITE" { invite_silent sipp; }
@test "kamailio relaying, silence to INVITE" { invite_silent relay; }
@test "baresip, silence to INVITE" { invite_silent baresip; }
@test "linphonec, silence to INVITE" { invite_silent linphonec; }
