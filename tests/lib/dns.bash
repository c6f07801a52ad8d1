# DNS on 127.0.0.54:53: a real dnsmasq, which rotates the addresses of a name from answer to answer; and a
# scripted server for what no real one does without trouble (8 of 40 at a time, a fixed order).

# dns_pool NAME ADDR... : NAME has these addresses from now on, none being none at all (NXDOMAIN).
# Starts dnsmasq if it is not running; else makes it read its names again. dns_change is the same.
dns_pool() {
    dns_write "$@"
    if [[ -n ${DNS_PID:-} ]]; then dns_stop; fi
    dns_start
}

dns_change() { dns_pool "$@"; }

# dns_srv NAME TARGET:PORT:PRIORITY:WEIGHT... : NAME (_sip._udp.pool.test) has these SRV records from now on, rotated
# too; the targets' addresses are for dns_pool to give.
dns_srv() {
    local name=$1 file=$BATS_TEST_TMPDIR/dns-srv record
    shift
    touch "$file"
    grep -v "^srv-host=$name," "$file" >"$file.new" || true
    for record; do echo "srv-host=$name,${record//:/,}"; done >>"$file.new"
    mv "$file.new" "$file"
    if [[ -n ${DNS_PID:-} ]]; then dns_stop; fi
    dns_start
}

# More options of dnsmasq, from the next dns_pool on.
declare -ga DNS_OPTIONS=()

# dns_names FILE : as /etc/hosts, for many names at once.
dns_names() {
    cat "$1" >>"$BATS_TEST_TMPDIR/dns-hosts"
    if [[ -n ${DNS_PID:-} ]]; then dns_stop; fi
    dns_start
}

# One name's lines in the file of names; the other names' lines stay.
dns_write() {
    local name=$1 file=$BATS_TEST_TMPDIR/dns-hosts address
    shift
    touch "$file"
    grep -v " $name\$" "$file" >"$file.new" || true
    for address; do echo "$address $name"; done >>"$file.new"
    mv "$file.new" "$file"
}

# A restart takes some 10 ms and leaves no doubt about what is being answered, which SIGHUP does.
dns_start() {
    local mode=--keep-in-foreground
    grep -q '^ *0 *0 ' /proc/self/uid_map || mode=--no-daemon   # a user namespace forbids its setgroups()
    touch "$BATS_TEST_TMPDIR"/dns-{hosts,srv}
    dnsmasq $mode --conf-file="$BATS_TEST_TMPDIR/dns-srv" --user=root --pid-file= --no-resolv --no-hosts \
        --addn-hosts="$BATS_TEST_TMPDIR/dns-hosts" --local=/test/ --local-ttl="${DNS_TTL:-5}" \
        --listen-address=127.0.0.54 --port="${DNS_PORT:-53}" --bind-interfaces --log-facility="$LOGS/dnsmasq.log" \
        "${DNS_OPTIONS[@]}" \
        >>"$LOGS/dnsmasq.out" 2>&1 3>&- 4>&- &
    DNS_PID=$!
    await "dnsmasq answering on 127.0.0.54:${DNS_PORT:-53}" port_open udp 127.0.0.54 "${DNS_PORT:-53}"
}

# dns_stop : nobody listens on 127.0.0.54:53 any more; lookups end with EAI_AGAIN.
dns_stop() {
    kill "$DNS_PID"
    wait "$DNS_PID" || true
    DNS_PID=
}

# dns_scripted NAME SHOW STEP ADDR... : instead of dnsmasq, a server whose n-th answer shows SHOW of the
# addresses, beginning at the (n * STEP)-th; STEP 0 is a fixed order.
dns_scripted() {
    if [[ -n ${DNS_PID:-} ]]; then dns_stop; fi
    /usr/bin/python3 -S "$TESTS/servers/dns.py" 127.0.0.54 53 "$@" >>"$LOGS/dns.py.log" 2>&1 3>&- 4>&- &
    DNS_PID=$!
    await "tests/servers/dns.py answering on 127.0.0.54:53" port_open udp 127.0.0.54 53
}
