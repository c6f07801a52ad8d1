# One program, bare and with the shim at the same time, on A and SRV names, whose server goes away.
#
# Each run has lanes: shim-a, shim-srv, bare-a, bare-srv. A lane has a name of its own (LANE.test), three servers of
# its own and one stream of REGISTERs (see streams.bash) by user LANE-TRANSPORT; so all lanes wait at the same time.
#
#   lanes_start PROGRAM udp|tcp LANE...    the servers, the streams; returns when each has registered twice
#   lanes_fail refused|silent|busy         the server where each lane is now goes away so (see sip.bash)
#   lanes_moved                            until every shimmed lane has registered elsewhere, and every lane has met it
#                                          (a bare one that was served elsewhere by chance need not)
#   lanes_measure WHAT                     prints how long it took, of the shim and bare; MOVED_MS[LANE], empty: not yet
#   lanes_restart                          anew, for a program that resolves once or does not ask again by itself
#   lanes_stuck                            bare lanes were not served elsewhere
#   lanes_return                           the servers are back; the shimmed lanes go on where they are
#
# Time runs from the first sign of the fault: the datagram that stayed unanswered, the 503, the TCP reset; until a
# REGISTER was accepted elsewhere.

declare -gA VICTIM=() MOVED_MS=() MOVED_TO=()

lanes_start() {
    local lane
    PROGRAM=$1 TRANSPORT=$2 LANES=("${@:3}")
    DNS_TTL=600                 # bare, what holds an answer for its TTL holds it for the whole test
    lane_servers
    /usr/bin/python3 -S "$TESTS/servers/refusals.py" 5060 >"$BATS_TEST_TMPDIR/refusals" 2>&1 3>&- 4>&- &
    await "the watch for refusals" grep -q watching "$BATS_TEST_TMPDIR/refusals"
    for lane in "${LANES[@]}"; do lane_stream "$lane"; done
    for lane in "${LANES[@]}"; do await_arrivals 2 "user=$lane-$TRANSPORT" did=ok; done
}

lane_stream() { stream_start "$PROGRAM" "${1%-*}" "$1-$TRANSPORT" "$1.test" "$TRANSPORT"; }

lanes_restart() {
    local lane
    for lane in "${LANES[@]}"; do
        agent_stop "$lane-$TRANSPORT"
        lane_stream "$lane"
    done
}

lane_servers() {
    local lane n=10
    for lane in "${LANES[@]}"; do
        n=$((n + 1))
        case $lane in
        *-srv) sip_srv "$lane.test" "127.0.$n.1:5060" "127.0.$n.2:5062" "127.0.$n.3:5064" ;;
        *) sip_pool "$lane.test" "127.0.$n.1" "127.0.$n.2" "127.0.$n.3" ;;
        esac
    done
}

lanes_fail() {
    local lane
    FAULT=$1 SINCE=$(now)
    for lane in "${LANES[@]}"; do
        VICTIM[$lane]=$(arrivals "user=$lane-$TRANSPORT" | awk 'END { print $2 }')
        case $FAULT in
        refused) lane_refuse "${VICTIM[$lane]%:*}" "${VICTIM[$lane]#*:}" ;;
        *) sip_does "${VICTIM[$lane]}" "$FAULT" ;;
        esac
    done
}

# sipp has a connection for each call, and ends when one is reset: no new one is taken before those that are there are over.
lane_refuse() { # ADDR PORT
    if [[ $PROGRAM-$TRANSPORT == sipp-tcp ]]; then
        nft -f - <<-EOF
	table ip closing {
	    chain in { type filter hook input priority 0; ip daddr $1 tcp dport $2 tcp flags & (syn | ack) == syn reject with tcp reset; }
	}
	EOF
        await "connections to $1:$2 to be over" eval "[[ -z \$(ss -H -t -n state established dst $1:$2) ]]"
    fi
    server_stop "$@"
    [[ $PROGRAM-$TRANSPORT != sipp-tcp ]] || nft delete table ip closing
}

# lane_sign LANE : when the fault first showed.
lane_sign() {
    if [[ $FAULT == refused ]]; then
        awk -v at="${VICTIM[$1]}" -v since="$SINCE" '$2 == at && $1 >= since { print $1; exit }' \
            "$BATS_TEST_TMPDIR/refusals"
    else
        arrivals "user=$1-$TRANSPORT" "since=$SINCE" "did=$FAULT" | awk '{ print $1; exit }'
    fi
}

# lane_tries LANE : how often the lane met the fault, from its first sign until it was served elsewhere (or until now):
# refusals, or sends of the request that was sent most often. Counted, for how long that takes is the machine's business.
lane_tries() {
    local sign until
    sign=$(lane_sign "$1")
    until=$(lane_moved "$1")
    until=$(awk -v sign="$sign" -v ms="${until%% *}" 'BEGIN { print ms == "" ? 1e12 : sign + ms / 1000 }')
    if [[ $FAULT == refused ]]; then
        awk -v at="${VICTIM[$1]}" -v since="$SINCE" -v until="$until" '$2 == at && $1 >= since && $1 < until' \
            "$BATS_TEST_TMPDIR/refusals" | grep -c '' || true
    else
        arrivals "user=$1-$TRANSPORT" "since=$SINCE" "did=$FAULT" |
            awk -v until="$until" '$1 < until && ++n[$9] > most { most = n[$9] } END { print most + 0 }'
    fi
}

# lane_moved LANE : the time and the server of the first REGISTER accepted elsewhere after that.
lane_moved() {
    local sign
    sign=$(lane_sign "$1")
    [[ -n $sign ]] || return 0
    arrivals "user=$1-$TRANSPORT" "since=$sign" did=ok |
        awk -v victim="${VICTIM[$1]}" -v sign="$sign" '$2 != victim { printf "%d %s\n", ($1 - sign) * 1000, $2; exit }'
}

lane_has_met() {
    [[ -n $(lane_sign "$1") ]] ||
        { [[ $1 == bare-* ]] && arrivals "user=$1-$TRANSPORT" "since=$SINCE" did=ok | grep -v -q " ${VICTIM[$1]} "; } ||
        look_again
}
lane_has_moved() { [[ -n $(lane_moved "$1") ]] || look_again; }

lanes_met() {
    local lane
    for lane in "${LANES[@]}"; do
        await "$lane to meet the fault of ${VICTIM[$lane]}" lane_has_met "$lane" ||
            { lane_story "$lane"; return 1; }
    done
}

lanes_moved() {
    local lane
    lanes_met
    for lane in "${LANES[@]}"; do
        [[ $lane == shim-* ]] || continue
        await "$lane to register elsewhere than ${VICTIM[$lane]}" lane_has_moved "$lane" ||
            { lane_story "$lane"; return 1; }
    done
}

lane_story() {
    printf '%s failed (%s) at %s, sign %s\n' "${VICTIM[$1]}" "$FAULT" "$SINCE" "$(lane_sign "$1")"
    arrivals "user=$1-$TRANSPORT" | tail -n 25
    pinctl events | tail -n 25
}

lanes_measure() {
    local lane line=
    for lane in "${LANES[@]}"; do
        read -r "MOVED_MS[$lane]" "MOVED_TO[$lane]" <<<"$(lane_moved "$lane") "
        line+="  $lane $(lane_words "$lane"),"
    done
    echo "# $1:${line%,}" >&3
}

lane_words() {
    local sign
    if [[ -n ${MOVED_MS[$1]} ]]; then printf '%d.%03d s' $((MOVED_MS[$1] / 1000)) $((MOVED_MS[$1] % 1000)); return; fi
    sign=$(lane_sign "$1")
    if [[ -z $sign ]]; then echo "elsewhere by chance"; return; fi
    echo "still waiting after $(($(now_ms) / 1000 - ${sign%.*})) s"
}

# Bare, what resolves once or holds what it knows is not served elsewhere: the fault is one. A transaction's end, after
# 32 s by the program's clock, may come first where the shimmed lanes took long to be looked at.
lanes_stuck() {
    local lane
    for lane in "${LANES[@]}"; do
        [[ $lane == shim-* || -z ${MOVED_MS[$lane]} ]] ||
            expect_ge 25000 "${MOVED_MS[$lane]}" "ms until $lane was served elsewhere"
    done
}

# A server that returns pulls nobody back: three more REGISTERs of each shimmed lane, at the server it moved to.
lanes_return() {
    local lane back line=
    back=$(now)
    for lane in "${LANES[@]}"; do
        case $FAULT in
        refused) sip_server "${VICTIM[$lane]%:*}" "${VICTIM[$lane]#*:}" ;;
        *) sip_does "${VICTIM[$lane]}" ok ;;
        esac
    done
    for lane in "${LANES[@]}"; do
        [[ $lane == bare-* ]] || await_arrivals 3 "user=$lane-$TRANSPORT" "begun=$back" did=ok
    done
    for lane in "${LANES[@]}"; do line+="  $lane $(lane_after "$lane" "$back"),"; done
    echo "# $PROGRAM, ${TRANSPORT^^}, when it is back:${line%,}" >&3
    for lane in "${LANES[@]}"; do
        [[ $lane == bare-* ]] || expect_eq "${MOVED_TO[$lane]}" "$(lane_servers_since "$lane" "$back")" \
            "servers of $lane after ${VICTIM[$lane]} returned"
    done
}

lane_after() { # LANE SINCE
    local servers
    servers=$(lane_servers_since "$@")
    case $servers in
    "") echo "still waits" ;;
    "${VICTIM[$1]}") echo "is there" ;;
    *" "*) echo "spreads" ;;
    *) echo "is elsewhere" ;;
    esac
}

lane_servers_since() { arrived_at "user=$1-$TRANSPORT" "begun=$2" | xargs; }
