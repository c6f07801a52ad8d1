# pinctl doctor: whether the shim reaches a program, or is in a process, and how that looks up names.

load ../lib/harness
load ../lib/complains
load ../lib/steer
setup_file() { use_clients lookup_client; }
teardown() { harness_teardown; steer_teardown; }

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

# advises EREGEX PROGRAM|PID : a line of advice for it matches.
advises() {
    output=$(pinctl doctor "$2") || true
    expect_match "$1" "$(found advice)" "advice for $2"
}

# sleeper [ENV-WORD|COMMAND]... : `sleep` that runs so, its number in $SLEEPER.
sleeper() {
    env "$@" sleep 1000 3>&- 4>&- &
    SLEEPER=$!
    await "sleep" grep -q sleep "/proc/$SLEEPER/comm"
}

@test "a script: its interpreter, also behind env, and itself, as a program and as a process" {
    cd "$BATS_TEST_TMPDIR"
    export PATH=/usr/bin:/bin
    printf '#!/usr/bin/env -S LANG=C python3 -u\nimport time\ntime.sleep(1000)\n' >tool
    printf '#!/bin/cat\n' >text
    printf 'read -r line\n' >plain.sh
    chmod +x tool text
    expect_eq "$(realpath "$(command -v python3)") ./tool" "$(pinctl doctor --json ./tool | jq -r '"\(.program) \(.script)"')" "behind env"
    expect_eq "$(realpath /bin/cat) ./text" "$(pinctl doctor --json ./text | jq -r '"\(.program) \(.script)"')" "without env"
    expect_eq null "$(pinctl doctor --json cat | jq -r .script)" "of what is none"
    ./tool 3>&- 4>&- &
    await "the interpreter" grep -q python "/proc/$!/comm"
    expect_match "python3.* ./tool" "$(pinctl doctor --json $! | jq -r '"\(.program) \(.script)"')" "as a process"
    mkfifo fifo
    bash plain.sh <>fifo 3>&- 4>&- &
    await "the shell" grep -q plain "/proc/$!/cmdline"
    expect_match "bash plain.sh" "$(pinctl doctor --json $! | jq -r '"\(.program) \(.script)"')" "a file that does not begin with #!"
}

@test "advice: what LD_PRELOAD does not reach, Java, a program that was started without it" {
    cd "$BATS_TEST_TMPDIR"
    mkdir -p /run/bin jdk/bin jdk/lib
    printf 'int main(void) { return 0; }\n' >t.c
    gcc -o /run/bin/own t.c
    chmod u+s /run/bin/own
    expect_status 0 pinctl doctor /run/bin/own
    expect_eq "reaches it" "$(found preload)" "root's own set-uid program"
    expect_match "own is set-uid: LD_PRELOAD does not reach it when others start it" "$(found advice)" "advice"
    gcc -static -o static t.c
    advises "pinwatch steer redirects" ./static

    gcc -o jdk/bin/java t.c
    printf '#include <netdb.h>\nint x(void) { return getaddrinfo(0, 0, 0, 0); }\n' >net.c
    gcc -shared -fPIC -o jdk/lib/libnet.so net.c
    expect_status 0 pinctl doctor jdk/bin/java
    expect_eq "getaddrinfo: libnet.so" "$(found resolver)" "Java's library"
    expect_match "Java keeps each answer for 30 s" "$(found advice)" "advice for Java"

    sleeper true=
    advises "LD_PRELOAD of it does not name the library: .*Environment=LD_PRELOAD=$BUILD/libstickydns.so in its unit" $SLEEPER
    sleeper LD_PRELOAD=/nonexistent/libstickydns.so 2>/dev/null
    advises "LD_PRELOAD names /nonexistent/libstickydns.so, which is not in its file system" $SLEEPER
    : >libstickydns.so
    sleeper "LD_PRELOAD=$PWD/libstickydns.so" 2>/dev/null
    advises "LD_PRELOAD names $PWD/libstickydns.so, and the library is not in it: the loader's complaint" $SLEEPER
    cp /bin/sleep /run/bin/suid
    chmod u+s /run/bin/suid
    setpriv --reuid 65534 --clear-groups env "LD_PRELOAD=$BUILD/libstickydns.so" /run/bin/suid 1000 3>&- 4>&- &
    await "the set-uid program" grep -q suid "/proc/$!/comm"
    advises "it was started set-id" $!
}

@test "advice: sandboxes of units, rights, containers" {
    local system dir=/run/stickydns library=LD_PRELOAD=$BUILD/libstickydns.so
    unset STICKYDNS_TABLE
    echo stickydns:x:4712: >>"$BATS_TEST_TMPDIR/group"
    cat /etc/group >>"$BATS_TEST_TMPDIR/group"
    mount --bind "$BATS_TEST_TMPDIR/group" /etc/group
    bare "$BUILD/pinctl" init --conf=/dev/null
    system=$dir/table.$(layout)
    pinctl() { command "$BUILD/pinctl" "$@"; }

    sleeper "$library"
    expect_status 0 pinctl doctor $SLEEPER
    expect_eq "" "$(found advice)" "advice for one that has all"
    # As ProtectSystem=strict does.
    sleeper unshare --mount sh -c 'mount --bind $0 $0 && mount -o remount,bind,ro $0 && exec env "$@"' $dir "$library"
    await "its table" grep -q "$system" "/proc/$SLEEPER/maps"
    advises "^$dir is mounted read-only for it: ReadWritePaths=$dir in its unit, or programs can only read\$" $SLEEPER
    steer_setup                                         # a cgroup, as a unit's processes are in
    mkdir -p "$CGROUP_PATH/kamailio.service/worker"
    echo "$SLEEPER" >"$CGROUP_PATH/kamailio.service/worker/cgroup.procs"
    advises "ReadWritePaths=$dir in kamailio.service," $SLEEPER
    expect_eq kamailio.service "$(found unit)" "its unit"
    sleeper setpriv --reuid 65534 --clear-groups env "$library"
    await "its table" grep -q "$system" "/proc/$SLEEPER/maps"
    advises "nobody may only read $system: SupplementaryGroups=stickydns in its unit" $SLEEPER
    sleeper unshare --mount sh -c 'mount -t tmpfs $0 /run && exec env "$@"' none "$library"
    advises "pins are not shared with those on $system: 3 processes: .*sleep" $SLEEPER

    # A root directory of its own, which shares the programs alone.
    mkdir -p /tmp/root/{usr,lib,lib64,bin,dev/shm,proc,build}
    mount -t tmpfs -o size=20m none /tmp/root/dev/shm
    for part in usr lib lib64 bin; do mount --rbind /$part /tmp/root/$part; done
    mount --bind "$BUILD" /tmp/root/build
    sleeper chroot /tmp/root env LD_PRELOAD=/build/libstickydns.so
    await "its table" grep -q shm/stickydns "/proc/$SLEEPER/maps"
    advises "it is in a container, which does not have $system: bind the directory into it \(-v $dir:$dir\)" $SLEEPER
    expect_match "/dev/shm has 1[0-9] MiB left, and a table that programs make grows to 2[0-9] MiB" "$(found advice)" "its /dev/shm"
    sleeper chroot /tmp/root env "$library" 2>/dev/null
    advises "LD_PRELOAD names $BUILD/libstickydns.so, which is not in its file system: bind it into the container" $SLEEPER
    sleeper unshare --net chroot /tmp/root env LD_PRELOAD=/build/libstickydns.so
    advises "in a container with a network of its own" $SLEEPER
}

@test "advice: no table, programs on other tables, a small /dev/shm, logs that are lost" {
    local first library=LD_PRELOAD=$BUILD/libstickydns.so
    cd "$BATS_TEST_TMPDIR"
    sleeper "$library" STICKYDNS_TABLE=/dev/shm/one
    first=$SLEEPER
    await "its table" grep -q shm/one "/proc/$first/maps"
    sleeper "$library" STICKYDNS_TABLE=/dev/shm/two
    await "its table" grep -q shm/two "/proc/$SLEEPER/maps"
    advises "^pins are not shared with those on /dev/shm/one: 1 process: $first \(sleep\); root's pinctl init makes one table for all\$" $SLEEPER
    expect_eq 1 "$(found advice | grep -c '')" "pieces of advice"
    kill "$first" "$SLEEPER"
    wait "$first" "$SLEEPER" || true

    mkdir -m 777 full
    mount -t tmpfs -o size=4k none full
    dd if=/dev/zero of=full/f bs=4k count=1 status=none
    sleeper "$library" "STICKYDNS_TABLE=$TABLE" "STICKYDNS_LOG=$PWD/full/log"
    await "its table" grep -q "$TABLE" "/proc/$SLEEPER/maps"
    advises "STICKYDNS_LOG=$PWD/full/log: its file system is full: lines are lost" $SLEEPER
    mount -o remount,ro full
    advises "STICKYDNS_LOG=.*mounted read-only for it: nothing is logged" $SLEEPER
    kill "$SLEEPER"
    sleeper "$library" "STICKYDNS_TABLE=$TABLE" STICKYDNS_LOG=/nonexistent/log
    advises "STICKYDNS_LOG=/nonexistent/log: No such file or directory: nothing is logged" $SLEEPER

    cat >sealed.c <<'C'
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sock_filter allow = {BPF_RET, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog all = {1, &allow};
	return argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) || execvp(argv[1], argv + 1);
}
C
    gcc -o sealed sealed.c
    sleeper ./sealed env "$library" STICKYDNS_TABLE=/nonexistent/table
    advises "a filter of system calls may forbid what the library needs: SystemCallFilter=@system-service in its unit" $SLEEPER
    sleeper unshare --mount sh -c 'mount -o remount,ro,bind /dev/shm && exec env "$@"' none "$library" STICKYDNS_TABLE=/nonexistent/table
    advises "/dev/shm is mounted read-only for it, and it found no other table" $SLEEPER

    mount -t tmpfs -o size=8m none /dev/shm
    advises "/dev/shm has 8 MiB left, and a table that programs make grows to 2[0-9] MiB" cat
}
