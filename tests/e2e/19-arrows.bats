# Who uses whom: tests/lib/arrows.py has the table. First the tree itself, then what a small one must be told.

load ../lib/harness

arrows() { /usr/bin/python3 -S "$TESTS/lib/arrows.py" "$@"; }

@test "no folder uses one that it may not, no files go round in a circle, no tool is linked with the shim" {
    need python3 nm
    expect_status 0 arrows "$TESTS/.." "$BUILD"
}

@test "end-to-end files have numbers once" {
    expect_eq "" "$(ls "$TESTS/e2e" | cut -d- -f1 | uniq -d)" "numbers of several files"
}

# put FILE LINE... : writes the file into a small tree; a .c file is compiled.
put() {
    local file=$1
    mkdir -p "$(dirname "$TREE/$file")" "$(dirname "$TREE/build/$file")"
    printf '%s\n' "${@:2}" >"$TREE/$file"
    [[ $file != *.c ]] || ${CC:-cc} -fPIC -fno-builtin -iquote "$TREE" -c -o "$TREE/build/${file%.c}.o" "$TREE/$file"
}

# put_tool NAME [OBJECT] : links a tool.
put_tool() { (cd "$TREE/build" && ${CC:-cc} -o "$1" "tools/$1/main.o" "${@:2}"); }

# A tree of which all is allowed: a rule takes a form from table, a hook is libc's to what it calls.
small_tree() {
    TREE=$BATS_TEST_TMPDIR/tree
    put policy/base/name.h 'int name(void);'
    put policy/base/name.c '#include "policy/base/name.h"' 'int name(void) { return 1; }'
    put policy/table/words.h 'enum { WORD = 1 };' 'int words(void);'
    put policy/table/words.c '#include "policy/table/words.h"' 'int words(void) { return WORD; }'
    put policy/rules/rule.c '#include "policy/base/name.h"' '#include "policy/table/words.h"' 'int rule(void) { return name() + WORD; }'
    put shim/core/fds.h 'int fds(void);'
    put shim/core/fds.c '#include "shim/core/fds.h"' 'int close(int);' 'int fds(void) { return close(1); }'
    put shim/core/records.c 'int records(void) { return 1; }'
    put shim/hooks/close.c '#include "shim/core/fds.h"' 'int close(int fd) { return fd ? 0 : fds(); }'
    put tools/pinctl/main.c '#include "policy/base/name.h"' 'int close(int);' 'int main(void) { return name() + close(1); }'
    put tools/pinwatch/main.c 'int main(void) { return 0; }'
    put tools/pinkeeper/main.c 'int main(void) { return 0; }'
    ${CC:-cc} -shared -Wl,--version-script=<(echo '{ global: close; local: *; };') -o "$TREE/build/libstickydns.so" \
        "$TREE"/build/shim/*/*.o
    put_tool pinctl policy/base/name.o
    put tools/pinkeeper/main.c "int main(void) { return 0; }"
    put_tool pinwatch
    put_tool pinkeeper
    expect_status 0 arrows "$TREE" "$TREE/build"
}

# expect_fault REGEX : in all that is said of the small tree, which is one line.
expect_fault() {
    expect_status 1 arrows "$TREE" "$TREE/build"
    expect_match "$1" "$output" "what is said"
    expect_one_line "$output" "what is said"
}

@test "in a small tree each fault is found: an include, a symbol, a circle, a tool that has the shim, an unknown folder" {
    small_tree
    # Against the order.
    put policy/base/name.c '#include "shim/core/fds.h"' 'int name(void) { return 1; }'
    expect_fault '^policy/base/name\.c -> shim/core/fds\.h: includes it; policy/base may use: nothing$'
    put policy/base/name.c 'int words(void);' 'int name(void) { return words(); }'
    expect_fault '^policy/base/name\.o -> policy/table/words\.o: needs words; policy/base may use: nothing$'
    put policy/base/name.c 'int name(void) { return 1; }'
    # Of a header that may be included, a symbol.
    put policy/rules/rule.c '#include "policy/table/words.h"' 'int rule(void) { return words(); }'
    expect_fault '^policy/rules/rule\.o -> policy/table/words\.o: needs words; '
    put policy/rules/rule.c 'int rule(void) { return 1; }'
    # A circle within a folder, through a header and a symbol.
    put shim/core/records.c '#include "shim/core/fds.h"' 'int records(void) { return 1; }'
    expect_status 0 arrows "$TREE" "$TREE/build"
    put shim/core/fds.c 'int records(void);' 'int fds(void) { return records(); }'
    expect_fault '^a circle: shim/core/fds -> shim/core/records \(needs records\), shim/core/records -> shim/core/fds \(includes it\)$'
    put shim/core/records.c 'int records(void) { return 1; }'
    # Though the tool needs nothing of it.
    put_tool pinwatch shim/core/records.o
    expect_fault '^pinwatch is linked with objects of the shim: it has records$'
    put tools/pinkeeper/main.c "int main(void) { return 0; }"
    put_tool pinwatch
    put_tool pinkeeper
    put shim/hooks/hooks.h '#include "fds.h"'
    expect_fault '^shim/hooks/hooks\.h: "fds\.h" is no header by its path from the root$'
    put policy/attic/box.h ''
    expect_fault '^policy/attic: not in tests/lib/arrows.py'
}
