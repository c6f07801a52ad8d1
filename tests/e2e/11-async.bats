# getaddrinfo_a: looked up by libc's own threads, led by the pin when the program learns of the result.

load ../lib/harness
setup_file() { use_clients async lookup; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

async() { local how=$1; shift; $how "$(client async)" "$@"; }

@test "getaddrinfo_a: waiting, suspended, polled, told by a thread" {
    local way seen pin
    dns_pool pool.test $POOL
    expect_eq 3 "$(repeat 6 async bare wait pool.test | awk '{ print $1 }' | spread)" "first addresses, bare"
    pin=$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')
    for way in wait suspend poll thread; do
        seen=$(repeat 4 async with_shim $way pool.test)
        expect_eq "$pin" "$(awk '{ print $1 }' <<<"$seen" | sort -u)" "first addresses, $way"
        expect_eq "$POOL" "$(head -n 1 <<<"$seen" | tr ' ' '\n' | sort | xargs)" "all addresses, $way"
    done
}

@test "getaddrinfo_a: it captures the pin, and others follow" {
    local first
    dns_pool pool.test $POOL
    first=$(async with_shim suspend pool.test | awk '{ print $1 }')
    expect_eq "$first" "$(pin_of pool.test)" "the pin"
    expect_eq "$first" "$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')" "getaddrinfo after it"
}

@test "getaddrinfo_a: many names at once, asked by four threads" {
    local names=() pins i
    for i in {1..40}; do names+=("pool$i.test"); done
    for i in "${names[@]}"; do printf '%s\n' "127.0.0.11 $i" "127.0.0.12 $i" "127.0.0.13 $i"; done >"$BATS_TEST_TMPDIR/many"
    dns_names "$BATS_TEST_TMPDIR/many"
    pins=$(async with_shim threads "${names[@]}" | awk '{ print $1, NF }')
    expect_eq 40 "$(grep -c ' 3$' <<<"$pins")" "names with all three addresses"
    for i in 1 2 3; do
        expect_eq "$pins" "$(async with_shim threads "${names[@]}" | awk '{ print $1, NF }')" "pins of 40 names, run $i"
    done
}

@test "getaddrinfo_a: DNS down, it goes on from the table; a name never seen fails as ever" {
    local pin way
    dns_pool pool.test $POOL
    pin=$(async with_shim wait pool.test | awk '{ print $1 }')
    dns_stop
    expect_match "^error: Temporary failure" "$(async bare wait pool.test)" "bare"
    for way in wait suspend poll threads; do
        expect_eq "$pin" "$(async with_shim $way pool.test | awk '{ print $1 }')" "first address, $way"
    done
    expect_match "^error: Temporary failure" "$(async with_shim suspend never.test)" "a name never seen"
}

@test "getaddrinfo_a: no such name, and a number" {
    dns_pool pool.test $POOL
    expect_eq "$(async bare suspend nothing.test 192.0.2.7)" "$(async with_shim suspend nothing.test 192.0.2.7)" "both"
    expect_match "^error: Name or service not known" "$(async with_shim wait nothing.test)" "no such name"
}

# Questions that dnsmasq saw so far.
asked() { grep -c 'query\[' "$LOGS/dnsmasq.log" || true; }

# pool.test comes from the table, in each way, and DNS hears nothing; a name beside it comes from DNS.
expect_unasked() {
    local pin=$1 before way
    before=$(asked)
    for way in wait suspend poll thread threads; do
        expect_eq "$pin" "$(async with_shim $way pool.test | awk '{ print $1 }')" "first address, $way"
    done
    expect_eq "$before" "$(asked)" "questions after them"
    for way in wait suspend poll thread threads; do
        expect_eq "$pin 127.0.0.9" "$(async with_shim $way pool.test other.test | awk '{ print $1 }' | xargs)" "beside another name, $way"
    done
    expect_eq $((before + 10)) "$(asked)" "questions after them, two for the other name each time"
}

@test "getaddrinfo_a: DNS is not asked for a name for which it failed of late" {
    local pin
    DNS_OPTIONS+=(--log-queries)
    dns_write other.test 127.0.0.9
    dns_pool pool.test $POOL
    pin=$(async with_shim wait pool.test | awk '{ print $1 }')
    dns_stop
    expect_eq "$pin" "$(async with_shim poll pool.test | awk '{ print $1 }')" "first address when DNS fails"
    dns_start
    expect_unasked "$pin"
}

@test "getaddrinfo_a: serve = on, DNS is not asked while the TTL runs" {
    local pin
    DNS_TTL=60 DNS_OPTIONS+=(--log-queries)
    dns_write other.test 127.0.0.9
    dns_pool pool.test $POOL
    settings 'default { serve = on }'
    pin=$(async with_shim wait pool.test | awk '{ print $1 }')
    pinctl refresh pool.test
    expect_unasked "$pin"
}
