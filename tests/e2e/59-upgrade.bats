# Another version, whose tables have another layout: it has files of its own, and takes over what the old ones hold.

# bats file_tags=long
load ../lib/harness
setup_file() { use_clients lookup_client lookup; }

# The version before this one: built from this tree, with twice as many places for waits. OLD is where it is.
build_old() {
    need make cc
    OLD=$BATS_TEST_TMPDIR/old
    mkdir "$OLD"
    tar -C "$TESTS/.." -cf - Makefile debian policy shim tools | tar -C "$OLD" -xf -
    sed -i 's/WAIT_SETS = \([0-9]*\)/WAIT_SETS = 2 * \1/' "$OLD/policy/table/layout.h"
    make -C "$OLD" CFLAGS=-O0 build/libstickydns.so build/pinctl >"$LOGS/make.log" 2>&1
    OLD=$OLD/build
}

# What an upgrade leaves: the old pinctl beside the library (make install).
keep_old() {
    mkdir -p "$BATS_TEST_TMPDIR/lib/stickydns"
    cp "$OLD/pinctl" "$BATS_TEST_TMPDIR/lib/stickydns/pinctl.${1##*.}"
    mount --bind "$BATS_TEST_TMPDIR/lib" /usr/local/lib
}

of_old() { "$OLD/pinctl" "$@"; }

@test "init takes over an older layout's pins, and says who still uses it; each version reads its own table alone" {
    local old new first
    build_old
    unset STICKYDNS_TABLE
    old=$(BUILD=$OLD layout) new=$(layout)
    expect_ne "$old" "$new" "the layouts"
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    of_old init --conf=/dev/null
    of_old set set.test 192.0.2.7,192.0.2.8
    of_old drain 127.0.0.13
    SHIM_ENV=("LD_PRELOAD=$OLD/libstickydns.so")
    client_start runs shim
    first=$(ask runs first pool.test)
    cp -r /run/stickydns "$BATS_TEST_TMPDIR/before"

    # Nobody kept the old pinctl: the new table is made, and it is said how the old pins may come along.
    expect_status 0 bare "$BUILD/pinctl" init --conf=/dev/null
    expect_match "table.$old: a table of another layout, used by 1 process: [0-9]+ .lookup_client" "$output" "who uses it"
    expect_match "table.$old: not taken over: there is no /usr/local/lib/stickydns/pinctl.${old##*.}" "$output" "and what is missing"
    expect_eq "" "$(bare "$BUILD/pinctl" list)" "what the new table holds"
    rm "/run/stickydns/table.$new"

    keep_old "$old"
    expect_status 0 bare "$BUILD/pinctl" init --conf=/dev/null
    expect_match "table.$old: a table of another layout, used by 1 process: [0-9]+ .lookup_client" "$output" "who uses it, again"
    expect_one_line "$output" "what init says"
    bare "$BUILD/pinctl" list | cut -f1-4 | sort >"$BATS_TEST_TMPDIR/taken"
    expect_eq "pool.test inet $first auto,set.test inet 192.0.2.7 explicit" \
        "$(tr '\t' ' ' <"$BATS_TEST_TMPDIR/taken" | paste -sd,)" "what the new table holds"
    expect_eq true "$(bare "$BUILD/pinctl" list --json | jq '.[0].candidates[] | select(.address == "127.0.0.13") | .drained')" "drained"
    expect_match "/run/stickydns/table.$old"$'\t'"of another layout"$'\t'"1 process: [0-9]+ .lookup_client" \
        "$(bare "$BUILD/pinctl" stats)" "what stats says"
    expect_match "one of all"$'\t'"/run/stickydns/table.$old: of another layout, held by 1 process" \
        "$(bare "$BUILD/pinctl" doctor cat)" "what doctor says"

    # One that was killed before it had taken over leaves an empty table; what it is replaced by takes over.
    rm "/run/stickydns/table.$new"
    bare "$BUILD/pinctl" init -t system --conf=/dev/null --empty
    expect_eq "" "$(bare "$BUILD/pinctl" list)" "what the empty table holds"
    expect_status 0 bare "$BUILD/pinctl" init --replace --conf=/dev/null
    expect_eq "pool.test set.test" "$(bare "$BUILD/pinctl" list | cut -f1 | sort | xargs)" "what the one in its place holds"
    # A kept pinctl that fails is no loss of the new table.
    printf '#!/bin/sh\necho stickydns 2\nexit 3\n' >"$BATS_TEST_TMPDIR/lib/stickydns/pinctl.${old##*.}"
    bare "$BUILD/pinctl" init -t system --conf=/dev/null --empty
    expect_status 0 bare "$BUILD/pinctl" init --replace --conf=/dev/null
    expect_match "table.$old: not taken over: .*/pinctl.${old##*.} failed" "$output" "what is said of one that fails"
    cp "$OLD/pinctl" "$BATS_TEST_TMPDIR/lib/stickydns/pinctl.${old##*.}"
    bare "$BUILD/pinctl" init --replace --conf=/dev/null

    # The one that runs keeps its version and its table; what starts now has the new one.
    bare "$BUILD/pinctl" set pool.test 127.0.0.15
    expect_eq "$first" "$(ask runs first pool.test)" "first address of the program that runs"
    expect_eq 127.0.0.15 "$(bare env LD_PRELOAD="$BUILD/libstickydns.so" "$(client lookup)" pool.test | head -n 1 | cut -d' ' -f1)" \
        "first address of one that starts now"
    expect_eq "$(STICKYDNS_TABLE="$BATS_TEST_TMPDIR/before/table.$old" of_old list | cut -f1-4)" "$(of_old list | cut -f1-4)" "what the old table holds"
    expect_status 1 bare "$BUILD/pinctl" -t "/run/stickydns/table.$old" list
    expect_match "a table of another version" "$output" "what this version says of the old one's"
}
