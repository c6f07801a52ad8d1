# Clocks that only one program has: libfaketime, before and behind the shim, and a time namespace. The table's times
# are the host's all the same, and so are the journal's.

load ../lib/harness
setup_file() { use_clients lookup_client; }

# fakes : the words that give a program a clock 193 days ahead, a way a line.
fakes() {
    local lib
    lib=$(find /usr/lib -name libfaketime.so.1 | head -n 1)
    [[ -n $lib ]] || cannot "libfaketime is not installed: make deps"
    echo "LD_PRELOAD=$lib:$BUILD/libstickydns.so FAKETIME=+193d DONT_FAKE_MONOTONIC=0"
    echo "LD_PRELOAD=$BUILD/libstickydns.so:$lib FAKETIME=+193d DONT_FAKE_MONOTONIC=0"
    echo "LD_PRELOAD=$BUILD/libstickydns.so unshare -T --fork --monotonic 16675200 --boottime 16675200 env"
}

journal_day() { pinctl events | tail -n 1 | cut -c1-10; }

@test "a program whose clock is faked ends no pin, and its own times are the host's" {
    local way first pin
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    first=$(first_of shim pool.test)
    while read -r way; do
        pin=$(env "STICKYDNS_TABLE=$TABLE" $way "$(client lookup_client)" first pool.test)
        expect_eq "$first" "$pin" "$way: the pin"
        expect_eq "$first" "$(first_of shim pool.test)" "$way: the pin of others afterwards"
        pinctl drop pool.test
        first=$(env "STICKYDNS_TABLE=$TABLE" $way "$(client lookup_client)" first pool.test)
        expect_match '"seen_s": *[0-9]{1,3}[,}]|"idle_s": *[0-9]{1,3}[,}]|^$' \
            "$(pinctl list --json | grep -oE '"(seen|idle)_s": *[0-9]+[,}]' | head -n 1)" "$way: ages in the table"
        expect_eq "$first" "$(first_of shim pool.test)" "$way: the pin that it set, for others"
        expect_eq "$(date -u +%F)" "$(journal_day)" "$way: the day in the journal"
    done < <(fakes)
}

@test "pinctl under such a clock sees the same ages" {
    local way
    dns_pool pool.test 127.0.0.11 127.0.0.12
    first_of shim pool.test >/dev/null
    while read -r way; do
        way=${way/"$BUILD/libstickydns.so"/}
        expect_match '127\.0\.0\.1[12]' "$(env "STICKYDNS_TABLE=$TABLE" $way "$BUILD/pinctl" list)" "$way: the pin"
    done < <(fakes)
}
