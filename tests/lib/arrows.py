#!/usr/bin/python3 -S
"""Who may use whom: reads the includes of all sources and the symbols of all objects, and says what is not allowed.

    arrows.py SOURCES BUILD

Prints one line for each arrow that MAY_USE does not have, for each circle between files, and for each object of the shim
that a tool is linked with. x.c, x.h, x.bpf.c and x.bpf.h are one file. Exits with 1 when it printed any.
"""
import os, re, subprocess, sys

# A folder, and what it may use: folders, or all folders of a part. From a header it takes types and inline functions, no symbol.
MAY_USE = {
    "policy/base": "",
    "policy/wire": "policy/base",
    "policy/table": "policy/base",
    "policy/rules": "policy/base policy/wire policy/table/words.h policy/table/settings.h",
    "policy/pins": "policy",
    "shim/core": "policy",
    "shim/lookup": "policy shim/core",
    "shim/tcp": "policy shim/core",
    "shim/udp": "policy shim/core",
    "shim/hooks": "policy shim",
    "tools/common": "policy",
    "tools/pinctl": "policy tools/common",
    "tools/pinwatch": "policy tools/common",
    "tools/pinkeeper": "policy tools/common",
}
TOOLS = "pinctl", "pinwatch", "pinkeeper"

root, build = sys.argv[1:]
faults = []


def sources():
    """All .c and .h files below the three parts, by their path from the root."""
    for part in "policy", "shim", "tools":
        for folder, _, names in os.walk(os.path.join(root, part)):
            for name in names:
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def unit(path):
    return re.sub(r"(\.bpf)?\.[cho]$", "", path)


def folder(path):
    return os.path.dirname(path)


def allowed(user, used, headers=False):
    """Is the file USED one that USER may use, or, of its headers, include?"""
    may = MAY_USE[folder(user)].split() + [folder(user)]
    return folder(used) in may or used.split("/")[0] in may or headers and used in may


def symbols(*nm):
    """(file, name, type) of each symbol that nm lists."""
    out = subprocess.run(["nm", "-A", "-P", *nm], stdout=subprocess.PIPE, check=True, text=True).stdout
    for line in out.splitlines():
        file, name, kind = re.match(r"(\S+): (\S+) (\S)", line).groups()
        yield os.path.relpath(file, build), name.split("@")[0], kind


def includes(files):
    for user in files:
        with open(os.path.join(root, user)) as f:
            for used in re.findall(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', f.read(), re.M):
                if used in files:
                    yield user, used, "includes it", allowed(user, used, headers=True)
                elif not used.endswith(".skel.h"):
                    faults.append(f'{user}: "{used}" is no header by its path from the root')


def needs(objects):
    """What an object takes from another, and the names that only the shim defines."""
    listed = list(symbols("-g", *(os.path.join(build, o) for o in objects)))
    exported = {name for _, name, kind in symbols("-D", "--defined-only", os.path.join(build, "libstickydns.so"))}
    defined = {}
    for file, name, kind in listed:
        if kind not in "Uwv":
            defined.setdefault(name, []).append(file)
    uses = []
    for user, name, kind in listed:
        # What the shim interposes is libc's to everybody. Of a name that two programs have the near one is meant.
        if kind in "Uwv" and name not in exported:
            near = [used for used in defined.get(name, ()) if allowed(user, used)]
            uses += [(user, used, f"needs {name}", bool(near)) for used in near or defined.get(name, ())]
    return uses, {name for name, files in defined.items() if all(f.startswith("shim/") for f in files)} - exported


def circles(uses):
    """Groups of files of which each leads to each."""
    reach = {user: set(used) for user, used in uses.items()}
    for middle in uses:
        for file in uses:
            if middle in reach[file]:
                reach[file] |= reach[middle]
    return {tuple(sorted(f for f in reach[file] if file in reach.get(f, ()))) for file in uses if file in reach[file]}


files = set(sources())
strangers = sorted({folder(f) for f in files} - set(MAY_USE))
if strangers:
    sys.exit(f"{', '.join(strangers)}: not in tests/lib/arrows.py")
objects = [f[:-1] + "o" for f in sorted(files) if f.endswith(".c") and not f.endswith(".bpf.c")]
taken, of_shim = needs(objects)
uses = {unit(f): {} for f in files}
for user, used, how, fine in [*includes(files), *taken]:
    if unit(user) != unit(used):
        uses[unit(user)].setdefault(unit(used), how)
        if not fine:
            faults.append(f"{user} -> {used}: {how}; {folder(user)} may use: {MAY_USE[folder(user)] or 'nothing'}")
for circle in sorted(circles(uses)):
    steps = [f"{a} -> {b} ({uses[a][b]})" for a in circle for b in circle if b in uses[a]]
    faults.append("a circle: " + ", ".join(steps))
for tool in TOOLS:
    linked = {name for _, name, kind in symbols("--defined-only", os.path.join(build, tool))} & of_shim
    if linked:
        faults.append(f"{tool} is linked with objects of the shim: it has {', '.join(sorted(linked))}")
sys.exit("\n".join(sorted(faults)) or 0)
