# Comparisons. Each prints what was compared, what was expected and what was seen, and fails the test.
# The last argument says in words what the value is.

unexpected() { # WHAT EXPECTED SEEN
    printf '%s\n    expected: %s\n    seen:     %s\n' "$1" "$2" "$3"
    return 1
}

expect_eq() { [[ $2 == "$1" ]] || unexpected "${3:-value}" "$1" "$2"; }

expect_ne() { [[ $2 != "$1" ]] || unexpected "${3:-value}" "anything but $1" "$2"; }

# expect_le LIMIT NUMBER WHAT, expect_ge LIMIT NUMBER WHAT : whole numbers.
expect_le() { (($2 <= $1)) || unexpected "${3:-number}" "at most $1" "$2"; }

expect_ge() { (($2 >= $1)) || unexpected "${3:-number}" "at least $1" "$2"; }

# expect_match EREGEX TEXT WHAT
expect_match() { [[ $2 =~ $1 ]] || unexpected "${3:-text}" "a match of $1" "$2"; }

# expect_status STATUS CMD... : runs CMD; its output (both streams) is left in $output.
expect_status() {
    local expected=$1 status=0
    shift
    output=$("$@" 2>&1) || status=$?
    [[ $status == "$expected" ]] || unexpected "exit status of: $*" "$expected" "$status, saying: $output"
}

# expect_one_line TEXT WHAT : complaints of our tools are one line, neither more nor none.
expect_one_line() {
    local lines
    lines=$(printf '%s' "$1" | grep -c '' || true)
    [[ $lines == 1 ]] || unexpected "lines of ${2:-text}" 1 "$lines: $1"
}
