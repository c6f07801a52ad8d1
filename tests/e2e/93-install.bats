# make install and make uninstall: all there, all gone, nothing outside DESTDIR. The Debian packages, too.

# bats file_tags=long
load ../lib/harness

ROOT=$(dirname "$TESTS")

# From a copy of the tree, so that a build that is out of date writes nothing here.
tree_copy() {
    need make cc
    mkdir "$BATS_TEST_TMPDIR/tree"
    tar -C "$ROOT" --exclude=.git -cf - . | tar -C "$BATS_TEST_TMPDIR/tree" -xf -
    cd "$BATS_TEST_TMPDIR/tree"
}

# unit_line Start|Stop|Reload UNIT : what systemd would run.
unit_line() { sed -n ":more; /\\\\\$/ { N; s/\\\\\\n/ /; b more; }; s/\\$\\$/\$/g; s/^Exec$1=-*//p" "$2"; }

installed() { find "$1" ! -type d -printf '%P\n' | sort; }

@test "install puts the shim, pinctl, its man page and completions under DESTDIR and PREFIX" {
    local root=$BATS_TEST_TMPDIR/root prefix file
    tree_copy
    for prefix in /usr/local /opt/sticky; do
        make install DESTDIR="$root" PREFIX="$prefix" >"$LOGS/make-install.log" 2>&1
        for file in 'lib.*/libstickydns\.so' 'lib/stickydns/pinctl\.[0-9a-f]{8}' 'bin/pinctl' 'share/stickydns/(lookups|failures|latency)\.bt' 'share/stickydns/pinctl\.schema\.json' '.*man/man1/pinctl\.1(\.gz)?' '.*man/man5/stickydns\.conf\.5' '.*man/man7/stickydns\.7' '.*man/man8/libstickydns\.8' 'sbin/pinkeeper' '.*man/man8/pinkeeper\.8' '.*/pinkeeper\.service' 'sbin/pinwatch' '.*man/man8/pinwatch\.8' '.*/pinwatch\.service' '.*/pinwatch-steer@\.service' '(lib/sysusers\.d|lib/tmpfiles\.d)/stickydns\.conf' 'share/bash-completion/completions/pin(ctl|watch|keeper)' 'share/zsh/site-functions/_stickydns'; do
            expect_match "(^|"$'\n'")${prefix#/}/$file" "$(installed "$root")" "installed files"
        done
        expect_eq "$prefix/lib/libstickydns.so" "$(sed -n 's/^usdt:\([^:]*\):.*/\1/p' \
            "$root$prefix/share/stickydns/"*.bt | sort -u)" "the library that the bpftrace scripts look into"
        expect_eq "$prefix/sbin/pinwatch" "$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' \
            "$root$prefix/lib/systemd/system/"pinwatch* | sort -u)" "what the units start"
        expect_eq "$prefix/sbin/pinkeeper" "$(sed -n 's/^ExecStart=//p' "$root$prefix/lib/systemd/system/pinkeeper.service")" "what its unit starts"
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
    unit_does() { bare sh -ec "$(unit_line "$1" $unit | sed "s,/var/lib/stickydns,$BATS_TEST_TMPDIR/state,g")"; }
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

# ---- packages

# packages_build : `make deb`, with what BUILD has compiled; the packages come into DEBS.
packages_build() {
    local objects=$BATS_TEST_TMPDIR/objects
    need dh lintian systemd-sysusers
    [[ -x $BUILD/pinwatch ]] || cannot "pinwatch is not built"
    mkdir "$objects"
    (cd "$BUILD" && cp -a --parents policy shim tools lib*.a libstickydns.* pinctl pinkeeper pinwatch told ./*.bt "$objects")
    DEB_BUILD_OPTIONS="nocheck noautodbgsym" make -C "$ROOT" deb B="$BATS_TEST_TMPDIR/packages" OBJECTS="$objects" >"$LOGS/make-deb.log" 2>&1
    DEBS=$BATS_TEST_TMPDIR/packages/deb
}

# The version before, whose tables had another layout: pinctl of that layout is a file of that package.
package_before() {
    local tree=$BATS_TEST_TMPDIR/before
    dpkg-deb -R "$DEBS/$1" "$tree"
    sed -i 's/^Version: .*/Version: 0.9/; s/(= .*)/(= 0.9)/' "$tree/DEBIAN/control"
    if [[ $1 == stickydns_* ]]; then
        mv "$tree"/usr/lib/stickydns/pinctl.* "$tree/usr/lib/stickydns/pinctl.12345678"
    fi
    dpkg-deb --root-owner-group -Znone -b "$tree" "$DEBS/before-$1" >"$LOGS/dpkg-deb.log"
    rm -r "$tree"
}

# This machine, with a layer of its own in HOST.upper for all that is changed in there.
machine_layer() {
    HOST=$BATS_TEST_TMPDIR/host
    mkdir "$HOST" "$HOST.upper" "$HOST.work"
    mount -t overlay -o "lowerdir=/,upperdir=$HOST.upper,workdir=$HOST.work" none "$HOST" || cannot "needs overlayfs"
    mount --rbind /dev "$HOST/dev"
    mount -t proc none "$HOST/proc"
    mount -t tmpfs none "$HOST/run"
    mount -t tmpfs none "$HOST/dev/shm"
    mount --bind "$DEBS" "$HOST/mnt"
}

in_host() { bare chroot "$HOST" "$@"; }
in_dpkg() { in_host env DEBIAN_FRONTEND=noninteractive dpkg --no-triggers "$@" >>"$LOGS/dpkg.log" 2>&1; }

# What is in the layer and not on this machine, but what dpkg notes of any package, and the accounts, which stay.
left_over() {
    find "$HOST.upper" ! -type d -printf '%P\n' | sort |
        grep -vE '^(var/lib/dpkg/|var/log/dpkg|var/cache/|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|etc/.pwd.lock$|etc/ld.so.cache|root/before)' || true
}

@test "packages: lintian has nothing to say; installed, upgraded with the table of the version before, removed, purged" {
    local new old deb pinctl
    grep -q 4294967295 /proc/self/uid_map || cannot "needs root, to install packages"
    packages_build
    new=(stickydns_*.deb stickydns-pinwatch_*.deb)
    new=($(cd "$DEBS" && ls ${new[*]}))
    expect_eq 2 "${#new[@]}" "packages: ${new[*]}"
    expect_eq "" "$(lintian --allow-root "$DEBS"/*.changes 2>&1)" "what lintian says"

    for deb in "${new[@]}"; do package_before "$deb"; done
    machine_layer
    in_dpkg -i "${new[@]/#//mnt/before-}"
    expect_eq "stickydns:x /run/stickydns:755" "$(in_host getent group stickydns | cut -d: -f1,2) /run/stickydns:$(stat -c %a "$HOST/run/stickydns")" \
        "the group, and where the table will be"
    expect_match "stickydns:x:[0-9]+:[0-9]+:.*:/:/usr/sbin/nologin" "$(in_host getent passwd stickydns)" "the user"
    [[ -L $HOST/etc/systemd/system/multi-user.target.wants/stickydns.service ]]
    expect_match "LD_PRELOAD=/usr/lib/stickydns/libstickydns.so" "$(in_host pinctl run -- env)" "what pinctl run sets"
    expect_eq "" "$(in_host pinctl check)" "what is wrong with /etc/stickydns.conf"

    # A table of the version before, and what reads it, in the place of the package's file.
    printf '#!/bin/sh\nexec pinctl -t /root/before save\n' >"$HOST/usr/lib/stickydns/pinctl.12345678"
    chmod 755 "$HOST/usr/lib/stickydns/pinctl.12345678"
    in_host pinctl init -t /root/before --conf=/dev/null
    in_host pinctl -t /root/before set pool.test 192.0.2.7
    cp "$HOST/root/before" "$HOST/run/stickydns/table.v2.12345678"
    printf '\x78\x56\x34\x12' | dd of="$HOST/run/stickydns/table.v2.12345678" bs=1 seek=12 conv=notrunc status=none
    echo '# mine' >>"$HOST/etc/stickydns.conf"
    in_dpkg -i "${new[@]/#//mnt/}"
    expect_eq "# mine" "$(tail -n 1 "$HOST/etc/stickydns.conf")" "the last line of stickydns.conf"
    in_host sh -ec "$(unit_line Start "$HOST/lib/systemd/system/stickydns.service")" 2>"$LOGS/start.log"
    expect_eq "pool.test 192.0.2.7 stickydns 664" \
        "$(in_host pinctl list | cut -f1,3 | tr '\t' ' ') $(in_host sh -c 'stat -c "%G %a" /run/stickydns/table.v*.[!1]*')" "what is pinned in the new table, and whose it is"

    # The next upgrade finds no table of that layout any more.
    rm "$HOST/run/stickydns/table.v2.12345678"
    in_dpkg -i "${new[@]/#//mnt/}"
    expect_eq "pinctl.$(in_host pinctl --version | sed 's/.*\.//')" "$(in_host sh -c 'cd /usr/lib/stickydns && ls -d pin* kept* 2>/dev/null')" "old pinctl"

    in_dpkg -r stickydns-pinwatch stickydns
    expect_eq "etc/stickydns.conf" "$(left_over | grep -v systemd/)" "what is left of packages that were removed"
    in_dpkg -P stickydns-pinwatch stickydns
    expect_eq "" "$(left_over)" "what is left of packages that were purged"
    expect_eq "" "$(ls -d "$HOST"/run/stickydns "$HOST"/var/lib/stickydns "$HOST"/usr/lib/stickydns 2>/dev/null)" "directories that are left"
}

@test "packages are built with the libraries that make deps installs" {
    expect_eq "$(sed -n '/^BUILD_PACKAGES/,/[^\\]$/p' "$ROOT/Makefile" | grep -oE '\blib[a-z0-9-]+-dev\b' | grep -v ^libc6-dev | sort)" \
        "$(sed -n '/^Build-Depends:/,/^[^ B]/p' "$ROOT/debian/control" | grep -oE '\blib[a-z0-9-]+-dev\b' | sort)" "Build-Depends"
}

@test "the version comes from debian/changelog; make dist makes the same archive in two clones" {
    local version clone
    need git xz
    version=$(sed -n '1s/^stickydns (\(.*\)) .*/\1/p' "$ROOT/debian/changelog")
    expect_match "^[0-9]+(\.[0-9]+)+$" "$version" "the first line of debian/changelog"
    expect_match "^pinctl \(stickydns\) $version," "$("$BUILD/pinctl" --version)" "pinctl --version"
    git -C "$ROOT" rev-parse HEAD >/dev/null 2>&1 || cannot "$ROOT is no clone"
    for clone in one two; do
        git clone -q "$ROOT" "$BATS_TEST_TMPDIR/$clone" 2>"$LOGS/git.log"
        (
            umask $([[ $clone == one ]] && echo 022 || echo 077)
            TZ=$clone-3 make -C "$BATS_TEST_TMPDIR/$clone" dist >"$LOGS/make-dist.log" 2>&1
        )
    done
    cmp "$BATS_TEST_TMPDIR"/{one,two}/build/stickydns-"$version".tar.xz
    tar -tf "$BATS_TEST_TMPDIR/one/build/stickydns-$version.tar.xz" >"$BATS_TEST_TMPDIR/listed"
    expect_eq "$(git -C "$ROOT" ls-tree -r --name-only HEAD | sed "s,^,stickydns-$version/," | sort)" "$(grep -v '/$' "$BATS_TEST_TMPDIR/listed" | sort)" "files in it"
}
