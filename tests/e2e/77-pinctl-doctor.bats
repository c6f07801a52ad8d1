# pinctl doctor: whether the shim reaches a program, or is in a process, and how that looks up names.

load ../lib/harness
load ../lib/complains
setup_file() { use_clients lookup_client; }

# found WHAT : that row of $output.
found() { awk -F'\t' -v what="$1" '$1 == what { print $2 }' <<<"$output"; }

@test "misuse, and what is not there" {
    complains 2 "doctor: a CMD or PID is wanted" doctor
    complains 2 "doctor: one word too many: b" doctor true b
    complains 1 "doctor: nonesuch: no such program" doctor nonesuch
    complains 1 "doctor: /etc: not executable" doctor /etc
    complains 1 "doctor: process 999999: there is none" doctor 999999
}

@test "real programs, each with its way of looking up names" {
    need sipsak kamailio curl sipp
    expect_status 0 pinctl doctor sipsak
    expect_eq "$(command -v sipsak)" "$(found program)" "program"
    expect_eq "reaches it" "$(found preload)" "preload"
    expect_eq "$BUILD/libstickydns.so" "$(found shim)" "shim"
    expect_eq "$TABLE: will do" "$(found table)" "a table that would be made"
    expect_match "c-ares: sipsak" "$(found resolver)" "sipsak"
    expect_status 0 pinctl doctor kamailio
    expect_match "res_query: kamailio" "$(found resolver)" "kamailio"
    expect_match "dmq .*steer = off" "$(found advice)" "what kamailio may want"
    expect_status 0 pinctl doctor sipp
    expect_match "getaddrinfo: sipp" "$(found resolver)" "sipp"
    expect_status 0 pinctl doctor curl
    expect_match "getaddrinfo: libcurl" "$(found resolver)" "curl, by its library"
    expect_status 0 pinctl doctor true
    expect_eq "none that its symbols tell of" "$(found resolver)" "true"
}

@test "a resolver of its own" {
    cd "$BATS_TEST_TMPDIR"
    cat >own.c <<'C'
#include <stdio.h>
#include <sys/socket.h>
int main(void) { return fopen("/etc/resolv.conf", "r") && sendto(0, "", 0, 0, 0, 0) == 0; }
C
    ${CC:-cc} -o own own.c
    expect_status 0 pinctl doctor ./own
    expect_eq "own packets: own" "$(found resolver)" "resolver"
    sed -i 's,/etc/resolv.conf,/etc/other.conf,' own.c
    ${CC:-cc} -o own own.c
    expect_status 0 pinctl doctor ./own
    expect_eq "none that its symbols tell of" "$(found resolver)" "one that sends, but reads no resolv.conf"
}

@test "built with AddressSanitizer" {
    cd "$BATS_TEST_TMPDIR"
    printf '#include <unistd.h>\nint main(void) { return (int)pause(); }\n' >t.c
    gcc -fsanitize=address -o asan t.c
    gcc -o plain t.c
    expect_status 0 pinctl doctor ./asan
    expect_match "ASAN_OPTIONS=verify_asan_link_order=0" "$(found advice)" "advice for a program"
    expect_eq 1 "$(pinctl doctor --json ./asan | jq '.advice | length')" "pieces of advice, as JSON"
    expect_status 0 pinctl doctor ./plain
    expect_eq "" "$(found advice)" "advice for one without"
    expect_eq 0 "$(pinctl doctor --json ./plain | jq '.advice | length')" "pieces of advice, as JSON"
    env "${SHIM_ENV[@]}" ASAN_OPTIONS=verify_asan_link_order=0 ./asan &
    await "the program, with its table" grep -q "$TABLE" "/proc/$!/maps"
    expect_status 0 pinctl doctor $!
    expect_eq "" "$(found advice)" "advice for a process that has come past it"
}

@test "out of reach: static, set-id, no shim, no good table" {
    cd "$BATS_TEST_TMPDIR"
    printf 'int main(void) { return 0; }\n' >t.c
    ${CC:-cc} -o dynamic t.c
    ${CC:-cc} -static -o static t.c
    printf '#!%s/static\n' "$PWD" >script
    chmod +x script
    expect_status 1 pinctl doctor ./static
    expect_eq "./static is static: LD_PRELOAD cannot reach it" "$(found preload)" "static"
    expect_status 1 pinctl doctor ./script
    expect_eq "$PWD/static" "$(found program)" "what a script runs"
    mkdir /run/bin
    cp dynamic /run/bin/suid
    chown 1 /run/bin/suid
    chmod u+s /run/bin/suid
    expect_status 1 pinctl doctor /run/bin/suid
    expect_match "suid is set-uid" "$(found preload)" "set-uid"
    expect_status 1 env STICKYDNS_LIB=/none "$BUILD/pinctl" doctor ./dynamic
    expect_match "no shim: /none" "$output" "no shim"
    mkdir "$TABLE"
    expect_status 1 pinctl doctor ./dynamic
    expect_eq "$TABLE: not a regular file" "$(found table)" "a bad table"
    head -c 100 dynamic >cut
    chmod +x cut
    expect_status 1 pinctl doctor ./cut
    expect_match "cut is cut short" "$(found preload)" "a file that is cut short"
}

@test "a process: with the shim, without, switched off, and when its table is replaced" {
    local pid
    dns_pool pool.test 127.0.0.11
    client_start one shim
    ask one first pool.test
    pid=${CLIENT_PID[one]}
    expect_status 0 pinctl doctor "$pid"
    expect_eq "$(client lookup_client)" "$(found program)" "program"
    expect_eq "$BUILD/libstickydns.so" "$(found shim)" "shim"
    expect_eq "$TABLE: in use" "$(found table)" "table"
    expect_match "STICKYDNS_TABLE=$TABLE" "$(found environment)" "environment"
    expect_match "getaddrinfo: lookup_client" "$(found resolver)" "resolver"
    expect_eq "$pid true getaddrinfo" "$(pinctl doctor --json "$pid" | jq -r '"\(.pid) \(.good) \(.resolvers[0].way)"')" "as JSON"

    pinctl init --replace
    expect_status 0 pinctl doctor "$pid"
    expect_eq "$TABLE: replaced or deleted since" "$(found table)" "the table after its replacement"
    ask one first pool.test
    expect_status 0 pinctl doctor "$pid"
    expect_eq "$TABLE: in use" "$(found table)" "the table after the next lookup"

    client_start two bare
    ask two first pool.test
    expect_status 1 pinctl doctor "${CLIENT_PID[two]}"
    expect_eq "not in it none" "$(found shim) $(found table)" "a bare one"
    SHIM_ENV+=(STICKYDNS=Off)
    client_start three shim
    ask three first pool.test
    expect_status 1 pinctl doctor "${CLIENT_PID[three]}"
    expect_match "switched off by STICKYDNS=Off" "$(found shim)" "one that is switched off"
}

@test "all tables that processes hold are listed, by doctor and by stats, also where there is no usual one" {
    local held=$'/run/held\nhere'
    unset STICKYDNS_TABLE
    env "LD_PRELOAD=$BUILD/libstickydns.so" "STICKYDNS_TABLE=$held" sleep 1000 3>&- 4>&- &
    await "the table" grep -q 'held.012here' "/proc/$!/maps"
    expect_status 1 bare "$BUILD/pinctl" stats
    expect_match "no table at /dev/shm/stickydns-0" "$output" "what stats says"
    expect_match $'\n/run/held.here\tgood\t1 process: [0-9]+ .sleep' "$output" "and lists"
    expect_status 0 bare "$BUILD/pinctl" doctor cat
    expect_match $'one of all\t/run/held.here: good, held by 1 process: [0-9]+ .sleep' "$output" "what doctor lists"
}

@test "JSON: paths of any length, and what they are written in" {
    local deep=$BATS_TEST_TMPDIR/dir odd=$'\x1b\xff\n"' n
    for n in {1..4}; do deep+=/$(printf 'd%.0s' {1..200}); done
    mkdir -p "$deep" "$BATS_TEST_TMPDIR/bücher" "$BATS_TEST_TMPDIR/$odd"
    for n in "$deep" "$BATS_TEST_TMPDIR/bücher" "$BATS_TEST_TMPDIR/$odd"; do cp /bin/cat "$n/"; done
    expect_eq "$deep/cat" "$(pinctl doctor --json "$deep/cat" | jq -r .program)" "a long path"
    expect_eq "$BATS_TEST_TMPDIR/bücher/cat" "$(pinctl doctor --json "$BATS_TEST_TMPDIR/bücher/cat" | jq -r .program)" "one in UTF-8"
    expect_match '/\?\?\?"/cat$' "$(pinctl doctor --json "$BATS_TEST_TMPDIR/$odd/cat" | jq -r .program)" "one that is neither"
    STICKYDNS_NAMES=$(printf 'n%.0s,' {1..1500}) sleep 3600 &
    n=$!                                                # await may start processes of its own
    await "sleep" grep -q sleep "/proc/$n/comm"
    expect_eq 3016 "$(pinctl doctor --json "$n" | jq '.environment[0] | length')" "a long variable"
}

@test "garbage for an ELF file" {
    local i
    cd "$BATS_TEST_TMPDIR"
    cp "$(client lookup_client)" whole
    chmod u+w whole
    for i in {1..40}; do
        cp whole bad
        # Behind the program headers, so that it is taken for a program: sections and symbols.
        head -c 64 /dev/urandom | dd of=bad bs=1 seek=$((4096 + i * $(stat -c %s whole) / 50)) conv=notrunc status=none
        pinctl doctor ./bad >"$LOGS/bad" 2>&1 || expect_eq 1 $? "exit status"
    done
    # The section headers' place and number.
    printf '\xff\xff\xff\xff\xff\xff\xff\x7f' | dd of=bad bs=1 seek=40 conv=notrunc status=none
    expect_status 0 pinctl doctor ./bad
    expect_eq "none that its symbols tell of" "$(found resolver)" "sections that lie outside"
}
