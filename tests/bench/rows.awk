# rows.awk: lays out the rows that the bench programs print (measure.h), as a table or as JSON.
BEGIN {
	FS = "\t"
	if (json)
		printf "["
	else
		printf "%-46s %10s %10s %10s %7s %6s %9s\n", "", "bare", "shim", "more", "ratio", "pairs", "at most"
}

# Three digits, in the unit that suits: "48.2 ns", "1.23 us".
function time(ns,    abs) {
	abs = ns < 0 ? -ns : ns
	if (abs >= 999500000)
		return sprintf("%.2f s", ns / 1000000000)
	if (abs >= 999500)
		return sprintf("%.2f ms", ns / 1000000)
	if (abs >= 9995)
		return sprintf("%.1f us", ns / 1000)
	if (abs >= 999.5)
		return sprintf("%.2f us", ns / 1000)
	return sprintf(abs >= 99.95 ? "%.0f ns" : "%.1f ns", ns)
}

# The same of bytes.
function size(bytes) {
	return bytes >= 1048576 ? sprintf("%.1f MiB", bytes / 1048576) : sprintf("%.0f KiB", bytes / 1024)
}

function value(v, unit) { return unit == "B" ? size(v) : time(v) }

function bound(limit, unit) {
	if (unit == "B")
		return size(limit)
	return unit == "%" ? limit " %" : unit == "ns" ? (limit >= 1000 ? time(limit) : limit " ns") : ""
}

{ unit = $8 == "B" ? "bytes" : "ns" }

json {
	printf "%s\n  {\"what\": \"%s\", \"bare_%s\": %s, \"shim_%s\": %s, \"more_%s\": %s, \"ratio\": %s, \"pairs\": %s", \
		(NR > 1 ? "," : ""), $1, unit, $2, unit, $3, unit, $4, $5, $6
	if ($8 == "-")
		printf ", \"bound\": null, \"verdict\": null}"
	else
		printf ", \"bound\": {\"more\": %s, \"unit\": \"%s\"}, \"verdict\": \"%s\"}", $7, $8, $9
	next
}

{
	printf "%-46s %10s %10s %10s %7.3f %6d %9s  %s\n", $1, value($2, $8), value($3, $8), value($4, $8), $5, $6, bound($7, $8), \
		$9 == "-" ? "" : $9
	bounded += $9 != "-"
	over += $9 == "over"
}

END {
	if (json)
		print "\n]"
	else
		printf "%d of %d bounds kept\n", bounded - over, bounded
}
