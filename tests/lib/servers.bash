# Servers that count what arrives.
#
#   server_start ADDR PORT KIND    KIND is one of
#       kamailio    a SIP server on UDP and TCP: 200 to every request (counted)
#       registrar   the same with registrations, authentication, calls and faults: see sip.bash
#       uas-udp     sipp as a SIP server on UDP, or on TCP: 200 to every OPTIONS or REGISTER (counted)
#       uas-tcp
#       accept      TCP: every connection (counted) is answered by "HTTP/1.0 200" with ADDR as body
#       whoami      UDP and TCP: every datagram and connection (counted) is answered by "ADDR PORT"
#   server_stop ADDR PORT          kills it; TCP is refused from then on
#   server_hits ADDR [PORT]        how many arrived there since its start, restarts included
#   servers_hit [PORT]             how many servers got any;  hits_table shows all
#   await_hits N                   until N have arrived at all of them together
#   hits_reset                     forget all counts

declare -gA SERVER_PID=()

server_start() {
    local address=$1 port=$2 kind=$3
    server_run "$@" >>"$LOGS/$kind-$address-$port.log" 2>&1 3>&- 4>&- </dev/null &
    SERVER_PID[$address:$port]=$!
    disown $!                   # or bash reports the kill in server_stop
    server_ready "$@"
}

# In the background subshell, which becomes the server: $! is the server, the leader of its own session.
server_run() {
    local hits
    hits=$(hits_file "$1" "$2")
    cd "$BATS_TEST_TMPDIR"
    case $3 in
    kamailio | registrar) server_kamailio "$1" "$2" "$hits" "$3.cfg" ;;
    uas-udp) server_sipp "$1" "$2" "$hits" u1 ;;
    uas-tcp) server_sipp "$1" "$2" "$hits" t1 ;;
    accept | whoami) exec setsid "$BUILD/tests/servers/counted" "$3" "$1" "$2" "$hits" ;;
    *) echo "server_start: no kind $3" ;;
    esac
}

server_ready() {
    local transport
    for transport in udp tcp; do
        case $transport-$3 in
        udp-accept | udp-uas-tcp | tcp-uas-udp) continue ;;
        esac
        await "$3 on $1:$2 ($transport)" port_open "$transport" "$1" "$2"
    done
}

hits_file() { echo "$BATS_TEST_TMPDIR/hits/$1:$2"; }

server_sipp() {
    exec setsid sipp -sf "$TESTS/sip/uas.xml" -i "$1" -p "$2" -t "$4" -nostdin -trace_logs \
        -log_file "$3" -log_overwrite false
}

# kamailio tells its whole process group to end, hence setsid. Its log is its count.
server_kamailio() {
    local dir=$BATS_TEST_TMPDIR/kamailio-$1-$2
    mkdir -p "$dir"
    ln -sf "$3" "$LOGS/kamailio-$1-$2.count"
    exec setsid kamailio -f "$TESTS/servers/$4" -DD -E -m 16 -M 4 -l "udp:$1:$2" -l "tcp:$1:$2" \
        -P "$dir/pid" -Y "$dir" 2>>"$3"
}

# Killed, not asked to end: a server that fails says no goodbye.
server_stop() {
    kill -KILL -- "-${SERVER_PID[$1:$2]}"
    unset "SERVER_PID[$1:$2]"
    await "$1:$2 closed" port_closed tcp "$1" "$2"
    await "$1:$2 closed (udp)" port_closed udp "$1" "$2"
}

# One awk over all files. An arrival is a line with HIT; kamailio's file has others. What is sent again, as over UDP to a
# server that is late, is the same line again, and no arrival.
HITS='
    /HIT / { sub(/.*HIT /, ""); if (!((FILENAME, $0) in seen)) { seen[FILENAME, $0]; count[FILENAME]++ } }
    END {
        for (i = 1; i < ARGC; i++) {
            server = ARGV[i]
            if (server !~ "/hits/") continue
            sub(/.*\//, "", server)
            n = count[ARGV[i]] + 0
            if (want == "table") print server, n
            else if (want == "servers") total += n > 0 && (at == ":" || server ~ at "$")
            else if (index(server ":", at) == 1) total += n
        }
        if (want != "table") print total + 0
    }'

# hits WANT AT
hits() {
    local files=("$BATS_TEST_TMPDIR/hits"/*)
    [[ -f ${files[0]} ]] || files=(/dev/null)
    awk -v want="$1" -v at="$2" "$HITS" "${files[@]}"
}

server_hits() { hits arrivals "$1:${2:-}"; }
servers_hit() { hits servers ":${1:-}"; }
hits_table() { hits table ""; }         # one line a server: address:port and count
hits_total() { hits arrivals ""; }

# await_hits N : until N have arrived at all servers together. A program that only connects may be back
# before the server has counted it.
await_hits() {
    await "$1 arrivals" hits_reach "$1" || { hits_table; return 1; }
}

hits_reach() { (($(hits_total) >= $1)); }

hits_reset() {
    local file
    for file in "$BATS_TEST_TMPDIR/hits"/*; do [[ ! -f $file ]] || : >"$file"; done
}
