# What the shim is as a file: what it needs, what it exports, how it keeps its thread-locals.

load ../lib/harness

SHIM_FILE=$BUILD/libstickydns.so

exported() { nm -D --defined-only "$SHIM_FILE" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u; }

# The names between `global:` and `local:` of the version script.
listed() {
    sed -e 's,/\*[^*]*\*/,,g' -e 's/#.*//' "$TESTS/../shim/hooks/libstickydns.map" |
        sed -n '/global:/,/local:/p' | sed -e 's/global://' -e 's/local:.*//' | tr -s ' \t;' '\n' | grep . | sort -u
}

@test "needs libc and the loader, and nothing else" {
    need readelf
    expect_eq "" "$(readelf -d "$SHIM_FILE" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.so\.6|ld-linux.*)$' || true)" \
        "other libraries needed"
}

@test "exports exactly what libstickydns.map lists" {
    need nm
    diff <(listed) <(exported) || { echo "listed (<) and exported (>) differ"; return 1; }
}

@test "the calls that must be interposed are" {
    local call
    for call in getaddrinfo getaddrinfo_a gai_error gethostbyname gethostbyname2 gethostbyname_r gethostbyname2_r connect getsockopt \
        close socket readv writev accept accept4 dup dup2 dup3 fcntl fcntl64 close_range closefrom mlockall prctl; do
        expect_eq "$call" "$(exported | grep -x "$call" || true)" "exported symbol"
    done
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
