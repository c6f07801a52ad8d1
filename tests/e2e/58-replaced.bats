# A table that is replaced loses nothing, and everything that a program does follows it: also the requests of one that
# looks nothing up any more.

load ../lib/harness
setup_file() { use_clients steer lookup_client; }

POOL="127.0.0.11 127.0.0.12 127.0.0.13"

# The client of 44-steer, which has looked the name up once, and the servers' record of what came to them.
begin() {
    dns_pool pool.test $POOL
    WIRE=$BATS_TEST_TMPDIR/wire
    /usr/bin/python3 -S "$TESTS/servers/sip.py" "$WIRE" 5060 $POOL >>"$LOGS/sip.py.log" 2>&1 3>&- 4>&- &
    await "the servers" port_open udp 127.0.0.13 5060
    client_start c shim steer
    ask c lookup pool.test >/dev/null
    pinctl set pool.test 127.0.0.12
}

@test "a program that only sends, and one that only connects, follow with their next request" {
    begin
    ask c udp4 >/dev/null
    ask c OPTIONS 127.0.0.11 5060 b1 i1 >/dev/null
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer"
    pinctl init --replace
    ask c OPTIONS 127.0.0.11 5060 b2 i2 >/dev/null
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer of a pin that was taken over"
    pinctl init --replace
    pinctl set pool.test 127.0.0.13
    ask c OPTIONS 127.0.0.11 5060 b3 i3 >/dev/null
    expect_eq "200 127.0.0.11:5060" "$(ask c recv recvfrom)" "the answer of one that was set anew"
    expect_eq "127.0.0.12 udp OPTIONS z9hG4bKb1 127.0.0.12 udp OPTIONS z9hG4bKb2 127.0.0.13 udp OPTIONS z9hG4bKb3" \
        "$(xargs <"$WIRE")" "where the requests came in"
    pinctl init --replace
    pinctl set pool.test 127.0.0.12
    expect_eq "connected 127.0.0.11:5060" "$(ask c tcp 127.0.0.11 5060 block)" "a connect"
    await "the connection" grep -q tcp "$WIRE"
    expect_eq "127.0.0.12 tcp connect" "$(grep tcp "$WIRE")" "where it went"
}

# follows PROGRAM... : a stream of requests follows the table that is in force from its next request on.
follows() {
    local since
    await "requests of $1" arrived_reach 2 "user=$1"
    pinctl set pool.test 127.0.0.12
    await "requests of $1 at the pin" arrived_reach 2 "user=$1" server=127.0.0.12:5060
    pinctl init --replace "${@:2}"
    pinctl set pool.test 127.0.0.13
    since=$(now)
    await "requests of $1 at the new table's pin" arrived_reach 4 "user=$1" server=127.0.0.13:5060
    expect_le 1 "$(arrived "user=$1" "begun=$since" 'server=127.0.0.1[12]:5060')" "requests of $1 that went elsewhere"
}

@test "sipp over one socket follows" {
    sip_pool pool.test $POOL
    stream_start sipp shim alice pool.test udp
    follows alice
}

@test "baresip follows" {
    sip_pool pool.test $POOL
    stream_start baresip shim alice pool.test udp
    follows alice
}

@test "kamailio, root dropped and its group kept, follows though its DNS cache answers; one whose group is dropped is named" {
    need setpriv
    sip_pool pool.test $POOL
    pinctl init --group nogroup --conf=/dev/null
    mkdir -m 777 /run/relay
    relay_start 5601 shim no -u nobody -g nogroup -Y /run/relay
    stream_loop alice go 0.5 timeout 15 sipsak -U -H 127.0.0.1 -u alice -a secret -p 127.0.0.1:5601 \
        -C sip:alice@127.0.0.1 -s sip:alice@pool.test
    follows alice --group nogroup --conf=/dev/null
    expect_eq "" "$(pinctl init --replace --group nogroup --conf=/dev/null 2>&1)" "what init says while all can follow"
    expect_match "process [0-9]* \(kamailio\) cannot follow: its user \(65534\) may not open that file" \
        "$(pinctl init --replace --conf=/dev/null 2>&1)" "what it says of one that they cannot open"
}

# in_container WHAT : lookup_client in a mount namespace of its own, which shares WHAT of the machine's /dev/shm alone.
in_container() {
    unshare --mount --propagation private bash -euc '
        what=$1 table=$2
        shift 2
        mkdir /run/shared
        mount --bind "$what" /run/"${what##*/}" 2>/dev/null || { touch /run/"${what##*/}"; mount --bind "$what" /run/"${what##*/}"; }
        mount -t tmpfs none /dev/shm
        [[ -d /run/${what##*/} ]] && mount --bind /run/"${what##*/}" "$what" || { touch "$table"; mount --bind /run/"${what##*/}" "$table"; }
        exec env "$@"' - "$@"
}

@test "a change by hand waits for who replaces the table, and is not lost; nobody who holds the lock keeps it from being done" {
    local pid
    pinctl init --conf=/dev/null
    pinctl set a.test 192.0.2.7
    # init --replace holds the lock while it copies.
    exec {lock}<"$TABLE"
    flock -x "$lock"
    pinctl drop a.test {lock}<&- >"$LOGS/drop" 2>&1 3>&- 4>&- &
    pid=$!
    nap 0.5
    expect_eq 192.0.2.7 "$(pin_of a.test)" "the pin while the table is locked"
    pinctl init --replace --conf=/dev/null
    flock -u "$lock"
    wait $pid
    expect_eq "" "$(pin_of a.test)" "the pin in the new table, after the drop ($(cat "$LOGS/drop"))"
    exec {lock}<"$TABLE"
    flock -x "$lock"
    expect_status 0 pinctl set a.test 192.0.2.8
    expect_eq 192.0.2.8 "$(pin_of a.test)" "the pin that was set though somebody holds the lock for ever"
}

@test "a container that is given the directory follows; one that is given the file alone goes on as bare, and is named" {
    local given
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    mkdir /dev/shm/tables /run/tables
    TABLE=/dev/shm/tables/table
    shim_setup
    pinctl init --conf=/dev/null
    pinctl set pool.test 127.0.0.20
    for given in directory file; do
        if [[ $given == directory ]]; then
            container=(mount --bind /dev/shm/tables /run/tables)
        else
            touch /run/tables/table
            container=(mount --bind /dev/shm/tables/table /run/tables/table)
        fi
        mkfifo "$BATS_TEST_TMPDIR/$given.in" "$BATS_TEST_TMPDIR/$given.out"
        unshare --mount --propagation private bash -euc '"${@:3}"; exec env "LD_PRELOAD=$1" STICKYDNS_TABLE=/run/tables/table "$2"' - \
            "$BUILD/libstickydns.so" "$(client lookup_client)" "${container[@]}" \
            <"$BATS_TEST_TMPDIR/$given.in" >"$BATS_TEST_TMPDIR/$given.out" 2>"$LOGS/$given" 3>&- 4>&- &
        CLIENT_PID[$given]=$!
        exec {in}>"$BATS_TEST_TMPDIR/$given.in" {out}<"$BATS_TEST_TMPDIR/$given.out"
        CLIENT_IN[$given]=$in CLIENT_OUT[$given]=$out
        expect_eq 127.0.0.20 "$(ask $given first pool.test)" "given the $given, before"
    done
    expect_status 0 pinctl init --replace --conf=/dev/null
    expect_match "process ${CLIENT_PID[file]} .lookup_client. cannot follow: that file is not in its file system .chroot, container." \
        "$output" "what init says"
    pinctl set pool.test 127.0.0.21
    expect_eq 127.0.0.21 "$(ask directory first pool.test)" "given the directory, after"
    expect_match '^127\.0\.0\.1[123]$' "$(ask file first pool.test)" "given the file alone, after"
}
