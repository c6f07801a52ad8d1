# Building: with the other compiler, and without a library.

load ../lib/harness

build() { make -C "$TESTS/.." --no-print-directory B="$BATS_TEST_TMPDIR/build" "$@" 2>&1; }

@test "clang builds it all without a warning" {
    expect_eq "" "$(build -j2 CC=clang all | grep -vE '^  [A-Z]+ ' || true)" "what make says"
    [[ -f $BATS_TEST_TMPDIR/build/libstickydns.so && -x $BATS_TEST_TMPDIR/build/pinctl ]]
}

@test "a missing library is one line that says make deps" {
    local said
    said=$(build PKG_CONFIG=false all | grep -v '^  ' | grep -v '^make')
    expect_match "make deps" "$said" "what make says"
    expect_eq 1 "$(wc -l <<<"$said")" "lines"
}
