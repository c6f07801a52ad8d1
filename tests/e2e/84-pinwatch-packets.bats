# pinwatch looks at packets, which costs each of them, only while somebody sends datagrams to a watched address.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
setup_file() { use_clients lookup reach; }

reach() { bare "$(client reach)" "$@" >>"$LOGS/reach.log" || true; }

# reached WAY PORT ERROR : has the pin moved, after one more datagram? The kernel bounds its ICMP for the whole machine.
reached() { moved pool.test "$pin" || { reach "$1" "$pin" "$2"; moved pool.test "$pin"; }; }

@test "it begins when a socket sends to a watched address, and ends when nothing was sent for long" {
    local how
    pool_watched --idle 5
    reach udp 127.0.0.99 5060
    reach udp-connected 127.0.0.99 5060
    reach tcp "$pin4" 5060
    await "the refusal" moved pool.test "$pin4"
    packets_seen false || unexpected "a look at packets" "none yet" "$("$BUILD/pinwatch" status)"
    for how in "$pin4" "$pin6" "::ffff:$pin4"; do
        reach udp "$how" 5060
        await "a look at packets after one to $how" packets_seen true
        await "no look at packets, when it is over" packets_seen false
    done
}

@test "getaddrinfo, which connects sockets for a moment, is no reason to look at packets" {
    pool_watched --idle 60
    for _ in 1 2 3; do bare "$(client lookup)" -4 pool.test >>"$LOGS/lookup.log"; done
    sleep 2         # twice as long as it takes to look for connected sockets
    packets_seen false || unexpected "a look at packets" "none" "$("$BUILD/pinwatch" status)"
}

@test "of the first datagram of a socket an error counts, and the process is known; of a connected one's, when packets are looked at" {
    local how
    need nft
    pool_watched --idle 60
    nft -f - <<-EOF
	table inet faults {
	    chain in { type filter hook input priority 0; udp dport 5062 reject with icmpx type host-unreachable; }
	}
	EOF
    for how in "udp 5060 ECONNREFUSED" "udp-connected 5060 ECONNREFUSED" "udp 5062 EHOSTUNREACH" "udp-connected 5062 EHOSTUNREACH"; do
        set -- $how
        pinctl init --empty --conf=/dev/null >/dev/null
        pin=$(with_shim "$(client lookup)" -4 pool.test | cut -d' ' -f1)
        await_watched 3
        [[ $1 == udp ]] || watch_packets "$pin"
        await "$how: the pin to move from $pin" reached "$@"
        expect_match "failed.*$pin.*$2/udp.*$3.*reach" "$(pinctl events)" "$how: events"
    done
}

@test "a socket that is connected is found, before pinwatch came or later, and looked after as long as it is there" {
    local addr
    before=connected_socket
    pool_watched --idle 5
    for addr in "$pin4" "$pin6" "::ffff:$pin4"; do
        [[ $addr == "$pin4" ]] || connected_socket "$addr"
        await "a look at packets for one to $addr" packets_seen true
        sleep 8         # longer than without the socket
        packets_seen true || unexpected "a look at packets" "still" "$("$BUILD/pinwatch" status)"
        kill "$socket_pid"
        await "no look at packets without the socket to $addr" packets_seen false
    done
}

@test "--idle takes seconds" {
    local word
    needs_pinwatch
    for word in 0 -1 x 4294967296 ''; do
        expect_status 2 "$BUILD/pinwatch" "--idle=$word"
        expect_one_line "$output" "--idle=$word"
    done
}

@test "of another network namespace, whose sockets cannot be listed, a connect is enough" {
    local other
    unshare --net sleep 3600 3>&- 4>&- &
    other=$!
    there() { nsenter --net=/proc/"$other"/ns/net "$@"; }
    other_ready() { [[ $(readlink /proc/"$other"/ns/net) != $(readlink /proc/self/ns/net) ]]; }
    await "the other namespace" other_ready
    there ip link set lo up
    there "$BUILD/pinctl" -t "$TABLE" init --conf=/dev/null >/dev/null
    pinctl set pool.test 127.0.0.11 >/dev/null
    pinwatch_start --idle 60
    await_watched 1
    there "$(client reach)" udp-connected 127.0.0.11 5060 >>"$LOGS/reach.log" || true
    await "a look at packets" packets_seen true
}

@test "hooks that cannot be attached when they are wanted are missed aloud, and tried again" {
    local limit n complaint="cgroup_skb/.*: not attached: .*Too many open files"
    pool_watched --idle 60
    for ((limit = 0; ; limit++)); do [[ -e /proc/$PINWATCH_PID/fd/$limit ]] || break; done
    limit=$((limit + 1))            # room for one more
    prlimit --pid "$PINWATCH_PID" --nofile="$limit":
    reach udp "$pin4" 5060
    await "a complaint" grep -q "$complaint" "$LOGS/pinwatch.log"
    expect_eq "0 of 2" "$(pinwatch_status '.probes | map(select(.name | startswith("cgroup_skb"))) | "\(map(select(.attached)) | length) of \(length)"')" "hooks: both or none"
    n=$(grep -c "$complaint" "$LOGS/pinwatch.log")
    reach udp "$pin4" 5060
    expect_eq "$n" "$(grep -c "$complaint" "$LOGS/pinwatch.log")" "complaints"
    prlimit --pid "$PINWATCH_PID" --nofile=1024:
    await "a look at packets" packets_seen true
}
