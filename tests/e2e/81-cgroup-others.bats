# pinwatch on a cgroup that another tool's programs are attached to: none of those is lifted, and it says whose is in the way.

load ../lib/harness
source "$TESTS/lib/pinwatch.bash"
source "$TESTS/lib/steer.bash"

setup_file() {
    use_clients lookup steered
    use_other_tool
}

setup() {
    harness_setup
    steer_setup
    DENIED="error 1"                                    # EPERM
    ABOVE=$CGROUP_PATH
}

teardown() {
    steer_teardown
    harness_teardown
}

# use_other_tool : a program that denies whatever asks its hook, as an object for bpftool, once a run.
use_other_tool() {
    command -v "${CLANG:-clang}" >/dev/null && command -v bpftool >/dev/null || return 0    # other_tool_begins says so
    OTHER=$BATS_RUN_TMPDIR/other-tool.o
    export OTHER
    [[ -e $OTHER ]] || "${CLANG:-clang}" -target bpf -O2 -x c -c -o "$OTHER" - <<'C'
#define PROGRAM(hook, name, verdict) __attribute__((section(hook), used)) int name(void *ctx) { return verdict; }
PROGRAM("cgroup/connect4", deny_connect4, 0)
PROGRAM("cgroup/getpeername6", see_peer6, 1)
PROGRAM("cgroup_skb/egress", deny_egress, 0)
char license_text[] __attribute__((section("license"), used)) = "GPL";
C
}

# other_tool_begins : its programs are loaded, and the cgroup and one below it are there. Programs and pinwatch are in the one below.
other_tool_begins() {
    needs_pinwatch
    [[ -n ${OTHER:-} ]] || cannot "clang and bpftool make the other tool's programs"
    BPF=$BATS_TEST_TMPDIR/bpf/programs
    mkdir "${BPF%/*}"
    mount -t bpf none "${BPF%/*}"                       # else bpftool mounts one, over what is there
    bpftool prog loadall "$OTHER" "$BPF" >/dev/null
    CGROUP+=/below
    CGROUP_BELOW=$ABOVE/below
    mkdir -p "$CGROUP_BELOW"
}

# deny HOW [NAME HOOK [CGROUP]] : the other tool attaches a program: HOW is override, multi or exclusive. Its id: $denier.
deny() {
    local name=${2:-deny_connect4} hook=${3:-connect4} cgroup=${4:-$ABOVE} flag=$1
    [[ $flag != exclusive ]] || flag=
    bpftool cgroup attach "$cgroup" "$hook" pinned "$BPF/$name" $flag
    denier=$(bpftool prog show pinned "$BPF/$name" --json | jq .id)
}

# deny_no_more [NAME HOOK [CGROUP]]
deny_no_more() { bpftool cgroup detach "${3:-$ABOVE}" "${2:-connect4}" pinned "$BPF/${1:-deny_connect4}"; }

# asked : what a connect in the cgroup comes to.
asked() { in_cgroup "$(client steered)" tcp 4 $A 5060 2>/dev/null; }

nothing_attached() { [[ -z $(bpftool cgroup show "$CGROUP_BELOW" | grep steer_) ]]; }

# refuses REGEX [COMMAND...] : pinwatch (steer) ends with 1 and one line that matches, and leaves nothing attached.
refuses() {
    local regex=$1
    shift
    (($#)) || set -- "$BUILD/pinwatch" steer --table "$TABLE" --cgroup "$CGROUP"
    expect_status 1 timeout -k 2 "$LIMIT" "$@"
    expect_one_line "$output" "the complaint"
    expect_match "$regex" "$output" "the complaint"
    nothing_attached
}

@test "a program with override on a parent is not lifted: pinwatch says whose it is, and steers nothing" {
    pool
    other_tool_begins
    deny override
    expect_eq "$DENIED" "$(asked)" "denied before"
    refuses "$CGROUP_BELOW: program $denier \(deny_connect4\) has cgroup/connect4 of $ABOVE with BPF_F_ALLOW_OVERRIDE, and would have to give way"
    expect_eq "$DENIED" "$(asked)" "denied after"
    refuses "program $denier .* would have to give way" "$BUILD/pinwatch" steer --dry-run --table "$TABLE" --cgroup "$CGROUP"
    refuses "program $denier .* would have to give way" "$BUILD/pinwatch" steer --table "$TABLE" --cgroup "$CGROUP_BELOW/new"
    [[ ! -d $CGROUP_BELOW/new ]]
    deny_no_more
    deny override see_peer6 getpeername6
    refuses "program $denier \(see_peer6\) has cgroup/getpeername6 of $ABOVE with BPF_F_ALLOW_OVERRIDE"
    deny_no_more see_peer6 getpeername6
    steer_start
    pin $C
    expect_eq "$C 5060 peer $A 5060" "$(asked)" "once it is gone"
}

@test "an exclusive program on a parent, or one on the cgroup itself: pinwatch says who holds it" {
    local how words="for itself, without BPF_F_ALLOW_MULTI: nothing can be attached"
    pool
    other_tool_begins
    deny exclusive
    refuses "$CGROUP_BELOW: program $denier \(deny_connect4\) has cgroup/connect4 of $ABOVE $words"
    [[ $output != *CAP_* ]]
    expect_eq "$DENIED" "$(asked)" "denied after"
    deny_no_more
    for how in exclusive override; do
        deny $how deny_connect4 connect4 "$CGROUP_BELOW"
        refuses "program $denier \(deny_connect4\) has cgroup/connect4 of $CGROUP_BELOW $words"
        [[ $output != *CAP_* ]]
        expect_eq "$DENIED" "$(asked)" "denied after, $how"
        deny_no_more deny_connect4 connect4 "$CGROUP_BELOW"
    done
}

@test "programs that live side by side: both are run; what they had lifted before stays so" {
    pool
    other_tool_begins
    deny multi
    steer_start
    pin $C
    expect_eq "$DENIED" "$(asked)" "denied, and steered"
    expect_match "^$C 5060.* from $A 5060" "$(in_cgroup "$(client steered)" udp 0 4 sendto $A 5060)" "a datagram"
    steer_stop
    deny_no_more
    mkdir "$CGROUP_BELOW/third"
    deny override
    bpftool cgroup attach "$CGROUP_BELOW" connect4 pinned "$BPF/deny_connect4" multi
    CGROUP+=/third
    steer_start
    pin $B
    expect_eq "$DENIED" "$(asked)" "denied by the nearer one, that lifts the other"
    steer_stop
    expect_eq 0 "$status" "exit status after SIGTERM"
}

@test "without CAP_SYS_ADMIN it knows the program's number, and says that" {
    local few="setpriv --no-new-privs --ambient-caps -all --bounding-set -all,+bpf,+perfmon,+net_admin --inh-caps -all,+bpf,+perfmon,+net_admin"
    need setpriv
    pool
    other_tool_begins
    deny override
    refuses "program $denier has cgroup/connect4 of $ABOVE with" $few "$BUILD/pinwatch" steer --table "$TABLE" --cgroup "$CGROUP"
}

@test "a program that comes later is not lifted either: pinwatch leaves, says so, and comes back" {
    local how
    pool
    other_tool_begins
    steer_start
    pin $C
    for how in override exclusive; do
        expect_eq "$C 5060 peer $A 5060" "$(asked)" "steered"
        : >"$LOGS/steer.log"
        deny $how
        await "pinwatch to leave" nothing_attached
        expect_eq "$DENIED" "$(asked)" "denied, $how"
        await "a word about it" grep -q "steer: $CGROUP_BELOW: program $denier (deny_connect4).*nothing is steered until it is gone" "$LOGS/steer.log"
        await "the state" eval '[[ $(steer_status .held) == "program $denier "* ]]'
        expect_match "program $denier \(deny_connect4\) has cgroup/connect4 of $ABOVE .*until it is gone" "$("$BUILD/pinwatch" status)" "status"
        deny_no_more
        await "pinwatch to come back" grep -q "$CGROUP_BELOW: nobody holds it any more: it is steered" "$LOGS/steer.log"
        await "the state" eval '[[ $(steer_status .held) == null ]]'
    done
    expect_eq "$C 5060 peer $A 5060" "$(asked)" "steered again"
    steer_stop
    expect_eq 0 "$status" "exit status after SIGTERM"
}

@test "pinwatch that only watches lifts nothing either, and says what it does not see for that" {
    pool
    other_tool_begins
    deny override
    expect_eq "$DENIED" "$(asked)" "denied before"
    pinwatch_start --cgroup "$CGROUP_BELOW"
    expect_match "not attached, so .* are not seen: program $denier \(deny_connect4\) has cgroup/connect4 of $ABOVE with BPF_F_ALLOW_OVERRIDE, and would have to give way" \
        "$(cat "$LOGS/pinwatch.log")" "what it says"
    expect_eq "$DENIED" "$(asked)" "denied after"
    pinwatch_stop
}
