# pinctl save and restore: the table as text, across reboots.

load ../lib/harness
load ../lib/complains
setup_file() { use_clients lookup_client; }

# saved LINE... : a saved table in $SAVED.
saved() {
    SAVED=$BATS_TEST_TMPDIR/saved
    printf '%s\n' "$@" >"$SAVED"
}

# The table's pins, a line each: name, address, kind, state; and the drained addresses.
pins() {
    pinctl list | awk -F'\t' '$3 != "-" { print $1, $3, $4, $5 }'
    pinctl drain
}

@test "save and restore: explicit pins, lists, --ttl, services, drained addresses; auto pins become tentative" {
    local before
    dns_pool auto.test 127.0.0.11 2001:db8::11
    server_start 127.0.0.11 7060 accept
    client_start one shim
    expect_eq 127.0.0.11=ok "$(ask one connect auto.test 7060)" "a connect"
    client_stop one
    pinctl set one.test 192.0.2.7
    pinctl set list.test 192.0.2.9,192.0.2.8
    pinctl set list.test 2001:db8::9,2001:db8::8
    pinctl set short.test 192.0.2.7 --ttl 1h
    pinctl set local.test fe80::7%lo
    pinctl set _sip._udp.pool.test sbc1.pool.test:7060,sbc2.pool.test:5062
    pinctl drain 192.0.2.12
    before=$(pins)
    expect_match "auto.test 127.0.0.11 auto confirmed" "$before" "the pins before"
    pinctl save >"$BATS_TEST_TMPDIR/saved"
    expect_match $'\nset list.test 192.0.2.9 192.0.2.8\n' "$(cat "$BATS_TEST_TMPDIR/saved")" "the text"
    expect_match $'\nset short.test 192.0.2.7 until 20[0-9-]*T[0-9:]*Z\n' "$(cat "$BATS_TEST_TMPDIR/saved")" "the text"
    expect_match $'\nset local.test fe80::7%lo\n' "$(cat "$BATS_TEST_TMPDIR/saved")" "the text"

    rm "$TABLE"
    pinctl restore "$BATS_TEST_TMPDIR/saved"
    expect_eq "$(sed 's/confirmed/tentative/' <<<"$before")" "$(pins)" "the pins after"
    expect_eq "192.0.2.9=1 192.0.2.8=2 2001:db8::9=1 2001:db8::8=2" "$(pinctl list --json | jq -r \
        '.[] | select(.name == "list.test") | [.candidates[] | "\(.address)=\(.rank)"] | join(" ")')" "the lists"
    expect_match '^(3600|359[0-9])$' "$(pin_field short.test expires_s)" "seconds until it ends"
    expect_eq "restored" "$(pinctl events --json | jq -r 'select(.name == "auto.test") | .cause' | sort -u)" "cause of the auto pins"
    untimed() { grep -v '^#\|until' "$@" | sed -E 's/^(seen [^ ]* )[^ ]*/\1/'; }
    expect_match $'\nseen auto.test  127.0.0.11\n' "$(untimed "$BATS_TEST_TMPDIR/saved")" "the text"
    expect_eq "$(untimed "$BATS_TEST_TMPDIR/saved")" "$(pinctl save | untimed)" "saved again"
}

# Beside it a table from the first version of the text, which had pins alone.
@test "restored before the first lookup: DNS down, an address from elsewhere, and how old it is" {
    local pin other
    need curl
    dns_srv _sip._udp.pool.test sbc1.pool.test:5062:10:60 sbc2.pool.test:5062:20:40
    dns_pool pool.test 127.0.0.11 127.0.0.12
    for n in 11 12; do server_start 127.0.0.$n 7060 accept; done
    pin=$(first_of shim pool.test)
    other=$([[ $pin == 127.0.0.11 ]] && echo 127.0.0.12 || echo 127.0.0.11)
    pinctl refresh _sip._udp.pool.test >/dev/null
    pinctl save >"$BATS_TEST_TMPDIR/saved"
    expect_match $'\nseen _sip._udp.pool.test [^ ]* sbc1.pool.test:5062:10:60 sbc2.pool.test:5062:20:40\n' \
        "$(cat "$BATS_TEST_TMPDIR/saved")" "the text"
    dns_stop

    rm "$TABLE"
    sed '/^seen/d; s/^stickydns 2/stickydns 1/' "$BATS_TEST_TMPDIR/saved" | pinctl restore
    expect_eq EAI_AGAIN "$(first_of shim pool.test)" "a lookup when only pins are restored"

    rm "$TABLE"
    pinctl restore "$BATS_TEST_TMPDIR/saved"
    expect_eq "$pin" "$(first_of shim pool.test)" "a lookup"
    expect_eq "sbc1.pool.test 5062 10 60 sbc2.pool.test 5062 20 40" "$(pinctl list --json | jq -r \
        '.[] | select(.name == "_sip._udp.pool.test") | .candidates[] | "\(.target) \(.port) \(.priority) \(.weight)"' | xargs)" "the service"

    rm "$TABLE"
    sed -E 's/^(seen pool.test )[^ ]*/\12020-01-01T00:00:00Z/' "$BATS_TEST_TMPDIR/saved" | pinctl restore
    expect_eq EAI_AGAIN "$(first_of shim pool.test)" "a lookup when it is too old"
}

@test "a restored auto pin leads programs, and gives way to what the table has learnt by then" {
    dns_scripted pool.test 3 0 127.0.0.11 127.0.0.12 127.0.0.13
    saved "stickydns 1" "auto pool.test 127.0.0.12" "auto gone.test 192.0.2.9" end
    pinctl restore <"$SAVED"
    expect_eq 127.0.0.12 "$(first_of shim pool.test)" "what a program is led to"
    saved "stickydns 1" "auto pool.test 127.0.0.13" end
    pinctl restore "$SAVED"
    expect_eq 127.0.0.12 "$(pin_of pool.test)" "a pin that was there"
    saved "stickydns 1" "set pool.test 127.0.0.13" end
    pinctl restore "$SAVED"
    expect_eq 127.0.0.13 "$(pin_of pool.test)" "an explicit one takes its place"
    saved "stickydns 1" "drain 127.0.0.14" "auto new.test 127.0.0.14" end
    pinctl restore "$SAVED"
    expect_eq "" "$(pin_of new.test)" "none on a drained address"
}

@test "an end that has passed, comments and blank lines, an empty table" {
    saved "# by hand" "stickydns 1" "" "set over.test 192.0.2.7 until 2020-01-01T00:00:00Z" "  set  a.test	192.0.2.8 " "# set b.test 1" end "# more"
    pinctl restore "$SAVED"
    expect_eq "a.test 192.0.2.8 explicit tentative" "$(pins)" "the pins"
    pinctl drop --all
    expect_eq "stickydns 2 end" "$(pinctl save | grep -v '^#' | xargs)" "an empty table"
}

# refused REGEX LINE... : is not taken, says so in one line, and changes nothing.
refused() {
    local regex=$1
    shift
    saved "$@"
    complains 1 "restore: $SAVED:$regex" restore "$SAVED"
    expect_eq "old.test 192.0.2.1 explicit tentative" "$(pins)" "the pins"
    expect_eq 1 "$(pinctl list | grep -c '')" "names"
}

@test "what cannot be taken back: file, line and word, and nothing changes" {
    local head="stickydns 1" good="set new.test 192.0.2.2"
    pinctl set old.test 192.0.2.1
    refused " cut short, or no saved table" "$head" "$good"
    refused " cut short, or no saved table" ""
    refused "1: no saved table: 'set'" "$good" end
    refused "1: of another version: '3'" "stickydns 3" "$good" end
    refused "4: after the end: 'set'" "$head" "$good" end "$good"
    refused "3: not understood: 'pin'" "$head" "$good" "pin x.test 192.0.2.3" end
    refused "3: one word too many: 'x'" "$head" "$good" "end x"
    refused "3: a name and its pin are missing" "$head" "$good" "set x.test" end
    refused "3: a name and its pin are missing" "$head" "$good" "set x.test until 2099-01-01T00:00:00Z" end
    refused "3: malformed name: 'a..b'" "$head" "$good" "set a..b 192.0.2.3" end
    refused "3: not an address: 'x'" "$head" "$good" "set x.test x" end
    refused "3: IPv4 and IPv6 in one list: '::1'" "$head" "$good" "set x.test 192.0.2.3 ::1" end
    refused "3: twice in the list" "$head" "$good" "set x.test 192.0.2.3 192.0.2.3" end
    refused "3: a service leads to TARGET:PORT" "$head" "$good" "auto _sip._udp.test 192.0.2.3" end
    refused "3: only a service" "$head" "$good" "set x.test sbc1.test:7060" end
    refused "3: one word too many: '192.0.2.4'" "$head" "$good" "auto x.test 192.0.2.3 192.0.2.4" end
    refused "3: one word too many: '192.0.2.9'" "$head" "$good" "set x.test $(seq -s' ' -f 192.0.2.%g 9)" end
    refused "3: one word too many" "$head" "$good" "set x.test $(seq -s' ' -f 192.0.2.%g 30) until 2099-01-01T00:00:00Z" end
    refused "3: not a time: 'tomorrow'" "$head" "$good" "set x.test 192.0.2.3 until tomorrow" end
    refused "3: one word too many: '2099-01-01T00:00:00Z'" "$head" "$good" "auto x.test until 2099-01-01T00:00:00Z" end
    refused "3: one address is wanted" "$head" "$good" "drain" end
    refused "3: not an address: 'sbc1.test:7060'" "$head" "$good" "drain sbc1.test:7060" end
    refused "3: a name, a time or what DNS said is missing" "$head" "$good" "seen x.test 2026-01-01T00:00:00Z" end
    refused "3: not a time: '192.0.2.3'" "$head" "$good" "seen x.test 192.0.2.3 192.0.2.4" end
    refused "3: not an address: 'x'" "$head" "$good" "seen x.test 2026-01-01T00:00:00Z 192.0.2.3 x" end
    refused "3: not TARGET:PORT: 'a.test'" "$head" "$good" "seen _sip._udp.test 2026-01-01T00:00:00Z a.test:7060:1" end
    refused "3: not TARGET:PORT:PRIORITY:WEIGHT: 'a.test:1:1:65536'" "$head" "$good" "seen _sip._udp.test 2026-01-01T00:00:00Z a.test:1:1:65536" end
    refused "3: one word too many: '192.0.2.17'" "$head" "$good" "seen x.test 2026-01-01T00:00:00Z $(seq -s' ' -f 192.0.2.%g 17)" end
    refused "3: longer than 8191 bytes" "$head" "$good" "# $(printf '%9000s')" end
    saved "$head" "set x.test 192.0.2.3 until 2099-01-01T00:00:00Z" end
    complains 1 "restore: an end too far away: x.test" restore "$SAVED"
    printf 'stickydns 1\n\0\nend\n' >"$SAVED"
    complains 1 "restore: $SAVED: a NUL byte" restore "$SAVED"
    complains 1 "restore: /none: No such file" restore /none
    complains 1 "restore: /: Is a directory" restore /
    complains 2 "restore: one word too many: b" restore "$SAVED" b
}

# The table's time has ticks of 1/16 s; a restore takes nothing from what is as young as itself.
tick_over() { sleep 0.2; }

# lines N FORMAT : FORMAT for each number to N, where % is the number.
lines() { for ((n = 1; n <= $1; n++)); do echo "${2//%/$n}"; done; }

@test "a table without room for all pins stays as it was, and keeps its room" {
    local kind
    pinctl init --names 10
    pinctl set old.test 192.0.2.1
    for kind in auto set; do
        saved "stickydns 2" "$(lines 24 'seen s%.test 2026-01-01T00:00:00Z 192.0.3.%')" "$(lines 24 "$kind n%.test 192.0.2.%")" end
        complains 1 "restore: no room left .*: nothing was restored" restore "$SAVED"
        expect_eq "old.test 192.0.2.1 explicit tentative" "$(pins)" "the pins"
        expect_eq 1 "$(pinctl list | grep -c '')" "names"
        expect_eq 1 "$(pinctl stats --json | jq .addresses.live)" "addresses"
    done
    sed -i '/n2[0-9]/d' "$SAVED"
    pinctl restore "$SAVED"
    expect_eq 20 "$(pins | grep -c ' explicit ')" "pins when there is room"
}

@test "what a full table held fits into one of the same size: more names than it was made for" {
    pinctl init --names 64
    for n in {1..128}; do pinctl set "n$n.test" "192.0.2.$n"; done
    pinctl save "$BATS_TEST_TMPDIR/saved"
    expect_eq 128 "$(grep -c '^set' "$BATS_TEST_TMPDIR/saved")" "pins that it held"
    pinctl init --names 64 --empty
    pinctl restore "$BATS_TEST_TMPDIR/saved"
    expect_eq "$(grep ^set "$BATS_TEST_TMPDIR/saved")" "$(pinctl save | grep ^set)" "pins restored"
}

# 4096 records, of which a name reaches 128: as it filled up, other names found places than will now.
@test "a larger one too: of auto pins what finds no place is left out, of explicit ones nothing" {
    pinctl init --names 2048
    saved "stickydns 2" "$(lines 4000 'auto n%.test 10.1.0.1')" "$(lines 90 'set e%.test 192.0.2.%')" end
    pinctl restore "$SAVED" 2>"$BATS_TEST_TMPDIR/err"
    expect_eq 90 "$(pinctl save | grep -c ^set)" "explicit pins"
    local autos left
    autos=$(pinctl save | grep -c ^auto)
    left=$(sed -n 's/.*no room left for auto pins: left out: //p' "$BATS_TEST_TMPDIR/err")
    expect_eq 4000 "$((autos + left))" "auto pins and those left out"
    expect_eq 0 "$(pinctl stats --json | jq .counters.evicted)" "names that gave way"
}

@test "pins set by hand find room in a table that is full of others, and auto pins take none from anybody" {
    pinctl init --names 10
    saved "stickydns 2" "$(lines 20 'auto old%.test 192.0.2.%')" end
    pinctl restore "$SAVED"
    expect_eq 20 "$(pins | grep -c ' auto ')" "pins that fill it"
    tick_over
    saved "stickydns 2" "$(lines 5 'set n%.test 192.0.3.%')" "set _sip._udp.n.test sbc.n.test:5060" "$(lines 9 'auto a%.test 192.0.4.%')" end
    complains 0 "restore: no room left for auto pins: left out: 9" restore "$SAVED"
    expect_eq "$(grep ^set "$SAVED" | sort)" "$(pinctl save | grep ^set | sort)" "pins set by hand"
    expect_eq 13 "$(pins | grep -c '^old.* auto ')" "auto pins that were there and stay"
}

@test "what DNS said is left out where there is no room, the pins are taken" {
    pinctl init --names 10
    saved "stickydns 2" "$(lines 30 'seen s%.test 2026-01-01T00:00:00Z 192.0.3.%')" "$(lines 15 'auto n%.test 192.0.2.%')" end
    complains 0 "restore: no room left for what DNS said: lines left out: 25" restore "$SAVED"
    expect_eq 15 "$(pins | grep -c ' auto ')" "pins"
    expect_eq 20 "$(pinctl list | grep -c '')" "names"
}

@test "an interface that is not there, and a clock that was in 1970: those are left out, the rest is taken" {
    saved "stickydns 2" "auto a.test fe80::1%gone0" "seen a.test 2026-01-01T00:00:00Z fe80::1%gone0" \
        "seen b.test $(date -u -d '1 minute ago' +%FT%TZ) fe80::1%gone0 192.0.2.2 fe80::3%lo" "auto b.test 192.0.2.2" \
        "seen c.test 1970-01-01T00:00:00Z 192.0.2.3" "seen d.test 1969-12-31T23:59:59Z 192.0.2.4" "set e.test 192.0.2.5" end
    pinctl restore "$SAVED" 2>"$BATS_TEST_TMPDIR/err"
    local said="pinctl: restore: left out, its interface is not there: fe80::1%gone0 of"
    expect_eq "$said a.test"$'\n'"$said a.test"$'\n'"$said b.test" "$(cat "$BATS_TEST_TMPDIR/err")" "what is said"
    expect_eq $'b.test 192.0.2.2 auto tentative\ne.test 192.0.2.5 explicit tentative' "$(pins)" "the pins"
    expect_eq "192.0.2.2 fe80::3%lo" "$(pinctl save | sed -n 's/^seen b.test [^ ]* //p')" "what DNS said"
    expect_eq "" "$(pinctl list | grep a.test || true)" "the name of which nothing is left"
    saved "stickydns 2" "set a.test fe80::1%gone0" end
    complains 1 "restore: $SAVED:2: not an address: 'fe80::1%gone0'" restore "$SAVED"
    saved "stickydns 2" "seen a.test 2026-01-01T00:00:00Z 192.0.2.3%gone0" end
    complains 1 "restore: $SAVED:2: not an address: '192.0.2.3%gone0'" restore "$SAVED"
}

@test "save FILE leaves the old file whole when it fails, and takes no table of another boot" {
    complains 1 "save: no table at $TABLE" save
    pinctl set a.test 192.0.2.1
    pinctl save "$BATS_TEST_TMPDIR/file"
    expect_eq 600 "$(stat -c %a "$BATS_TEST_TMPDIR/file")" "its mode"
    complains 1 "save: /none/file: No such file" save /none/file
    mkdir "$BATS_TEST_TMPDIR/full"
    mount -t tmpfs -o size=4k none "$BATS_TEST_TMPDIR/full"
    cp "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/full/file"
    complains 1 "No space left" save "$BATS_TEST_TMPDIR/full/file"
    expect_eq "$(cat "$BATS_TEST_TMPDIR/file")" "$(cat "$BATS_TEST_TMPDIR/full/file")" "the old file"
    expect_eq file "$(ls "$BATS_TEST_TMPDIR/full")" "what is left beside it"
    expect_status 1 eval 'pinctl save >/dev/full'
    expect_match "No space left" "$output" "to a full stdout"
    # Times of a table count from its boot.
    tr 0-9a-f 1-9a-f0 </proc/sys/kernel/random/boot_id >"$BATS_TEST_TMPDIR/boot_id"
    mount --bind "$BATS_TEST_TMPDIR/boot_id" /proc/sys/kernel/random/boot_id
    complains 1 "save: $TABLE: made before the last boot" save
}

@test "save FILE follows no link that another user planted where everybody may" {
    cd "$BATS_TEST_TMPDIR"
    pinctl set a.test 192.0.2.1
    mkdir -m 1777 sticky
    mkdir -m 755 plain
    echo precious >precious
    local link
    for link in sticky/to-file:../precious sticky/to-new:../new sticky/to-link:../plain/link sticky/to-null:/dev/null; do
        ln -s "${link#*:}" "${link%:*}"
        chown -h 4711 "${link%:*}"
        complains 1 "save: ${link%:*}: Permission denied" save "${link%:*}"
    done
    ln -s ../precious plain/link
    chown -h 4711 plain/link
    ln -s ../plain/link sticky/ours
    expect_eq "precious" "$(cat precious)" "the file that a link led to"
    [[ ! -e new ]] || { echo "a file was made where a link led to"; return 1; }
    pinctl save sticky/ours
    expect_match "set a.test 192.0.2.1" "$(cat precious)" "what our own link, and one where only its owner may, lead to"
}

@test "save FILE replaces regular files only: a device, a FIFO and a symbolic link stay" {
    cd "$BATS_TEST_TMPDIR"
    pinctl set a.test 192.0.2.1
    mkdir odd
    mount -t tmpfs none odd
    mknod odd/null c 1 3
    pinctl save odd/null
    expect_eq "character special file" "$(stat -c %F odd/null)" "the device"
    mkfifo odd/fifo
    cat odd/fifo >odd/read &
    pinctl save odd/fifo
    wait $!
    expect_match $'\nset a.test 192.0.2.1\nend' "$(cat odd/read)" "what came through the FIFO"
    ln -s real odd/link
    : >odd/real
    pinctl save odd/link
    expect_eq real "$(readlink odd/link)" "the link"
    expect_match "set a.test 192.0.2.1" "$(cat odd/real)" "what it leads to"
    ln -s dir/second odd/first
    mkdir odd/dir
    ln -s ../new odd/dir/second
    pinctl save odd/first
    expect_eq "dir/second ../new" "$(readlink odd/first odd/dir/second | xargs)" "links that led to nothing"
    expect_match "set a.test 192.0.2.1" "$(cat odd/new)" "what they lead to"
    ln -s round odd/round
    complains 1 "save: odd/round: Too many levels" save odd/round
    cd odd
    pinctl save - | sed s/a.test/b.test/ | pinctl restore -
    expect_eq "a.test b.test" "$(pinctl list | cut -f1 | xargs)" "names, one of them through stdout and stdin"
    [[ ! -e - ]] || { echo "a file -"; return 1; }
    cd ..
    mknod odd/full c 1 7
    complains 1 "save: odd/full: No space left" save odd/full
}

@test "what no server can have is not saved; a line of the longest names comes back" {
    local label targets i
    dns_pool blocked.test 0.0.0.0 255.255.255.255
    with_shim getent ahostsv4 blocked.test
    label=$(printf 'x%.0s' {1..62})
    for i in {1..8}; do targets+=" $i$label.$i$label.$i$label.${label:2}:65535:65535:65535"; done
    pinctl save >"$BATS_TEST_TMPDIR/saved"
    expect_eq 0 "$(grep -cE '0[.]0[.]0[.]0|255[.]255' "$BATS_TEST_TMPDIR/saved" || true)" "what is saved of it"
    sed -i "/^end/i seen _sip._udp.long.test 2026-01-01T00:00:00Z$targets${targets//:65535:65535:/:65534:65535:}" "$BATS_TEST_TMPDIR/saved"
    pinctl drop --all
    pinctl restore "$BATS_TEST_TMPDIR/saved"
    expect_eq "" "$(pin_of blocked.test)" "the pin"
    expect_ge 7 "$(pinctl list | grep -c 'x')" "hosts of long names"
}

@test "a text without an end is given up" {
    local line
    line="# $(printf '%8000s')"
    yes "$line" | complains 1 "restore: stdin: longer than 512 MiB" restore -
    yes "$line" | head -c $((512 << 20)) | complains 1 "restore: stdin: cut short, or no saved table" restore -
}

@test "twenty thousand names" {
    pinctl init --names 30000
    { echo "stickydns 1"; seq -f 'auto n%g.test 10.1.0.1' 20000; echo end; } >"$BATS_TEST_TMPDIR/saved"
    pinctl restore "$BATS_TEST_TMPDIR/saved"
    expect_eq 20000 "$(pinctl save | grep -c '^auto')" "pins saved again"
}
