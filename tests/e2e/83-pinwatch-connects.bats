# pinwatch looks at changes of state, which every TCP connection pays for, only while somebody connects to a watched address.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
setup_file() { use_clients lookup reach; }

reach() { bare "$(client reach)" "$@" >>"$LOGS/reach.log" || true; }

state() { pinwatch_status '.probes[] | select(.name == "inet_sock_set_state") | .attached'; }
looks() { [[ $(state) == "$1" ]]; }

# server ADDR : takes connections on port 7060, and closes them when their clients do.
server() {
    /usr/bin/python3 -S -c 'import socket, sys
a = sys.argv[1]
s = socket.create_server((a, 7060), family=socket.AF_INET6 if ":" in a else socket.AF_INET)
kept = []
while True: kept.append(s.accept()[0])' "$1" 3>&- 4>&- &
    await "the server" port_open tcp "$([[ $1 == *:* ]] && echo "[$1]" || echo "$1")" 7060
}

@test "it begins when a program connects to a watched address, and ends when no connect is in flight any more" {
    local how
    pool_watched --idle 5
    reach tcp 127.0.0.99 7060
    reach tcp 2001:db8::1 7060
    reach udp-connected 127.0.0.99 7060
    reach udp "$pin4" 7060
    await "its refusal" moved pool.test "$pin4"
    expect_eq false "$(state)" "a look at changes of state, before"
    expect_match "inet_sock_set_state +not attached: nobody connects to a watched address" "$("$BUILD/pinwatch" status)" "status"
    for how in "$pin4" "$pin6" "::ffff:$pin4"; do
        reach tcp "$how" 7060
        await "a look at changes of state after a connect to $how" looks true
        await "none, when it is over" looks false
    done
}

@test "the connect that begins it is told as all others, with its process, for it is found when it came through sooner" {
    local v pin
    pool_watched
    for v in 4 6; do
        pin=pin$v pin=${!pin}
        server "$pin"
        [[ $v == 6 ]] || expect_eq false "$(state)" "a look at changes of state, before the first"
        "$(client reach)" hold "$pin" 7060 >>"$LOGS/hold.log" 3>&- 4>&- &
        await "the connect to $pin told" grep -q "^pinwatch: connected $pin 7060/tcp.*latency_us [0-9].*(reach $!)" "$LOGS/pinwatch.log"
        await "the pin confirmed" eval '[[ $(pin_field pool.test state) == confirmed ]]'
    done
    expect_eq 2 "$(grep -c "^pinwatch: connected" "$LOGS/pinwatch.log")" "connects told"
}

# How often the SYN that is in flight was sent again.
sent_again() { ss -H -t -n -o state syn-sent | sed -n 's/.*timer:(on,[^,]*,\([0-9]*\)).*/\1/p'; }

# In flight when pinwatch comes, it comes through while nobody looks; long after that a refusal brings the look.
@test "that an old connection came through is no news to be told after a refusal" {
    local before
    need nft
    pinctl init --conf=/dev/null >/dev/null
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    pin4=$(with_shim "$(client lookup)" -4 pool.test | cut -d' ' -f1)
    server "$pin4"
    printf '%s\n' 'table inet hole {' 'chain in {' 'type filter hook input priority 0; tcp dport 7060 tcp flags & (syn | ack) == syn drop' '}' '}' | nft -f -
    "$(client reach)" hold "$pin4" 7060 >>"$LOGS/hold.log" 3>&- 4>&- &
    await "a SYN" eval '[[ -n $(ss -H -t -n state syn-sent) ]]'
    pinwatch_start
    await_watched 3
    before=$(sent_again)
    await "the SYN sent again, under pinwatch" eval '(($(sent_again) > before))'
    nft delete table inet hole
    await "the connection" grep -q connected "$LOGS/hold.log"
    expect_eq false "$(state)" "a look at changes of state"
    nft -f - <<<'table inet hole { chain in { type filter hook input priority 0; tcp dport 7060 tcp flags & (syn | ack) == syn reject with tcp reset; }; }'
    reach tcp "$pin4" 7060
    await "a look at changes of state" looks true
    await "the pin to move from $pin4" moved pool.test "$pin4"
    sleep 0.3       # the look comes right after the refusal
    expect_eq "0 1" "$(grep -c "^pinwatch: connected" "$LOGS/pinwatch.log") $(grep -c "^pinwatch: refused" "$LOGS/pinwatch.log")" "connects told, and refusals"
    expect_eq false "$(candidate_field pool.test "$pin4" healthy)" "is $pin4 healthy"
}

@test "a failure needs no look: refused, unreachable and silent, when it is the first" {
    local how
    need nft
    nft -f - <<-EOF
	table inet faults {
	    chain in {
	        type filter hook input priority 0;
	        tcp dport 5062 reject with icmpx type host-unreachable;
	        tcp dport 5063 tcp flags & (syn | ack) == syn drop;
	    }
	}
	EOF
    pool_watched --idle 5
    echo 'default { connect-timeout = 1s }' >"$BATS_TEST_TMPDIR/quick"
    for how in "5061 ECONNREFUSED" "5062 EHOSTUNREACH" "5063 ETIMEDOUT 4" "5063 ETIMEDOUT 2 $BATS_TEST_TMPDIR/quick"; do
        set -- $how
        pinctl init --empty --conf="${4:-/dev/null}" >/dev/null
        pin4=$(with_shim "$(client lookup)" -4 pool.test | cut -d' ' -f1)
        await_watched 3
        await "no look at changes of state" looks false
        reach tcp "$pin4" "$1" ${3:-}
        await "the pin to move from $pin4" moved pool.test "$pin4"
        expect_match "failed.*$pin4.*$1/tcp.*$2.*reach" "$(pinctl events)" "events of port $1"
    done
}

@test "a hook that cannot be attached when it is wanted is missed aloud, once; failures are told all the same" {
    local limit complaint="inet_sock_set_state: not attached: .*Too many open files"
    pool_watched
    for ((limit = 0; ; limit++)); do [[ -e /proc/$PINWATCH_PID/fd/$limit ]] || break; done
    prlimit --pid "$PINWATCH_PID" --nofile="$limit":
    reach tcp "$pin6" 7060
    await "a complaint" grep -q "$complaint" "$LOGS/pinwatch.log"
    await "the pin to move from $pin6" moved pool.test "$pin6" inet6
    reach tcp "$pin4" 7060
    await "the pin to move from $pin4" moved pool.test "$pin4"
    expect_eq 1 "$(grep -c "$complaint" "$LOGS/pinwatch.log")" "complaints"
    prlimit --pid "$PINWATCH_PID" --nofile=1024:
    reach tcp "$pin4" 7060
    await "a look at changes of state" looks true
}

@test "with connects of one cgroup, or of none, changes of state are always looked at" {
    local word cgroup
    cgroup=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)/stickydns-$(basename "$BATS_RUN_TMPDIR")-$BATS_SUITE_TEST_NUMBER
    mkdir "$cgroup"
    pinctl init --conf=/dev/null >/dev/null
    for word in none "$cgroup"; do
        pinwatch_start --idle 1 --cgroup "$word"
        sleep 2         # twice as long as it takes to end
        expect_eq true "$(state)" "a look at changes of state with --cgroup $word"
        pinwatch_stop
    done
    rmdir "$cgroup"
}
