# A TCP connection whose server answered with a failure: the program sees its end, and connects anew, where nobody
# misses it. Else it stays.

load ../lib/harness

# pools NAME... : each is of three addresses, and none of another.
pools() {
    local name n=1
    for name; do
        n=$((n + 1))
        printf "127.0.$n.%s $name.test\n" 8 9 10
    done >"$BATS_TEST_TMPDIR/pools"
    dns_names "$BATS_TEST_TMPDIR/pools"
}

# sees EXPECTED NAME STEP... : what the program sees of its connection (tests/clients/sip_leave.py).
sees() {
    local expected=$1 name=$2
    shift 2
    expect_eq "$expected" "$(with_shim "$TESTS/clients/sip_leave.py" "$name.test" "$@" | tail -n +2 | xargs)" "$name: $*"
}

@test "after a failure to REGISTER the connection ends for the program, which may write all the same" {
    pools a b c d e
    sees "open end written written" a REGISTER look 503 look write write
    sees "end" b REGISTER 401 REGISTER 503 look
    sees "end" c OPTIONS 200 REGISTER 200 REGISTER 503 look
    sees "end" d REGISTER 480 look
    sees "end" e REGISTER 503- rest look
}

@test "it stays after what is no failure" {
    pools a b c
    sees open a REGISTER 200 look
    sees open b REGISTER 401 look
    sees open c OPTIONS 503 look
}

@test "it stays if it has carried what may be missed, either way" {
    pools a b c d e f
    sees open a INVITE 200 REGISTER 503 look
    sees open b REGISTER 200 SUBSCRIBE 200 REGISTER 503 look
    sees open c REGISTER ">INVITE" 503 look
    sees open d OPTIONS+ 200 REGISTER 503 look
    sees open e REGISTER "503>INVITE" rest look
    sees open f MESSAGE 200 REGISTER 503 look
}

@test "it stays while answers are to come, and while something is there to be read" {
    pools a b c
    sees "open end" a REGISTER REGISTER 503 look 503 look
    sees "open end" b REGISTER OPTIONS 503 look 503 look
    sees "end" c REGISTER "503>OPTIONS" rest look
}

@test "a reset behind the answer is the program's to see" {
    pools a b
    expect_eq reset "$(bare "$TESTS/clients/sip_leave.py" a.test REGISTER 503! | tail -n 1)" "without the shim"
    sees reset b REGISTER 503!
}

@test "it stays where a new one would lead to the same server: steer = off, a pin by hand, one server" {
    pools off hand list
    echo 'host "off.test" { steer = off }' >"$BATS_TEST_TMPDIR/conf"
    pinctl reload "$BATS_TEST_TMPDIR/conf"
    sees open off REGISTER 503 look
    pinctl set hand.test 127.0.3.9 >/dev/null
    sees open hand REGISTER 503 look
    dns_pool one.test 127.0.0.20
    sees open one REGISTER 503 look
    pinctl set list.test 127.0.4.9,127.0.4.8 >/dev/null
    sees end list REGISTER 503 look     # a list by hand leads to its next
}
