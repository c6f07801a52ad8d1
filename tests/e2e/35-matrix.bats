# Never worse than bare: a choice of the cells of tests/matrix.sh (all of them: make matrix). Programs with the shim
# beside the same without it; a server has a fault, and no fewer requests may be answered.

BATS_TEST_TIMEOUT=1200       # a cell ends by itself after 600 s
# bats file_tags=long
load ../lib/harness

# no_worse TRANSPORT
no_worse() {
    local rows=$BATS_TEST_TMPDIR/rows row lost=()
    need openssl nft /usr/bin/python3
    BUILD=$BUILD "$TESTS/matrix.sh" --few --cells "\.$1\." --keep "$BATS_TEST_TMPDIR/cells" >"$rows" 2>&1 || true
    sed 's/^/# /' "$rows" >&3
    expect_match 'cells: ' "$(tail -n 1 "$rows")" "end of the matrix"
    while read -r row; do
        [[ $row == *" ok" ]] || lost+=("${row%% *}")
    done < <(sed '1d;$d' "$rows")
    for row in "${lost[@]}"; do tail -n 12 "$BATS_TEST_TMPDIR/cells/$row."*{out,events,named}; done
    expect_eq "" "${lost[*]}" "cells that are worse than bare"
}

@test "over UDP no program fares worse than without the shim" { no_worse udp; }

@test "over TCP no program fares worse than without the shim" { no_worse tcp; }

@test "over TLS no program fares worse than without the shim" { no_worse tls; }
