# The protocols by which processes share a table, as models: all ways in which processes, and the memory between them, can
# go on are gone through (spin).

load ../lib/harness

# errors MODEL [-DWITHOUT] : how many were found; only that all was gone through makes it 0.
errors() {
    need spin cc
    local dir=$BATS_TEST_TMPDIR/$1${2:-} said
    cp -r "$TESTS/model" "$dir"
    cd "$dir"
    spin -a ${2:-} "$1.pml" >spin.out
    ${CC:-cc} -O1 -DSAFETY -DCOLLAPSE -w -o pan pan.c
    said=$(./pan -m200000)
    expect_eq "" "$(grep -i 'max search depth\|out of memory\|interrupted' <<<"$said" || true)" "what was left out"
    sed -n 's/.*errors: \([0-9]*\).*/\1/p' <<<"$said"
}

@test "a record that is claimed, finished by another, and given away: in any order, with stores that others see late" {
    expect_eq 0 "$(errors records)" "errors"
    expect_eq 1 "$(errors records -DPLAIN)" "errors with plain stores"
    expect_eq 1 "$(errors records -DRELAXED)" "errors where nothing keeps the stores in order"
}

@test "settings that are read while they are stored again" {
    expect_eq 0 "$(errors settings)" "errors"
    expect_eq 1 "$(errors settings -DNO_FENCE)" "errors without before_reuse()"
    expect_eq 1 "$(errors settings -DNO_RELEASE)" "errors where the count may be seen before the bank"
}
