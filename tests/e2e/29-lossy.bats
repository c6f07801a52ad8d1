# A network as it is: DNS answers come late, out of order and twice, the first SYN of each TCP connect is lost, and
# every fourth datagram of SIP. Nothing has failed: nobody leaves the pin, which stays where it is.

load ../lib/harness

# Between the programs and dnsmasq, which is on port 5353 then.
lossy() {
    need nft
    DNS_PORT=5353
    dns_stop
    dns_start
    /usr/bin/python3 -S "$TESTS/servers/late.py" 127.0.0.54 53 127.0.0.54 5353 >>"$LOGS/late.log" 2>&1 3>&- 4>&- &
    await "tests/servers/late.py on 127.0.0.54:53" port_open udp 127.0.0.54 53
    nft -f - <<-'EOF'
	table ip lossy {
	    set tried { typeof ip daddr . tcp sport; flags dynamic; timeout 1m; }
	    counter syns { }
	    counter datagrams { }
	    chain in {
	        type filter hook input priority 0;
	        tcp dport 5060-5064 tcp flags & (syn | ack) == syn ip daddr . tcp sport != @tried \
	            add @tried { ip daddr . tcp sport } counter name syns drop
	        udp dport 5060-5064 numgen inc mod 4 == 0 counter name datagrams drop
	        udp sport 5060-5064 numgen inc mod 4 == 0 counter name datagrams drop
	    }
	}
	EOF
}

lost() { nft -j list counters table ip lossy | jq -r --arg name "$1" '.nftables[].counter? | select(.name == $name) | .packets'; }

# stick NAME PROGRAM... : over UDP and TCP at once, each six requests and more, of four accounts or processes where
# it has them.
stick() {
    local name=$1 program transport
    shift
    need sipp baresip linphonec kamailio kamcmd
    lossy
    for program; do
        for transport in udp tcp; do stream_start "$program" shim "$program-$transport-" "$name" "$transport" 4; done
    done
    for program; do
        for transport in udp tcp; do await_arrivals 6 "user=$program-$transport-.*"; done
    done
    for program; do
        for transport in udp tcp; do
            expect_eq 1 "$(arrived_at "user=$program-$transport-.*" | wc -l)" "servers that $program over $transport reached"
        done
    done
    expect_eq "" "$(pinctl events | grep -E 'failed|moved')" "failures and moves"
    expect_ge $# "$(lost syns)" "SYNs lost"
    expect_ge 2 "$(lost datagrams)" "datagrams of SIP lost"
}

@test "an A name" {
    DNS_TTL=1
    sip_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    stick pool.test sipp linphonec
    expect_eq 1 "$(arrived_at | wc -l)" "servers that all of them reached"
}

# By the priorities in the answers alone, which baresip looks at; it asks for all accounts at the same time.
@test "an SRV name, without steering" {
    DNS_TTL=1
    sip_srv pool.test 127.0.0.11:5060 127.0.0.12:5062 127.0.0.13:5064
    pinctl init --conf=/dev/null >/dev/null
    settings 'default { steer = off }'
    stick pool.test baresip
}
