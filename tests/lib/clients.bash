# Client programs: those in tests/clients/, and those driven line by line.

# use_clients NAME... : for setup_file: they are there, made of tests/clients/NAME.c by make. Then `client NAME` is the path.
use_clients() {
    local name
    for name; do
        [[ -e $(client "$name") ]] || { echo "no $(client "$name"): run make test-parts first" >&2; return 1; }
    done
}

client() { # one of Go (use_go_client) is made in the run
    local made=$BATS_RUN_TMPDIR/clients/$1
    [[ -e $made ]] || made=$BUILD/tests/clients/$1
    echo "$made"
}

# use_libraries NAME... : the same of shared libraries; `library NAME` is the path.
use_libraries() { use_clients "${@/%/.so}"; }

library() { client "$1.so"; }

# client_start ID bare|shim [PROGRAM] : starts lookup_client (or PROGRAM), which reads a command a line
# and answers each with a line. ask ID COMMAND... sends one and prints the answer.
declare -gA CLIENT_PID=() CLIENT_IN=() CLIENT_OUT=()

client_start() {
    local id=$1 how=$2 program=${3:-lookup_client} pipe=$BATS_TEST_TMPDIR/client-$1 in out
    [[ $how == bare || -f $BUILD/libstickydns.so ]] || { echo "no libstickydns.so: run make first"; return 1; }
    rm -f "$pipe.in" "$pipe.out"
    mkfifo "$pipe.in" "$pipe.out"
    client_run "$how" "$program" <"$pipe.in" >"$pipe.out" 2>>"$LOGS/client-$id.log" 3>&- 4>&- &
    CLIENT_PID[$id]=$!
    exec {in}>"$pipe.in" {out}<"$pipe.out"
    CLIENT_IN[$id]=$in CLIENT_OUT[$id]=$out
}

# In the background subshell, which becomes the program. It must not hold the other clients' pipes open,
# or they would never see the end of their input.
client_run() {
    local fd
    for fd in "${CLIENT_IN[@]}" "${CLIENT_OUT[@]}"; do exec {fd}>&-; done
    if [[ $1 == shim ]]; then exec env "${SHIM_ENV[@]}" "$(client "$2")"; fi
    exec "$(client "$2")"
}

tell() { # ID COMMAND... : without waiting for the answer, which hear ID prints later
    local id=$1
    shift
    printf '%s\n' "$*" >&"${CLIENT_IN[$id]}"
}

hear() {
    local line
    read -r -t "$LIMIT" -u "${CLIENT_OUT[$1]}" line || { echo "no answer from client $1" >&2; return 1; }
    printf '%s\n' "$line"
}

ask() {
    tell "$@"
    hear "$1"
}

# client_stop ID : the command quit and the end of input, then its exit.
client_stop() {
    local in=${CLIENT_IN[$1]} out=${CLIENT_OUT[$1]}
    tell "$1" quit
    exec {in}>&- {out}<&-
    unset "CLIENT_IN[$1]" "CLIENT_OUT[$1]"
    wait "${CLIENT_PID[$1]}" || true
}

# repeat N CMD... : N times; a run that fails fails it.
repeat() {
    local n=$1 i
    shift
    for ((i = 0; i < n; i++)); do "$@" || { echo "run $((i + 1)) of $n failed ($?): $*"; return 1; }; done
}

# first_of bare|shim HOST : the first address that one program's getaddrinfo gives.
first_of() {
    if [[ $1 == bare ]]; then bare "$(client lookup_client)" first "$2"
    else with_shim "$(client lookup_client)" first "$2"; fi
}

# spread : of the lines on standard input, how many different ones there are.
spread() { sort -u | grep -c '' || true; }
