# Equality: over a matrix of arguments, good and bad, the calls return with the shim what they return
# without it; lists as sets, since their order is what the shim is for.

load ../lib/harness
setup_file() { use_clients matrix calls lookup; }

NAMES=(pool4.test pool6.test dual.test single.test alias.test nodata.test nx.test pool4.test. POOL4.Test
    localhost localhost. 127.0.0.1 ::1 ::ffff:127.0.0.1 fe80::1%lo 127.1 0x7f000001 1.2.3.4.5
    -bad-.test under_score.test a..b . 'sp ace.test' ümlaut.test)

# A dnsmasq with every kind of answer: pools of each family, an alias, a name without addresses, none.
dns_of_all_kinds() {
    cat >"$BATS_TEST_TMPDIR/dns-hosts" <<-'EOF'
	127.0.0.11 pool4.test
	127.0.0.12 pool4.test
	127.0.0.13 pool4.test
	2001:db8::11 pool6.test
	2001:db8::12 pool6.test
	127.0.0.11 dual.test
	127.0.0.12 dual.test
	2001:db8::11 dual.test
	2001:db8::12 dual.test
	127.0.0.14 single.test
	127.0.0.15 under_score.test
	EOF
    dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --pid-file= --no-resolv --no-hosts \
        --addn-hosts="$BATS_TEST_TMPDIR/dns-hosts" --local=/#/ --cname=alias.test,pool4.test \
        --txt-record=nodata.test,text --listen-address=127.0.0.54 --bind-interfaces \
        >>"$LOGS/dnsmasq.out" 2>&1 3>&- 4>&- &
    DNS_PID=$!
    await "dnsmasq answering on 127.0.0.54:53" port_open udp 127.0.0.54 53
}

# same WHAT FILE FILE : a diff says which calls differ.
same() {
    diff -u "$2" "$3" >"$BATS_TEST_TMPDIR/diff" ||
        { echo "$1: expected ($2) and seen ($3) differ:"; grep -a '^[-+]' "$BATS_TEST_TMPDIR/diff" | head -n 40; return 1; }
}

# resolver_equal PART : bare twice (else the test says nothing), an empty table, the same table warm.
resolver_equal() {
    local part=$1 out=$BATS_TEST_TMPDIR/matrix-$1
    rm -f "$TABLE"
    bare "$(client matrix)" "$part" "${NAMES[@]}" >"$out-bare"
    bare "$(client matrix)" "$part" "${NAMES[@]}" >"$out-bare-again"
    same "$part bare, run twice" "$out-bare" "$out-bare-again"
    with_shim "$(client matrix)" "$part" "${NAMES[@]}" >"$out-empty" 2>"$out-stderr"
    same "$part with the shim and an empty table" "$out-bare" "$out-empty"
    with_shim "$(client matrix)" "$part" "${NAMES[@]}" >"$out-warm" 2>>"$out-stderr"
    same "$part with the shim and a warm table" "$out-bare" "$out-warm"
    expect_eq "" "$(cat "$out-stderr")" "on stderr"
    expect_ge "${2:-1000}" "$(grep -c '' "$out-bare")" "calls compared"
}

@test "getaddrinfo: hints x families x types x flags x services x names" {
    dns_of_all_kinds
    resolver_equal gai 20000
    expect_ne "" "$(pin_of pool4.test)" "pin of pool4.test after all that"
    expect_ne "" "$(pin_of pool6.test inet6)" "pin of pool6.test after all that"
    expect_eq "" "$(pinctl list --json | jq -r '.[].name' | grep -E '^(localhost|[0-9.]+$|0x|::|$)' || true)" \
        "local or numeric names in the table"
}

@test "getaddrinfo with AI_ADDRCONFIG on a host without IPv6, and with loopback alone" {
    dns_of_all_kinds
    ip addr del 2001:db8::1/128 dev lo
    resolver_equal quick
    ip addr del 192.0.2.1/32 dev lo
    resolver_equal quick
}

@test "gethostbyname, gethostbyname2 and both _r forms, buffers of every size" {
    dns_of_all_kinds
    resolver_equal hostent
    expect_eq "" "$(grep OVERRUN "$BATS_TEST_TMPDIR/matrix-hostent-warm" || true)" "writes past the buffer"
}

@test "the resolver's errors with DNS down and an empty table" {
    resolver_equal quick
}

# Where DNS had an answer the table gives the same; where it had none there is none either.
@test "with DNS down, answers from the table are what DNS said" {
    local part out names=(pool4.test pool6.test dual.test single.test pool4.test. POOL4.Test)
    dns_of_all_kinds
    SHIM_LOG=
    shim_setup
    # A buffer of less than 1024 bytes is libc's to judge.
    for part in gai hostent; do
        with_shim "$(client matrix)" "$part" "${names[@]}" | grep -avE 'size[0-9]{1,3}\+' >"$BATS_TEST_TMPDIR/$part-up"
    done
    kill "$DNS_PID"
    wait "$DNS_PID" || true
    for part in gai hostent; do
        out=$BATS_TEST_TMPDIR/$part
        with_shim "$(client matrix)" "$part" "${names[@]}" | grep -avE 'size[0-9]{1,3}\+' >"$out-down"
        grep -a '\[' "$out-up" >"$out-up-answers"
        grep -a '\[' "$out-down" >"$out-down-answers"
        expect_ge 30 "$(grep -c '' "$out-up-answers")" "answers of $part compared"
        same "$part from the table" "$out-up-answers" "$out-down-answers"
    done
}

@test "all the same with STICKYDNS=off, and nothing is made" {
    dns_of_all_kinds
    SHIM_ENV+=(STICKYDNS=off)
    resolver_equal quick
    expect_eq "" "$(ls /dev/shm)" "files in /dev/shm"
}

@test "connect, getsockopt, close, dup, fcntl, close_range, accept: results, errno, flags, open descriptors" {
    local out=$BATS_TEST_TMPDIR/calls
    dns_pool one.test 127.0.0.11
    server_start 127.0.0.11 5060 accept
    bare "$(client calls)" one.test 5060 5999 >"$out-bare"
    bare "$(client calls)" one.test 5060 5999 >"$out-bare-again"
    same "bare, run twice" "$out-bare" "$out-bare-again"
    with_shim "$(client calls)" one.test 5060 5999 >"$out-empty"
    same "with the shim and an empty table" "$out-bare" "$out-empty"
    with_shim "$(client calls)" one.test 5060 5999 >"$out-warm"
    same "with the shim and a warm table" "$out-bare" "$out-warm"
    expect_ge 150 "$(grep -c '' "$out-bare")" "calls compared"
}

@test "a lookup and connects leave the same descriptors open, started with none at all" {
    local out=$BATS_TEST_TMPDIR/none
    dns_pool one.test 127.0.0.11
    bare "$(client lookup)" one.test 2>&1 >"$out-bare" <&- || true
    with_shim "$(client lookup)" one.test 2>&1 >"$out-shim" <&- || true
    same "with stdin closed" "$out-bare" "$out-shim"
    # The table must not be found under number 1 or 2, where a program prints.
    bare sh -c "exec '$(client lookup)' one.test >&- 2>&-" || true
    with_shim sh -c "exec '$(client lookup)' one.test >&- 2>&-" || true
    expect_eq 1 "$(pinctl list --json | jq length)" "names in the table after a program without stdout"
}
