#!/usr/bin/env bash
# Builds the Debian packages and tries them in fresh Debian systems: `make deb-check` calls it, as root, with network.
#
#   tests/packages.sh BUILD [PART...]
#
# The parts, in their order; each takes what the ones before it left in BUILD/deb-check:
#
#   base     a minimal Debian of this machine's release, from its mirrors
#   build    from `make dist`, in a system with nothing but Build-Depends, twice, in two places: the same packages; unit tests
#            run; lintian. And the version before, whose tables have another layout
#   bare     without systemd: install, upgrade, remove, purge; what is left
#   boot     under systemd: the table after installation, upgrade and boot
#   piuparts
#   arm64    cross-built; unit tests by qemu-user
#
# Each check is a line, ok or not ok. The last line counts.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
work=$1/deb-check
shift
mkdir -p "$work/log"
# All that is mounted goes with this process.
[ -n "${PACKAGES_ALONE:-}" ] || PACKAGES_ALONE=1 exec unshare --mount --propagation private "$0" "${work%/deb-check}" "$@"
nspawn=
trap '[ -z "$nspawn" ] || kill "$nspawn" 2>/dev/null; wait' EXIT
. /etc/os-release
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
version=$(sed -n '1s/^[^(]*(\(.*\)).*/\1/p' "$here/debian/changelog")
passed=0 failed=0

ok() { echo "ok $1"; passed=$((passed + 1)); }
not_ok() { echo "not ok $1"; failed=$((failed + 1)); }
# check TITLE CMD... : CMD succeeds; what it says is shown if not.
check() {
    local title=$1 log=$work/log/check
    shift
    if "$@" >"$log" 2>&1; then ok "$title"; else tail -n 25 "$log"; not_ok "$title"; fi
}
# same TITLE EXPECTED SEEN
same() {
    if [ "$2" = "$3" ]; then ok "$1"; else printf 'expected: %s\nseen:     %s\n' "$2" "$3"; not_ok "$1"; fi
}
# done_in LOG CMD... : or there is no point in going on.
done_in() {
    local log=$work/log/$1
    shift
    "$@" >"$log" 2>&1 </dev/null || { tail -n 25 "$log"; not_ok "$*"; exit 1; }
}

# ---- systems

# system NAME LOWER : a layer of its own over the directory LOWER, mounted at $work/NAME; empty at the start of a run.
system() {
    ! mountpoint -q "$work/$1" || umount -R "$work/$1" || exit 1
    rm -rf --one-file-system "${work:?}/$1" "$work/$1.upper" "$work/$1.work"
    mkdir "$work/$1" "$work/$1.upper" "$work/$1.work"
    mount -t overlay -o "lowerdir=$2,upperdir=$work/$1.upper,workdir=$work/$1.work" none "$work/$1" || exit 1
}

# in_system NAME CMD... : with /proc, /dev and an empty /run, as after a boot.
in_system() {
    local root=$work/$1
    shift
    if ! mountpoint -q "$root/proc"; then
        mount -t proc none "$root/proc"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs -o mode=755 none "$root/run"
    fi
    chroot "$root" "$@"
}

packages() { for p in stickydns stickydns-pinwatch; do echo "/mnt/${p}_${1}_${2:-amd64}.deb"; done; }

# ---- parts

part_base() {
    done_in base mmdebstrap --variant=minbase --include=init,dbus --format=directory "$VERSION_CODENAME" "$work/base.new" \
        /etc/apt/sources.list.d/debian.sources
    rm -rf "$work/base" && mv "$work/base.new" "$work/base"
}

# tree NAME : the source archive, unpacked in the build system.
tree() {
    mkdir -p "$work/builder/$1"
    tar -C "$work/builder/$1" -xf "$work/stickydns-$version.tar.xz"
    mv "$work/builder/$1"/stickydns-* "$work/builder/$1/source"
}

part_build() {
    for clone in one two; do
        rm -rf "$work/clone"
        done_in clone git clone -q "$here" "$work/clone"
        done_in dist make -C "$work/clone" dist
        mv "$work/clone/build/stickydns-$version.tar.xz" "$work/$clone.tar.xz"
    done
    check "make dist of two clones: the same bytes" cmp "$work/one.tar.xz" "$work/two.tar.xz"
    mv "$work/one.tar.xz" "$work/stickydns-$version.tar.xz"

    system builder "$work/base"
    tree first
    tree second/place
    tree before
    done_in update in_system builder apt-get update
    done_in build-dep in_system builder apt-get -y --no-install-recommends build-dep /first/source
    check "packages build in a system with nothing but Build-Depends; their unit tests pass" \
        in_system builder sh -c 'cd /first/source && dpkg-buildpackage -us -uc'
    done_in second in_system builder env DEB_BUILD_OPTIONS=nocheck TZ=Asia/Tokyo LC_ALL=C.UTF-8 HOME=/nonexistent sh -c \
        'umask 027 && cd /second/place/source && dpkg-buildpackage -us -uc'
    for deb in "$work"/builder/first/*.deb; do
        check "${deb##*/}: built elsewhere, the same bytes" cmp "$deb" "$work/builder/second/place/${deb##*/}"
    done
    check "the source package: the same bytes" cmp "$work/builder/first/stickydns_$version.tar.xz" "$work/builder/second/place/stickydns_$version.tar.xz"
    same "lintian has nothing to say, of source and packages" "" "$(lintian --allow-root "$work"/builder/first/*.changes 2>&1)"

    sed -i '1s/(.*)/(0.9)/' "$work/builder/before/source/debian/changelog"
    sed -i 's/WAIT_SETS = \([0-9]*\)/WAIT_SETS = 2 * \1/' "$work/builder/before/source/policy/table/layout.h"
    done_in before in_system builder env DEB_BUILD_OPTIONS="nocheck noopt" sh -c 'cd /before/source && dpkg-buildpackage -us -uc -b'
    rm -rf "$work/debs" && mkdir "$work/debs"
    cp "$work"/builder/{first,before}/stickydns*.deb "$work/debs"
}

# files NAME : all that there is, but what apt and dpkg keep for any package, and what was there anyway.
files() {
    (cd "$work/$1" && find . -xdev ! -type d -printf '%P\n'; cd "$work/$1/run" && find . ! -type d -printf 'run/%P\n') |
        grep -vE '^(var/lib/(dpkg|apt)/|var/log/|var/cache/|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|etc/(.pwd.lock|ld.so.cache)$|run/(lock|systemd|mount|user)/)' | sort
}

# system_with_libraries NAME : with all that the packages depend on; these are in its /mnt.
system_with_libraries() {
    system "$1" "$work/base"
    mount --bind "$work/debs" "$work/$1/mnt"
    done_in update in_system "$1" apt-get update
    done_in depends in_system "$1" apt-get -y --no-install-recommends install $(packages "$version")
    done_in depends in_system "$1" apt-get -y purge stickydns stickydns-pinwatch
}

part_bare() {
    system_with_libraries bare
    files bare >"$work/log/files.before"
    check "apt installs the version before" in_system bare apt-get -y install $(packages 0.9)
    same "the group is there" stickydns "$(in_system bare getent group stickydns | cut -d: -f1)"
    same "the user is there" "stickydns:/usr/sbin/nologin" "$(in_system bare getent passwd stickydns | cut -d: -f1,7)"
    check "its pinctl makes a table" in_system bare pinctl init
    check "and pins a name" in_system bare pinctl set pool.test 192.0.2.7
    check "apt upgrades it" in_system bare apt-get -y install $(packages "$version")
    check "the new pinctl makes its own table" in_system bare pinctl init
    same "which took over the pin" "pool.test 192.0.2.7" "$(in_system bare pinctl list | cut -f1,3 | tr '\t' ' ')"
    check "apt downgrades it" in_system bare apt-get -y --allow-downgrades install $(packages 0.9)
    same "to a pinctl that still reads its own table" "pool.test 192.0.2.7" "$(in_system bare pinctl list | cut -f1,3 | tr '\t' ' ')"
    check "and upgrades it again" in_system bare apt-get -y install $(packages "$version")
    check "apt removes it" in_system bare apt-get -y remove stickydns stickydns-pinwatch
    same "what stays of removed packages" "etc/stickydns.conf" \
        "$(files bare | comm -13 "$work/log/files.before" - | grep -vE '^(run/stickydns|etc/systemd|var/lib/systemd)/')"
    check "apt purges it" in_system bare apt-get -y purge stickydns stickydns-pinwatch
    same "what stays of purged packages" "" "$(files bare | comm -3 "$work/log/files.before" -)"
    same "directories that stay" "" "$(cd "$work/bare" && ls -d run/stickydns var/lib/stickydns usr/lib/stickydns usr/share/stickydns usr/share/doc/stickydns* 2>/dev/null)"
    umount -R "$work/bare"
}

# boot NAME : systemd, until all is started; in_boot CMD...; shut.
boot() {
    local state n
    systemd-nspawn -q -D "$work/$1" --boot --register=no --keep-unit --private-network --console=pipe --bind="$work/debs:/mnt" </dev/null >"$work/log/boot" 2>&1 &
    nspawn=$!
    leader=
    for ((n = 0; n < 600; n++)); do
        leader=${leader:-$(pgrep -P $nspawn)}
        state=$([ -z "$leader" ] || in_boot systemctl is-system-running 2>/dev/null)
        [[ $state != running && $state != degraded ]] || return 0
        sleep 0.2
    done
    echo "no boot: $state" && tail "$work/log/boot"
    return 1
}
in_boot() { nsenter --target "$leader" --all env PATH="$PATH" "$@"; }
shut() { kill -RTMIN+4 "$leader"; wait $nspawn; nspawn=; }

part_boot() {
    system_with_libraries boot
    umount -R "$work"/boot/{mnt,proc,dev,run}
    done_in boot-up boot boot
    check "installed while systemd runs" in_boot dpkg -i $(packages 0.9)
    same "the table's unit is active and enabled" "active enabled" "$(in_boot systemctl is-active stickydns) $(in_boot systemctl is-enabled stickydns)"
    same "the table belongs to the group" "stickydns 664" "$(in_boot sh -c 'stat -c "%G %a" /run/stickydns/table.*')"
    same "pinkeeper waits for somebody who enables it" "inactive disabled" "$(in_boot systemctl is-active pinkeeper) $(in_boot systemctl is-enabled pinkeeper)"
    check "it starts then" in_boot systemctl enable --now pinkeeper
    keeper=$(in_boot systemctl show --property MainPID pinkeeper)
    done_in set in_boot pinctl set pool.test 192.0.2.7
    check "upgraded while systemd runs" in_boot dpkg -i $(packages "$version")
    same "the new table took over the pin" "2 pool.test 192.0.2.7" "$(in_boot sh -c 'ls /run/stickydns/table.* | wc -l') $(in_boot pinctl list | cut -f1,3 | tr '\t' ' ')"
    same "pinkeeper was started anew" "active yes" \
        "$(in_boot systemctl is-active pinkeeper) $([ "$keeper" = "$(in_boot systemctl show --property MainPID pinkeeper)" ] || echo yes)"
    done_in set in_boot pinctl set other.test 192.0.2.8
    shut
    done_in boot-up boot boot
    same "after a boot the table has what was saved" "other.test pool.test" "$(in_boot pinctl list | cut -f1 | sort | xargs)"
    same "no unit has failed" "" "$(in_boot systemctl --failed --no-legend | grep -v pinwatch)"
    check "upgraded to the same version: the layout of before is gone, and its pinctl" \
        in_boot sh -c "dpkg -i $(packages "$version" | xargs) && test \$(ls /usr/lib/stickydns/pinctl.* | wc -l) = 1"
    check "purged while systemd runs" in_boot apt-get -y purge stickydns stickydns-pinwatch
    same "no program of it runs" "" "$(in_boot sh -c 'grep -lz "^/usr/s*bin/pin" /proc/[0-9]*/cmdline 2>/dev/null')"
    same "the unit is gone" "" "$(in_boot systemctl list-unit-files --no-legend 'stickydns*' 'pin*')"
    same "the table is gone" "" "$(in_boot sh -c 'ls -d /run/stickydns /var/lib/stickydns 2>/dev/null')"
    shut
    umount -R "$work/boot"
}

part_piuparts() {
    system piuparts "$work/base"
    check "piuparts: install, remove, purge" piuparts --existing-chroot="$work/piuparts" --distribution="$VERSION_CODENAME" \
        --no-upgrade-test --no-eatmydata --warn-on-debsums-errors "$work"/debs/stickydns{,-pinwatch}_"$version"_amd64.deb
    umount -R "$work/piuparts"
}

part_arm64() {
    mountpoint -q "$work/builder" || mount -t overlay -o "lowerdir=$work/base,upperdir=$work/builder.upper,workdir=$work/builder.work" none "$work/builder"
    rm -rf "$work/builder/arm64"
    tree arm64
    done_in add in_system builder dpkg --add-architecture arm64
    done_in update in_system builder apt-get update
    done_in build-dep in_system builder apt-get -y --no-install-recommends --host-architecture arm64 --build-profiles cross build-dep /arm64/source
    done_in crossbuild in_system builder apt-get -y --no-install-recommends install crossbuild-essential-arm64
    check "make deb ARCH=arm64; unit tests run by qemu-user" in_system builder make -C /arm64/source deb ARCH=arm64
    same "lintian has nothing to say of them" "" "$(lintian --allow-root "$work"/builder/arm64/source/build/deb/*.changes 2>&1)"
    rm -rf "$work/unpacked"
    for deb in "$work"/builder/arm64/source/build/deb/stickydns{,-pinwatch}_*_arm64.deb; do dpkg-deb -x "$deb" "$work/unpacked"; done
    same "its programs and its library are for ARM" 5 "$(readelf -h "$work"/unpacked/usr/{*bin/*,lib/stickydns/*} | grep -c 'Machine: *AArch64')"
}

[ $# -gt 0 ] || set -- base build bare boot piuparts arm64
for part; do "part_$part"; done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
