# Real SIP programs of every kind on one name: their REGISTERs, each challenged and sent again with a digest,
# reach one server together, however each resolves. Bare and shimmed streams run at the same time; the
# servers tell them apart by user.

# bats file_tags=long
load ../lib/harness

# together NAME PROGRAM... : streams of each program over UDP and TCP, bare and with the shim.
together() {
    local name=$1 program transport STREAM_RUNS=25 STREAM_PAUSE=1
    shift
    need kamailio kamcmd sipp sipsak baresip linphonec script
    for program; do
        for transport in udp tcp; do
            stream_start "$program" bare "bare-$program-$transport-" "$name" "$transport" 2
            stream_start "$program" shim "shim-$program-$transport-" "$name" "$transport" 2
        done
    done
    for program; do
        for transport in udp tcp; do together_row "$program" "$transport"; done
        streams_stop "$program"
    done
    expect_le $((1 + $(moves))) "$(arrived_at user=shim-.* | wc -l)" "servers that all programs with the shim reached together"
}

# How often a server was left. None fails here; but one that a busy machine keeps from answering for seconds has, by all that
# can be seen. Then they all move together: no more servers than pins.
moves() { pinctl events | grep -c $'\tmoved\t' || true; }

# Ten or more authenticated requests of each; bare ones are led to several servers.
together_row() { # PROGRAM udp|tcp
    local bare="user=bare-$1-$2-.*" shim="user=shim-$1-$2-.*" left
    await_arrivals 10 "$shim" did=auth
    bare_spreads "$1" "$2" "$bare"
    printf '# %-10s %s   %2d servers bare (%d requests), %d with the shim (%d)\n' "$1" "$2" \
        "$(arrived_at "$bare" | wc -l)" "$(arrived "$bare")" "$(arrived_at "$shim" | wc -l)" "$(arrived "$shim")" >&3
    left=$(moves)
    ((left == 0)) || { echo "# a server was left $left times:"; pinctl events | grep -w 'failed\|moved' | sed 's/^/# /'; } >&3
    expect_le $((1 + left)) "$(arrived_at "$shim" | wc -l)" "servers that $1 over $2 reached with the shim ($(pinctl events))"
    ((left > 0)) ||
        expect_eq "" "$(arrivals "$shim" "proto=$2" | rechallenged)" "users of $1 over $2 whose answer met another server"
}

# What was looked at leaves the machine to the others.
streams_stop() { # PROGRAM
    local id
    for id in "${!AGENT_PID[@]}"; do
        [[ $id != *-"$1"-* ]] || agent_stop "$id" 2>/dev/null || true      # it may be over
    done
}

# Bare, the program is led to more than one server. What resolves once may have been led to the same one by chance: then
# it is started once more, up to twelve times.
bare_spreads() { # PROGRAM udp|tcp KEY=VALUE
    local n
    for ((n = 1; n <= 12; n++)); do
        if reaches 2 "$3"; then return; fi
        stream_start "$1" bare "bare-$1-$2-more$n-" "$name" "$2"
        await_arrivals 1 "user=bare-$1-$2-more$n-"
    done
    await "$1 over $2, bare, to reach two servers" reaches 2 "$3"
}

reaches() { (($(arrived_at "$2" | wc -l) >= $1)) || look_again; }

# Of arrivals on standard input, users whose answer to a challenge was challenged again: it met another server. A request
# that is only sent again has the same branch.
rechallenged() {
    awk '$8 == "challenged" && was[$10] == "challenged" && branch[$10] != $9 { print $6 } { was[$10] = $8; branch[$10] = $9 }'
}

authenticating() { local server; for server; do sip_does "$server" auth; done; }

@test "all programs on one A name reach one server, over UDP and TCP" {
    DNS_TTL=1
    sip_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    authenticating 127.0.0.{11,12,13}
    together pool.test sipp sipsak options baresip linphonec relay
}

@test "all programs on one SRV name reach one server, over UDP and TCP" {
    DNS_TTL=1
    sip_srv pool.test 127.0.0.11:5060 127.0.0.12:5062 127.0.0.13:5064
    authenticating 127.0.0.11:5060 127.0.0.12:5062 127.0.0.13:5064
    together pool.test baresip linphonec relay options sipsak
}
