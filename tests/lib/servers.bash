# Servers that count what arrives.
#
#   server_start ADDR PORT KIND    KIND is one of
#       kamailio    a SIP server on UDP and TCP: 200 to every request (counted)
#       uas-udp     sipp as a SIP server on UDP, or on TCP: 200 to every OPTIONS or REGISTER (counted)
#       uas-tcp
#       accept      TCP: every connection (counted) is answered by "HTTP/1.0 200" with ADDR as body
#   server_stop ADDR PORT          kills it; TCP is refused from then on
#   server_hits ADDR [PORT]        how many arrived there since its start, restarts included
#   servers_hit [PORT]             how many servers got any;  hits_table shows all
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
    kamailio) server_kamailio "$1" "$2" "$hits" ;;
    uas-udp) server_sipp "$1" "$2" "$hits" u1 ;;
    uas-tcp) server_sipp "$1" "$2" "$hits" t1 ;;
    accept) exec setsid /usr/bin/python3 "$TESTS/servers/accept.py" "$1" "$2" "$hits" ;;
    *) echo "server_start: no kind $3" ;;
    esac
}

server_ready() {
    local transport
    for transport in udp tcp; do
        case $transport-$3 in
        udp-accept | udp-uas-tcp | tcp-uas-udp) continue ;;
        esac
        await 10 "$3 on $1:$2 ($transport)" port_open "$transport" "$1" "$2"
    done
}

hits_file() { echo "$BATS_TEST_TMPDIR/hits/$1:$2"; }

server_sipp() {
    exec setsid sipp -sf "$TESTS/sip/uas.xml" -i "$1" -p "$2" -t "$4" -nostdin -trace_logs \
        -log_file "$3" -log_overwrite false
}

# kamailio tells its whole process group to end, hence setsid. It counts in its log: the lines marked HIT
# are requests, the others stay in the log.
server_kamailio() {
    local dir=$BATS_TEST_TMPDIR/kamailio-$1-$2
    mkdir -p "$dir"
    exec setsid kamailio -f "$TESTS/servers/kamailio.cfg" -DD -E -m 16 -M 4 -l "udp:$1:$2" -l "tcp:$1:$2" \
        -P "$dir/pid" -Y "$dir" 2> >(server_kamailio_hits "$3")
}

server_kamailio_hits() {
    local line
    while read -r line; do
        if [[ $line == *HIT* ]]; then echo "$line" >>"$1"; else echo "$line"; fi
    done
}

# Killed, not asked to end: a server that fails says no goodbye.
server_stop() {
    kill -KILL -- "-${SERVER_PID[$1:$2]}"
    unset "SERVER_PID[$1:$2]"
    await 5 "$1:$2 closed" port_closed tcp "$1" "$2"
    await 5 "$1:$2 closed (udp)" port_closed udp "$1" "$2"
}

server_hits() {
    local file count=0 lines
    for file in "$BATS_TEST_TMPDIR/hits/$1":${2:-*}; do
        [[ -f $file ]] || continue
        lines=$(grep -c '' "$file" || true)
        count=$((count + lines))
    done
    echo "$count"
}

servers_hit() {
    find "$BATS_TEST_TMPDIR/hits" -name "*:${1:-*}" -size +0 | wc -l
}

# One line a server: address:port and count.
hits_table() {
    (cd "$BATS_TEST_TMPDIR/hits" && grep -c '' -- * 2>/dev/null | sed 's/:\([0-9]*\)$/ \1/' | sort) || true
}

hits_total() { hits_table | awk '{ n += $2 } END { print n + 0 }'; }

hits_reset() {
    local file
    for file in "$BATS_TEST_TMPDIR/hits"/*; do [[ ! -f $file ]] || : >"$file"; done
}
