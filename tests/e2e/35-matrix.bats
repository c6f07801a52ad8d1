# Never worse than bare: a choice of the cells of tests/matrix.sh (all of them: make matrix). Programs with the shim
# beside the same without it; a server has a fault, and no fewer requests may be answered.

BATS_TEST_TIMEOUT=1200       # a cell ends by itself after 600 s
load ../lib/harness

# Cells that are not won yet: they are shown, and do not fail.
OPEN=(
    fin.tcp.3.turn finr.tcp.3.mix finr.tls.3.turn rst.tcp.3.long rst.tls.3.turn.start rstr.tcp.3.turn
    silent.udp.1.once silent.udp.3.turn silent.udp.3.blind silent.tcp.3.turn silent.tcp.3.next silent.tcp.10.once
    silent.tls.3.long mute.tls.3.once drop.tls.10.once icmp.udp.3.turn slow.tcp.3.turn half.tcp.1.turn flap.udp.1.turn
    options.udp.3.turn options.tcp.3.mix noroute.udp.3.turn 480one.tcp.3.turn 503one.udp.3.turn 503.tls.3.turn
)

# no_worse TRANSPORT
no_worse() {
    local rows=$BATS_TEST_TMPDIR/rows row lost=()
    need openssl nft /usr/bin/python3
    BUILD=$BUILD "$TESTS/matrix.sh" --few --cells "\.$1\." --keep "$BATS_TEST_TMPDIR/cells" >"$rows" 2>&1 || true
    sed 's/^/# /' "$rows" >&3
    expect_match 'cells: ' "$(tail -n 1 "$rows")" "end of the matrix"
    while read -r row; do
        [[ " ${OPEN[*]} " == *" ${row%% *} "* || $row == *" ok" ]] || lost+=("${row%% *}")
    done < <(sed '1d;$d' "$rows")
    for row in "${lost[@]}"; do tail -n 12 "$BATS_TEST_TMPDIR/cells/$row."*{out,events,named}; done
    expect_eq "" "${lost[*]}" "cells that are worse than bare"
}

@test "over UDP no program fares worse than without the shim" { no_worse udp; }

@test "over TCP no program fares worse than without the shim" { no_worse tcp; }

@test "over TLS no program fares worse than without the shim" { no_worse tls; }
