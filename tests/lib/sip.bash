# SIP servers of a pool, what they do, and what arrived at them.
#
#   sip_server ADDR [PORT] [DOES]    a kamailio that registers (tests/servers/registrar.cfg), on UDP and TCP;
#                                    DOES is ok, auth, busy, silent or a status, and sip_does changes it while it runs
#   sip_pool NAME ADDR...            NAME stands for these addresses, each with a server on port 5060
#   sip_srv NAME ADDR:PORT...        the same behind _sip._udp.NAME and _sip._tcp.NAME, equal in priority and
#                                    weight: the targets are s1.NAME, s2.NAME, ...
#   sip_does ADDR[:PORT] DOES
#   arrivals [KEY=VALUE...]          what arrived, oldest first, a line each:
#       1 seconds  2 server  3 proto  4 from  5 METHOD  6 user  7 new|dialog  8 did  9 branch  10 Call-ID
#       11 when its transaction began
#   arrived [KEY=VALUE...]           how many;  requests the same without what was sent again;  arrived_at the servers
#                                    they reached, each once
#
# KEY is one of server proto from method user in did branch call; VALUE an extended regular expression that the whole
# field matches. since=SECONDS leaves out what is older; begun=SECONDS also what is sent again of older transactions.

sip_server() {
    local address=$1 port=${2:-5060} does=${3:-ok}
    server_start "$address" "$port" registrar
    await "the control socket of $address:$port" test -S "$(sip_control "$address:$port")"
    [[ $does == ok ]] || sip_does "$address:$port" "$does"
}

sip_pool() {
    local name=$1 address
    shift
    dns_pool "$name" "$@"
    for address; do sip_server "$address"; done
}

sip_srv() {
    local name=$1 server n=0 records=()
    shift
    for server; do
        n=$((n + 1))
        dns_write "s$n.$name" "${server%:*}"
        records+=("s$n.$name:${server#*:}:10:10")
        sip_server "${server%:*}" "${server#*:}"
    done
    dns_srv "_sip._udp.$name" "${records[@]}"
    dns_srv "_sip._tcp.$name" "${records[@]}"
}

sip_control() { echo "$BATS_TEST_TMPDIR/kamailio-${1/:/-}/kamailio_ctl"; }

sip_does() {
    local at=$1
    [[ $at == *:* ]] || at=$at:5060
    kamcmd -s "unix:$(sip_control "$at")" pv.shvSet do str "s:$2" >>"$LOGS/kamcmd.log" 2>&1
}

arrivals() { arrivals_read list "$@"; }

# arrivals_read list|count|LEAST [KEY=VALUE...] : the lines; how many; whether there are so many.
arrivals_read() {
    local files=("$BATS_TEST_TMPDIR"/hits/*)
    [[ -e ${files[0]} ]] || files=(/dev/null)
    awk -v as="$1" -v filter="${*:2}" '
        BEGIN {
            split("since server proto from method user in did branch call begun", names)
            for (i in names) column[names[i]] = i
            n = split(filter, wanted, " ")
            for (i = 1; i <= n; i++) {
                at = index(wanted[i], "=")
                key[i] = column[substr(wanted[i], 1, at - 1)]
                value[i] = substr(wanted[i], at + 1)
            }
        }
        sub(/.*: HIT /, "") && NF == 10 {
            if (!($9 in first) || $1 < first[$9]) first[$9] = $1
            for (i = 1; i <= n; i++)
                if (key[i] == 11 ? 0 : key[i] == 1 ? $1 < value[i] : $key[i] !~ "^(" value[i] ")$") next
            line[++lines] = $0
        }
        END {
            for (l = 1; l <= lines; l++) {
                $0 = line[l]
                $11 = first[$9]
                for (i = 1; i <= n && !(key[i] == 11 && $11 < value[i]); i++);
                if (i <= n) continue
                count++
                if (as == "list") print | "sort -n"
            }
            if (as == "count") print count + 0
            else if (as != "list") exit count < as + 0
        }' "${files[@]}"
}

arrived() { arrivals_read count "$@"; }
requests() { arrivals "$@" | awk '!seen[$9]++' | grep -c '' || true; }
arrived_at() { arrivals "$@" | awk '{ print $2 }' | sort -u; }
arrived_reach() { arrivals_read "$@" || look_again; }

# For await: a look at what arrived is some processes' work; two a second are enough.
look_again() { nap 0.4; return 1; }

# await_arrivals N [KEY=VALUE...]
await_arrivals() {
    [[ ! ${2:-} =~ ^[0-9]+$ ]] || shift     # seconds, as older tests give them
    local n=$1
    shift
    await "$n arrivals of $*" arrived_reach "$n" "$@" || { arrivals | tail -n 30; return 1; }
}

now() { echo "${EPOCHREALTIME/,/.}"; }
