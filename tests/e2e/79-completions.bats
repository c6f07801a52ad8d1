# What bash and zsh offer at a tab: what --help says of commands, options and words, and what the table holds.

load ../lib/harness

# LINE | what is offered at its end. Where bash completes from the last colon on, zsh offers whole words: after a second bar.
offers() {
    cat <<'END'
pinctl und|undrain
pinctl fail _s|_sip._udp.pool.test
pinctl fail _sip._udp.pool.test |sbc1.pool.test:5060 sbc2.pool.test:5062
pinctl fail _sip._udp.pool.test sbc2.pool.test:|5062|sbc2.pool.test:5062
pinctl set -T 5m six.test 2001:db8::1|11 12|2001:db8::11 2001:db8::12
pinctl drop six.test sbc|sbc1.pool.test sbc2.pool.test
pinctl fail six.test 2001:db8::11 six|
pinctl list 192.0.2.99 six|six.test
pinctl -t /nonexistent show |
pinctl show --table=/nonexistent |
pinctl set --ttl=5m --us|--usage
pinctl drain 2001:db8::12|12|2001:db8::12
pinctl undrain |192.0.2.99
pinctl settings six|six.test
pinctl init --re|--replace
pinctl init -g daem|daemon
pinctl run mkfif|mkfifo
pinwatch |status steer trace watch
pinwatch trace --id|--idle
pinkeeper --hel|--help
END
}

# bash_offers LINE : by the function that is called at a tab.
bash_offers() {
    local word
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=()
    for word in ${1//:/ : }; do COMP_WORDS+=("$word"); done
    [[ $1 != *[\ :] ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _stickydns || true
}

@test "completion in bash and in zsh" {
    local line lines=()
    need zsh
    export PATH=$BUILD:$PATH STICKYDNS_TABLE=$TABLE
    unset -f pinctl
    pinctl set _sip._udp.pool.test sbc1.pool.test:5060,sbc2.pool.test:5062
    pinctl set six.test 2001:db8::11,2001:db8::12
    pinctl drain 192.0.2.99
    [[ -x $BUILD/pinwatch ]] || offers() { offers | grep -v ^pinwatch; }

    source "$TESTS/../tools/completions/stickydns.bash"
    while IFS='|' read -r line _; do
        bash_offers "$line"
        COMPREPLY=($(printf '%s\n' "${COMPREPLY[@]}" | sort -u))
        echo "$line|${COMPREPLY[*]}"
    done < <(offers) >"$BATS_TEST_TMPDIR/bash"
    expect_eq "$(offers | cut -d'|' -f1,2)" "$(cat "$BATS_TEST_TMPDIR/bash")" "what bash offers"

    mkdir "$BATS_TEST_TMPDIR/zsh"
    cp "$TESTS/../tools/completions/stickydns.zsh" "$BATS_TEST_TMPDIR/zsh/_stickydns"
    mapfile -t lines < <(offers | cut -d'|' -f1)
    timeout "$PATIENCE" zsh -f "$TESTS/lib/completes.zsh" "$BATS_TEST_TMPDIR/zsh" "${lines[@]}" >"$BATS_TEST_TMPDIR/offered"
    expect_eq "$(offers | sed 's/|.*|/|/')" "$(cat "$BATS_TEST_TMPDIR/offered")" "what zsh offers"
}
