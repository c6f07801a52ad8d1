# Programs with and without the shim, and what pinctl says of the table.

# SHIM_ENV is the shim's environment as words for env(1): `env "${SHIM_ENV[@]}" CMD & pid=$!` gives CMD's
# own pid. A test changes $TABLE or $SHIM_LOG (empty: no log) and calls shim_setup again.
# PRELOAD_FIRST goes in front of the shim, for sanitizers: PRELOAD_FIRST=$(cc -print-file-name=libasan.so).
shim_setup() {
    SHIM_ENV=("LD_PRELOAD=${PRELOAD_FIRST:+$PRELOAD_FIRST:}$BUILD/libstickydns.so" "STICKYDNS_TABLE=$TABLE")
    [[ -z $SHIM_LOG ]] || SHIM_ENV+=("STICKYDNS_LOG=$SHIM_LOG" "STICKYDNS_LEVEL=debug")
}

# bare CMD..., with_shim CMD... : CMD's output, its exit status. What hangs ends with the test ($BATS_TEST_TIMEOUT).
bare() { command "$@"; }

with_shim() {
    [[ -f $BUILD/libstickydns.so ]] || { echo "no $BUILD/libstickydns.so: run make first" >&2; return 1; }
    local -x "${SHIM_ENV[@]}"
    command "$@"
}

pinctl() {
    [[ -x $BUILD/pinctl ]] || { echo "no $BUILD/pinctl: run make first" >&2; return 1; }
    STICKYDNS_TABLE=$TABLE "$BUILD/pinctl" "$@"
}

# layout : of this build's tables, as their usual paths end: v2.1a2b3c4d
layout() {
    local version
    version=$("$BUILD/pinctl" --version)
    echo "${version##* }"
}

# pin_field HOST FIELD [FAMILY] : of the pin of HOST, as pinctl tells it; nothing when there is none. Polls ask it, so it
# starts nothing but pinctl, which prints a name a line.
pin_field() {
    local list
    list=$(pinctl list --json) || true
    [[ $list == *'{"name":"'"$1"'",'* ]] || return 0
    list=${list#*'{"name":"'"$1"'",'}
    list=${list#*'"pins":['}
    json_field "${list%%']'*}" '"family":"'"${3:-inet}"'"' "$2"
}

pin_of() { pin_field "$1" address "${2:-inet}"; }

# candidate_field HOST ADDR FIELD
candidate_field() {
    local list
    list=$(pinctl list --json) || true
    [[ $list == *'{"name":"'"$1"'",'* ]] || return 0
    list=${list#*'{"name":"'"$1"'",'}
    list=${list%%$'\n'*}
    json_field "${list#*'"candidates":['}" '"address":"'"$2"'"' "$3"
}

# json_field OBJECTS MEMBER FIELD : the value of FIELD, in front of all arrays, in the first object that begins with MEMBER.
json_field() {
    local value
    [[ $1 == *"{$2,"* ]] || return 0
    value=,$2,${1#*"{$2,"}
    value=${value%%[\[\}]*}
    [[ $value == *",\"$3\":"* ]] || { echo "no field $3 in: $value" >&2; return 1; }
    value=${value#*",\"$3\":"}
    if [[ $value == '"'* ]]; then
        value=${value#?}
        echo "${value%%'"'*}"
    else
        echo "${value%%,*}"
    fi
}

# expect_cooling LEAST MOST SINCE HOST ADDR : of a cool-off of LEAST to MOST seconds, which began after SINCE (now_ms) and
# before now, that is left which must be.
expect_cooling() {
    local ms
    ms=$(candidate_field "$4" "$5" cooling_ms)
    expect_le $(($2 * 1000)) "$ms" "ms of its cool-off that $5 has left"
    expect_ge $(($1 * 1000 - ($(now_ms) - $3) - 1100)) "$ms" "ms of its cool-off that $5 has left"      # seconds are kept
}

# settings TEXT : takes TEXT as the stickydns.conf of the table.
settings() {
    printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/stickydns.conf"
    pinctl reload "$BATS_TEST_TMPDIR/stickydns.conf"
}
