# Tables that are none, or not for everybody: no place for one, read-only, another user's, of another boot or
# network, replaced; and files that only lie where one would.

load ../lib/harness
load ../lib/sticking
setup_file() { use_clients lookup dial; }

# Without STICKYDNS_TABLE: the default paths.
default_table() { SHIM_ENV=("${SHIM_ENV[0]}"); }

@test "machines without a writable /dev/shm, or without any" {
    pool_up
    default_table
    expect_eq 1 "$(repeat 6 with_shim "$(client lookup)" -4 pool.test | first_words | spread)" "first addresses on /dev/shm"
    expect_match '^stickydns-0\.v[0-9]+\.[0-9a-f]{8}$' "$(ls /dev/shm)" "the table that the program made"
    expect_eq 600 "$(stat -c %a /dev/shm/stickydns-0.v*)" "its mode"
    rm /dev/shm/*
    mount -o remount,ro /dev/shm
    expect_eq 1 "$(repeat 6 with_shim "$(client lookup)" -4 pool.test | first_words | spread)" "first addresses on /run"
    rm /run/stickydns-0.v*
    chmod 775 /run
    expect_spreads "read-only /dev/shm, and a /run that others may write" with_shim "$(client lookup)" -4 pool.test
    chmod 755 /run
    umount /dev/shm
    mount -t tmpfs -o mode=555 none /dev/shm
    public_copies
    default_table
    expect_spreads "/dev/shm of another user" as_nobody "$PUBLIC/lookup" -4 pool.test
}

@test "a table on a read-only file system is honoured" {
    pool_up
    expect_sticks "writable"
    mount -o remount,ro /dev/shm
    expect_sticks "read-only"
}

@test "a table that may only be read: pins hold, nothing is learnt" {
    local pin
    pool_up
    dns_change other.test "${POOL[@]}"
    public_copies
    expect_sticks "root's"
    pin=$(pin_of pool.test)
    chmod 644 "$TABLE"
    sha256sum <"$TABLE" >"$BATS_TEST_TMPDIR/before"
    expect_eq "$pin" "$(repeat 6 as_nobody "$PUBLIC/lookup" -4 pool.test | first_words | sort -u)" "nobody's first addresses"
    expect_spreads "a name that is not in the table" as_nobody "$PUBLIC/lookup" -4 other.test
    server_stop "$pin" 5060
    as_nobody "$PUBLIC/dial" block pool.test 5060 >"$BATS_TEST_TMPDIR/out" || true
    expect_eq "try $pin done ECONNREFUSED" "$(paste -sd' ' "$BATS_TEST_TMPDIR/out")" "nobody's connect"
    expect_eq "$(cat "$BATS_TEST_TMPDIR/before")" "$(sha256sum <"$TABLE")" "hash of the table"
}

@test "a table of root's and a group: members teach it, others read it" {
    local first
    pool_up
    public_copies
    pinctl init --names 64
    chgrp 4242 "$TABLE"
    chmod 664 "$TABLE"
    GROUPS_OF_NOBODY="--groups 4242"
    first=$(as_nobody "$PUBLIC/lookup" -4 pool.test | first_words)
    expect_eq "$first" "$(pin_of pool.test)" "the pin that a member of the group set"
    server_stop "$first" 5060
    as_nobody "$PUBLIC/dial" block pool.test 5060 >/dev/null || true
    expect_ne "$first" "$(with_shim "$(client lookup)" -4 pool.test | first_words)" "root's first address after the member's refusal"
}

@test "read-only user after a failure that root saw: acts as if the pin had moved" {
    local first second
    pool_up
    public_copies
    first=$(with_shim "$(client lookup)" -4 pool.test | first_words)
    chmod 644 "$TABLE"
    pinctl fail pool.test "$first"
    second=$(as_nobody "$PUBLIC/lookup" -4 pool.test | first_words)
    expect_ne "$first" "$second" "nobody's first address"
    expect_eq "$second" "$(with_shim "$(client lookup)" -4 pool.test | first_words)" "root's first address"
}

# bad_table KIND : puts something at $TABLE that is no table of ours.
bad_table() {
    rm -rf "$TABLE"
    case $1 in
    empty) : >"$TABLE" ;;
    short) head -c 100 "$BATS_TEST_TMPDIR/good" >"$TABLE" ;;
    cut-short) head -c 70000 "$BATS_TEST_TMPDIR/good" >"$TABLE" ;;
    random) head -c 2000000 /dev/urandom >"$TABLE" ;;
    zeroes) head -c 2000000 /dev/zero >"$TABLE" ;;
    fifo) mkfifo "$TABLE" ;;
    directory) mkdir "$TABLE" ;;
    symlink) ln -s "$BATS_TEST_TMPDIR/good" "$TABLE" ;;
    dangling) ln -s /nonexistent "$TABLE" ;;
    device) mknod "$TABLE" c 1 3 ;;
    socket) /usr/bin/python3 -S -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$TABLE" ;;
    world-writable) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && chmod 666 "$TABLE" ;;
    foreign) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && chown 4711 "$TABLE" ;;
    version) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && printf '\x63' | dd of="$TABLE" bs=1 seek=8 conv=notrunc status=none ;;
    signature) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && printf '\x63\x63' | dd of="$TABLE" bs=1 seek=12 conv=notrunc status=none ;;
    size) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && printf '\x7f\x7f\x7f' | dd of="$TABLE" bs=1 seek=19 conv=notrunc status=none ;;
    names) cp "$BATS_TEST_TMPDIR/good" "$TABLE" && printf '\xff\xff\xff\x7f' | dd of="$TABLE" bs=1 seek=24 conv=notrunc status=none ;;
    esac
}

@test "files that are no table: programs run on, pinctl says what is wrong in one line" {
    local kind status good=$TABLE
    pool_up
    pinctl init --names 64
    cp "$TABLE" "$BATS_TEST_TMPDIR/good"
    for kind in empty short cut-short random zeroes fifo directory symlink dangling device socket world-writable \
        foreign version signature size names; do
        bad_table "$kind"
        find "$TABLE" -type f -exec sha256sum {} + >"$BATS_TEST_TMPDIR/before"
        expect_spreads "$kind" with_shim "$(client lookup)" -4 pool.test
        status=0
        pinctl list >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
        expect_eq 1 "$status" "exit status of pinctl list, $kind"
        expect_one_line "$(cat "$BATS_TEST_TMPDIR/err")" "pinctl list, $kind"
        expect_match "$TABLE" "$(cat "$BATS_TEST_TMPDIR/err")" "what pinctl list says, $kind"
        status=0
        pinctl set pool.test 127.0.0.99 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
        expect_eq 1 "$status" "exit status of pinctl set, $kind"
        expect_eq "$(cat "$BATS_TEST_TMPDIR/before")" "$(find "$TABLE" -type f -exec sha256sum {} +)" "hash of the file, $kind"
    done
    TABLE=/dev/shm/none/table
    shim_setup
    expect_spreads "no such directory" with_shim "$(client lookup)" -4 pool.test
    TABLE=$good
}

# The words of the header that say where and when: magic, version, signature, size, names, addrs and seed
# come first, so the boot id is at 40 and the network namespace at 56.
@test "a table made before the last boot is not used: pinctl says so, the next program makes a new one" {
    local first status=0
    pool_up
    pinctl set pool.test 127.0.0.99
    printf '\x01\x02\x03' | dd of="$TABLE" bs=1 seek=40 conv=notrunc status=none
    pinctl list >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    expect_eq 1 "$status" "exit status of pinctl list"
    expect_one_line "$(cat "$BATS_TEST_TMPDIR/err")" "pinctl list"
    expect_match 'boot' "$(cat "$BATS_TEST_TMPDIR/err")" "what pinctl list says"
    first=$(with_shim "$(client lookup)" -4 pool.test | first_words)
    expect_match '^127\.0\.0\.1[123]$' "$first" "first address"
    expect_sticks "the new table"
}

@test "a table of another network namespace is not used, and stays" {
    pool_up
    unshare -n true || cannot "no network namespace within this one"
    unshare -n env STICKYDNS_TABLE="$TABLE" "$BUILD/pinctl" init --names 64
    sha256sum <"$TABLE" >"$BATS_TEST_TMPDIR/before"
    expect_spreads "another namespace's table" with_shim "$(client lookup)" -4 pool.test
    expect_eq "$(cat "$BATS_TEST_TMPDIR/before")" "$(sha256sum <"$TABLE")" "hash of the table"
}

@test "a table that is replaced: programs that run already attach again" {
    local line
    pool_up
    pinctl init --names 64
    mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
    env "${SHIM_ENV[@]}" "$(client lookup)" -w -4 pool.test <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- 4>&- &
    exec 8>"$BATS_TEST_TMPDIR/in" 9<"$BATS_TEST_TMPDIR/out"
    echo >&8
    read -r -t "$PATIENCE" line <&9
    expect_eq "$(pin_of pool.test)" "${line%% *}" "first address before"
    pinctl init --names 128 --replace
    pinctl set pool.test 127.0.0.99
    echo >&8
    read -r -t "$PATIENCE" line <&9
    expect_eq 127.0.0.99 "${line%% *}" "first address after"
    exec 8>&-
    wait $!
}
