# A machine for each test: network, mount and pid namespaces of its own.
#
# A shell cannot unshare itself, so the test process is started again: bats-exec-test sources the test
# file, which sources this, which replaces the process by `unshare ... bats-exec-test` with the same
# arguments. The second time round SANDBOX names the test and the file is simply read. bats 1.8 to 1.11
# export all that is needed; sandbox_enter says so when they do not.

# Called once, when the test file is read.
sandbox_enter() {
    [[ -n ${BATS_TEST_NAME:-} ]] || return 0            # setup_file and teardown_file: on the host
    if [[ ${SANDBOX:-} == "$BATS_TEST_TMPDIR" ]]; then
        # bats names its output file after the shell's pid, which in here is 1 for every test.
        BATS_OUT=$BATS_TEST_TMPDIR.out
        return 0
    fi
    sandbox_how || return 0                              # sandbox_required will say why
    local variable
    for variable in BATS_LIBEXEC BATS_TEST_FILENAME BATS_SUITE_TEST_NUMBER BATS_TEST_NUMBER; do
        [[ -n ${!variable:-} ]] || { echo "harness: this bats sets no $variable" >&2; exit 1; }
    done
    rm -rf "$BATS_TEST_TMPDIR"                           # bats-exec-test insists on making it
    export SANDBOX=$BATS_TEST_TMPDIR
    exec "${SANDBOX_HOW[@]}" "$BATS_LIBEXEC/bats-exec-test" $(sandbox_bats_flags) \
        "$BATS_TEST_FILENAME" "$BATS_TEST_NAME" "$BATS_SUITE_TEST_NUMBER" "$BATS_TEST_NUMBER" \
        "${BATS_TEST_TRY_NUMBER:-1}"
}

# How to get namespaces here, in SANDBOX_HOW: as root, or as the root of a user namespace. Tried once a run of bats.
sandbox_how() {
    local tried=${BATS_RUN_TMPDIR:+$BATS_RUN_TMPDIR/sandbox}
    SANDBOX_HOW=(unshare --net --mount --pid --fork --kill-child --mount-proc)
    ((EUID == 0)) || SANDBOX_HOW+=(--user --map-root-user)
    [[ -e $tried ]] || { "${SANDBOX_HOW[@]}" true 2>/dev/null && : >"${tried:-/dev/null}"; }
}

# The flags that bats-exec-test got, from the variables it turned them into.
sandbox_bats_flags() {
    local level
    [[ -z ${BATS_ENABLE_TIMING:-} ]] || echo -T
    [[ -z ${BATS_EXTENDED_SYNTAX:-} ]] || echo -x
    [[ -z ${BATS_PRINT_OUTPUT_ON_FAILURE:-} ]] || echo --print-output-on-failure
    [[ -z ${BATS_SHOW_OUTPUT_OF_SUCCEEDING_TESTS:-} ]] || echo --show-output-of-passing-tests
    [[ -z ${BATS_VERBOSE_RUN:-} ]] || echo --verbose-run
    for ((level = 0; level < ${BATS_TRACE_LEVEL:-0}; level++)); do echo --trace; done
    echo --dummy-flag
}

# Inside, or the test is skipped with the reason; a skip is a failure where CI=true.
sandbox_required() {
    [[ ${SANDBOX:-} == "$BATS_TEST_TMPDIR" ]] ||
        cannot "needs root (or user namespaces) for a network, mount and pid namespace of its own"
}

# need CMD... : the programs a test runs; without one it is skipped, or fails where CI=true.
need() {
    local program
    for program; do
        command -v "$program" >/dev/null || cannot "$program is not installed: make deps"
    done
}

cannot() {
    if [[ ${CI:-} == true ]]; then
        echo "cannot run here, and CI skips nothing: $*"
        return 1
    fi
    skip "$*"
}

# Everything is mounted over, nothing is written to: the host's files stay as they are.
sandbox_furnish() {
    local etc=$BATS_TEST_TMPDIR.etc file host addresses
    exec {NAP}<> <(:)       # here, since it sets $!
    mkdir -p "$etc"
    read -r host </proc/sys/kernel/hostname
    printf '%s\n' 'nameserver 127.0.0.54' 'options timeout:10 attempts:3' >"$etc/resolv.conf"
    printf '%s\n' "127.0.0.1 localhost $host" '::1 localhost' >"$etc/hosts"
    printf '%s\n' 'passwd: files' 'group: files' 'services: files' 'protocols: files' \
        'hosts: files dns' >"$etc/nsswitch.conf"
    : >"$etc/gai.conf" >"$etc/stickydns.conf"
    {
        # What a busy disk does to its writers is none of what is tested.
        echo "$etc $BATS_TEST_TMPDIR tmpfs mode=755"
        echo "$etc /dev/shm tmpfs mode=1777,size=512m"
        echo "$etc /run tmpfs mode=755"
        for file in resolv.conf hosts nsswitch.conf gai.conf stickydns.conf; do
            [[ ! -e /etc/$file ]] || echo "$etc/$file /etc/$file none bind"
        done
    } >"$etc/fstab"
    mount --all --fstab "$etc/fstab"
    mkdir "$BATS_TEST_TMPDIR/logs" "$BATS_TEST_TMPDIR/hits"
    addresses=$'link set lo up\naddr add 192.0.2.1/32 dev lo\n'
    [[ ! -e /proc/net/if_inet6 ]] || addresses+='addr add 2001:db8::1/128 dev lo nodad'
    ip -batch - <<<"$addresses"
}

# What the developer's own shell may have set, and no test may inherit.
sandbox_environment() {
    unset STICKYDNS STICKYDNS_TABLE STICKYDNS_NAMES STICKYDNS_LOG STICKYDNS_LEVEL STICKYDNS_LIB
    unset LD_PRELOAD RES_OPTIONS LOCALDOMAIN HOSTALIASES http_proxy https_proxy all_proxy ALL_PROXY
    unset MAKEFLAGS MFLAGS MAKELEVEL
    export LC_ALL=C
}

# nap SECONDS : as sleep, without a process: nothing is ever written to $NAP.
nap() { read -r -t "$1" -u "$NAP" || true; }

# await WHAT CMD... : until CMD succeeds. What happens at all happens long before $PATIENCE is over, on a busy machine too;
# after that it says that WHAT did not happen, and fails.
await() {
    [[ ! $1 =~ ^[0-9]+$ ]] || shift         # seconds, as older tests give them
    local what=$1 polls=0 deadline=$((${EPOCHREALTIME/[.,]/} + PATIENCE * 1000000))
    shift
    until "$@"; do
        if ((${EPOCHREALTIME/[.,]/} > deadline)); then
            echo "waited $PATIENCE s in vain for: $what"
            return 1
        fi
        # Looks that follow each other closely take the time of what is waited for.
        if ((++polls < 50)); then nap 0.02; else nap 0.1; fi
    done
}

# port_open udp|tcp ADDR PORT : is somebody bound to (udp) or listening on (tcp) it? Without a process where ADDR is of IPv4.
port_open() {
    local sockets here o state=07 IFS=.      # of what has no peer, in /proc/net
    [[ $1 == udp ]] || state=0A              # LISTEN
    if [[ $2 == *:* ]]; then [[ -n $(ss -H -l -n "--$1" "src $2:$3") ]]; return; fi
    o=($2)
    printf -v here '%02X%02X%02X%02X:%04X 00000000:0000 %s' "${o[3]}" "${o[2]}" "${o[1]}" "${o[0]}" "$3" $state
    mapfile -d '' -t sockets <"/proc/net/$1"
    [[ ${sockets[0]} == *" $here "* ]]
}

port_closed() { ! port_open "$@"; }

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
