# serve = on: a lookup is answered from the table, and DNS not asked, while the TTL runs that a raw answer or
# pinctl refresh has shown. getaddrinfo itself tells none.

load ../lib/harness
setup_file() { use_clients lookup lookup_client raw; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

# Questions that dnsmasq saw from now on.
asked() { grep -c 'query\[' "$LOGS/dnsmasq.log" || true; }

serve_up() {
    DNS_TTL=$1 DNS_OPTIONS+=(--log-queries)
    dns_pool pool.test $POOL
    settings 'default { serve = on }'
}

@test "a TTL from a raw answer: getaddrinfo and gethostbyname do not ask DNS" {
    local pin before
    serve_up 60
    pin=$(with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }')
    before=$(asked)
    with_shim "$(client lookup)" -4 pool.test >/dev/null
    expect_ge $((before + 1)) "$(asked)" "questions, while no TTL is known"
    with_shim "$(client raw)" send pool.test 1 >/dev/null
    before=$(asked)
    expect_eq "$pin" "$(repeat 5 with_shim "$(client lookup)" -4 pool.test | awk '{ print $1 }' | sort -u)" "getaddrinfo"
    expect_eq "$pin" "$(with_shim "$(client lookup_client)" byname pool.test | awk '{ print $1 }')" "gethostbyname"
    expect_eq "$before" "$(asked)" "questions after them"
    with_shim getent ahosts pool.test >/dev/null
    expect_ge $((before + 1)) "$(asked)" "questions by getent, which wants IPv6 too"
}

@test "pinctl refresh shows the TTL of both families" {
    local before
    serve_up 60
    with_shim getent ahosts pool.test >/dev/null
    pinctl refresh pool.test
    before=$(asked)
    expect_eq "$POOL" "$(with_shim getent ahosts pool.test | awk '$2 == "STREAM" { print $1 }' | sort | xargs)" "addresses"
    expect_eq "$before" "$(asked)" "questions"
}

@test "when the TTL is over DNS is asked" {
    local before
    serve_up 1
    with_shim "$(client raw)" send pool.test 1 >/dev/null
    before=$(asked)
    is_asked() { with_shim "$(client lookup)" -4 pool.test >/dev/null; (($(asked) > before)); }
    await "a question when the TTL of 1 s is over" is_asked
}

@test "serve = off, the default: DNS is asked each time" {
    local before
    DNS_TTL=60 DNS_OPTIONS+=(--log-queries)
    dns_pool pool.test $POOL
    with_shim "$(client raw)" send pool.test 1 >/dev/null
    before=$(asked)
    with_shim "$(client lookup)" -4 pool.test >/dev/null
    expect_eq $((before + 1)) "$(asked)" "questions"
}
