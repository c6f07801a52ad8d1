#!/usr/bin/python3 -S
"""Which lines of policy/ and shim/ were run, by file and in sum, from what gcov finds beside the objects.

    coverage.py BUILD               the table
    coverage.py BUILD FILE...       the lines of these files that were not run

A line of a header counts as run when any object that includes it ran it.
"""
import json, os, subprocess, sys

build, wanted = sys.argv[1], sys.argv[2:]
ran = {}                                                # file, line: was it run?
for folder, _, names in os.walk(build):
    notes = [os.path.join(folder, name) for name in names if name.endswith(".gcno")]
    if not notes:
        continue
    said = subprocess.run(["gcov", "--json-format", "--stdout", *notes], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True, text=True).stdout
    for file in (file for line in said.splitlines() for file in json.loads(line)["files"]):
        name = os.path.normpath(file["file"])
        if name.startswith(("policy/", "shim/")):
            lines = ran.setdefault(name, {})
            for line in file["lines"]:
                number = line["line_number"]
                lines[number] = lines.get(number, False) or line["count"] > 0


def row(name, lines):
    of, run = len(lines), sum(lines)
    print(f"{name:42} {run:6} of {of:6} {100 * run / max(of, 1):6.1f} %")


for name in wanted:
    print(f"{name}:", *(number for number, run in sorted(ran[name].items()) if not run))
if not wanted:
    for part in "policy/", "shim/":
        files = {name: list(lines.values()) for name, lines in ran.items() if name.startswith(part)}
        for name in sorted(files):
            row(name, files[name])
        row(part, [run for lines in files.values() for run in lines])
