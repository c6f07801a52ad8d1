# What it means to put an address in front that libc did not return, for each kind of question.

load ../lib/harness
setup_file() { use_clients lookup matrix; }

# lines of: lookup OPTIONS... HOST
asked() { with_shim "$(client lookup)" "$@"; }

families() { tr ' ' '\n' | sed 's/.*:.*/6/; s/.*\..*/4/' | uniq | xargs; }

as_set() { tr ' ' '\n' | sort | xargs; }

@test "an explicit IPv4 pin outside DNS: in front, all others after it, canonical name kept" {
    local how
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pinctl set pool.test 127.0.0.99
    for how in "" "-f ghbn" "-f ghbn2" "-f ghbn_r"; do
        expect_eq 127.0.0.99 "$(asked -4 $how pool.test | cut -d' ' -f1)" "first address ($how)"
        expect_eq "127.0.0.11 127.0.0.12 127.0.0.99" "$(asked -4 $how pool.test | as_set)" "all addresses ($how)"
    done
    expect_eq "pool.test 127.0.0.99" "$(asked -4 -c pool.test | cut -d' ' -f1,2)" "canonical name and first address"
    expect_eq 1 "$(asked -4 -c pool.test | grep -o pool.test | grep -c '')" "canonical names"
}

@test "an explicit pin's nodes are as the others: types, protocols, ports, flags, length" {
    dns_pool pool.test 127.0.0.11
    pinctl set pool.test 127.0.0.99
    with_shim "$(client matrix)" gai pool.test | grep -a '^gai pool\.test' >"$BATS_TEST_TMPDIR/seen"
    # Where libc's node for .11 stands, one for .99 stands too, and nowhere else.
    awk '/ rc=0 / { a = gsub(/127\.0\.0\.11/, "X"); b = gsub(/127\.0\.0\.99/, "X"); if (a != b) { print; bad = 1 } }
        END { exit bad }' "$BATS_TEST_TMPDIR/seen" >"$BATS_TEST_TMPDIR/odd" ||
        { echo "answers in which the two addresses are not alike:"; head -n 5 "$BATS_TEST_TMPDIR/odd"; return 1; }
    sed 's/127\.0\.0\.99/127.0.0.11/g' "$BATS_TEST_TMPDIR/seen" | tr '[' '\n' | sed 's/ *$//' | sort | uniq -c |
        awk '/127\.0\.0\.11/ && $1 % 2 { print; bad = 1 } END { exit bad }' ||
        { echo "nodes above have no twin"; return 1; }
    expect_ge 300 "$(grep -c '127.0.0.99' "$BATS_TEST_TMPDIR/seen")" "answers with the pin"
}

@test "AF_INET6 with AI_V4MAPPED: an IPv4 pin comes as a mapped address, in front" {
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pinctl set pool.test 127.0.0.99
    expect_eq "::ffff:127.0.0.99" "$(asked -6 -m pool.test | cut -d' ' -f1)" "AI_V4MAPPED"
    expect_eq "::ffff:127.0.0.99" "$(asked -6 -m -x pool.test | cut -d' ' -f1)" "AI_V4MAPPED|AI_ALL"
    expect_eq 3 "$(asked -6 -m pool.test | wc -w)" "addresses"
    expect_eq "$(bare "$(client lookup)" -6 pool.test)" "$(asked -6 pool.test)" "AF_INET6 without AI_V4MAPPED"
}

@test "an explicit IPv6 pin of a name that has A records only" {
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pinctl set pool.test 2001:db8::99
    expect_eq "127.0.0.11 127.0.0.12" "$(asked -4 pool.test | as_set)" "AF_INET"
    expect_eq 2001:db8::99 "$(asked pool.test | tr ' ' '\n' | grep :)" "the IPv6 part of AF_UNSPEC"
    expect_eq 3 "$(asked pool.test | wc -w)" "addresses of AF_UNSPEC"
    expect_eq 2001:db8::99 "$(asked -6 -m pool.test | cut -d' ' -f1)" "AF_INET6 with AI_V4MAPPED"
}

@test "both families keep libc's order; each has its own pin in front" {
    local i
    dns_pool dual.test 127.0.0.11 127.0.0.12 2001:db8::11 2001:db8::12
    expect_eq "$(bare "$(client lookup)" dual.test | families)" "$(asked dual.test | families)" "order of families, auto pins"
    pinctl set dual.test 127.0.0.99,2001:db8::99 || pinctl set dual.test 127.0.0.99
    expect_eq "$(bare "$(client lookup)" dual.test | families)" "$(asked dual.test | families)" "order of families, explicit pins"
    expect_eq 127.0.0.99 "$(asked dual.test | tr ' ' '\n' | grep -v : | head -n 1)" "first IPv4 address"
    # gai.conf turned round: IPv4 first.
    echo 'precedence ::ffff:0:0/96 100' >/etc/gai.conf
    expect_eq "$(bare "$(client lookup)" dual.test | families)" "$(asked dual.test | families)" "order of families, gai.conf"
    rm "$TABLE"
    for ((i = 0; i < 4; i++)); do asked dual.test; done >"$BATS_TEST_TMPDIR/auto"
    expect_eq 1 "$(awk '{ for (i = 1; i <= NF; i++) if ($i ~ /\./) { print $i; break } }' "$BATS_TEST_TMPDIR/auto" | spread)" "first IPv4 addresses of auto pins"
    expect_eq 1 "$(awk '{ for (i = 1; i <= NF; i++) if ($i ~ /:/) { print $i; break } }' "$BATS_TEST_TMPDIR/auto" | spread)" "first IPv6 addresses of auto pins"
}

@test "no pin where none belongs: AI_NUMERICHOST, NXDOMAIN, another name, a numeric name" {
    dns_pool pool.test 127.0.0.11
    pinctl set nx.test 127.0.0.99
    pinctl set pool.test 127.0.0.99
    expect_eq EAI_NONAME "$(asked nx.test)" "a name that does not exist, explicitly pinned"
    expect_eq 127.0.0.99 "$(pin_of nx.test)" "its pin afterwards"
    expect_eq 127.0.0.11 "$(asked 127.0.0.11)" "a numeric name"
    expect_eq "127.0.0.99 127.0.0.11" "$(asked -4 POOL.Test.)" "another spelling of the same name"
}
