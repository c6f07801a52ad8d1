# What the shim is as a file: what it needs, what it exports, how it keeps its thread-locals.

load ../lib/harness

SHIM_FILE=$BUILD/libstickydns.so

exported() { nm -D --defined-only "$SHIM_FILE" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u; }

# What shim/core/symbols.h lists, as the linker was told.
listed() { sed -e 's/.*global://' -e 's/local:.*//' "$BUILD/libstickydns.map" | tr -s ' ;' '\n' | grep . | sort -u; }

@test "needs libc and the loader, and nothing else" {
    need readelf
    expect_eq "" "$(readelf -d "$SHIM_FILE" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.so\.6|ld-linux.*)$' || true)" \
        "other libraries needed"
}

@test "exports exactly the symbols that are listed: each has a hook" {
    need nm
    diff <(listed) <(exported) || { echo "listed (<) and exported (>) differ"; return 1; }
}

@test "thread-locals are initial-exec; no text relocations, no executable stack" {
    expect_eq "" "$(nm -D --undefined-only "$SHIM_FILE" | grep -o '__tls_get_addr' || true)" "import"
    expect_eq "" "$(readelf -d "$SHIM_FILE" | grep -o TEXTREL || true)" "relocations in code"
    expect_eq "RW" "$(readelf -lW "$SHIM_FILE" | awk '/GNU_STACK/ { print $7 }')" "stack flags"
}

@test "starts no thread and installs no signal handler" {
    expect_eq "" "$(nm -D --undefined-only "$SHIM_FILE" | sed 's/.* //; s/@.*//' |
        grep -xE 'pthread_create|thrd_create|clone|sigaction|signal|sigset|timer_create|setitimer' || true)" "imports"
}
