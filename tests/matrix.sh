#!/usr/bin/env bash
# Never worse than bare: a pool of three, one server of which has a fault, asked by a herd of programs with the shim and
# without it. What was answered, and how long it took until nothing was lost any more, side by side.
#
#   tests/matrix.sh [--cells REGEX] [--few] [--jobs N] [--list] [--keep DIR]
#
# A cell is FAULT.TRANSPORT.PATIENCE.HERD[.start]:
#
#   FAULT      what tests/servers/pool.py does at 127.0.0.11
#   TRANSPORT  udp, tcp, tls
#   PATIENCE   of the program (tests/clients/phone.c) with each request: 1, 3, 10, 32 s
#   HERD       long   one program, one request after the other
#              turn   a program for each, one after the other
#              once   eight programs at once, again and again
#              mix    as turn, beside programs that ask the three servers by number all the time
#              next   as turn, of programs that go on to the next address by themselves
#              ping   as turn, with OPTIONS
#              blind  as turn, of programs that do not ask who sent an answer (UDP)
#   start      the fault was there before the first request; else the pin has been confirmed where it begins
#
# --few: those that `make check` insists on. A cell takes two network, mount
# and pid namespaces, as root; N cells run at once (60): they mostly wait. Ends with 1 if a cell is worse than bare.
#
# The verdict is "ok" when no less was answered than without the shim, and nothing was lost in the last third.
set -u
shopt -s inherit_errexit
TESTS=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$(dirname "$TESTS")/build}
POOL=(127.0.0.11 127.0.0.12 127.0.0.13)
WARM=3

# ---- which cells ----

# Where patience makes no difference, 3 s stand for all.
cells() {
    local transport fault patience herd
    for transport in udp tcp tls; do
        for fault in $(faults "$transport"); do
            for patience in $(patiences "$fault"); do
                for herd in $(herds "$transport.$patience"); do echo "$fault.$transport.$patience.$herd"; done
            done
        done
    done
}

herds() {
    case $1 in
    tls.1 | tls.32) echo once ;;
    tls.*) echo long turn once mix turn.start ;;
    udp.3) echo long turn once mix turn.start next ping blind ;;
    tcp.3) echo long turn once mix turn.start next ping ;;
    *) echo long turn once mix turn.start ;;
    esac
}

faults() {
    case $1 in
    udp) echo refused silent icmp 503 503one 480one options slow half noroute flap ;;
    tcp) echo refused drop silent fin rst finr rstr icmp 503 503one 480one options slow half noroute flap ;;
    tls) echo refused drop silent mute fin rst finr rstr icmp 503 options slow half noroute flap ;;
    esac
}

patiences() {
    case $1 in
    drop | silent | mute | options | slow | half | flap) echo 1 3 10 32 ;;
    *) echo 3 ;;
    esac
}

# Of each transport, patience and herd, and of the faults, cells that are won by a clear margin; none takes much more than a
# minute and a half. Others are not won: an account that a server refuses while it serves others goes back there; over TLS
# neither a status nor what follows the handshake can be seen.
few() {
    cat <<-'END'
	refused.tcp.3.turn
	drop.tcp.3.once
	silent.udp.3.turn
	silent.udp.1.once
	silent.udp.32.once
	silent.tcp.3.turn
	silent.tls.3.long
	rst.tcp.3.long
	icmp.tcp.3.long
	icmp.udp.3.turn
	503.udp.3.long
	503.tcp.3.turn
	options.udp.3.turn
	options.tcp.3.mix
	slow.udp.10.once
	slow.tcp.3.turn
	half.udp.1.once
	noroute.udp.3.turn
	noroute.tcp.3.next
	flap.udp.1.turn
	flap.tcp.3.long
	refused.udp.3.ping
	silent.udp.3.blind
	refused.tls.3.turn.start
	silent.tcp.3.next
	END
}

# How many requests: so many that a few lost ones do not decide, and thirds are whole.
asked() { # FAULT PATIENCE HERD
    case $1-$2-$3 in
    flap-1-once | flap-3-once) echo 192 ;;
    flap-1-* | flap-3-*) echo 60 ;;
    *-1-once) echo 72 ;;
    *-3-once) echo 48 ;;
    *-once) echo 24 ;;
    *-1-*) echo 36 ;;
    *-3-*) echo 24 ;;
    *) echo 12 ;;
    esac
}

# ---- inside the namespaces of a cell ----

inside() { # CELL bare|shim DIR
    local fault transport patience herd start
    IFS=. read -r fault transport patience herd start <<<"$1"
    source "$TESTS/lib/sandbox.bash"
    BATS_TEST_TMPDIR=$3
    [[ -z $start ]] || WARM=0
    sandbox_furnish
    sandbox_environment
    cp "$3.pem" "$3/pem"
    echo 'nameserver 127.0.0.54
options timeout:30 attempts:1' >/etc/resolv.conf            # each question is asked once, or rotation would not be exact
    mkfifo "$3/never"
    exec 8<>"$3/never"
    SHIM=$2 PHONE=("$BUILD/tests/clients/phone") WAY=first METHOD=REGISTER USERS=(one)
    [[ $transport != tls ]] || PHONE=("$BUILD/tests/clients/phone_tls")
    [[ $transport-$fault != udp-refused && $transport-$fault != udp-icmp ]] || WAY=connected
    [[ $herd != next && $herd != blind ]] || WAY=$herd
    [[ $herd != ping ]] || METHOD=OPTIONS
    [[ $fault != *one ]] || USERS=(one two three four)
    PACE=0.1
    [[ $fault != flap ]] || PACE=1
    server_up "$fault" "$3"
    herd_"$herd" "$fault" "$transport" "$patience" "$3"
    [[ $2 == bare ]] || STICKYDNS_TABLE=/dev/shm/table "$BUILD/pinctl" events >"$3.events" 2>&1
    cp "$3/named" "$3.named"
    cp "$3/log" "$3.log"
    [[ ! -s $3/number ]] || cp "$3/number" "$3.number"
}

server_up() { # FAULT DIR
    local line
    exec 7< <(exec nice -n -5 /usr/bin/python3 -I "$TESTS/servers/pool.py" "$1" "$WARM" "$2/log" "$2/pem")
    read -r -t 60 line <&7 || { echo "pool.py did not start"; exit 1; }
}

phone() {
    if [[ $SHIM == bare ]]; then
        "${PHONE[@]}" -a "$WAY" -m "$METHOD" "$@"
    else
        LD_PRELOAD=$BUILD/libstickydns.so STICKYDNS_TABLE=/dev/shm/table "${PHONE[@]}" -a "$WAY" -m "$METHOD" "$@"
    fi
}

pause() { read -r -t "$PACE" -u 8 || :; }     # no process of its own

# The first WARM requests are not counted: all are answered, and the fault begins behind them.
warm_up() { # TRANSPORT DIR
    local i
    for ((i = 0; i < WARM; i++)); do phone -p 32 -u "${USERS[-1]}" "$1" sip.pool.test >>"$2/warm"; done
}

herd_long() {
    local count users
    count=$(asked "$1" "$3" long)
    users=$(IFS=,; echo "${USERS[*]}")
    warm_up "$2" "$4"
    phone -p "$3" -n "$count" -w "$(awk "BEGIN { print $PACE * 1000 }")" -u "$users" "$2" sip.pool.test >>"$4/named"
}

herd_turn() {
    local i count
    count=$(asked "$1" "$3" turn)
    warm_up "$2" "$4"
    for ((i = 0; i < count; i++)); do
        phone -p "$3" -u "${USERS[i % ${#USERS[@]}]}" "$2" sip.pool.test >>"$4/named"
        pause
    done
}

herd_next() { herd_turn "$@"; }
herd_blind() { herd_turn "$@"; }
herd_ping() { herd_turn "$@"; }

herd_once() {
    local i k count
    count=$(asked "$1" "$3" once)
    warm_up "$2" "$4"
    for ((i = 0; i < count; i += 8)); do
        local pids=()
        for ((k = 0; k < 8; k++)); do
            phone -p "$3" -u "${USERS[(i + k) % ${#USERS[@]}]}" "$2" sip.pool.test >>"$4/named" &
            pids+=($!)
        done
        wait "${pids[@]}"
        pause
    done
}

# OPTIONS to each server by its number, as a monitor does: the answer must be that server's own.
herd_mix() {
    local address pids=()
    warm_up "$2" "$4"
    for address in "${POOL[@]}"; do
        METHOD=OPTIONS phone -p 3 -n 100000 -w 500 -u monitor "$2" "$address" >>"$4/number.$address" &
        pids+=($!)
    done
    WARM=0 herd_turn "$@"
    kill "${pids[@]}"
    for address in "${POOL[@]}"; do sed "s/\$/ $address/" "$4/number.$address" >>"$4/number"; done
}

# ---- outside ----

usage() { sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0" | sed '$d'; }

# Its row is printed when both are done.
run_cell() { # CELL
    local how pids=()
    for how in bare shim; do
        mkdir -p "$DIR/$1.$how"
        cp "$DIR/pem" "$DIR/$1.$how.pem"
        timeout -k 5 "$CELL_LIMIT" unshare "${NAMESPACES[@]}" \
            bash "$TESTS/matrix.sh" --inside "$1" "$how" "$DIR/$1.$how" >"$DIR/$1.$how.out" 2>&1 </dev/null &
        pids+=($!)
    done
    echo "${pids[@]}" >"$DIR/$1.pids"
    wait "${pids[@]}"
    rm "$DIR/$1.pids"
    row "$1" | tee -a "$DIR/rows"
}

# Those that still run when this is ended end, too.
clean_up() {
    local pids
    pids=$(cat "$DIR"/*.pids 2>/dev/null)
    [[ -z $pids ]] || kill $pids
    [[ -n $KEEP ]] || rm -rf "$DIR"
}

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$DIR/key" -out "$DIR/crt" -days 2 -subj /CN=sip.pool.test 2>"$DIR/openssl.out" &&
        cat "$DIR/key" "$DIR/crt" >"$DIR/pem"
}

# The longest first, so that none is left alone at the end.
in_order() { awk -F. '{ print ($1 == "flap" ? 60 : 0) + $3 * ($4 == "once" ? 3 : $3 < 4 ? 10 : 6), $0 }' | sort -rn | cut -d' ' -f2; }

HEAD='%-26s %9s %9s %9s %9s  %s\n'

# row CELL : what was answered of what was asked, and seconds until nothing was lost any more, of both; the verdict.
row() {
    local how
    for how in bare shim; do
        # Lines are in the order of their ends; the last third is of those that began last.
        sort -n "$DIR/$1.$how.named" 2>/dev/null | awk -v how="$how" '
            { asked++; began[asked] = $1; ok[asked] = $3 == 200; answered += ok[asked] }
            !ok[asked] { first = first ? first : asked; last = asked }
            END {
                for (i = asked - int(asked / 3) + 1; i <= asked; i++) late += !ok[i]
                recover = !first ? "0.0" : last == asked ? "never" : sprintf("%.1f", (began[last + 1] - began[first]) / 1000)
                if (asked) print how, answered + 0, asked, recover, late + 0
            }'
        # Who asks by number is answered by whom he asked.
        awk '{ other += $4 != "-" && $4 != $6 } END { if (other) print "number", other }' "$DIR/$1.$how.number" 2>/dev/null
    done | awk -v cell="$1" -v head="$HEAD" '
        $1 == "number" { other += $2; next }
        { answered[$1] = $2; asked[$1] = $3; recover[$1] = $4; late[$1] = $5 }
        END {
            if (!asked["bare"] || asked["bare"] != asked["shim"]) verdict = "broken"
            else if (answered["shim"] < answered["bare"]) verdict = "worse"
            else if (other) verdict = "others answered " other " who asked by number"
            else if (late["shim"]) verdict = "loses on"
            else verdict = "ok"
            printf head, cell, answered["bare"] "/" asked["bare"], answered["shim"] "/" asked["shim"], recover["bare"],
                recover["shim"], verdict
        }'
}

summary() {
    awk '$6 == "ok" { ok++ } $6 == "worse" { worse++ }
        END { printf "%d cells: %d ok, %d worse than bare, %d else\n", NR, ok, worse, NR - ok - worse; exit ok != NR }' "$DIR/rows"
}

if [[ ${1:-} == --inside ]]; then
    shift
    inside "$@"
    exit
fi
regex=. jobs=60 list=cells show= DIR= KEEP= CELL_LIMIT=600
while [[ $# -gt 0 ]]; do
    case $1 in
    --cells) regex=$2; shift ;;
    --jobs) jobs=$2; shift ;;
    --keep) DIR=$2 KEEP=yes; shift ;;
    --few) list=few ;;
    --list) show=yes ;;
    --help) usage; exit ;;
    *) usage; exit 2 ;;
    esac
    shift
done
mapfile -t chosen < <("$list" | grep -E -- "$regex")
[[ -z $show ]] || { printf '%s\n' "${chosen[@]}"; exit; }
[[ ${#chosen[@]} -gt 0 ]] || { echo "no such cell" >&2; exit 2; }
NAMESPACES=(--net --mount --pid --fork --kill-child --mount-proc)
((EUID == 0)) || NAMESPACES+=(--user --map-root-user)
[[ -n $DIR ]] || DIR=$(mktemp -d)
mkdir -p "$DIR"
: >"$DIR/rows"
trap clean_up EXIT
trap 'exit 1' INT TERM
certificate || { cat "$DIR/openssl.out"; exit 1; }
printf "$HEAD" cell bare shim "bare, s" "shim, s" verdict
running=0
while read -r cell; do
    ((running < jobs)) || { wait -n; running=$((running - 1)); }
    run_cell "$cell" &
    running=$((running + 1))
done < <(printf '%s\n' "${chosen[@]}" | in_order)
wait
summary
