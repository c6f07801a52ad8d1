# TLS to a pool: the program still asks for the hostname, so SNI and the certificate check are untouched.

load ../lib/harness
setup_file() { use_clients lookup; }

POOL=(127.0.0.11 127.0.0.12 127.0.0.13)

# A certificate authority, and a certificate for sip.test and nothing else (no address in it).
certificate() {
    cd "$BATS_TEST_TMPDIR"
    {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=test authority" \
            -keyout ca.key -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=sip.test" \
            -keyout server.key -out server.csr
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
            -extfile <(echo "subjectAltName=DNS:sip.test") -out server.pem
    } >>"$LOGS/openssl.log" 2>&1
}

# One real s_server an address; what it says of each handshake (the SNI) goes to tls-ADDR.
tls_start() {
    stdbuf -oL openssl s_server -accept "$1:5061" -www -cert server.pem -key server.key -cert2 server.pem \
        -key2 server.key -servername sip.test >>"$BATS_TEST_TMPDIR/tls-$1" 2>&1 </dev/null 3>&- 4>&- &
    TLS_PID[$1]=$!
    disown $!
    await "s_server on $1:5061" port_open tcp "$1" 5061
}

# The server is asked for its SNI lines: "Hostname in TLS extension: "sip.test"".
sni_seen() { sed -n 's/.*Hostname in TLS extension: "\(.*\)".*/\1/p' "$BATS_TEST_TMPDIR/tls-$1"; }
handshakes() { sni_seen "$1" | grep -c '' || true; }

# Addresses that saw any handshake.
tls_hit() {
    local address
    for address in "${POOL[@]}"; do
        [[ $(handshakes "$address") == 0 ]] || echo "$address"
    done
}

by_curl() { "$1" curl -sS --fail --cacert ca.pem -o /dev/null https://sip.test:5061/; }

# Connect, verify, hand over a request, read until the server is done.
by_s_client() {
    printf 'GET / HTTP/1.0\r\n\r\n' | "$1" openssl s_client -connect sip.test:5061 -servername sip.test -CAfile ca.pem \
        -verify_hostname sip.test -verify_return_error -brief -ign_eof >>"$LOGS/s_client.log" 2>&1
}

arrange() {
    need openssl curl
    declare -gA TLS_PID=()
    certificate
    dns_pool sip.test "${POOL[@]}"
    local address
    for address in "${POOL[@]}"; do tls_start "$address"; done
}

stays_and_moves() {
    local request=$1 first
    repeat 10 "$request" with_shim
    first=$(tls_hit)
    expect_eq 1 "$(wc -w <<<"$first")" "servers reached by 10 requests ($first)"
    expect_eq 10 "$(handshakes "$first")" "handshakes at $first"
    expect_eq sip.test "$(sni_seen "$first" | sort -u)" "SNI that the server saw"
    expect_eq confirmed "$(pin_field sip.test state)" "state of the pin"
    expect_eq "5061 tcp" "$(pin_field sip.test port) $(pin_field sip.test transport)" "endpoint that confirmed"

    kill -KILL "${TLS_PID[$first]}"
    await "$first closed" port_closed tcp "$first" 5061
    "$request" with_shim || true                  # openssl's own second try, or this refusal, moves the pin
    repeat 10 "$request" with_shim
    local second
    second=$(tls_hit | grep -v "^$first\$")
    expect_eq 1 "$(wc -w <<<"$second")" "servers reached after $first died ($second)"
    expect_ge 10 "$(handshakes "$second")" "handshakes at $second"
    expect_eq sip.test "$(sni_seen "$second" | sort -u)" "SNI that the second server saw"
    expect_eq "$second" "$(pin_of sip.test)" "the pin"
}

@test "curl over TLS: spread without the shim; with it one server, verified, before and after a failure" {
    arrange
    repeat 12 by_curl bare
    expect_ge 2 "$(tls_hit | grep -c '')" "servers reached without the shim"
    local address
    for address in "${POOL[@]}"; do : >"$BATS_TEST_TMPDIR/tls-$address"; done
    stays_and_moves by_curl
}

@test "openssl s_client: one server, verified, before and after a failure" {
    arrange
    stays_and_moves by_s_client
}

@test "a certificate for another name is refused with the shim as without" {
    arrange
    dns_change other.test "${POOL[@]}"
    local how status
    for how in bare with_shim; do
        status=0
        $how curl -sS --cacert ca.pem https://other.test:5061/ >/dev/null 2>&1 || status=$?
        expect_eq 60 "$status" "curl's exit status ($how)"
    done
}
