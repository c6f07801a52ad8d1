# make install and make uninstall: all there, all gone, nothing outside DESTDIR.

load ../lib/harness

ROOT=$(dirname "$TESTS")

# From a copy of the tree, so that a build that is out of date writes nothing here.
tree_copy() {
    need make cc
    mkdir "$BATS_TEST_TMPDIR/tree"
    tar -C "$ROOT" --exclude=.git -cf - . | tar -C "$BATS_TEST_TMPDIR/tree" -xf -
    cd "$BATS_TEST_TMPDIR/tree"
}

installed() { find "$1" ! -type d -printf '%P\n' | sort; }

@test "install puts the shim, pinctl, its man page and completions under DESTDIR and PREFIX" {
    local root=$BATS_TEST_TMPDIR/root prefix file
    tree_copy
    for prefix in /usr/local /opt/sticky; do
        make install DESTDIR="$root" PREFIX="$prefix" >"$LOGS/make-install.log" 2>&1
        for file in 'lib.*/libstickydns\.so' 'lib/stickydns/pinctl\.[0-9a-f]{8}' 'bin/pinctl' 'share/stickydns/(lookups|failures|latency)\.bt' '.*man/man1/pinctl\.1(\.gz)?' '.*man/man5/stickydns\.conf\.5' '.*man/man7/stickydns\.7' '.*man/man8/libstickydns\.8' 'sbin/pinwatch' '.*man/man8/pinwatch\.8' '.*/pinwatch\.service' '.*/pinwatch-steer@\.service' '(lib/sysusers\.d|lib/tmpfiles\.d)/stickydns\.conf' 'share/bash-completion/completions/pin(ctl|watch|keeper)' 'share/zsh/site-functions/_stickydns'; do
            expect_match "(^|"$'\n'")${prefix#/}/$file" "$(installed "$root")" "installed files"
        done
        expect_eq "$prefix/lib/libstickydns.so" "$(sed -n 's/^usdt:\([^:]*\):.*/\1/p' \
            "$root$prefix/share/stickydns/"*.bt | sort -u)" "the library that the bpftrace scripts look into"
        expect_eq "$prefix/sbin/pinwatch" "$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' \
            "$root$prefix/lib/systemd/system/"pinwatch* | sort -u)" "what the units start"
        expect_match "$prefix/bin/pinctl init" "$(cat "$root$prefix/lib/systemd/system/stickydns.service")" "what makes the table"
        expect_match "$prefix/share/stickydns/" "$(cat "$root$prefix/share/man/man8/libstickydns.8")" "where the page says scripts are"
        expect_match "$prefix/lib/stickydns/pinctl\.%08x" "$(strings -a "$root$prefix/bin/pinctl")" "where pinctl looks for those of other layouts"
        expect_eq "" "$(installed "$root" | grep -v "^${prefix#/}/" | grep -v '^etc/' || true)" "files outside PREFIX"
        make uninstall DESTDIR="$root" PREFIX="$prefix" >"$LOGS/make-uninstall.log" 2>&1
        expect_eq "" "$(installed "$root")" "files that uninstall left"
    done
}

@test "what was installed works from there: pinctl run finds its shim" {
    local root=$BATS_TEST_TMPDIR/root
    use_clients lookup
    tree_copy
    make install DESTDIR="$root" PREFIX=/usr/local >"$LOGS/make-install.log" 2>&1
    mount --bind "$root/usr/local" /usr/local
    dns_pool pool.test 127.0.0.11 127.0.0.12 127.0.0.13
    export STICKYDNS_TABLE=$TABLE
    repeat 6 bare /usr/local/bin/pinctl run -- "$(client lookup)" -4 pool.test >"$BATS_TEST_TMPDIR/first"
    expect_eq 1 "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/first" | spread)" "first addresses under the installed shim"

    # What the unit does at boot, when it is started anew, at shutdown, and at the next boot.
    unset STICKYDNS_TABLE
    local unit=/usr/local/lib/systemd/system/stickydns.service system=/run/stickydns/table.$(layout)
    mkdir "$BATS_TEST_TMPDIR/state"
    unit_does() {
        bare sh -ec "$(sed -n ":more; /\\\\\$/ { N; s/\\\\\\n/ /; b more; }; s/^Exec$1=-*//p" $unit |
            sed "s,/var/lib/stickydns,$BATS_TEST_TMPDIR/state,g; s/\\$\\$/\$/g")"
    }
    pinned() { bare /usr/local/bin/pinctl -t $system list | cut -f3; }
    unit_does Start
    bare /usr/local/bin/pinctl set pool.test 192.0.2.7
    unit_does Start
    unit_does Stop
    bare /usr/local/bin/pinctl set pool.test 192.0.2.8
    unit_does Start
    expect_eq "192.0.2.8" "$(pinned)" "what is pinned after a stop, a change and a start"
    rm -r /run/stickydns
    unit_does Start
    expect_eq "192.0.2.7" "$(pinned)" "what is pinned after a boot"

    # After an upgrade, which finds the table of the version before, and its pinctl: what is saved is older than that.
    mv $system "$BATS_TEST_TMPDIR/before"
    STICKYDNS_TABLE=$BATS_TEST_TMPDIR/before bare /usr/local/bin/pinctl set pool.test 192.0.2.10
    cp "$BATS_TEST_TMPDIR/before" /run/stickydns/table.v2.12345678
    printf '\x78\x56\x34\x12' | dd of=/run/stickydns/table.v2.12345678 bs=1 seek=12 conv=notrunc status=none
    printf '#!/bin/sh\nexec /usr/local/bin/pinctl -t %s save\n' "$BATS_TEST_TMPDIR/before" >/usr/local/lib/stickydns/pinctl.12345678
    chmod 755 /usr/local/lib/stickydns/pinctl.12345678
    unit_does Start
    expect_eq "192.0.2.10" "$(pinned)" "what is pinned after an upgrade"
    rm /run/stickydns/table.v2.12345678
    rm $system
    unit_does Start

    # A table that is no good: nothing of root's own one is taken for it.
    : >$system
    STICKYDNS_TABLE=/dev/shm/stickydns-0.$(layout) bare /usr/local/bin/pinctl set own.test 192.0.2.9
    expect_status 1 unit_does Stop
    expect_match "$system: shorter than its header says" "$output" "what a stop says"
    unit_does Start
    expect_eq "192.0.2.7" "$(pinned)" "what is pinned in the table that was mended"
    rm $system
    echo bad >"$BATS_TEST_TMPDIR/state/saved"
    expect_status 0 unit_does Start
    expect_match "saved:1: no saved table: 'bad'" "$output" "what a start says of a bad text"
    [[ -e $system ]]
}
