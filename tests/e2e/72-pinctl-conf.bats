# Tables and settings by hand: pinctl init, check, reload; who may do what to a table.

load ../lib/harness
load ../lib/complains

@test "init: the system's table for root, an own one elsewhere; replacing" {
    local bytes
    env -u STICKYDNS_TABLE "$BUILD/pinctl" init --names 10
    expect_eq "664 755" "$(stat -c %a /run/stickydns/table.$(layout) /run/stickydns | xargs)" "modes of the system's table"
    expect_eq 10 "$(env -u STICKYDNS_TABLE "$BUILD/pinctl" stats --json | jq .names.capacity)" "names it holds"
    pinctl init --names 1000
    expect_eq 600 "$(stat -c %a "$TABLE")" "mode"
    complains 1 "init: $TABLE: exists already" init
    pinctl set a.test 192.0.2.9
    pinctl init --replace --names 2000
    expect_eq "1 2000" "$(pinctl stats --json | jq -r '"\(.names.live) \(.names.capacity)"')" "the new table"
    pinctl init --empty --names 2000
    expect_eq "0 2000" "$(pinctl stats --json | jq -r '"\(.names.live) \(.names.capacity)"')" "an empty one"
    echo precious >"$BATS_TEST_TMPDIR/file"
    complains 1 "not replaced" init --replace -t "$BATS_TEST_TMPDIR/file"
    expect_eq precious "$(cat "$BATS_TEST_TMPDIR/file")" "a file that is no table"
    cp "$TABLE" "$BATS_TEST_TMPDIR/cut"
    for bytes in 5000 20 0; do
        truncate -s $bytes "$BATS_TEST_TMPDIR/cut"
        pinctl init --replace --names 10 -t "$BATS_TEST_TMPDIR/cut"
        expect_eq 10 "$(pinctl stats -t "$BATS_TEST_TMPDIR/cut" --json | jq .names.capacity)" "in the place of $bytes bytes"
    done
    complains 1 "no such directory" init -t /none/table
    conf 'default { sticky = maybe }'
    complains 1 "t.conf:1: sticky: 'maybe'" init --replace --conf "$CONF"
    expect_eq 2000 "$(pinctl stats --json | jq .names.capacity)" "the table after a refused init"
    conf 'default { idle = 7m }'
    pinctl init --replace --conf "$CONF"
    pinctl set a.test 192.0.2.9
    expect_eq $'idle\t7m\tdefault' "$(pinctl show a.test | grep ^idle)" "a setting from --conf"
}

@test "a million names" {
    pinctl init --names 1000000 -t "$BATS_TEST_TMPDIR/big" || cannot "no room for a table of a million names"
    pinctl -t "$BATS_TEST_TMPDIR/big" set a.test 192.0.2.9
    expect_eq "1 1000000" "$(pinctl -t "$BATS_TEST_TMPDIR/big" stats --json | jq -r '"\(.names.live) \(.names.capacity)"')" "names"
    rm "$BATS_TEST_TMPDIR/big"
}

# wrong REGEX LINE... : a file of these lines is refused with that.
wrong() {
    local regex=$1
    shift
    conf "$@"
    complains 1 "check: $CONF:$regex" check "$CONF"
}

@test "check: file, line and word of every error" {
    wrong "3: no such option 'bogus'" 'default {' '  idle = 1h' '  bogus = 1' '}'
    wrong "2: sticky: 'maybe'" 'host "a.test" {' '  sticky = maybe' '}'
    wrong "1: idle: '5x'" 'default { idle = 5x }'
    wrong "1: idle: '-5'" 'default { idle = -5 }'
    wrong "1: idle: '99999999999999999999'" 'default { idle = 99999999999999999999 }'
    wrong "1: answer: 'last'" 'default { answer = last }'
    wrong "1: steer: 'tcp'" 'default { steer = tcp }'
    wrong "2: absent: 'bogus'" 'default {' 'absent = bogus' '}'
    wrong "1: absent: '5m' is not follow, grace or keep" 'default { absent = {keep, 5m} }'
    wrong "1: absent: 'grace off'" 'default { absent = "grace off" }'
    wrong "1: grace: 'off' is not a time" 'default { grace = off }'
    wrong "2: grace: '5x'" 'default {' ' absent = grace 5x }'
    wrong "1: cool-off: '0s' does not fit \{MIN, MAX\}, times from 1s to 1h" 'default { cool-off = {0s, 5m} }'
    wrong "1: cool-off: '2h' does not fit" 'default { cool-off = {30s, 2h} }'
    wrong "1: cool-off: '29s' does not fit" 'default { cool-off = {30s, 29s} }'
    wrong "1: cool-off: '30s' does not fit" 'default { cool-off = 30s }'
    wrong "2: cool-off: '6m' does not fit" 'default { cool-off = {30s, 5m,' '6m} }'
    wrong "1: cool-off: '\{\}' does not fit" 'default { cool-off = {} }'
    wrong "1: connect-timeout: '0' is not a time from 1s to 30s" 'default { connect-timeout = 0 }'
    wrong "1: connect-timeout: 'off'" 'default { connect-timeout = off }'
    wrong "3: silence: '7.4x' does not fit \{SENDS, TIME\}" 'host "a.test" {' 'silence = {4,' '7.4x} }'
    wrong "1: silence: '1' does not fit" 'default { silence = {1, 7.4s} }'
    wrong "1: silence: '499ms' does not fit" 'default { silence = {2, 499ms} }'
    wrong "1: silence: '31.001s' does not fit" 'default { silence = {7, 31.001s} }'
    wrong "1: silence: '7.s' does not fit" 'default { silence = {7, 7.s} }'
    wrong "1: fail-on: '401' does not fit \{CODE, ...\} of 400 403" 'default { fail-on = {503, 401} }'
    wrong "1: fail-on: 'busy'" 'default { fail-on = busy }'
    wrong "1: sip-ports: '0' does not fit" 'default { sip-ports = {5060, 0} }'
    wrong "1: sip-ports: '5' does not fit \{PORT, ...\}, at most 4" 'default { sip-ports = {1, 2, 3, 4, 4, 5} }'
    wrong "1: retry-after-max: '61m'" 'default { retry-after-max = 61m }'
    wrong "1: probe: 'maybe' is not off, tcp or options" 'default { probe = maybe }'
    wrong "1: probe-interval: '0'" 'default { probe-interval = 0 }'
    wrong "1: rise: '0' is not a number from 1 to 100" 'default { rise = 0 }'
    wrong "1: fall: '2s'" 'default { fall = 2s }'
    wrong "1: idle: '2h' is not a time" 'default { idle = {1h, 2h} }'
    wrong "2: host '192\.168\.\*': matches no name" '' 'host "192.168.*" { sticky = off }'
    wrong "1: host '\*\.168\.0\.1': matches no name" 'host "*.168.0.1" { sticky = off }'
    wrong "2: host '\^sip': no name has a '\^'" '' 'host "^sip" { sticky = off }'
    wrong "1: host 'sip\[0-9\]\.example\.com': no name has a '\['" 'host "sip[0-9].example.com" { sticky = off }'
    wrong "1: host '10\.0\.0\.0/8': no name has a '/'" 'host "10.0.0.0/8" { sticky = off }'
    wrong "1: dns-ports: '70000'" 'dns-ports = {53, 70000}'
    wrong "1: dns-ports: '7': more than 6 beside 53" 'dns-ports = {53, 1, 2, 3, 4, 5, 6, 6, 7}'
    wrong "2: dns-ports: '6': more than 6 beside 53" 'dns-ports = {1, 2, 3}' 'default { dns-ports = {3, 4, 5, 53, 7, 6} }'
    wrong "2: .*duplicate title 'a.test'" 'host "a.test" { }' 'host "a.test" { }'
    wrong "2: default: a second block" 'default { }' 'default { }'
    wrong "2: host 'a..b': malformed" '' 'host "a..b" { sticky = off }'
    wrong "1: host '': empty" 'host "" { sticky = off }'
    wrong "1: missing title" 'host { sticky = off }'
    wrong "2: a block without its '}'" '' 'default {' 'idle = 1h'
    wrong "2: a comment without its end" '' '/* idle'
    wrong "[0-9]*: premature end" 'default { sticky = "on }'
    wrong "513: host 'h513.test': more than 512" $(seq -f 'host "h%g.test" { }' 513 | tr ' ' '~' | sed 's/~//g')
    printf 'default { }\n\0' >"$CONF"
    complains 1 "$CONF:2: a NUL byte" check "$CONF"
    complains 1 "/none: No such file" check /none
    complains 1 "/: Is a directory" check /
    truncate -s 2M "$CONF"
    complains 1 "larger than 1048576" check "$CONF"
}

@test "check: what is right, in every form" {
    conf 'default { absent = "grace 5m" }' 'host a.test { absent = grace 1h idle=off }' \
        'host "*.b.test" { absent = {grace, 30} max-age = 30d stale = 3600 }' '# {' '/* { */ // "'
    expect_eq "" "$(pinctl check "$CONF" 2>&1)" "what check says"
    conf 'dns-ports = {53, 5353}' 'host a.test { answer = only steer = off failback = 5m serve = on }'
    expect_eq "" "$(pinctl check "$CONF" 2>&1)" "what check says of ports, answer, steer, failback, serve"
    conf 'default { cool-off = {5, 1h} connect-timeout = 30 silence = {3, 3400ms} fail-on = 503 sip-ports = {} }' \
        'host a.test { fail-on = {} retry-after-max = 0 probe = tcp probe-interval = 5s rise = 1 fall = 100 sip-ports = {5060, 5080} }'
    pinctl reload "$CONF"
    pinctl set a.test 192.0.2.9
    expect_eq "{5s, 1h} 30s {3, 3.4s} {} 0s tcp 5s 1 100 {5060, 5080}" "$(pinctl show a.test --json | jq -r '.settings | [.["cool-off", "connect-timeout", "silence", "fail-on", "retry-after-max", "probe", "probe-interval", "rise", "fall", "sip-ports"].value] | join(" ")')" "lists, numbers and bounds"
    conf 'host "*" { absent = keep }' 'host "1.*.pool.test" { grace = 7m }' 'host "_sip._udp.*" { sticky = on }'
    expect_eq "" "$(pinctl check "$CONF" 2>&1)" "what check says of patterns"
}

@test "absent = grace TIME, in each form, sets two keys" {
    local form
    for form in 'absent = grace 7m' 'absent="grace 7m"' "absent = 'grace 7m'" 'absent = {grace, 7m}' 'grace = 7m absent = grace'; do
        conf "host a.test { $form idle = off }"
        pinctl reload "$CONF"
        pinctl set a.test 192.0.2.9
        expect_eq "grace 7m off" "$(pinctl show a.test --json | jq -r '.settings | "\(.absent.value) \(.grace.value) \(.idle.value)"')" "$form"
    done
}

# Each key with its value, of one block of an example.
keys_shown() { # BLOCK
    sed -n "/^$1 {/,/^}/p" | sed -n 's/^\t# \([a-z-]*\) = \(.*[^ ]\) *  # .*/\1 \2/p'
}

@test "check --defaults: an example with all keys and the defaults that hold" {
    pinctl check --defaults >"$BATS_TEST_TMPDIR/example"
    expect_eq "" "$(pinctl check "$BATS_TEST_TMPDIR/example" 2>&1)" "what check says of it"
    pinctl set a.test 192.0.2.9
    expect_eq "$(pinctl show a.test --json | jq -r '.settings | to_entries[] | "\(.key) \(.value.value)"' | sort)" \
        "$(keys_shown default <"$BATS_TEST_TMPDIR/example" | sort)" "keys and defaults in the example"
    for block in default keeper; do
        echo "$block {"; keys_shown $block <"$BATS_TEST_TMPDIR/example" | sed 's/ / = /'; echo '}'
    done >"$BATS_TEST_TMPDIR/used"
    expect_eq "" "$(pinctl check "$BATS_TEST_TMPDIR/used" 2>&1)" "what check says of its lines"
    complains 2 "either --defaults or a FILE" check --defaults "$BATS_TEST_TMPDIR/used"
}

@test "settings: of a name that nobody looked up, of all blocks; show: where another name's is stricter" {
    conf 'default { cool-off = {10s, 1m} }' 'host "*.a.test" { connect-timeout = 20s }' \
        'host b.test { connect-timeout = 2s fail-on = {503, 404} }' 'host c.test { }'
    pinctl reload "$CONF"
    expect_eq $'cool-off\t{10s, 1m}\tdefault\nconnect-timeout\t20s\thost "*.a.test"' "$(pinctl settings X.a.test. | grep -v 'builtin$')" "of a name"
    expect_eq "x.a.test 20s 3h builtin" \
        "$(pinctl settings x.a.test --json | jq -r '"\(.name) \(.settings["connect-timeout"].value) \(.settings.idle.value) \(.settings.idle.from)"')" "as JSON"
    expect_eq 0 "$(pinctl stats --json | jq .names.live)" "names that this made known"
    expect_eq $'connect-timeout\t3s\tbuiltin\n*.a.test\tconnect-timeout\t20s\nb.test\tconnect-timeout\t2s\nb.test\tfail-on\t{404, 503}\nc.test\t-\t-' \
        "$(pinctl settings | grep -e ^connect- -e test)" "of all blocks"
    expect_eq '{"value":"{10s, 1m}","from":"default"} ["*.a.test","b.test","c.test"] {"connect-timeout":"2s","fail-on":"{404, 503}"}' \
        "$(pinctl settings --json | jq -c '.default["cool-off"], [.hosts[].host], .hosts[1].settings' | xargs -d '\n')" "as JSON"
    complains 2 "settings: an address, not a name: '192.0.2.9'" settings 192.0.2.9
    complains 2 "settings: one word too many: b" settings a.test b
    pinctl set x.a.test 192.0.2.9
    pinctl set b.test 192.0.2.9,192.0.2.10
    expect_eq $'192.0.2.9\t-\tconnect-timeout\t2s\tb.test\n192.0.2.9\t-\tfail-on\t{404, 408, 480, 500, 502, 503, 504}\tb.test' \
        "$(pinctl show x.a.test | grep -P '^192.*b\.test')" "what another name makes stricter"
    expect_eq '["192.0.2.9",null,"fail-on",["x.a.test"]]' "$(pinctl show b.test --json | jq -c '.stricter[] | [.address, .port, .setting, .names]')" "the other way round, as JSON"
}

@test "reload: an error changes nothing, a held lock is waited for and not for ever" {
    pinctl set a.test 192.0.2.9
    conf 'default { idle = 7m }'
    pinctl reload "$CONF"
    conf 'default { idle = 8m bogus = 1 }'
    complains 1 "t.conf:1: .*bogus" reload "$CONF"
    expect_eq $'idle\t7m\tdefault' "$(pinctl show a.test | grep ^idle)" "after the refused one"
    conf 'default { idle = 9m }'
    flock "$TABLE" sleep 3600 3>&- 4>&- &
    await "the lock" eval '! flock -n "$TABLE" true'
    complains 1 "reload: $TABLE: locked by another process" reload "$CONF"
    kill %1
    pkill -P $! || true
    await "the lock's end" flock -n "$TABLE" true
    pinctl reload "$CONF"
    expect_eq $'idle\t9m\tdefault' "$(pinctl show a.test | grep ^idle)" "after the lock's end"
}

@test "another user: may read a readable table, may not write it, and a private one not at all" {
    chmod 755 /run
    mkdir -m 755 /run/public
    cp "$BUILD/pinctl" /run/public/pinctl
    TABLE=/run/public/table
    pinctl init --group 0 2>/dev/null || pinctl init --group root
    pinctl set a.test 192.0.2.9
    other() { setpriv --reuid 65534 --regid 65534 --clear-groups /run/public/pinctl -t "$TABLE" "$@"; }
    expect_eq a.test "$(other list | cut -f1)" "list"
    expect_status 1 other set a.test 192.0.2.10
    expect_match "this user may only read it" "$output" "set"
    chmod 600 "$TABLE"
    expect_status 1 other list
    expect_match "permission denied" "$output" "list of a private table"
}

@test "check: a FIFO is refused at once, and one name has one block however it is spelt" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    complains 1 "not a regular file" check "$BATS_TEST_TMPDIR/fifo"
    expect_eq "" "$(pinctl check /dev/null 2>&1)" "check of /dev/null"
    conf 'host "A.b" { sticky = off }' 'host "a.B." { sticky = on }'
    complains 1 "$CONF:2: host 'a.B.': a second block" check "$CONF"
}
