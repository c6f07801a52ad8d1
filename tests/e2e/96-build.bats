# Building: with the other compiler, and without a library.

# bats file_tags=long
load ../lib/harness

build() { make -C "$TESTS/.." --no-print-directory B="$BATS_TEST_TMPDIR/build" "$@" 2>&1; }

# But the programs for the kernel, which clang has built already.
@test "clang builds it all without a warning" {
    mkdir -p "$BATS_TEST_TMPDIR/build/tools/pinwatch"
    cp -p "$BUILD"/tools/pinwatch/*.{bpf.o,skel.h} "$BATS_TEST_TMPDIR/build/tools/pinwatch"
    expect_eq "" "$(build -j2 CC=clang CFLAGS=-O0 all | grep -vE '^  [A-Z]+ ' || true)" "what make says"
    [[ -f $BATS_TEST_TMPDIR/build/libstickydns.so && -x $BATS_TEST_TMPDIR/build/pinctl ]]
}

@test "a missing library is one line that says make deps" {
    local said
    said=$(build PKG_CONFIG=false "$BATS_TEST_TMPDIR/build/tools/pinctl/cmd-list.o" | grep -v '^  ' | grep -v '^make')
    expect_match "make deps" "$said" "what make says"
    expect_eq 1 "$(wc -l <<<"$said")" "lines"
}

# signature [SED EXPRESSION] : of the layout, with words.h changed so.
signature() {
    local dir=$BATS_TEST_TMPDIR/policy
    rm -rf "$dir"
    cp -r "$TESTS/../policy" "$dir"
    [[ -z ${1:-} ]] || sed -i "$1" "$dir/table/words.h"
    [[ -z ${1:-} ]] || expect_ne 0 "$(diff "$TESTS/../policy/table/words.h" "$dir/table/words.h" | grep -c '^>')" "lines that '$1' changes"
    printf '%s\n' '#include <stdio.h>' '#include "policy/table/layout.h"' 'int main(void) { printf("%u\n", layout_signature()); }' >"$dir/main.c"
    ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -iquote "$BATS_TEST_TMPDIR" -o "$BATS_TEST_TMPDIR/signature" "$dir/main.c" "$dir/table/layout.c"
    "$BATS_TEST_TMPDIR/signature"
}

@test "a table in which a bit means something else has another signature, and is no table of this build" {
    local now change
    now=$(signature)
    expect_eq "$now" "$(signature)" "the signature, once more"
    for change in 's/OWN_ANSWER = 1 << 15/OWN_ANSWER = 1 << 14/' 's/(c.transport & 3u) << 14/(c.transport \& 3u) << 13/' \
        's/KEY_EMPTY, KEY_CLAIMED/KEY_CLAIMED, KEY_EMPTY/' 's/(now - 1) | 1/(now - 1) | 2/' 's/ACCOUNT_UNIT_S = 16/ACCOUNT_UNIT_S = 8/'; do
        expect_ne "$now" "$(signature "$change")" "the signature after $change"
    done
}
