# Whatever DNS shows, all processes that look a name up together agree on one address.

load ../lib/harness
setup_file() { use_clients lookup_client; }

# eight bare|shim HOST N : N lookups in each of 8 processes started together, as lines of ADDRESS COUNT,
# a line for each address and process.
eight() {
    local i
    for i in {1..8}; do client_start "$1$i" "$1"; done
    for i in {1..8}; do tell "$1$i" many "$2" "$3"; done
    for i in {1..8}; do hear "$1$i"; done | tr ' ' '\n' | tr '=' ' '
    for i in {1..8}; do client_stop "$1$i"; done
}

different() { awk '{ print $1 }' <<<"$1" | spread; }
lookups() { awk '{ n += $2 } END { print n }' <<<"$1"; }

# agree HOST LEAST [N] : bare at least LEAST addresses are seen first, shimmed exactly one.
agree() {
    local seen n=${3:-200}
    seen=$(eight bare "$1" "$n")
    expect_eq $((8 * n)) "$(lookups "$seen")" "lookups without the shim"
    expect_ge "$2" "$(different "$seen")" "addresses they led to without the shim"
    seen=$(eight shim "$1" "$n")
    expect_eq $((8 * n)) "$(lookups "$seen")" "lookups with the shim"
    expect_eq 1 "$(different "$seen")" "addresses they led to with the shim ($(tr '\n' ' ' <<<"$seen"))"
    expect_match '^127\.0\.' "$seen" "what they led to with the shim"
    expect_eq "${seen%% *}" "$(pin_of "$1")" "the pin that pinctl shows"
}

@test "8 processes agree on one of 3 rotating addresses" {
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    agree pool.test 3
}

@test "8 processes agree on one of 16 rotating addresses" {
    dns_pool pool.test 127.0.1.{1..16}
    agree pool.test 12
}

# 40 addresses do not fit into 512 bytes: the resolver asks again over TCP for each lookup, with a process of dnsmasq each.
@test "8 processes agree on one of 40 rotating addresses" {
    dns_pool pool.test 127.0.1.{1..40}
    agree pool.test 24 40
}

# Five windows that share no address: four answers of five do not hold the pin at all.
@test "8 processes agree when each answer shows 8 of 40 addresses" {
    dns_scripted pool.test 8 8 127.0.1.{1..40}
    agree pool.test 5
}

# A second program, started later, and the other call of libc follow the pin that the first one set.
@test "getaddrinfo, gethostbyname and a process started later agree" {
    local first i
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    expect_eq 3 "$(repeat 6 bare "$(client lookup_client)" byname pool.test | spread)" "orders of gethostbyname, bare"
    first=$(first_of shim pool.test)
    for i in {1..6}; do
        expect_eq "$first" "$(first_of shim pool.test)" "lookup $i by getaddrinfo"
        expect_match "^$first " "$(with_shim "$(client lookup_client)" byname pool.test)" "by gethostbyname"
        expect_eq "$first" "$(with_shim getent ahostsv4 POOL.test. | awk 'NR == 1 { print $1 }')" "POOL.test."
    done
}

@test "no address is left out, and bare order is kept behind the pin" {
    local client seen
    client=$(client lookup_client)
    dns_scripted pool.test 5 0 127.0.0.{11..15}
    expect_eq "127.0.0.11 127.0.0.12 127.0.0.13 127.0.0.14 127.0.0.15" "$(bare "$client" all pool.test)" "bare"
    pinctl init
    pinctl set pool.test 127.0.0.13
    seen=$(with_shim "$client" all pool.test)
    expect_eq "127.0.0.13 127.0.0.11 127.0.0.12 127.0.0.14 127.0.0.15" "$seen" "pinned to .13"
}

@test "STICKYDNS=off and STICKYDNS_NAMES leave names alone" {
    local client
    client=$(client lookup_client)
    dns_names <(printf '%s\n' 127.0.0.1{1..3}" pool.test" 127.0.0.1{1..3}" other.test")
    expect_eq 3 "$(repeat 6 with_shim env STICKYDNS=off "$client" first pool.test | spread)" "STICKYDNS=off"
    expect_eq "" "$(pin_of pool.test)" "pin after lookups with STICKYDNS=off"
    SHIM_ENV+=("STICKYDNS_NAMES=*ool.test")
    expect_eq 1 "$(repeat 6 with_shim "$client" first pool.test | spread)" "a name that is listed"
    expect_eq 3 "$(repeat 6 with_shim "$client" first other.test | spread)" "a name that is not listed"
}

@test "each family of a dual-stack name has a pin, and libc's order of families stays" {
    local client
    client=$(client lookup_client)
    families() { "$@" getent ahosts pool.test | awk '/STREAM/ { print $1 ~ /:/ ? 6 : 4 }' | xargs; }
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13 2001:db8::11 2001:db8::12 2001:db8::13
    expect_eq 3 "$(repeat 6 bare "$client" first6 pool.test | spread)" "IPv6 addresses, bare"
    expect_eq 1 "$(repeat 6 with_shim "$client" first6 pool.test | spread)" "IPv6 addresses with the shim"
    expect_eq 1 "$(repeat 6 with_shim "$client" first pool.test | spread)" "IPv4 addresses with the shim"
    expect_match '^2001:db8::1[123]$' "$(pin_of pool.test inet6)" "the IPv6 pin"
    expect_match '^127\.0\.0\.1[123]$' "$(pin_of pool.test)" "the IPv4 pin"
    expect_eq "$(families bare)" "$(families with_shim)" "families in the order of the answer"
}

@test "programs with tables of their own have pins of their own" {
    local client
    client=$(client lookup_client)
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    expect_eq 1 "$(repeat 6 first_of shim pool.test | spread)" "addresses in the first table"
    TABLE=/dev/shm/other
    shim_setup
    pinctl init
    pinctl set pool.test 127.0.0.20
    expect_eq 127.0.0.20 "$(first_of shim pool.test)" "lookup in the second table"
    TABLE=/dev/shm/table
    shim_setup
    expect_ne 127.0.0.20 "$(first_of shim pool.test)" "lookup in the first table"
}

# What is regarded ends at 64 addresses; the pin may lie behind them.
@test "a pool of 300: the pin in front, and every address once" {
    local seen
    dns_scripted pool.test 300 1 127.0.{1..3}.{1..100}
    with_shim "$(client lookup_client)" first pool.test >/dev/null
    for _ in 1 2 3; do
        seen=$(with_shim getent ahostsv4 pool.test | awk '$2 == "STREAM" { print $1 }')
        expect_eq 300 "$(wc -l <<<"$seen")" "addresses in the answer"
        expect_eq "" "$(sort <<<"$seen" | uniq -d)" "addresses that are there twice"
        expect_eq "$(pin_of pool.test)" "$(head -n 1 <<<"$seen")" "the first"
    done
}
