# Programs that read DNS answers themselves: from res_query and its kin, and from port 53. Their answers
# are put in the pin's order where they lie, and share the pin with programs that use getaddrinfo.

load ../lib/harness
setup_file() {
    use_clients raw lookup_client lookup
    use_libraries libslow
}

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

# The first addresses of six answers got in one way, and how many different ones there are.
firsts() { awk '{ sub("/.*", "", $1); print $1 }' <<<"$1"; }
raw_firsts() { firsts "$("$1" "$(client raw)" "$2" "$3" 6)"; }

# stays WAY : bare its answers rotate, shimmed they lead to the pin that getaddrinfo set.
stays() {
    local seen pin
    dns_pool pool.test $POOL
    expect_eq 3 "$(raw_firsts bare "$1" pool.test | spread)" "addresses that $1 led to, bare"
    pin=$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')
    seen=$(with_shim "$(client raw)" "$1" pool.test 6)
    expect_eq "$pin" "$(firsts "$seen" | sort -u)" "what $1 led to with the shim"
    expect_eq "$POOL" "$(tail -n 1 <<<"$seen" | tr ' ' '\n' | sed 's,/.*,,' | sort | xargs)" "addresses of an answer"
}

@test "res_query" { stays res_query; }
@test "res_search" { stays res_search; }
@test "res_querydomain" { stays res_querydomain; }
@test "res_send" { stays res_send; }
@test "res_nquery, res_nsearch, res_nquerydomain, res_nsend" {
    local way
    for way in res_nquery res_nsearch res_nquerydomain res_nsend; do stays $way; done
}
@test "res_query by its name of before glibc 2.34" { stays __res_query; }
@test "own packets: send and recv" { stays send; }
@test "own packets: write and read" { stays write; }
@test "own packets: sendto and recvfrom" { stays sendto; }
@test "own packets: sendmsg and recvmsg" { stays sendmsg; }
@test "own packets: sendmmsg and recvmmsg" { stays sendmmsg; }
@test "own packets: MSG_PEEK first" { stays peek; }
@test "own packets: a query sent, and an answer received, in three pieces" { stays pieces; }
@test "own packets: several questions under way, of ids that agree but for one byte" { stays burst; }

@test "own packets: the answer comes to one thread before the send is over in another" {
    SHIM_ENV[0]+=:$(library libslow)
    stays threads
}

@test "IPv6 answers" {
    local pin
    dns_pool six.test 2001:db8::11 2001:db8::12 2001:db8::13
    expect_eq 3 "$(firsts "$(bare "$(client raw)" res_query six.test 6 AAAA)" | spread)" "addresses, bare"
    pin=$(with_shim "$(client lookup)" -6 six.test | awk '{ print $1 }')
    expect_eq "$pin" "$(firsts "$(with_shim "$(client raw)" sendto six.test 6 AAAA)" | sort -u)" "addresses, shimmed"
}

@test "a raw answer captures the pin, and getaddrinfo follows" {
    local first
    dns_pool pool.test $POOL
    first=$(with_shim "$(client raw)" sendto pool.test 1)
    expect_eq "$(firsts "$first")" "$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')" "getaddrinfo after it"
    expect_eq "$(firsts "$first")" "$(pin_of pool.test)" "the pin"
}

@test "after a failure raw answers lead elsewhere" {
    local pin
    dns_pool pool.test $POOL
    pin=$(firsts "$(with_shim "$(client raw)" res_query pool.test 1)")
    pinctl fail pool.test "$pin"
    expect_ne "$pin" "$(raw_firsts with_shim res_query pool.test | sort -u)" "what it leads to after the failure"
    expect_eq 1 "$(raw_firsts with_shim sendto pool.test | spread)" "addresses after the failure"
}

@test "TTLs stay; with answer = only every record carries the pin for at most 30 s" {
    local seen pin
    dns_pool pool.test $POOL
    printf 'host "only.test" {\n answer = only\n}\n' >"$BATS_TEST_TMPDIR/conf"
    dns_pool only.test $POOL
    pinctl reload "$BATS_TEST_TMPDIR/conf"
    expect_eq "$(bare "$(client raw)" res_query pool.test 1 | grep -o '/[0-9]*' | sort -u)" \
        "$(with_shim "$(client raw)" res_query pool.test 1 | grep -o '/[0-9]*' | sort -u)" "TTLs"
    seen=$(with_shim "$(client raw)" res_query only.test 4 | tr ' ' '\n' | sort -u)
    pin=$(pin_of only.test)
    expect_match "^$pin/[0-9]+$" "$seen" "the one record that is left"
    expect_eq 1 "$(wc -l <<<"$seen")" "different records with answer = only"
    expect_le 30 "${seen#*/}" "its TTL"
    expect_ge 1 "${seen#*/}" "its TTL"
}

@test "an answer that was not asked for, and another question's, teach nothing" {
    dns_pool pool.test $POOL
    with_shim "$(client raw)" res_query nothing.test 1
    expect_eq "" "$(pinctl list 2>/dev/null)" "pins after NXDOMAIN"
    bare "$(client raw)" sendto pool.test 1
    expect_eq "" "$(pinctl list 2>/dev/null)" "pins after a bare program's answer"
}

@test "dns-ports: another port than 53, over UDP and TCP" {
    local way pin
    export DNS_PORT=5533
    dns_pool pool.test $POOL
    with_shim "$(client raw)" send pool.test 1 >/dev/null
    expect_eq "" "$(pinctl list 2>/dev/null)" "pins by way of a port that is not named"
    settings 'default { dns-ports = { 5532, 5533 } }'
    with_shim "$(client raw)" send pool.test 1 >/dev/null
    pin=$(pin_of pool.test)
    for way in send sendto sendmmsg tcp tcp-late; do
        expect_eq "$pin" "$(raw_firsts with_shim $way pool.test | sort -u)" "what $way led to"
    done
}

# unseen WAY : as `stays`, on a socket that the program inherited.
unseen() {
    local pin
    dns_pool pool.test $POOL
    pin=$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')
    expect_eq "$pin" "$(firsts "$(with_shim /usr/bin/python3 -S "$TESTS/clients/unseen.py" "$1" "$(client raw)" pool.test 6)" | sort -u)" \
        "what a program led to that inherited its socket, $1"
}

@test "an inherited socket: connected before, connected by the program, unconnected" {
    local way
    for way in connected send sendto sendmsg sendmmsg; do unseen $way; done
}
