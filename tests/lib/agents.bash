# User agents and a proxy that run for as long as a test does: the programs under test, each bare or shimmed.
#
#   baresip_start ID bare|shim USER@HOST[;transport=tcp]...     an account each
#   baresip_do ID COMMAND                     a command of its menu (/dial sip:..., /hangup)
#   linphonec_start ID bare|shim IDENTITY PROXY
#   linphonec_do ID COMMAND
#   relay_start PORT bare|shim [yes|no] [OPTION...]     kamailio that looks up and relays; use_dns_failover; its options
#   agent_stop ID                             PORT for a relay

declare -gA AGENT_PID=() AGENT_IN=()

# In a background subshell, which becomes the program.
agent_exec() { # bare|shim CMD...
    local how=$1
    shift
    if [[ $how == shim ]]; then exec env "${SHIM_ENV[@]}" "$@"; fi
    exec "$@"
}

agent_stop() {
    kill -KILL -- "-${AGENT_PID[$1]}"
    unset "AGENT_PID[$1]"
}

# Console port 5500 + a number that grows, so that several may run; SIP on a port the kernel chooses.
baresip_start() {
    local id=$1 how=$2 dir=$BATS_TEST_TMPDIR/baresip-$1
    shift 2
    mkdir -p "$dir"
    BARESIP_CONSOLE=$((${BARESIP_CONSOLE:-5500} + 1))
    echo "$BARESIP_CONSOLE" >"$dir/console"
    printf '<sip:%s>;auth_pass=secret;regint=60\n' "$@" >"$dir/accounts"
    : >"$dir/contacts"
    baresip_config "$BARESIP_CONSOLE" >"$dir/config"
    agent_exec "$how" setsid baresip -f "$dir" >"$LOGS/baresip-$id.log" 2>&1 3>&- 4>&- </dev/null &
    AGENT_PID[$id]=$!
    disown $!
    await "the console of baresip $id" port_open udp 127.0.0.1 "$BARESIP_CONSOLE"
}

baresip_config() { # CONSOLE-PORT
    cat <<CONF
sip_listen 127.0.0.1:0
module_path /usr/lib/baresip/modules
cons_listen 127.0.0.1:$1
audio_source aubridge,loop
audio_player aubridge,loop
audio_alert aubridge,nowhere
rtp_ports 30000-30999
module g711.so
module aubridge.so
module cons.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
CONF
}

baresip_do() {
    local port
    read -r port <"$BATS_TEST_TMPDIR/baresip-$1/console"
    printf '%s\n' "$2" >"/dev/udp/127.0.0.1/$port"
}

# On a pty, which it insists on; its commands come through a fifo. A home of its own, or it would write to ours.
# It gives up after 5 s without a route to the world (a UDP connect tells it), so there is one, which leads nowhere.
linphonec_start() {
    local id=$1 how=$2 dir=$BATS_TEST_TMPDIR/linphonec-$1 in
    mkdir -p "$dir/.local/share/linphone" "$dir/.config/linphone"
    linphonec_config "$3" "$4" >"$dir/rc"
    rm -f "$dir/in"
    mkfifo "$dir/in"
    ip route replace default dev lo
    HOME=$dir agent_exec "$how" setsid script -qefc "linphonec -c $dir/rc -S" /dev/null \
        <"$dir/in" >"$dir/out" 2>&1 3>&- 4>&- &
    AGENT_PID[$id]=$!
    disown $!
    exec {in}>"$dir/in"
    AGENT_IN[$id]=$in
}

linphonec_config() { # IDENTITY PROXY
    cat <<CONF
[sip]
sip_port=-1
sip_tcp_port=-1
sip_tls_port=-1
use_ipv6=0
default_proxy=0
[proxy_0]
reg_proxy=<$2>
reg_identity=$1
reg_sendregister=1
reg_expires=60
publish=0
[auth_info_0]
username=$(sed 's/.*sip:\([^@]*\)@.*/\1/' <<<"$1")
passwd=secret
realm=pool
domain=pool
CONF
}

linphonec_do() { printf '%s\n' "$2" >&"${AGENT_IN[$1]}"; }

# relay_start PORT bare|shim [yes|no] [OPTION...] : a kamailio on 127.0.0.1:PORT with its DNS cache on.
relay_start() {
    local port=$1 how=$2 dir=$BATS_TEST_TMPDIR/relay-$1
    mkdir -p "$dir"
    agent_exec "$how" setsid kamailio -f "$TESTS/servers/relay.cfg" -A "FAILOVER=${3:-no}" -DD -E -m 32 -M 4 \
        -l "udp:127.0.0.1:$port" -l "tcp:127.0.0.1:$port" -P "$dir/pid" -Y "$dir" "${@:4}" \
        >"$LOGS/relay-$port.log" 2>&1 3>&- 4>&- </dev/null &
    AGENT_PID[$port]=$!
    disown $!
    await "relay on port $port" port_open udp 127.0.0.1 "$port"
}
