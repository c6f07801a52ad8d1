# A stream of REGISTERs (OPTIONS for one) by a real program, for as long as the test runs. What is started anew for each
# request (sipsak) is at most $STREAM_RUNS times: a process costs more than a request.
#
#   stream_start PROGRAM bare|shim USER NAME udp|tcp [COUNT]
#
#   sipp       one process that resolves once; two requests a second, over TCP a connection each
#   sipsak     a new process for each request, one after the other
#   options    the same with OPTIONS
#   baresip    one process; registers again when the binding ends (1.8 s)
#   linphonec  the same, on one channel for as long as it works
#   relay      kamailio, relaying what sipsak asks of it, a new sipsak every 0.5 s whatever became of the last
#   failover   the same with use_dns_failover
#
# COUNT: so many at once, as USER, USER1, USER2, ...: accounts of one baresip, processes of linphonec and sipp (for
# they resolve once). The servers tell the streams apart by USER.

stream_start() {
    "stream_$1" "${@:2}"
}

# stream_loop ID go|wait PAUSE CMD... : CMD again and again, in a process group of its own.
stream_loop() {
    local id=$1
    shift
    setsid bash -c '
        exec {nap}<> <(:)
        for ((run = 0; run < $1; run++)); do
            if [[ $2 == wait ]]; then "${@:4}"; else "${@:4}" & fi
            read -r -t "$3" -u $nap
        done' stream "${STREAM_RUNS:-400}" "$@" >"$LOGS/stream-$id.log" 2>&1 3>&- 4>&- </dev/null &
    AGENT_PID[$id]=$!
    disown $!
}

stream_sipp() { # HOW USER NAME TRANSPORT [COUNT]
    local n
    sipp_start "$1" "$2" "$3" "$4"
    for ((n = 1; n < ${5:-1}; n++)); do sipp_start "$1" "$2$n" "$3" "$4"; done
}

sipp_start() {
    local mode=u1
    [[ $4 == udp ]] || mode=tn
    (
        cd "$BATS_TEST_TMPDIR"
        agent_exec "$1" setsid sipp -sf "$TESTS/sip/register.xml" -t "$mode" -r 2 -m 1000 -nostdin -s "$2" \
            -ap secret -i 127.0.0.1 -max_socket 200 "$3" >"$LOGS/sipp-$2.log" 2>&1 3>&- 4>&- </dev/null
    ) &
    AGENT_PID[$2]=$!
    disown $!
}

stream_sipsak() {
    stream_loop "$2" wait "${STREAM_PAUSE:-0.5}" $(agent_env "$1") sipsak -E "$4" -U -H 127.0.0.1 -u "$2" -a secret \
        -C "sip:$2@127.0.0.1" -s "sip:$2@$3"
}

stream_options() {
    stream_loop "$2" wait "${STREAM_PAUSE:-0.5}" $(agent_env "$1") sipsak -E "$4" -H 127.0.0.1 -s "sip:$2@$3"
}

agent_env() { [[ $1 == bare ]] || printf '%s\n' env "${SHIM_ENV[@]}"; }

stream_failover() { stream_relay "$1" "$2" "$3" "$4" "${5:-1}" yes; }

stream_relay() { # HOW USER NAME TRANSPORT [COUNT [FAILOVER]]
    RELAY_PORT=$((${RELAY_PORT:-5600} + 1))
    relay_start "$RELAY_PORT" "$1" "${6:-no}"
    stream_loop "$2" go "${STREAM_PAUSE:-0.5}" timeout 15 sipsak -U -H 127.0.0.1 -u "$2" -a secret -p "127.0.0.1:$RELAY_PORT" \
        -C "sip:$2@127.0.0.1" -s "sip:$2@$3"
}

stream_baresip() {
    local n accounts=("$2@$3;transport=$4")
    for ((n = 1; n < ${5:-1}; n++)); do accounts+=("$2$n@$3;transport=$4"); done
    baresip_start "$2" "$1" "${accounts[@]}"
}

stream_linphonec() {
    local n
    linphonec_start "$2" "$1" "sip:$2@$3" "sip:$3;transport=$4"
    for ((n = 1; n < ${5:-1}; n++)); do linphonec_start "$2$n" "$1" "sip:$2$n@$3" "sip:$3;transport=$4"; done
}
