# No room for a table, or none for more of it: pinctl says so, programs run on, nobody gets SIGBUS.

load ../lib/harness
setup_file() { use_clients lookup churn; }

NAMES=400

# n1.test to n400.test, each with an address of its own; their list in $BATS_TEST_TMPDIR/names.
many_names() {
    local n
    for ((n = 1; n <= NAMES; n++)); do echo "127.0.$((n / 200)).$((n % 200 + 8)) n$n.test"; done >"$BATS_TEST_TMPDIR/many"
    dns_names "$BATS_TEST_TMPDIR/many"
    cut -d' ' -f1 "$BATS_TEST_TMPDIR/many" >"$BATS_TEST_TMPDIR/answers"
    cut -d' ' -f2 "$BATS_TEST_TMPDIR/many" >"$BATS_TEST_TMPDIR/names"
}

# A tmpfs of so many KiB, for the table.
small_tmpfs() {
    ! mountpoint -q "$BATS_TEST_TMPDIR/small" || umount -l "$BATS_TEST_TMPDIR/small"
    mkdir -p "$BATS_TEST_TMPDIR/small"
    mount -t tmpfs -o "size=${1}k" none "$BATS_TEST_TMPDIR/small"
    TABLE=$BATS_TEST_TMPDIR/small/table
    shim_setup
}

fill() { cat /dev/zero >"$BATS_TEST_TMPDIR/small/filler" 2>/dev/null || true; }

# All names are looked up by one program: every answer right, a normal exit.
names_resolve() { # WHAT
    local status=0
    mapfile -t words <"$BATS_TEST_TMPDIR/names"
    with_shim "$(client lookup)" -4 "${words[@]}" >"$BATS_TEST_TMPDIR/seen" || status=$?
    expect_eq 0 "$status" "exit status of the lookups, $1 (135 is SIGBUS)"
    diff "$BATS_TEST_TMPDIR/answers" "$BATS_TEST_TMPDIR/seen" || { echo "the answers above are wrong, $1"; return 1; }
}

# Whatever pinctl can do with this table, it ends by itself and says at most one line of complaint.
pinctl_copes() { # WHAT
    local status words
    for words in list stats "show n1.test" events "set n2.test 127.0.0.99" "drop n2.test"; do
        status=0
        pinctl $words >/dev/null 2>"$BATS_TEST_TMPDIR/complaint" || status=$?
        expect_le 1 "$status" "exit status of pinctl $words, $1"
        ((status == 0)) || expect_one_line "$(cat "$BATS_TEST_TMPDIR/complaint")" "pinctl $words, $1"
    done
}

@test "a table that does not fit: pinctl says so in one line, programs run on" {
    local size status
    many_names
    for size in 4 64 512 1024; do
        small_tmpfs "$size"
        status=0
        pinctl init --names 16384 >/dev/null 2>"$BATS_TEST_TMPDIR/complaint" || status=$?
        expect_eq 1 "$status" "exit status of pinctl init on a tmpfs of $size KiB"
        expect_one_line "$(cat "$BATS_TEST_TMPDIR/complaint")" "pinctl init"
        expect_match '[Ff]ull|[Nn]o space|[Rr]oom' "$(cat "$BATS_TEST_TMPDIR/complaint")" "what pinctl init says"
        expect_eq "" "$(ls "$BATS_TEST_TMPDIR/small")" "files left behind"
        names_resolve "tmpfs of $size KiB"
        expect_eq "" "$(ls "$BATS_TEST_TMPDIR/small")" "files left behind by programs"
    done
}

@test "tmpfs of every size: programs get right answers, with as much of a table as fits" {
    local size
    many_names
    for size in 1400 1600 1800 2000 2200 3000 9000 24000; do
        small_tmpfs "$size"
        names_resolve "tmpfs of $size KiB"
        pinctl_copes "tmpfs of $size KiB"
        names_resolve "tmpfs of $size KiB, again"
    done
}

@test "the tmpfs fills up behind a table: it has its room, and nobody gets SIGBUS" {
    local before
    many_names
    small_tmpfs 40000
    pinctl init --names 16384
    with_shim "$(client lookup)" n1.test n2.test n3.test >/dev/null
    before=$(pinctl list --json | jq length)
    expect_eq 3 "$before" "names in the table"
    fill
    names_resolve "full tmpfs"
    expect_eq "$NAMES" "$(pinctl list --json | jq length)" "names in the table of a full tmpfs"
    pinctl_copes "full tmpfs"
    expect_eq 0 "$(df --output=avail "$BATS_TEST_TMPDIR/small" | tail -n 1 | tr -d ' ')" "KiB left"
}

@test "a full tmpfs, with programs running already" {
    local pids=() pools i
    many_names
    small_tmpfs 40000
    pinctl init --names 16384
    mapfile -t pools < <(head -n 16 "$BATS_TEST_TMPDIR/many" | awk '{ print $2 "=" $1 }')
    for i in 1 2; do
        env "${SHIM_ENV[@]}" "$(client churn)" 5060 "${pools[@]}" >"$BATS_TEST_TMPDIR/churn-$i" 2>&1 3>&- 4>&- &
        pids+=($!)
    done
    fill
    names_resolve "full tmpfs"
    kill -TERM "${pids[@]}"
    for i in 0 1; do
        wait "${pids[i]}" || { cat "$BATS_TEST_TMPDIR/churn-$((i + 1))"; expect_eq 0 "$?" "exit status of a running program"; }
    done
}
