# What the documents say of the code is so: constants, defaults, links.

load ../lib/harness

ROOT=$(dirname "$TESTS")

@test "the constants in stickydns(7) are those of the code" {
    need python3
    python3 -S - "$ROOT" <<'END' || { echo "stickydns(7): see above"; return 1; }
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
page = (root / "tools/man/stickydns.7").read_text()
units = {"ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000}
defined = {}                                            # name: [(path, expression)]
for folder in ("policy", "shim", "tools"):
    for file in sorted((root / folder).rglob("*.[ch]")):
        for name, value in re.findall(r"\b([A-Z][A-Z0-9_]+) = ([^,;}/]+(?:/[^*,;}/]+)?)", file.read_text()):
            defined.setdefault(name, []).append((str(file.relative_to(root)), value.strip()))

def value_of(folder, name):
    found = {value for path, value in defined.get(name, []) if path.startswith((folder + "/", "policy/"))}
    if len(found) != 1:
        raise LookupError(f"{folder} and policy define {name} {len(found)} times")
    expression = re.sub(r"[A-Z][A-Z0-9_]+", lambda m: str(value_of(folder, m[0])), found.pop())
    return eval(expression.replace("/", "//"))

def milliseconds(name, value):
    if name.endswith("_TICKS"):
        return value * 1000 // 16
    return value * 1000 if name.endswith("_S") else value

rows = re.findall(r'^\.\\" = (\S+) (\S+)\n([^\t\n]+)\t', page, re.M)
bad = 0
for folder, name, shown in rows:
    if folder == "setting":
        continue
    try:
        value = value_of(folder, name)
    except LookupError as e:
        print(e)
        bad += 1
        continue
    number, *unit = shown.split()
    expected = int(number) * units[unit[0]] if unit else int(number)
    if expected != (milliseconds(name, value) if unit else value):
        print(f"{name}: {shown} in stickydns(7), {value} in {folder}")
        bad += 1
if len(rows) < 50:
    print(f"only {len(rows)} rows")
sys.exit(bad > 0 or len(rows) < 50)
END
}

# defaults SECTION : the rows of its table in stickydns.conf(5), as KEY DEFAULT.
defaults() { sed -n "/^\.SH $1/,/^\.SH/p" "$ROOT/tools/man/stickydns.conf.5" | sed -n '/^\.TS/,/^\.TE/{/\t/p}' | sed 1d | cut -f1,3 | tr '\t' ' '; }

@test "the defaults in stickydns.conf(5) and stickydns(7) are those that hold" {
    local key value place by
    pinctl set pool.test 192.0.2.7
    pinctl show pool.test --json | jq -r '.settings | to_entries[] | "\(.key) \(.value.value)"' | sort >"$BATS_TEST_TMPDIR/builtin"
    expect_eq "$(cat "$BATS_TEST_TMPDIR/builtin")" "$(defaults DEFAULTS | grep -v '^dns-ports ' | sort)" "stickydns.conf(5)"
    expect_eq "$(pinctl check --defaults | sed -n '/^keeper {/,/^}/s/^\t# \([a-z-]*\) = \([^ ]*\) .*/\1 \2/p')" "$(defaults KEEPER)" \
        "the block of pinkeeper in stickydns.conf(5)"
    awk -F'\t' '/^\.\\" = setting / { gsub(/\\-/, "-"); split($1, w, " "); key = w[4]; place = w[5]; getline; value = $1 }
        /^T}\t/ && key { gsub(/\\-/, "-"); print key, place + 0, $2, value; key = "" }' \
        "$ROOT/tools/man/stickydns.7" >"$BATS_TEST_TMPDIR/seven"
    expect_ge 12 "$(wc -l <"$BATS_TEST_TMPDIR/seven")" "settings among the constants"
    while read -r key place by value; do        # PLACE: which of the two values of a setting; 0: it has one
        expect_eq "$key" "$by" "what changes $key in stickydns(7)"
        expect_eq "$(sed -n "s/^$key //p" "$BATS_TEST_TMPDIR/builtin" | awk -v place="$place" -F', ' '{ if (place) { gsub(/[{}]/, ""); print $place } else print }')" \
            "$(sed 's/^\([0-9.]*\) \([a-z]*\)$/\1\2/' <<<"$value")" "$key in stickydns(7)"
    done <"$BATS_TEST_TMPDIR/seven"
}

@test "manuals are laid out without a complaint" {
    local page
    need groff
    for page in "$ROOT"/tools/man/*.[1-8]; do
        expect_eq "" "$(groff -ww -t -man -Tutf8 "$page" 2>&1 >/dev/null)" "${page##*/}"
    done
}

@test "README is a page that leads on: at most 200 lines, and what it names and links to is there" {
    local file link
    expect_le 200 "$(wc -l <"$ROOT/README.md")" "lines of README.md"
    for file in README.md tests/README.md tests/bench/README.md; do
        while read -r link; do
            [[ -e $ROOT/$(dirname "$file")/$link ]] || { echo "$file: nothing at $link"; return 1; }
        done < <(grep -o '](\([^)#]*\)' "$ROOT/$file" | cut -c3-)
    done
    while read -r file; do
        [[ -e $ROOT/$file ]] || { echo "README.md names $file"; return 1; }
    done < <(grep -oE '`(policy|shim|tools|tests)/[a-z0-9/._-]+`' "$ROOT/README.md" | tr -d '`')
}

@test "every file of C opens with its name and what it is for" {
    local file
    while read -r file; do
        head -n 2 "$ROOT/$file" | tr -d '\n' | grep -q "^/\*[ *]*${file##*/}: [^ ]" || { echo "$file: $(head -n 2 "$ROOT/$file")"; return 1; }
    done < <(cd "$ROOT" && find policy shim tools -name '*.[ch]')
}
