# The end-to-end harness: what every tests/e2e/*.bats file loads first.
#
#     load ../lib/harness
#     setup_file() { use_clients lookup_client; }     # from tests/clients/
#
#     @test "curl stays on one server" {
#         dns_pool www.test 127.0.0.11 127.0.0.12 127.0.0.13      # arrange
#         for a in 11 12 13; do server_start 127.0.0.$a 80 accept; done
#         repeat 12 with_shim curl -s http://www.test/            # act
#         expect_eq 1 "$(servers_hit)" "servers that curl reached" # compare
#     }
#
# Each test is a machine of its own. Loading this file starts the test again inside its own network, mount
# and pid namespaces, so nothing a test does reaches the host, two tests never meet on a port, and
# whatever is still running when a test ends is killed by the kernel. In there, before the test body:
#
#   lo                  up; 127.0.0.0/8, 192.0.2.1 and 2001:db8::1 (AI_ADDRCONFIG wants a real address)
#   /etc/resolv.conf    nameserver 127.0.0.54, asked three times for ten seconds, so that a late answer counts;
#                       /etc/hosts has localhost and the host name
#   /dev/shm, /run      empty and private;  /etc/stickydns.conf, /etc/gai.conf empty if the host has them
#   $TABLE              the path of the pin table, not yet made      $SHIM_LOG  the shim's log
#   $LOGS               one file for each thing started; shown when the test fails, never otherwise
#   $BUILD, $TESTS      the build directory and tests/               $BATS_TEST_TMPDIR  scratch, in memory
#
# The pid namespace's first process is the test's shell: pids are small, /proc shows the test's own
# processes only, and `kill %1`, `wait`, `nft`, `ip`, `tc` work as ever. setup_file runs outside, on the
# host: start nothing there. A file with a setup or teardown of its own calls harness_setup and
# harness_teardown in it.
#
#   sandbox.bash   the namespaces; await, need
#   shim.bash      bare, with_shim, SHIM_ENV, pinctl, pin_of, pin_field, candidate_field
#   expect.bash    expect_eq, expect_ne, expect_le, expect_ge, expect_match, expect_status, expect_one_line
#   dns.bash       dns_pool, dns_change, dns_srv, dns_stop, dns_start, dns_scripted   (dnsmasq on 127.0.0.54:53)
#   servers.bash   server_start, server_stop, server_hits, servers_hit, await_hits, hits_reset
#   sip.bash       sip_server, sip_pool, sip_srv, sip_does, arrivals, arrived, arrived_at, await_arrivals
#   agents.bash    baresip_start, linphonec_start, relay_start (kamailio), agent_stop
#   streams.bash   stream_start: REGISTERs by a real program, for as long as a test runs
#   faults.bash    lanes_start, lanes_fail, lanes_moved, lanes_measure, lanes_return: a program whose server goes
#                  away, bare and shimmed, on A and SRV names
#   calls.bash     callees, media_at: calls through a pool
#   keeper.bash    keeper_start, keeper_stop   (pinkeeper)
#   clients.bash   use_clients, client_start, ask, client_stop, repeat, first_of, spread
#
# Pool addresses: take those of a pool from 127.0.0.8-15 or from 127.0.1.1 and up. getaddrinfo sorts
# IPv4 addresses by the bits they share with the source address (RFC 6724 rule 9), here 127.0.0.1, and
# would otherwise undo the rotation that the test counts on.
#
# A test must not depend on how fast the machine is. It waits for events with await, which polls, and says what did not
# happen after $PATIENCE seconds (200). A test ends after $BATS_TEST_TIMEOUT (1200), and with it what hangs: no test that
# passes comes near either, however busy the machine. What a test says of time is counted, or measured by the program
# itself, or between two readings of the clock around what is measured.

TESTS=${BASH_SOURCE[0]%/lib/*}
[[ $TESTS == /* ]] || TESTS=$PWD/$TESTS
TESTS=${TESTS%/e2e/..}                                  # as bats names what is loaded
BUILD=${BUILD:-${TESTS%/tests}/build}
PATIENCE=${PATIENCE:-200}
LIMIT=${LIMIT:-200}
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-1200}

source "$TESTS/lib/sandbox.bash"
sandbox_enter
source "$TESTS/lib/expect.bash"
source "$TESTS/lib/shim.bash"
source "$TESTS/lib/dns.bash"
source "$TESTS/lib/servers.bash"
source "$TESTS/lib/clients.bash"
source "$TESTS/lib/sip.bash"
source "$TESTS/lib/agents.bash"
source "$TESTS/lib/keeper.bash"
source "$TESTS/lib/streams.bash"
source "$TESTS/lib/faults.bash"
source "$TESTS/lib/calls.bash"

setup() { harness_setup; }
teardown() { harness_teardown; }

harness_setup() {
    harness_trace
    set -u
    shopt -s inherit_errexit            # or set -e would not hold inside $(...)
    sandbox_required
    need ip ss jq dnsmasq timeout
    sandbox_furnish
    sandbox_environment
    LOGS=$BATS_TEST_TMPDIR/logs
    TABLE=/dev/shm/table
    SHIM_LOG=$LOGS/shim.log
    shim_setup
}

# bats notes where a test is, by a trap in front of each command of each function: most of what a test's shell did. In here
# the trap stays with the test's own lines; of what fails in a function the place is taken when it fails.
harness_trace() {
    set +T
    trap 'bats_error_trap; harness_failed' ERR
}

harness_failed() {
    [[ -z ${HARNESS_FAILED:-} ]] || return 0            # the innermost tells most
    HARNESS_FAILED=yes
    bats_capture_stack_trace
}

# Logs are worth reading only when the test failed; bats shows this output only then.
harness_teardown() {
    [[ -z ${BATS_TEST_COMPLETED:-} && -z ${BATS_TEST_SKIPPED:-} ]] || return 0
    local log
    for log in "${LOGS:-/nonexistent}"/*; do
        [[ -s $log ]] || continue
        printf '%s\n' "--- ${log##*/}, last lines" "$(grep -a . "$log" | tail -n 15 | cut -c1-300)"
    done
}
