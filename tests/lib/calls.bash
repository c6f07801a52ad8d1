# Calls through a pool: each server of it (sip.bash) has a callee beside it, which answers and sends the media back.
#
#   callees ADDR...              sipp on port 5080, media on port 6000 of each address; counts media from now on
#   media_heard                  a line for each callee address: packets that came, packets that it sent back
#   media_at ADDR                the packets that came there

callees() {
    local address
    cp "$TESTS/sip/callee.xml" "$BATS_TEST_TMPDIR"
    for address; do
        (
            cd "$BATS_TEST_TMPDIR"
            exec sipp -sf callee.xml -i "$address" -p 5080 -mi "$address" -mp 6000 -rtp_echo -t u1 -nostdin \
                -max_socket 200 >"$LOGS/callee-$address.log" 2>&1 3>&- 4>&- </dev/null
        ) &
        await "the callee on $address" port_open udp "$address" 5080
    done
    media_watch
}

media_watch() {
    nft -f - <<-'EOF'
	table inet media {
	    set came { type ipv4_addr; flags dynamic; counter; }
	    set went { type ipv4_addr; flags dynamic; counter; }
	    chain in {
	        type filter hook input priority 0;
	        udp dport 6000-6009 add @came { ip daddr }
	        udp sport 6000-6009 add @went { ip saddr }
	    }
	}
	EOF
}

media_set() {
    nft -j list set inet media "$1" | jq -r '.nftables[].set? | .elem[]?.elem | "\(.val) \(.counter.packets)"'
}

media_heard() { media_set came | sort | awk '{ print $1, $2 }'; }

media_at() { media_set "${2:-came}" | awk -v at="$1" '$1 == at { n = $2 } END { print n + 0 }'; }
