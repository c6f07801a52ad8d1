# DNS is down: names that were looked up before are answered from the table (RFC 8767); a name that DNS
# says does not exist does not.

load ../lib/harness
setup_file() { use_clients lookup_client; }

@test "DNS down: getaddrinfo and gethostbyname go on from the table" {
    local client pin
    client=$(client lookup_client)
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    client_start one shim
    pin=$(ask one first pool.test)
    dns_stop
    expect_eq EAI_AGAIN "$(first_of bare pool.test)" "getaddrinfo, bare"
    expect_eq TRY_AGAIN "$(bare "$client" byname pool.test)" "gethostbyname, bare"
    expect_eq "$pin" "$(ask one first pool.test)" "getaddrinfo in a process that runs already"
    expect_eq "$pin" "$(first_of shim pool.test)" "getaddrinfo in a new process"
    expect_match "^$pin( |$)" "$(with_shim "$client" byname pool.test)" "gethostbyname"
    expect_eq "127.0.0.11 127.0.0.12 127.0.0.13" \
        "$(with_shim "$client" all pool.test | tr ' ' '\n' | sort | xargs)" "all addresses seen before"
}

@test "DNS down: programs connect on, and fail over" {
    local pin next address
    need curl
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    for address in 127.0.0.11 127.0.0.12 127.0.0.13; do server_start "$address" 80 accept; done
    pin=$(with_shim curl -sS http://pool.test/)
    dns_stop
    expect_status 6 bare curl -sS http://pool.test/
    expect_eq "$pin" "$(with_shim curl -sS http://pool.test/)" "who answered curl with DNS down"
    server_stop "$pin" 80
    next=$(with_shim curl -sS http://pool.test/)
    expect_ne "$pin" "$next" "who answered curl with DNS and the pinned server down"
    expect_eq "$next" "$(first_of shim pool.test)" "lookup afterwards"
}

@test "DNS down: a name never seen fails as ever" {
    dns_pool pool.test 127.0.0.11
    first_of shim pool.test
    dns_stop
    expect_eq EAI_AGAIN "$(first_of shim never.test)" "getaddrinfo"
    expect_eq TRY_AGAIN "$(with_shim "$(client lookup_client)" byname never.test)" "gethostbyname"
}

# Questions that went out to DNS, answered or not.
asked() { nft -j list counters table ip dns | jq -r '.nftables[].counter? // empty | .packets'; }

# dnsmasq is stopped, not gone: each question costs its time-out.
@test "DNS silent: one lookup waits for it, those of the next 30 s do not" {
    local before
    need nft
    echo 'options timeout:1 attempts:1' >>/etc/resolv.conf
    dns_pool pool.test 127.0.0.11 127.0.0.12
    client_start one shim
    ask one first pool.test
    kill -STOP "$DNS_PID"
    nft -f - <<-'EOF'
	table ip dns {
	    counter asked { }
	    chain out { type filter hook output priority 0; ip daddr 127.0.0.54 udp dport 53 counter name asked; }
	}
	EOF
    expect_match '^127\.0\.0\.1[12]$' "$(ask one first pool.test)" "the lookup that waits"
    before=$(asked)
    expect_ge 1 "$before" "questions of the lookup that waits"
    expect_match '^127\.0\.0\.1[12]=100$' "$(ask one many pool.test 100)" "the next 100 lookups"
    expect_eq "$before" "$(asked)" "questions after the next 100 lookups"
}

@test "DNS back: it is asked again" {
    dns_pool pool.test 127.0.0.11
    client_start one shim
    ask one first pool.test
    dns_stop
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "with DNS down"
    dns_write other.test 127.0.0.12
    dns_start
    expect_eq 127.0.0.12 "$(ask one first other.test)" "another name, with DNS back"
}

@test "NXDOMAIN and NODATA pass through, the pin untouched" {
    local client
    client=$(client lookup_client)
    dns_pool pool.test 127.0.0.11
    expect_eq 127.0.0.11 "$(first_of shim pool.test)" "lookup"
    dns_change pool.test                                    # no address at all: NXDOMAIN
    expect_eq EAI_NONAME "$(first_of shim pool.test)" "getaddrinfo of a name that is gone"
    expect_eq HOST_NOT_FOUND "$(with_shim "$client" byname pool.test)" "gethostbyname of it"
    expect_eq 127.0.0.11 "$(pin_of pool.test)" "the pin of the name that is gone"
    dns_change pool.test 2001:db8::1                        # an AAAA only: NODATA for IPv4
    expect_eq "$(first_of bare pool.test)" "$(first_of shim pool.test)" "IPv4 lookup of a name with IPv6 only"
    expect_eq 127.0.0.11 "$(pin_of pool.test)" "the IPv4 pin of a name with IPv6 only"
    dns_change pool.test 127.0.0.12 127.0.0.11
    expect_eq 127.0.0.11 "$(first_of shim pool.test)" "lookup when the name is back"
}

@test "DNS down: the families keep the order that libc gave them" {
    local up
    dns_pool dual.test 127.0.0.11 127.0.0.12 2001:db8::11 2001:db8::12
    up=$(with_shim getent ahosts dual.test | awk '$2 == "STREAM" { print $1 ~ /:/ ? 6 : 4 }' | xargs)
    dns_stop
    expect_eq "$up" "$(with_shim getent ahosts dual.test | awk '$2 == "STREAM" { print $1 ~ /:/ ? 6 : 4 }' | xargs)" \
        "families in the order of the answer"
}

@test "a process without descriptors is answered from the table, and the others still ask DNS" {
    dns_pool pool.test 127.0.0.11
    with_shim getent ahostsv4 pool.test >/dev/null
    expect_eq 127.0.0.11 "$(with_shim /usr/bin/python3 -S -c 'import resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
socket.getaddrinfo("localhost", 1)
held = []
try:
    while True: held.append(open("/dev/null"))
except OSError: pass
print(socket.getaddrinfo("pool.test", 80)[0][4][0])')" "what the process without descriptors gets"
    settings 'default { absent = follow }'
    dns_change pool.test 127.0.0.12
    expect_eq 127.0.0.12 "$(with_shim getent ahostsv4 pool.test | awk 'NR == 1 { print $1 }')" "what another process gets"
}

# nscd answers "no such name" when DNS does not answer; cached names are made to be forgotten.
@test "nscd, and DNS down: the table answers; a name that is gone is gone" {
    need nscd
    mkdir -p /run/nscd
    dns_pool pool.test 127.0.0.11
    printf 'enable-cache hosts yes\npositive-time-to-live hosts 60\nnegative-time-to-live hosts 0\n' >"$BATS_TEST_TMPDIR/nscd.conf"
    nscd -F -f "$BATS_TEST_TMPDIR/nscd.conf" >"$LOGS/nscd.log" 2>&1 3>&- 4>&- &
    await 20 "nscd's socket" test -S /run/nscd/socket
    expect_eq 127.0.0.11 "$(first_of shim pool.test)" "with DNS up"
    dns_change pool.test
    nscd -f "$BATS_TEST_TMPDIR/nscd.conf" -i hosts
    expect_eq "EAI_NONAME EAI_NONAME" "$(first_of bare pool.test) $(first_of shim pool.test)" "a name that is gone, bare and shimmed"
    expect_eq HOST_NOT_FOUND "$(with_shim "$(client lookup_client)" byname pool.test)" "the same by gethostbyname"
    dns_stop
    nscd -f "$BATS_TEST_TMPDIR/nscd.conf" -i hosts
    expect_eq EAI_NONAME "$(first_of bare pool.test)" "DNS down, bare"
    expect_eq 127.0.0.11 "$(with_shim "$(client lookup_client)" byname pool.test)" "DNS down, gethostbyname"
    expect_eq "127.0.0.11 127.0.0.11" "$(first_of shim pool.test) $(first_of shim pool.test)" "DNS down, getaddrinfo, twice"
    expect_eq EAI_NONAME "$(first_of shim never.test)" "DNS down, a name never seen"
}
