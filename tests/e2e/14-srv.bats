# SRV answers that programs read themselves (RFC 2782): one target leads, by its priority, for every
# program of the host; its records share pins with what getaddrinfo and A answers say of the target.

load ../lib/harness
setup_file() { use_clients raw lookup lookup_client; }

SERVICE=_sip._udp.pool.test
TARGETS=(sbc1.test:5061:10:10 sbc2.test:5062:10:10 sbc3.test:5063:10:10 spare.test:5064:20:0)

# Three targets of one priority, which rotate, and a fourth that is for bad times.
service_up() {
    local i
    dns_srv $SERVICE "${TARGETS[@]}"
    for i in 1 2 3; do dns_write sbc$i.test 127.0.0.1$i 127.0.0.2$i; done
    dns_pool spare.test 127.0.0.14
}

srv() { local how=$1 way=$2; shift 2; $how "$(client raw)" "$way" $SERVICE "${1:-1}" SRV; }
leading() { awk '{ print $1 }' <<<"$1"; }
target_of() { awk -F: '{ print $4 ":" $3 }' <<<"$1"; }

# Records as PORT:TARGET, without priorities, in the order of their names.
others_of() { tail -n 1 <<<"$1" | tr ' ' '\n' | grep . | cut -d: -f2- | sort | xargs; }

@test "one target leads, by its priority; ports, weights, the other records stay" {
    local way seen pin=
    service_up
    expect_eq "10 10 10 20" "$(srv bare send | tr ' ' '\n' | grep . | cut -d: -f1 | xargs)" "priorities, bare"
    for way in send sendto res_query res_search res_nsend tcp tcp-bytes; do
        seen=$(srv with_shim $way 4)
        expect_match '^0:10:506[123]:sbc[123].test$' "$(leading "$seen" | sort -u)" "the record that leads, $way"
        [[ -n $pin ]] || pin=$(leading "$seen" | head -n 1)
        expect_eq "$pin" "$(leading "$seen" | sort -u)" "the record that leads, $way"
        expect_eq "$(others_of "$(srv bare $way)")" "$(others_of "$seen")" "all records but their priorities, $way"
        expect_eq "10 10 20" "$(tail -n 1 <<<"$seen" | tr ' ' '\n' | grep . | sed 1d | cut -d: -f1 | xargs)" \
            "the other priorities, $way"
    done
}

dial() { with_shim /usr/bin/python3 -S "$TESTS/clients/srv_dial.py" _sip._tcp.pool.test; }

@test "a target that refuses gives way to another of its priority, then to the spare one, and it stays so" {
    local i seen used=
    dns_srv _sip._tcp.pool.test "${TARGETS[@]}"
    for i in 1 2 3; do dns_write sbc$i.test 127.0.0.1$i 127.0.0.2$i; done
    dns_pool spare.test 127.0.0.14
    server_start 127.0.0.14 5064 accept
    for i in 1 2 3; do
        seen=$(dial)
        expect_match "^sbc[123].test:506[123] Connection refused$" "$seen" "dial $i"
        used="$used ${seen%%:*}"
    done
    expect_eq "sbc1.test sbc2.test sbc3.test" "$(tr ' ' '\n' <<<"$used" | grep . | sort | xargs)" "targets one after the other"
    expect_eq "spare.test:5064 connected" "$(repeat 3 dial | sort -u)" "when all of them have failed"
    for i in 1 2 3; do server_start 127.0.0.1$i 506$i accept; done
    expect_eq "spare.test:5064 connected" "$(repeat 3 dial | sort -u)" "when they are back: no fail-back yet"
}

@test "the target's addresses lead by its own pin, whoever asks" {
    local pin host
    service_up
    pin=$(target_of "$(leading "$(srv with_shim send)")")
    host=${pin%:*}
    pin=$(with_shim "$(client lookup)" -4 "$host" | awk '{ print $1 }')
    expect_eq "$pin" "$(with_shim "$(client raw)" sendto "$host" 6 | awk '{ sub("/.*", "", $1); print $1 }' | sort -u)" \
        "what A answers for $host lead to"
    expect_eq "$pin" "$(pin_of "$host")" "the pin of $host"
}

@test "sticky = off: SRV answers as they came" {
    service_up
    settings 'host "*.pool.test" { sticky = off }'
    expect_eq "$(srv bare send | tr ' ' '\n' | sort | xargs)" "$(srv with_shim send | tr ' ' '\n' | sort | xargs)" "records"
    expect_eq "" "$(pinctl list 2>/dev/null)" "names in the table"
}

@test "A and AAAA of a service name, and NAPTR, pass through" {
    DNS_OPTIONS+=(--naptr-record=pool.test,10,100,s,SIP+D2U,,_sip._udp.pool.test)
    dns_pool _odd.pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    expect_eq 3 "$(with_shim "$(client raw)" send _odd.pool.test 6 | awk '{ print $1 }' | spread)" "addresses that led"
    expect_eq 3 "$(repeat 6 with_shim "$(client lookup)" -4 _odd.pool.test | awk '{ print $1 }' | spread)" "by getaddrinfo"
    expect_eq "$(bare "$(client raw)" send pool.test 1 NAPTR)" "$(with_shim "$(client raw)" send pool.test 1 NAPTR)" "NAPTR"
    expect_match "^[0-9a-f]{20}" "$(with_shim "$(client raw)" send pool.test 1 NAPTR)" "NAPTR"
    expect_eq "" "$(pinctl list 2>/dev/null)" "pins"
}
