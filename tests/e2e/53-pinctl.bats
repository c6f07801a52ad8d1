# What pinctl shows of a table that real programs wrote.

load ../lib/harness
setup_file() { use_clients lookup_client; }

@test "list --json has every promised field" {
    need curl
    dns_pool pool.test 127.0.0.11 127.0.0.12
    server_start 127.0.0.11 80 accept
    server_start 127.0.0.12 80 accept
    with_shim curl -sS http://pool.test/
    pinctl list --json | jq -e '.[] | select(.name == "pool.test")
        | has("name", "pins", "candidates")
        and all(.pins[]; has("family", "address", "port", "transport", "kind", "state", "idle_s", "origin"))
        and all(.candidates[]; has("address", "healthy", "failures", "cooling_ms", "last_error",
                                   "last_seen_s", "from", "endpoints"))'
    expect_eq "inet 80 tcp auto confirmed" "$(pinctl list --json | jq -r \
        '.[0].pins[0] | "\(.family) \(.port) \(.transport) \(.kind) \(.state)"')" "the pin"
    expect_eq "127.0.0.11 127.0.0.12" "$(pinctl list --json | jq -r '.[0].candidates[].address' | sort | xargs)" \
        "the candidates"
}

@test "list for scripts: tabs, one line a pin, the same address as --json" {
    dns_pool pool.test 127.0.0.11
    first_of shim pool.test
    expect_match $'pool.test\t' "$(pinctl list | cat)" "a line for scripts"
    expect_match 127.0.0.11 "$(pinctl | cat)" "pinctl alone lists"
}

@test "show tells the pin, the candidates and where the settings come from" {
    dns_pool pool.test 127.0.0.11 127.0.0.12
    pinctl init
    settings 'host "*.test" { absent = "keep" }'
    first_of shim pool.test
    output=$(pinctl show pool.test)
    expect_match 127.0.0.11 "$output" "show"
    expect_match 127.0.0.12 "$output" "show"
    expect_match keep "$output" "show"
    expect_status 1 pinctl show never.test
    expect_one_line "$output" "complaint about an unknown name"
}

@test "events tell the story in order: pinned, confirmed, failed, moved" {
    local story
    dns_scripted pool.test 2 0 127.0.0.11 127.0.0.12
    server_start 127.0.0.11 7060 accept
    server_start 127.0.0.12 7060 accept
    client_start one shim
    ask one connect pool.test 7060
    server_stop 127.0.0.11 7060
    ask one connect pool.test 7060
    ask one connect pool.test 7060
    story=$(pinctl events)
    expect_match "pinned.*confirmed.*failed.*moved.*confirmed" "$(tr '\n' ' ' <<<"$story")" "the order of events"
    expect_match 127.0.0.12 "$(grep moved <<<"$story")" "the address it moved to"
    expect_match ECONNREFUSED "$story" "the cause"
    expect_match lookup_client "$story" "the program that reported it"
    pinctl events --json | jq -e . >/dev/null
}

@test "fail moves an auto pin, tentative or confirmed, and ok makes the address fit again" {
    dns_scripted pool.test 3 0 127.0.0.11 127.0.0.12 127.0.0.13
    server_start 127.0.0.12 7060 accept
    server_start 127.0.0.13 7060 accept
    client_start one shim
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "the tentative pin"
    pinctl fail pool.test 127.0.0.11
    expect_eq 127.0.0.12=ok "$(ask one connect pool.test 7060)" "after fail of the tentative pin"
    expect_eq confirmed "$(pin_field pool.test state)" "state of the pin"
    pinctl fail pool.test 127.0.0.12
    expect_eq 127.0.0.13=ok "$(ask one connect pool.test 7060)" "after fail of the confirmed pin"
    pinctl ok pool.test 127.0.0.12
    expect_eq true "$(candidate_field pool.test 127.0.0.12 healthy)" "health after ok"
    expect_eq 127.0.0.13 "$(ask one first pool.test)" "no fail-back after ok"
    expect_status 1 pinctl fail never.test 127.0.0.11
    expect_status 2 pinctl fail pool.test bogus
}

@test "events -f shows an event as it happens" {
    dns_pool pool.test 127.0.0.11
    pinctl init
    pinctl events -f >"$LOGS/events" 2>&1 3>&- 4>&- &
    first_of shim pool.test
    await "a line about pool.test from pinctl events -f" grep -q pool.test "$LOGS/events"
}

@test "reload reaches running processes at once, and an error changes nothing" {
    local client
    client=$(client lookup_client)
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    pinctl init
    client_start one shim
    expect_match '^[0-9.]*=20$' "$(ask one many pool.test 20)" "sticky"
    settings 'host "pool.test" { sticky = off }'
    expect_eq 3 "$(ask one many pool.test 20 | wc -w)" "addresses with sticky = off"
    settings 'host "pool.test" { sticky = on }'
    expect_match '^[0-9.]*=20$' "$(ask one many pool.test 20)" "sticky again"
    printf '%s\n' 'host "pool.test" {' '  sticky = off' '  bogus = 1' '}' >"$BATS_TEST_TMPDIR/bad.conf"
    expect_status 1 pinctl check "$BATS_TEST_TMPDIR/bad.conf"
    expect_match "bad.conf.*3" "$output" "file and line"
    expect_match bogus "$output" "the word"
    expect_status 1 pinctl reload "$BATS_TEST_TMPDIR/bad.conf"
    expect_match '^[0-9.]*=20$' "$(ask one many pool.test 20)" "still sticky after a refused reload"
}

@test "a table that is none: one line, exit 1, and programs run on" {
    dns_pool pool.test 127.0.0.11
    none() { # WHAT
        expect_status 1 pinctl list
        expect_one_line "$output" "complaint about $1"
        expect_eq 127.0.0.11 "$(first_of shim pool.test)" "a program with $1 as table"
    }
    TABLE=$BATS_TEST_TMPDIR/none
    shim_setup
    mkdir "$TABLE"
    none "a directory"
    rmdir "$TABLE"
    mkfifo "$TABLE"
    none "a FIFO"
    rm "$TABLE"
    printf x >"$TABLE"
    none "a short file"
    rm "$TABLE"
    head -c 1000000 /dev/zero >"$TABLE"
    none "a file of zeros"
    rm "$TABLE"
    ln -s /etc/passwd "$TABLE"
    none "a symbolic link"
}
