# The harness itself: the sandbox is one, the DNS pool rotates, the servers count.

load ../lib/harness
setup_file() { use_clients lookup_client; }

@test "a test has a machine of its own" {
    expect_eq 1 "$$" "pid of the test's shell in its own pid namespace"
    expect_eq 0 "$(ls /dev/shm | wc -l)" "files in the private /dev/shm"
    expect_eq "nameserver 127.0.0.54" "$(head -n 1 /etc/resolv.conf)" "first line of resolv.conf"
}

@test "dnsmasq rotates, follows a change and can be stopped" {
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    expect_eq 3 "$(repeat 6 first_of bare pool.test | spread)" "first addresses seen"
    dns_change pool.test 127.0.0.14
    expect_eq 127.0.0.14 "$(first_of bare pool.test)" "address after the change"
    expect_eq EAI_NONAME "$(first_of bare nope.test)" "a name that does not exist"
    dns_stop
    expect_eq EAI_AGAIN "$(first_of bare pool.test)" "with DNS stopped"
    dns_start
    expect_eq 127.0.0.14 "$(first_of bare pool.test)" "with DNS running again"
}

@test "the scripted server shows a part, or a fixed order" {
    dns_scripted pool.test 2 2 127.0.0.11 127.0.0.12 127.0.0.13 127.0.0.14
    expect_eq 2 "$(bare "$(client lookup_client)" all pool.test | wc -w)" "addresses in one answer"
    expect_eq 2 "$(repeat 6 bare "$(client lookup_client)" all pool.test | spread)" "different answers"
    dns_scripted pool.test 3 0 127.0.0.11 127.0.0.12 127.0.0.13
    expect_eq 1 "$(repeat 6 bare "$(client lookup_client)" all pool.test | spread)" "different answers"
}

@test "each kind of server starts, counts, stops and starts again" {
    local kind again
    for kind in accept uas-udp uas-tcp kamailio; do
        for again in 1 2; do
            server_start 127.0.0.11 5060 "$kind"
            case $kind in
            accept) bare curl -s http://127.0.0.11:5060/ ;;
            uas-udp) bare sipsak -s sip:bob@127.0.0.11 ;;
            *) bare sipsak -E tcp -s sip:bob@127.0.0.11 ;;
            esac
            await "arrival number $again at $kind" hits_are "$again"
            server_stop 127.0.0.11 5060
        done
        hits_reset
    done
}

hits_are() { (($(server_hits 127.0.0.11) == $1)); }

@test "a client is driven line by line" {
    dns_pool pool.test 127.0.0.11
    client_start one bare
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "answer to: first"
    expect_eq 127.0.0.11=ECONNREFUSED "$(ask one connect pool.test 5060)" "answer to: connect"
    client_stop one
}
