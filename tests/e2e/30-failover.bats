# What happens when servers die and come back, seen from several processes.

load ../lib/harness
setup_file() { use_clients lookup_client; }

# pool PORT : pool.test, answered in a fixed order, and a counting TCP server on each address.
pool() {
    local address
    dns_scripted pool.test 3 0 127.0.0.11 127.0.0.12 127.0.0.13
    for address in 127.0.0.11 127.0.0.12 127.0.0.13; do server_start "$address" "$1" accept; done
}

# many_names PREFIX COUNT NET : PREFIX0.test and so on, each with three addresses of its own.
many_names() {
    local i
    for ((i = 0; i < $2; i++)); do
        printf '127.%s.%s.%s %s%s.test\n' "$3" "$i" 11 "$1" "$i" "$3" "$i" 12 "$1" "$i" "$3" "$i" 13 "$1" "$i"
    done
}

# dead_again HOW COUNT : after one program was refused at an address of a name, how many of COUNT times is
# another, already running one led to the same address by one of its next three lookups?
dead_again() {
    local how=$1 i refused seen again=0
    for ((i = 0; i < $2; i++)); do
        expect_match =ok "$(ask one connect "n$i.test" 7060)" "the first connect to n$i.test, servers up" >&2
    done
    server_stop 0.0.0.0 7060
    for ((i = 0; i < $2; i++)); do
        refused=$(ask one connect "n$i.test" 7060)
        seen=$(ask two many "n$i.test" 3)
        expect_match =ECONNREFUSED "$refused" "a connect to n$i.test, servers down" >&2
        if [[ $seen == *"${refused%%=*}="* ]]; then
            again=$((again + 1))
            echo "n$i.test: refused at ${refused%%=*}, then led to $seen" >>"$LOGS/again-$how"
        fi
    done
    echo "$again"
}

@test "the pin moves at the first refusal, seen by a process that runs already" {
    local dead next
    pool 7060
    client_start one shim
    client_start two shim
    dead=$(ask one first pool.test)
    expect_eq "$dead=ok" "$(ask one connect pool.test 7060)" "connect to the pin"
    expect_eq "$dead" "$(ask two first pool.test)" "lookup by another process"
    expect_eq "$dead confirmed" "$(pin_of pool.test) $(pin_field pool.test state)" "pin before the failure"

    server_stop "$dead" 7060
    expect_eq "$dead=ECONNREFUSED" "$(ask one connect pool.test 7060)" "the first connect after the kill"
    next=$(ask two first pool.test)
    expect_ne "$dead" "$next" "lookup by the other process"
    expect_eq "$next" "$(ask one first pool.test)" "lookup by the first process"
    expect_eq "$next=ok" "$(ask two connect pool.test 7060)" "connect by the other process"
    expect_eq "$next confirmed" "$(pin_of pool.test) $(pin_field pool.test state)" "pin after the failure"
    expect_eq "false 1" "$(candidate_field pool.test "$dead" healthy) $(candidate_field pool.test "$dead" failures)" \
        "health and failures of the dead one"
    expect_match 'refused|ECONNREFUSED' "$(candidate_field pool.test "$dead" last_error)" "its last error"
    expect_match "moved" "$(pinctl events | grep pool.test)" "the events of pool.test"
}

@test "bare, a refusal teaches other processes nothing" {
    dns_names <(many_names n 100 1)
    server_start 0.0.0.0 7060 accept
    client_start one bare
    client_start two bare
    expect_eq 100 "$(dead_again bare 100)" "times of 100 that the other process went to the dead server"
}

@test "after a refusal, 100 of 100 lookups elsewhere lead elsewhere" {
    dns_names <(many_names n 100 1)
    server_start 0.0.0.0 7060 accept
    client_start one shim
    client_start two shim
    expect_eq 0 "$(dead_again shim 100)" "times of 100 that the other process went to the dead server"
}

@test "the same with 8 processes writing at once" {
    local i
    dns_names <(many_names n 100 1; many_names w 200 2)
    server_start 0.0.0.0 7060 accept
    client_start one shim
    client_start two shim
    for i in {1..8}; do client_start "writer$i" shim; done
    for i in {1..8}; do tell "writer$i" churn w 200 7060; done
    expect_eq 0 "$(dead_again shim 100)" "times of 100 that the other process went to the dead server"
    for i in {1..8}; do
        tell "writer$i" quit
        expect_match '^[1-9][0-9]* rounds' "$(hear "writer$i")" "what writer $i did meanwhile"
    done
}

@test "8 processes refused at the same moment move the pin once and agree" {
    local i dead next
    pool 7060
    for i in {1..8}; do client_start "$i" shim; done
    dead=$(ask 1 first pool.test)
    for i in {1..8}; do expect_eq "$dead=ok" "$(ask "$i" connect pool.test 7060)" "first connect of $i"; done
    server_stop "$dead" 7060
    for i in {1..8}; do tell "$i" elsewhere pool.test 7060; done
    for i in {1..8}; do hear "$i"; done >"$BATS_TEST_TMPDIR/seen"
    next=$(pin_of pool.test)
    expect_ne "$dead" "$next" "the pin now"
    expect_eq "8 $next" "$(sort "$BATS_TEST_TMPDIR/seen" | uniq -c | awk '{ print $1, $2 }')" "where the 8 were led"
    expect_eq 1 "$(pinctl events | grep pool.test | grep -c moved)" "moves for one death"
    expect_le 36000 "$(candidate_field pool.test "$dead" cooling_ms)" "cool-off: that of one failure, 30 s and 20 %"
}

@test "no fail-back: a server that returns does not pull the pin" {
    local dead next i
    pool 7060
    client_start one shim
    dead=$(ask one first pool.test)
    ask one connect pool.test 7060
    server_stop "$dead" 7060
    ask one connect pool.test 7060
    next=$(ask one first pool.test)
    expect_eq "$next=ok" "$(ask one connect pool.test 7060)" "connect after the failure"
    server_start "$dead" 7060 accept
    hits_reset
    for i in {1..10}; do
        expect_eq "$next=ok" "$(ask one connect pool.test 7060)" "connect $i by the old process"
        expect_eq "$next=ok" "$(with_shim "$(client lookup_client)" connect pool.test 7060)" "connect $i by a new one"
    done
    await_hits 20
    expect_eq 0 "$(server_hits "$dead")" "arrivals at the server that returned"
    # Even a success there, made by its number, does not move a confirmed pin.
    with_shim "$(client lookup_client)" connect "$dead" 7060
    expect_eq "$next" "$(first_of shim pool.test)" "lookup after a connect to the returned one by number"
}

# all_dead : .12 was confirmed last, then every server is killed. Leaves client `one`.
all_dead() {
    pool 7060
    client_start one shim
    expect_eq 127.0.0.11=ok "$(ask one connect pool.test 7060)" "first pin"
    server_stop 127.0.0.11 7060
    ask one connect pool.test 7060
    expect_eq 127.0.0.12=ok "$(ask one connect pool.test 7060)" "second pin"
    server_stop 127.0.0.12 7060
    server_stop 127.0.0.13 7060
}

@test "all dead: the resolver's order with the last confirmed pin first, and no endless loop" {
    local i
    all_dead
    expect_eq "127.0.0.12=ECONNREFUSED 127.0.0.13=ECONNREFUSED 127.0.0.11=ECONNREFUSED" \
        "$(ask one walk pool.test 7060)" "the walk that finds all dead: pin, healthy, cooling"
    for i in {1..5}; do
        expect_eq "127.0.0.12 127.0.0.11 127.0.0.13" "$(ask one all pool.test)" "order, lookup $i"
        expect_eq "127.0.0.12 127.0.0.11 127.0.0.13" "$(with_shim "$(client lookup_client)" all pool.test)" \
            "order in a new process, lookup $i"
        expect_eq "127.0.0.12=ECONNREFUSED 127.0.0.11=ECONNREFUSED 127.0.0.13=ECONNREFUSED" \
            "$(ask one walk pool.test 7060)" "walk $i"
    done
}

@test "all dead and all back: the old pin holds" {
    local address i
    all_dead
    ask one walk pool.test 7060
    ask one walk pool.test 7060
    for address in 127.0.0.11 127.0.0.12 127.0.0.13; do server_start "$address" 7060 accept; done
    hits_reset
    for i in {1..5}; do
        expect_eq 127.0.0.12=ok "$(ask one walk pool.test 7060)" "walk $i by the old process"
        expect_eq 127.0.0.12=ok "$(with_shim "$(client lookup_client)" walk pool.test 7060)" "walk $i by a new one"
    done
    await_hits 10
    expect_eq 10 "$(server_hits 127.0.0.12)" "arrivals at the old pin"
    expect_eq "127.0.0.12 confirmed" "$(pin_of pool.test) $(pin_field pool.test state)" "the pin"
}

@test "all dead for 8 processes at once, and all back: the old pin holds for all" {
    local i address
    all_dead
    for i in {1..8}; do client_start "walker$i" shim; done
    for i in {1..8}; do tell "walker$i" churn_walk pool.test 40 7060; done
    for i in {1..8}; do
        expect_eq "120 refused" "$(hear "walker$i")" "tries in 40 walks over three dead servers by walker $i"
    done
    for address in 127.0.0.11 127.0.0.12 127.0.0.13; do server_start "$address" 7060 accept; done
    for i in {1..8}; do expect_eq 127.0.0.12=ok "$(ask "walker$i" walk pool.test 7060)" "walk by walker $i"; done
    expect_eq "127.0.0.12 confirmed" "$(pin_of pool.test) $(pin_field pool.test state)" "the pin"
}

# refuse ADDR : TCP to ADDR is refused from now on, though somebody listens on 0.0.0.0.
refuse() {
    nft add table ip test
    nft add chain ip test out '{ type filter hook output priority 0; }'
    nft add rule ip test out ip daddr "$1" tcp flags syn reject with tcp reset
}

@test "two names on one server move together" {
    need nft
    dns_names <(printf '127.0.0.%s\n' "11 a.test" "11 b.test")
    server_start 0.0.0.0 7060 accept
    client_start one shim
    client_start two shim
    expect_eq 127.0.0.11=ok "$(ask one connect a.test 7060)" "a.test"
    expect_eq 127.0.0.11=ok "$(ask two connect b.test 7060)" "b.test"
    dns_names <(printf '127.0.0.%s\n' "12 a.test" "13 b.test")
    expect_eq 127.0.0.11 "$(ask one first a.test)" "a.test with a second address"
    expect_eq 127.0.0.11 "$(ask two first b.test)" "b.test with a second address"
    refuse 127.0.0.11
    expect_eq 127.0.0.11=ECONNREFUSED "$(ask one connect a.test 7060)" "the refusal, met for a.test"
    expect_eq 127.0.0.13 "$(ask two first b.test)" "b.test, in a process that met no refusal"
    expect_eq 127.0.0.12 "$(ask two first a.test)" "a.test, in that process"
}

@test "a pool of 40 fails over, and one that shows 8 of 40 too" {
    local how dead next
    need nft
    server_start 0.0.0.0 7060 accept
    client_start one shim
    for how in all some; do
        if [[ $how == all ]]; then dns_pool all.test 127.0.1.{1..40}
        else dns_scripted some.test 8 8 127.0.2.{1..40}; fi
        dead=$(ask one first $how.test)
        expect_eq "$dead=ok" "$(ask one connect $how.test 7060)" "the first connect"
        refuse "$dead"
        expect_eq "$dead=ECONNREFUSED" "$(ask one connect $how.test 7060)" "the refusal"
        next=$(first_of shim $how.test)
        expect_ne "$dead" "$next" "where a new process is led"
        expect_eq "$next=20" "$(ask one many $how.test 20)" "where 20 more lookups lead"
        expect_eq "$next=ok" "$(ask one connect $how.test 7060)" "a connect there"
    done
}

@test "a refused port 443 of a name confirmed on 7060 moves nothing" {
    local i
    pool 7060
    client_start one shim
    expect_eq 127.0.0.11=ok "$(ask one connect pool.test 7060)" "connect to 7060"
    for i in 1 2 3; do
        expect_eq 127.0.0.11=ECONNREFUSED "$(ask one connect pool.test 443)" "connect $i to 443"
        expect_eq 127.0.0.11 "$(first_of shim pool.test)" "lookup $i by another process"
    done
    expect_eq "127.0.0.11 confirmed 7060" \
        "$(pin_of pool.test) $(pin_field pool.test state) $(pin_field pool.test port)" "the pin"
    expect_eq "true" "$(candidate_field pool.test 127.0.0.11 healthy)" "health as far as pool.test is concerned"
}

@test "a tentative pin moves at a refusal on any port" {
    pool 7060
    client_start one shim
    expect_eq 127.0.0.11=ECONNREFUSED "$(ask one connect pool.test 443)" "connect to 443, nothing confirmed yet"
    expect_eq 127.0.0.12 "$(first_of shim pool.test)" "lookup by another process"
}

# sipp and sipsak use the first address only: one run meets the dead server, the next one does not.
fails_once() { # KIND CMD...
    local kind=$1 address dead status=0
    shift
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    for address in 127.0.0.11 127.0.0.12 127.0.0.13; do server_start "$address" 5060 "$kind"; done
    cd "$BATS_TEST_TMPDIR"
    repeat 3 with_shim "$@" >>"$LOGS/runs.log" 2>&1
    await_hits 3
    dead=$(pin_of pool.test)
    expect_eq 3 "$(server_hits "$dead")" "arrivals at the pin"
    server_stop "$dead" 5060
    with_shim "$@" >>"$LOGS/runs.log" 2>&1 || status=$?
    expect_ne 0 "$status" "exit status of the run that met the dead server"
    hits_reset
    repeat 6 with_shim "$@" >>"$LOGS/runs.log" 2>&1
    await_hits 6
    expect_ne "$dead" "$(pin_of pool.test)" "the pin afterwards"
    expect_eq "6 1" "$(server_hits "$(pin_of pool.test)") $(servers_hit)" "arrivals at it, and servers reached"
}

@test "sipp over TCP fails once, then stays on another server" {
    need sipp kamailio
    fails_once kamailio sipp -sf "$TESTS/sip/options.xml" -t t1 -m 1 -nostdin -timeout 60s -timeout_error \
        -i 127.0.0.1 -p 5070 pool.test
}

@test "sipsak over TCP fails once, then stays on another server" {
    need sipsak kamailio
    fails_once kamailio sipsak -E tcp -s sip:bob@pool.test
}

@test "curl and python do not fail at all, and stay on another server" {
    local address dead mode
    need curl
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    for address in 127.0.0.11 127.0.0.12 127.0.0.13; do server_start "$address" 80 accept; done
    dead=$(with_shim curl -sS http://pool.test/)
    server_stop "$dead" 80
    hits_reset
    repeat 3 with_shim curl -sS --fail http://pool.test/
    for mode in blocking timeout nonblocking asyncio; do
        with_shim /usr/bin/python3 -S "$TESTS/clients/lookup_python.py" "$mode" pool.test 80
    done
    await_hits 7
    expect_ne "$dead" "$(pin_of pool.test)" "the pin afterwards"
    expect_eq "7 1" "$(server_hits "$(pin_of pool.test)") $(servers_hit)" "arrivals at it, and servers reached"
}
