# counts.awk: what callgrind counted of the bench programs (measure.h), beside the bounds.
#
#   awk [-v json=yes] [-v all=yes] -f counts.awk BOUNDS DUMPS...
#
# A row: what one call, or round, takes bare and with the shim, in instructions; how many more; how many system calls
# more. Under valgrind each reading of the clock is a system call, too. Of several counts of a row the least is taken.
# Exits with 1 when a bound is passed or, with all=yes, when the row of a bound was not counted.
BEGIN {
	FS = "\t"
}

# The bounds: a row's name, instructions more, system calls more.
FILENAME == ARGV[1] {
	if (!/^#/ && NF == 3) {
		bound[$1] = $2
		calls_bound[$1] = $3
	}
	next
}

/^desc: Trigger: / {
	counted = /: Client Request: count\t/
	row = $2
	n = $3
	way = $4
}

/^summary: / && counted {
	split($0, sum, " ")
	if (!(row in seen)) {
		seen[row]
		rows[++count] = row
	}
	least(instructions, row SUBSEP way, sum[2] / n)
	least(calls, row SUBSEP way, sum[3] / n)
}

function least(of, key, value) {
	if (!(key in of) || value < of[key])
		of[key] = value
}

END {
	if (json)
		printf "["
	else
		printf "%-46s %8s %8s %8s %8s %15s\n", "instructions", "bare", "shim", "more", "calls", "at most"
	for (i = 1; i <= count; i++) {
		row = rows[i]
		bare = instructions[row, "bare"]
		shim = instructions[row, "shim"]
		more = calls[row, "shim"] - calls[row, "bare"]
		bounded = row in bound
		over = bounded && (shim - bare > bound[row] || more > calls_bound[row])
		bad += over
		if (json) {
			printf "%s\n  {\"what\": \"%s\", \"bare\": %.1f, \"shim\": %.1f, ", (i > 1 ? "," : ""), row, bare, shim
			printf "\"more\": %.1f, \"system_calls_more\": %.2f, ", shim - bare, more
			printf "\"verdict\": %s}", !bounded ? "null" : over ? "\"over\"" : "\"ok\""
		} else {
			printf "%-46s %8.0f %8.0f %8.1f %8.2f ", row, bare, shim, shim - bare, more
			printf "%15s  %s\n", bounded ? bound[row] ", " calls_bound[row] : "", !bounded ? "" : over ? "over" : "ok"
		}
	}
	for (row in bound)
		if (all && !(row in seen)) {
			print "bench: not counted: " row >"/dev/stderr"
			bad++
		}
	if (json)
		print "\n]"
	exit bad > 0
}
