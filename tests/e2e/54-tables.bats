# Which table a program uses: the system's, its own, one it may only read, one that is replaced under it;
# and pinctl run.

load ../lib/harness
setup_file() { use_clients lookup_client changeover; }

# Another user, who may read the table but not write it.
NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)

only_root() { [[ $(cat /proc/self/uid_map) =~ 4294967295 ]] || cannot "needs root, to become another user"; }

# The client where any user may run it: bats makes its temporary folders for one user.
public_client() {
    install -m 755 "$(client lookup_client)" /run/lookup_client
    install -m 755 "$BUILD/libstickydns.so" /run/libstickydns.so
    chmod 755 /run
}

@test "one that may only read the table honours pins and teaches nothing" {
    only_root
    need setpriv
    public_client
    local reader=(env LD_PRELOAD=/run/libstickydns.so "STICKYDNS_TABLE=$TABLE" /run/lookup_client)
    dns_scripted pool.test 3 1 127.0.0.11 127.0.0.12 127.0.0.13
    pinctl init
    chmod 644 "$TABLE"
    client_start one shim
    pinctl set pool.test 127.0.0.20
    expect_eq 127.0.0.20 "$(bare "${NOBODY[@]}" "${reader[@]}" first pool.test)" "an explicit pin, as nobody"
    pinctl drop pool.test
    expect_eq 3 "$(repeat 6 bare "${NOBODY[@]}" "${reader[@]}" first pool.test | spread)" "no pin, and none is made"
    expect_eq "" "$(pin_of pool.test)" "the pin after lookups by nobody"

    server_start 0.0.0.0 7060 accept
    expect_match =ok "$(ask one connect pool.test 7060)" "root's connect, which confirms a pin"
    local pin
    pin=$(pin_of pool.test)
    server_stop 0.0.0.0 7060
    expect_eq "$pin=ECONNREFUSED" "$(bare "${NOBODY[@]}" "${reader[@]}" connect pool.test 7060)" "nobody's connect"
    expect_eq "$pin confirmed" "$(pin_of pool.test) $(pin_field pool.test state)" "the pin, taught nothing"
    expect_eq "$pin=ECONNREFUSED" "$(ask one connect pool.test 7060)" "root's connect, which teaches"
    expect_ne "$pin" "$(bare "${NOBODY[@]}" "${reader[@]}" first pool.test)" "nobody's lookup afterwards"
}

@test "a table replaced under a running program is followed" {
    dns_pool pool.test 127.0.0.11
    pinctl init
    client_start one shim
    pinctl set pool.test 127.0.0.20
    expect_eq 127.0.0.20 "$(ask one first pool.test)" "pin of the first table"
    expect_status 1 pinctl init
    expect_one_line "$output" "complaint about a table that is there"
    pinctl init --replace
    expect_eq 127.0.0.20 "$(ask one first pool.test)" "pin of the second table, which took it over"
    pinctl set pool.test 127.0.0.21
    expect_eq 127.0.0.21 "$(ask one first pool.test)" "pin of the second table, set there"
    pinctl init --empty
    expect_eq 127.0.0.11 "$(ask one first pool.test)" "no pin in the third table"
}

@test "without STICKYDNS_TABLE: the system's table if there is one, else one for the user" {
    unset STICKYDNS_TABLE
    local shim=(env "LD_PRELOAD=$BUILD/libstickydns.so" "$(client lookup_client)")
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    expect_eq 1 "$(repeat 6 bare "${shim[@]}" first pool.test | spread)" "addresses with a table for the user"
    expect_match '^/dev/shm/stickydns-0\.v[0-9]+\.[0-9a-f]{8}$' "$(echo /dev/shm/stickydns-*)" "the table for the user"
    bare "$BUILD/pinctl" init
    bare "$BUILD/pinctl" set pool.test 127.0.0.20
    expect_match '^/run/stickydns/table\.v[0-9]+\.[0-9a-f]{8}$' "$(echo /run/stickydns/table*)" "the system's table"
    expect_eq 127.0.0.20 "$(bare "${shim[@]}" first pool.test)" "with the system's table"
}

@test "a system's table that is no good is not passed over in silence; a table that nobody takes is not made so" {
    unset STICKYDNS_TABLE
    local system=/run/stickydns/table.$(layout) own=/dev/shm/stickydns-0.$(layout) command
    bare "$BUILD/pinctl" init
    : >$system
    for command in "set a.test 192.0.2.1" list "run true" "doctor cat"; do
        expect_status 0 bare "$BUILD/pinctl" $command
        expect_match "pinctl: ${command%% *}: $system: shorter than its header says: passed over for $own" "$output" "$command"
    done
    rm $system
    bare "$BUILD/pinctl" init
    expect_status 0 env -u STICKYDNS_TABLE "$BUILD/pinctl" init -t /dev/shm/other
    expect_eq "" "$output" "a table that is named"
    only_root
    need setpriv
    public_client
    cp "$BUILD/pinctl" /run/
    expect_status 0 bare "${NOBODY[@]}" /run/pinctl init
    expect_match "init: /dev/shm/stickydns-65534.$(layout) is made, but programs of this user take $system" "$output" "a user's"
    expect_status 0 bare "${NOBODY[@]}" /run/pinctl doctor cat
    expect_match "$system: will do, may only be read" "$output" "what doctor says of the system's"
}

@test "while a table is replaced again and again, no command meets the old one, and none changes it unnoticed" {
    local n
    pinctl init --names 1
    (for ((n = 0; n < 400; n++)); do pinctl init --names 1 --replace; done) &
    for ((n = 0; n < 150; n++)); do pinctl list 2>>"$BATS_TEST_TMPDIR/said"; done
    kill $!
    expect_eq "" "$(cat "$BATS_TEST_TMPDIR/said")" "what list says"
    # The answer waits for the other table.
    /usr/bin/python3 -S - "$BATS_TEST_TMPDIR/go" 3>&- 4>&- <<'PY' &
import os, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.54", 53))
while True:
    q, peer = s.recvfrom(2000)
    while not os.path.exists(sys.argv[1]): time.sleep(0.02)
    question = q[12:q.index(b"\0", 12) + 5]
    a = question[-4:-2] == b"\0\1"
    s.sendto(q[:2] + b"\x81\x80\0\1\0" + bytes([a]) + b"\0\0\0\0" + question +
             (b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([127, 0, 0, 15]) if a else b""), peer)
PY
    await "the server" port_open udp 127.0.0.54 53
    pinctl refresh pool.test --timeout 200s >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
    n=$!
    await "the query" eval '[[ -n $(ss -H -u "dst 127.0.0.54") ]]'
    pinctl init --replace
    touch "$BATS_TEST_TMPDIR/go"
    local status=0
    wait $n || status=$?
    expect_eq 1 "$status" "exit status"
    expect_eq "pinctl: refresh: $TABLE: was replaced meanwhile: try again" "$(cat "$BATS_TEST_TMPDIR/err")" "what it says"
}

# usual : what a program under the shim gets first, as whoever "$@" makes of him; no table is named.
usual() { bare "$@" env LD_PRELOAD=/run/libstickydns.so /run/lookup_client first pool.test; }

@test "a file that another user planted as the user's table denies nobody: all go to the one in the user's own directory" {
    only_root
    need setpriv
    public_client
    unset STICKYDNS_TABLE
    cp "$BUILD/pinctl" /run/
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    local stranger=(setpriv --reuid=4711 --regid=4711 --clear-groups) planted path
    for planted in file link; do
        rm -rf /dev/shm/stickydns-* /run/stickydns-* /run/user
        install -d -o 65534 -g 65534 -m 700 /run/user/65534
        for path in /dev/shm/stickydns-{0,65534}."$(layout)"; do
            if [[ $planted == link ]]; then "${stranger[@]}" ln -s /etc/hostname $path; else "${stranger[@]}" touch $path; fi
        done
        expect_eq 1 "$(repeat 6 usual | spread)" "addresses, as root, past a $planted"
        expect_eq 1 "$(repeat 6 usual "${NOBODY[@]}" | spread)" "addresses, as nobody, past a $planted"
        expect_eq "/run/stickydns-0.$(layout) 600 0,/run/user/65534/stickydns-65534.$(layout) 600 65534" \
            "$(stat -c '%n %a %u' /run/stickydns-* /run/user/*/* | paste -sd,)" "the tables"
        expect_status 0 bare /run/pinctl set pool.test 127.0.0.20
        expect_match "^pinctl: set: /dev/shm/stickydns-0.$(layout): .*: passed over for /run/stickydns-0.$(layout)" "$output" "what pinctl says"
        expect_status 0 bare "${NOBODY[@]}" /run/pinctl set pool.test 127.0.0.21
        expect_eq "127.0.0.20 127.0.0.21" "$(usual) $(usual "${NOBODY[@]}")" "pins set by hand, past a $planted"
    done
    rm /dev/shm/stickydns-*                             # whoever comes then finds the table that is there
    expect_eq "127.0.0.20 127.0.0.21" "$(usual) $(usual "${NOBODY[@]}")" "without what was planted"
    rm /run/user/65534/*
    "${stranger[@]}" touch /dev/shm/stickydns-65534.$(layout)
    chmod 777 /run/user/65534
    usual "${NOBODY[@]}" >/dev/null
    expect_eq "" "$(ls /run/user/65534)" "what is made in a directory that all may write"
}

@test "nobody's own table is made private to him" {
    only_root
    need setpriv
    public_client
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    local shim=(env LD_PRELOAD=/run/libstickydns.so /run/lookup_client)
    expect_eq 1 "$(repeat 6 bare "${NOBODY[@]}" "${shim[@]}" first pool.test | spread)" "addresses, as nobody"
    expect_match '^/dev/shm/stickydns-65534\.v[0-9]+\.[0-9a-f]{8} 600 65534$' \
        "$(stat -c '%n %a %u' /dev/shm/stickydns-65534.*)" "the table of nobody"
}

@test "a program that began before the system's table finds it at a lookup, and takes along what it knows" {
    local system
    unset STICKYDNS_TABLE
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    SHIM_ENV=("${SHIM_ENV[0]}")
    client_start one shim
    client_start two shim
    TABLE=$(echo /dev/shm/stickydns-0.*)
    pinctl set pool.test 127.0.0.20
    expect_eq 127.0.0.20 "$(ask one first pool.test)" "before"
    bare "$BUILD/pinctl" init --conf=/dev/null
    system=$(echo /run/stickydns/table.*)
    TABLE=$system
    expect_eq "" "$(pin_of pool.test)" "the system's table, when it is new"
    await "the lookup that finds it" found_by one "$system"
    expect_eq 127.0.0.20 "$(pin_of pool.test)" "the pin that was taken along"
    pinctl set pool.test 127.0.0.21
    expect_eq 127.0.0.21 "$(ask one first pool.test)" "pin of the system's table"
    expect_eq 127.0.0.21 "$(ask two first pool.test)" "the same, of another program, at once"
}
found_by() { ask "$1" first pool.test >/dev/null && pinctl doctor "${CLIENT_PID[$1]}" | grep -q "$2: in use"; }

# held : how many names the table holds.
held() { pinctl stats --json | jq -r '"\(.names.capacity)"'; }

@test "a table that programs made for themselves grows when it is full, and they follow; one that people made does not" {
    local kind
    DNS_OPTIONS=(--address=/many.test/127.0.0.30)
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    for kind in own made; do
        TABLE=/dev/shm/$kind
        shim_setup
        [[ $kind == own ]] || pinctl init --names 1000
        pinctl set pool.test 127.0.0.20
        client_start $kind shim
        expect_eq 127.0.0.20 "$(ask $kind first pool.test)" "before"
        with_shim /usr/bin/python3 -S - <<'PY'
import socket, time
for i in range(2600): socket.getaddrinfo(f"n{i}.many.test", 5060, socket.AF_INET)
for i in range(3):                      # the table is looked at once a second
    time.sleep(1.1)
    socket.getaddrinfo(f"m{i}.many.test", 5060, socket.AF_INET)
PY
        expect_eq $([[ $kind == own ]] && echo 4096 || echo 1000) "$(held)" "names that the $kind table holds"
        [[ $kind != own ]] ||
            expect_eq 2604 "$(pinctl stats --json | jq .names.live)" "names that are in it: none was forgotten while it grew"
        expect_eq 127.0.0.20 "$(ask $kind first pool.test)" "the pin set by hand, of a program that ran all the time"
        pinctl set pool.test 127.0.0.21
        expect_eq 127.0.0.21 "$(ask $kind first pool.test)" "and its next one"
        expect_eq 600 "$(stat -c %a "$TABLE")" "its mode"
    done
}

@test "pinctl run runs a program under the shim" {
    local client
    client=$(client lookup_client)
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    expect_eq 1 "$(repeat 6 pinctl run -- "$client" first pool.test | spread)" "addresses under pinctl run"
    expect_match '^127\.0\.0\.1[123]$' "$(pin_of pool.test)" "the pin"
    expect_status 7 pinctl run -- sh -c 'exit 7'
    expect_status 127 pinctl run -- /nonexistent
    expect_match /nonexistent "$output" "complaint about a program that is not there"
}

@test "pinctl run says so when a program cannot be reached" {
    printf 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/static.c"
    ${CC:-cc} -static -o "$BATS_TEST_TMPDIR/static" "$BATS_TEST_TMPDIR/static.c" || cannot "needs a static libc"
    output=$(pinctl run -- "$BATS_TEST_TMPDIR/static" 2>&1) || true
    expect_match static "$output" "what pinctl run says of a static program"
    cp "$(client lookup_client)" "$BATS_TEST_TMPDIR/setuid"
    chown 65534 "$BATS_TEST_TMPDIR/setuid" && chmod 4755 "$BATS_TEST_TMPDIR/setuid"
    output=$(pinctl run -- "$BATS_TEST_TMPDIR/setuid" first localhost 2>&1) || true
    expect_match 'set-?u?id' "$output" "what pinctl run says of a set-id program"
}

@test "a table replaced 40 times: a running program follows, and does not keep them all" {
    local i
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    pinctl init
    client_start one shim
    for i in {1..40}; do
        pinctl init --replace
        pinctl set pool.test 127.0.0.77
        await "the program to follow table $i" follows
    done
    expect_le 3 "$(grep -c "$TABLE" "/proc/${CLIENT_PID[one]}/maps")" "tables that are still mapped"
}
follows() { [[ $(ask one first pool.test) == 127.0.0.77 ]]; }

@test "whatever comes between while a program goes over to the new table, it gets there" {
    local how
    dns_pool pool.test 127.0.0.11
    pinctl init
    mkfifo "$BATS_TEST_TMPDIR/go"
    for how in fork cancel jump; do
        pinctl set pool.test 127.0.0.20
        env "${SHIM_ENV[@]}" "$(client changeover)" "$how" pool.test 127.0.0.21 \
            <"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- &
        exec 9>"$BATS_TEST_TMPDIR/go"
        await "the program to have looked up" grep -q '^ready' "$BATS_TEST_TMPDIR/out"
        pinctl init --replace
        pinctl set pool.test 127.0.0.21
        echo >&9
        exec 9>&-
        wait $! || expect_eq 0 $? "exit status, $how"
        expect_eq 127.0.0.21 "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" "pin of the new table, after $how"
    done
}
