# pinctl top, in a real terminal (tmux): what is on its screen, whatever the size, and which keys it takes.

load ../lib/harness
load ../lib/complains

# in_terminal COLUMNS LINES ARG... : pinctl ARG... in a terminal of that size; its exit status comes into $TERMINAL.
in_terminal() {
    need tmux
    TERMINAL=$BATS_TEST_TMPDIR/status
    export TMUX_TMPDIR=$BATS_TEST_TMPDIR
    unset TMUX
    tmux -f /dev/null new-session -d -x "$1" -y "$2" "$BUILD/pinctl -t $TABLE ${*:3}; echo \$? >$TERMINAL" 3>&- 4>&-
}

screen() { tmux capture-pane -p; }
screen_has() { screen | grep -qE "$1"; }
pins_shown() { screen | sed -n '/^NAME/,/^EVENTS/{//d;p}'; }

@test "top: names, pins, health, counters and events, in a terminal of any size" {
    pinctl init --names 64
    { echo stickydns 2; for n in {1..30}; do printf 'seen n%d.test 2026-11-30T12:00:00Z 192.0.2.%d\nauto n%d.test 192.0.2.%d\n' $n $n $n $n; done
        echo "set _sip._udp.x.test sbc1.x.test:5060"; echo end; } | pinctl restore
    in_terminal 80 24 top --interval 1
    await "the first screen" screen_has "^EVENTS"
    expect_match "$TABLE .* names 32/64  addresses 31/128" "$(screen | head -n 1)" "the first line"
    expect_eq "moved failed confirmed pinned stale evicted full" "$(screen | sed -n 2p | xargs)" "counters"
    expect_match "^per second( +0\.0){7}" "$(screen | sed -n 3p)" "their rates"
    expect_eq "NAMEv PIN STATE HEALTH MOVES SET IDLE" "$(screen | sed -n 5p | xargs)" "titles"
    expect_match "^_sip\._udp\.x\.test +sbc1\.x\.test:50(60|~) +explicit +fit +0 " "$(pins_shown | head -n 1)" "the first pin"
    expect_match "set +_sip\._udp\.x\.test sbc1\.x\.test:5060: by hand" "$(screen)" "an event"
    expect_eq 24 "$(screen | grep -c '')" "lines"
    expect_match "^q quit.* 1-[0-9]+ of 32" "$(screen | tail -n 1)" "the last line"

    pinctl fail n7.test 192.0.2.7
    pinctl set a.test 192.0.2.99
    await "a new pin" screen_has "^a\.test +192\.0\.2\.99 +explicit"
    await "a new event" screen_has "failed +- 192\.0\.2\.7: by hand"
    tmux send-keys Right Right Right
    await "what is in trouble first" eval 'pins_shown | head -n 1 | grep -qE "^n7\.test +192\.0\.2\.7 +tentative +(cooling [0-9]+s|due)"'
    tmux send-keys r
    await "what is in trouble last" eval '! pins_shown | grep -q "^n7\.test"'
    tmux send-keys End
    await "the last row" eval 'pins_shown | tail -n 1 | grep -q "^n7\.test"'
    tmux send-keys Home Left Left Left
    await "the first row by name" eval 'pins_shown | head -n 1 | grep -q "^_sip"'
    tmux send-keys NPage
    await "a page further" eval '! pins_shown | grep -qE "^(_sip|a\.test)"'

    tmux resize-window -x 40 -y 10
    await "a small screen" eval '[[ $(screen | grep -c "") == 10 ]] && screen_has "^NAMEv +PIN +HEALTH$"'
    expect_match "^q quit" "$(screen | tail -n 1)" "its last line"
    tmux send-keys Home
    tmux resize-window -x 24 -y 3
    await "three lines" eval '[[ $(screen | cut -d" " -f1 | sed 1d | xargs) == "NAMEv _sip._u~" ]]'
    tmux resize-window -x 1 -y 1
    tmux resize-window -x 2 -y 2
    await "four characters" eval '[[ $(screen | xargs) == [0-9]"~ ~" ]]'
    tmux resize-window -x 132 -y 60
    await "a large screen" screen_has "^NAMEv +PIN +STATE +HEALTH +MOVES +SET +IDLE"
    await "all pins on it" screen_has "^n30\.test"

    pinctl init --replace --names 128
    await "the new table" screen_has "names 33/128"
    await "its events" screen_has "replaced +- -: by hand"
    rm "$TABLE"
    pinctl init --names 10
    expect_eq "" "$(cat "$TERMINAL" 2>/dev/null)" "its end"
    tmux send-keys q
    await "its end" test -s "$TERMINAL"
    expect_eq 0 "$(cat "$TERMINAL")" "exit status"
}

@test "top: some names only; SIGTERM; a table that is replaced by nothing; terminals that will not do" {
    local pid
    complains 1 "top: std(in|out) is no terminal" top
    complains 2 "top: --interval: not a time .*: '0'" top --interval 0
    expect_one_line "$(TERM=nonesuch bare script -qec "$BUILD/pinctl -t $TABLE top" /dev/null)" "with an unknown TERM"
    expect_match "top: TERM: unknown terminal: 'nonesuch'" "$(TERM=nonesuch bare script -qec "$BUILD/pinctl -t $TABLE top" /dev/null)" "it"
    expect_match "top: TERM: cannot place its cursor: 'dumb'" "$(TERM=dumb bare script -qec "$BUILD/pinctl -t $TABLE top" /dev/null)" "TERM=dumb"
    expect_match "top: no table at $TABLE" "$(TERM=vt100 bare script -qec "$BUILD/pinctl -t $TABLE top" /dev/null)" "without a table"

    pinctl set a.x.test 192.0.2.1
    pinctl set b.y.test 192.0.2.2
    in_terminal 80 24 top --interval 1 "'*.x.test'"
    await "a pin" screen_has "^a\.x\.test"
    expect_eq "" "$(screen | grep y.test || true)" "other names"
    pid=$(pidof pinctl)
    truncate -s 0 "$TABLE"
    await "that it is gone" screen_has "$TABLE: shorter than its header says"
    pinctl init --replace
    await "the new one" screen_has "names 0/16384"
    kill "$pid"
    await "its end" test -s "$TERMINAL"
    expect_eq 0 "$(cat "$TERMINAL")" "exit status after SIGTERM"
}
