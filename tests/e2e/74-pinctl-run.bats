# pinctl run: a program under the shim, and what it cannot reach.

load ../lib/harness
load ../lib/complains

@test "run: the environment, exit statuses, words that look like options" {
    expect_eq "$BUILD/libstickydns.so" "$(pinctl run env | sed -n 's/^LD_PRELOAD=//p')" "LD_PRELOAD"
    expect_eq "$BUILD/libstickydns.so:/x.so" \
        "$(LD_PRELOAD="$BUILD/libstickydns.so:/x.so" pinctl run env 2>/dev/null | sed -n 's/^LD_PRELOAD=//p')" "no duplicate"
    cd "$BATS_TEST_TMPDIR"
    expect_eq "a.*,b $PWD/t $PWD/l" "$("$BUILD/pinctl" run -n 'a.*,b' -t t -l l -- sh -c \
        'echo $STICKYDNS_NAMES $STICKYDNS_TABLE $STICKYDNS_LOG')" "the shim's environment"
    expect_eq "--json -t" "$(pinctl run echo --json -t)" "options of CMD"
    expect_status 7 pinctl run -- sh -c 'exit 7'
    complains 127 "run: nonesuch: no such program" run nonesuch
    complains 127 "run: ./nonesuch: no such program" run ./nonesuch
    complains 126 "run: /etc: not executable" run /etc
}

@test "run: the shim it cannot find, or cannot name" {
    expect_status 1 env STICKYDNS_LIB=/none "$BUILD/pinctl" run true
    expect_match "run: no shim: /none: No such file" "$output" "no shim"
    mkdir "$BATS_TEST_TMPDIR/a b"
    cp "$BUILD/libstickydns.so" "$BATS_TEST_TMPDIR/a b/"
    expect_status 1 env STICKYDNS_LIB="$BATS_TEST_TMPDIR/a b/libstickydns.so" "$BUILD/pinctl" run true
    expect_match "must have no space and no colon" "$output" "a path that LD_PRELOAD cannot hold"
}

@test "run: what it cannot reach, straight or behind a script" {
    cd "$BATS_TEST_TMPDIR"
    printf 'int main(void) { return 3; }\n' >t.c
    ${CC:-cc} -o dynamic t.c
    ${CC:-cc} -static -o static t.c
    printf '#!%s/static\n' "$PWD" >script
    printf 'exit 4\n' >plain
    chmod +x script plain
    expect_status 3 pinctl run ./dynamic
    expect_status 4 pinctl run ./plain
    complains 1 "./static is static" run ./static
    complains 1 "/static is static" run ./script
    mkdir /run/bin
    cp dynamic /run/bin/suid
    chown 1 /run/bin/suid
    chmod u+s /run/bin/suid
    cp dynamic /run/bin/sgid
    chown :1 /run/bin/sgid
    chmod g+s /run/bin/sgid
    complains 1 "suid is set-uid" run /run/bin/suid
    complains 1 "sgid is set-gid" run /run/bin/sgid
    expect_status 3 setpriv --no-new-privs "$BUILD/pinctl" run /run/bin/suid
    head -c 100 dynamic >cut
    cp dynamic other
    printf '\x01' | dd of=other bs=1 seek=4 conv=notrunc status=none
    chmod +x cut
    complains 1 "cut is cut short" run ./cut
    complains 1 "other is a 32-bit program" run ./other
}

@test "run: says so when the program will not stick" {
    mkdir "$TABLE"
    expect_match "$TABLE: not a regular file: nothing will be sticky" "$(pinctl run true 2>&1)" "no table"
    rmdir "$TABLE"
    STICKYDNS_TABLE=$TABLE unshare -n "$BUILD/pinctl" init --names 64
    expect_match "another network namespace: nothing will be sticky" "$(pinctl run true 2>&1)" "a foreign table"
    rm "$TABLE"
    local word log
    for word in off OFF 0; do
        expect_match "STICKYDNS=$word is in the environment" "$(STICKYDNS=$word pinctl run true 2>&1)" "switched off"
    done
    expect_eq "" "$(STICKYDNS=00 pinctl run true 2>&1)" "what does not switch it off"
    expect_eq "" "$(pinctl run true 2>&1)" "with nothing to say"
    expect_eq "" "$(pinctl run --log "$LOGS/new" true 2>&1)" "with nothing to say of its log"
    expect_match "log: /none/log: No such file.*: nothing will be logged" "$(pinctl run --log /none/log true 2>&1)" "no log"
    log=$LOGS/$(printf 'l%.0s' {1..255})
    log=${log:0:256}
    expect_match "log: longer than 255 bytes: $log: nothing will be logged" "$(pinctl run --log "$log" true 2>&1)" "a long path"
    expect_eq "" "$(pinctl run --log "${log%?}" true 2>&1)" "one that is not too long"
    complains 2 "run: --log: .*path is wanted" run --log "" true
    expect_match "/none/t: no table, and none can be made there: nothing" "$(pinctl run -t /none/t true 2>&1)" "no directory"
    expect_status 1 pinctl -t /none/t doctor cat
    complains 2 "run: --names: longer than 4095 bytes: 'n,n," run --names "$(printf 'n,%.0s' {1..2048})" true
    mkdir -p "$BATS_TEST_TMPDIR/$(printf 'd%.0s' {1..240})"
    expect_match "path too long: .*/t: nothing will be sticky" "$(cd "$BATS_TEST_TMPDIR"/d* && pinctl run -t t true 2>&1)" "a long path"
    mount -t tmpfs -o size=8k none /mnt
    expect_match "/mnt/t: no space left for it: nothing will be sticky" "$(pinctl run -t /mnt/t true 2>&1)" "no room"
    dd if=/dev/zero of=/mnt/log bs=4k count=2 status=none
    expect_eq "pinctl: run: log: /mnt/log: its file system is full: lines will be lost" "$(pinctl run --log /mnt/log true 2>&1)" "a full log"
}

# As gcc links it, its runtime being a library: it refuses to start if that is not the first, and only there.
@test "run: programs with sanitizers start, stick, and find what they are for; so do those that a script starts" {
    local how address seen
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    for address in 11 12 13; do server_start "127.0.0.$address" 80 accept; done
    for how in address thread undefined leak; do
        gcc -std=gnu17 -D_GNU_SOURCE -g -fsanitize=$how -pthread -o "/run/$how" "$TESTS/clients/dial.c"
        "/run/$how" block pool.test 80 >"$LOGS/bare-$how" 2>&1 || { [[ $how == thread ]] && continue; }  # kernels whose addresses are too random
        seen=$(repeat 3 pinctl run "/run/$how" block pool.test 80 2>&1 | sort -u)
        expect_eq "done 0 try $(pin_of pool.test)" "$(xargs <<<"$seen")" "what it printed with -fsanitize=$how"
    done
    expect_eq confirmed "$(pin_field pool.test state)" "state of the pin"
    seen=$(pinctl run sh -c '/run/address block pool.test 80; :' 2>&1)
    expect_eq "try $(pin_of pool.test) done 0" "$(xargs <<<"$seen")" "one that a shell starts"
    seen=$(LD_PRELOAD=$(gcc -print-file-name=libasan.so) pinctl run /run/address block pool.test 80 2>&1)
    expect_eq "try $(pin_of pool.test) done 0" "$(xargs <<<"$seen")" "with its runtime in LD_PRELOAD"
    seen=$(LD_PRELOAD=libresolv.so.2 ASAN_OPTIONS=detect_leaks=0 pinctl run /run/address block pool.test 80 2>&1)
    expect_eq "try $(pin_of pool.test) done 0" "$(xargs <<<"$seen")" "with another library in LD_PRELOAD"
    printf '#include <stdlib.h>\n#include <unistd.h>\nint main(void) { return (int)read(0, malloc(4), 8); }\n' >/run/past.c
    gcc -g -fsanitize=address -o /run/past /run/past.c
    expect_status 1 pinctl run /run/past < <(echo 12345678)
    expect_match "heap-buffer-overflow" "$output" "a read(2) past the end of a buffer"
}

@test "run: ASAN_OPTIONS keep what is in them, which counts" {
    expect_eq "verify_asan_link_order=0" "$(pinctl run printenv ASAN_OPTIONS)" "the only one"
    expect_eq "verify_asan_link_order=0:a=1" "$(ASAN_OPTIONS=a=1 pinctl run printenv ASAN_OPTIONS)" "before others"
    expect_eq "a=1,verify_asan_link_order=0" "$(ASAN_OPTIONS=a=1,verify_asan_link_order=0 pinctl run printenv ASAN_OPTIONS)" "once"
}
