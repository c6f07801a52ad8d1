# Real programs that ask for one server of a pool by its number, while they also use the pool's name; and one that sends to
# all servers of a name.

load ../lib/harness

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

# pool_pinned ADDR [KIND] : pool.test with real servers, pinned there.
pool_pinned() {
    need kamailio kamcmd
    sip_pool pool.test $POOL
    pinctl init --conf=/dev/null >/dev/null
    with_shim getent ahostsv4 pool.test >/dev/null
    pinctl set pool.test "$1" >/dev/null
}

# RFC 5626: an account's two outbound proxies are two flows; another account uses the name. The account's parameters come
# before those that baresip_start adds; the last takes what it closes.
outbounds() { # udp|tcp
    need baresip
    pool_pinned 127.0.0.11
    baresip_start phone shim \
        "flows@pool.test;transport=$1>;sipnat=outbound;outbound=\"sip:127.0.0.12;transport=$1\";outbound2=\"sip:127.0.0.13;transport=$1\";x=<y" \
        "named@pool.test;transport=udp"                     # over TCP it would share the flows' connections
    await_arrivals 60 1 user=named method=REGISTER
    await_arrivals 60 1 user=flows method=REGISTER server=127.0.0.12:5060
    await_arrivals 60 1 user=flows method=REGISTER server=127.0.0.13:5060
    expect_eq "127.0.0.11:5060" "$(arrived_at user=named | xargs)" "where the name leads"
    expect_eq 0 "$(arrived user=flows server=127.0.0.11:5060)" "what the flows sent to the pin"
}

@test "baresip: two outbound proxies by number, over UDP" { outbounds udp; }
@test "baresip: two outbound proxies by number, over TCP" { outbounds tcp; }

# redirecting ADDR TO : its server answers every INVITE with 302 to TO.
redirector() {
    local dir=$BATS_TEST_TMPDIR/redirector
    mkdir -p "$dir"
    sed -e "s|sl_send_reply(\"200\", \"OK\");|if (is_method(\"INVITE\")) { append_to_reply(\"Contact: <sip:called@$2:5060;transport=$3>\\\\r\\\\n\"); sl_send_reply(\"302\", \"Moved\"); } else sl_send_reply(\"200\", \"OK\");|" \
        -e '/loadmodule "pv.so"/a loadmodule "textops.so"' "$TESTS/servers/kamailio.cfg" >"$dir/cfg"
    setsid kamailio -f "$dir/cfg" -DD -E -m 16 -M 4 -l "udp:$1:5060" -l "tcp:$1:5060" -P "$dir/pid" -Y "$dir" \
        >>"$LOGS/redirector.log" 2>&1 3>&- 4>&- </dev/null &
    disown $!
    await 20 "the redirector" port_open tcp "$1" 5060
}

redirected() { # udp|tcp
    need baresip kamailio kamcmd
    dns_pool pool.test $POOL
    redirector 127.0.0.11 127.0.0.13 "$1"
    sip_server 127.0.0.12
    sip_server 127.0.0.13
    pinctl init --conf=/dev/null >/dev/null
    with_shim getent ahostsv4 pool.test >/dev/null
    pinctl set pool.test 127.0.0.11 >/dev/null
    baresip_start caller shim "caller@pool.test;transport=$1"
    await 60 "its REGISTER" grep -q 'HIT REGISTER' "$LOGS/redirector.log"
    baresip_do caller "/dial sip:called@pool.test;transport=$1"
    await_arrivals 60 1 user=called method=INVITE server=127.0.0.13:5060
    expect_le 2 "$(grep -c 'HIT INVITE' "$LOGS/redirector.log")" "INVITEs at the server that redirects"
}

@test "baresip: a 302 to another server of the pool, over UDP" { redirected udp; }
@test "baresip: a 302 to another server of the pool, over TCP" { redirected tcp; }

# cluster : a kamailio whose dmq resolves nodes.test and tells all that it finds there that it is there.
cluster() { # bare|shim
    local dir=$BATS_TEST_TMPDIR/cluster-$1
    mkdir -p "$dir"
    cat >"$dir/cfg" <<-CFG
	#!KAMAILIO
	debug=1
	log_stderror=yes
	children=1
	auto_aliases=no
	loadmodule "pv.so"
	loadmodule "tm.so"
	loadmodule "sl.so"
	loadmodule "dmq.so"
	modparam("dmq", "server_address", "sip:127.0.0.21:5060")
	modparam("dmq", "notification_address", "sip:nodes.test:5060")
	modparam("dmq", "multi_notify", 1)
	modparam("dmq", "num_workers", 1)
	request_route { if (\$rm == "KDMQ") dmq_handle_message(); else sl_send_reply("200", "OK"); }
	CFG
    agent_exec "$1" setsid kamailio -f "$dir/cfg" -DD -E -m 32 -M 4 -l udp:127.0.0.21:5060 -P "$dir/pid" -Y "$dir" \
        >"$LOGS/cluster-$1.log" 2>&1 3>&- 4>&- </dev/null &
    AGENT_PID[cluster]=$!
    disown $!
}

told() { [[ $(servers_hit 5060) == 3 ]] || { sleep 0.2; return 1; }; }

@test "kamailio's dmq, multi_notify: steer = off for the name reaches every node" {
    local a how
    need kamailio
    for a in $POOL; do server_start "$a" 5060 kamailio; done
    dns_pool nodes.test $POOL
    pinctl init --conf=/dev/null >/dev/null
    settings 'host "nodes.test" { steer = off }'
    with_shim getent ahostsv4 nodes.test >/dev/null
    pinctl set nodes.test 127.0.0.11 >/dev/null
    for how in bare shim; do
        hits_reset
        cluster "$how"
        await 60 "KDMQ at all three nodes, $how" told || { hits_table; return 1; }
        agent_stop cluster
    done
}
