/* view.c: what people are shown of a name, and the counters; what errno means. */
#include "policy/pins/admin.h"
#include "policy/pins/report.h"
#include "policy/pins/view.h"
#include "policy/table/journal.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

#include <errno.h>

#include "policy/base/clock.h"

static struct name_view view_of(const struct table *t, const struct name *n)
{
	struct name_ref ref;
	struct name_view v = {0};
	check_true("viewed", table_find(t, n, &ref) && pins_view(t, ref, &v));
	return v;
}

static const struct candidate_view *candidate_of(const struct name_view *v, unsigned address)
{
	static const struct candidate_view none;
	struct address a = lab_v4(address);
	for (size_t i = 0; i < v->n_candidates; i++)
		if (address_equal(&v->candidates[i].addr, &a))
			return &v->candidates[i];
	check_true("candidate", false);
	return &none;
}

static void outcome(struct table *t, unsigned address, uint16_t port, bool ok)
{
	const struct outcome o = {.endpoint = {lab_v4(address), port, TRANSPORT_TCP}, .reach = REACH_ALL, .why = CAUSE_ANSWERED};
	if (ok)
		lab_succeeded(t, &o);
	else
		lab_failed(t, &o, CAUSE_REFUSED);
}

static void auto_pin(void)
{
	struct lab lab;
	const struct name n = lab_name("sip.example.com");
	const struct address addrs[] = {lab_v4(3), lab_v4(1), lab_v4(2)};
	struct name_ref ref;
	lab_open(&lab, 8);
	lab.t.origin = ORIGIN_PINWATCH;
	lab_lookup(&lab.t, &n, addrs, 3, &ref);
	clock_after(40);

	check_row("a tentative pin");
	struct name_view v = view_of(&lab.t, &n);
	check_text("name", "sip.example.com", v.name.text);
	check_true("present", v.pin[FAMILY_V4].present && !v.pin[FAMILY_V6].present);
	check_true("address", address_equal(&v.pin[FAMILY_V4].addr, &addrs[0]));
	check_true("auto, tentative", !v.pin[FAMILY_V4].is_explicit && !v.pin[FAMILY_V4].confirmed && !v.pin[FAMILY_V4].failed);
	check_number("port", 0, v.pin[FAMILY_V4].port);
	check_number("origin", ORIGIN_PINWATCH, v.pin[FAMILY_V4].origin);
	check_number("pid", (uint64_t)getpid(), v.pin[FAMILY_V4].origin_pid);
	check_number("set, s ago", 40, v.pin[FAMILY_V4].set_s);
	check_number("expires", 0, v.pin[FAMILY_V4].expires_s);
	check_number("idle, s", 40, v.idle_s);
	check_number("moves", 0, v.moves);
	check_number("TTL", 0, v.ttl_s);

	check_row("its candidates, by address");
	check_number("how many", 3, v.n_candidates);
	for (unsigned i = 0; i < v.n_candidates; i++) {
		struct address a = lab_v4(i + 1);
		check_true("address", address_equal(&v.candidates[i].addr, &a));
		check_number("seen, s ago", 40, v.candidates[i].seen_s);
		check_number("rank", 0, v.candidates[i].rank);
		check_number("endpoints", 0, v.candidates[i].n_endpoints);
		check_number("fitness", CIRCUIT_CLOSED, v.candidates[i].worst.circuit);
	}

	outcome(&lab.t, 3, 5060, true);
	outcome(&lab.t, 3, 443, false);
	check_row("a confirmed pin regards the endpoint that confirmed it");
	v = view_of(&lab.t, &n);
	check_true("confirmed", v.pin[FAMILY_V4].confirmed && !v.pin[FAMILY_V4].failed);
	check_number("port", 5060, v.pin[FAMILY_V4].port);
	check_number("transport", TRANSPORT_TCP, v.pin[FAMILY_V4].transport);
	const struct candidate_view *c = candidate_of(&v, 3);
	check_number("endpoints", 2, c->n_endpoints);
	check_true("5060 counts", c->endpoints[0].port == 5060 && c->endpoints[0].counts && c->endpoints[0].succeeded != 0);
	check_true("443 does not", c->endpoints[1].port == 443 && !c->endpoints[1].counts && c->endpoints[1].failures == 1);
	check_number("worst that counts", CIRCUIT_CLOSED, c->worst.circuit);

	outcome(&lab.t, 3, 5060, false);
	check_row("a pin that moved");
	v = view_of(&lab.t, &n);
	check_true("address", address_equal(&v.pin[FAMILY_V4].addr, &addrs[1]) || address_equal(&v.pin[FAMILY_V4].addr, &addrs[2]));
	check_number("moves", 1, v.moves);
	c = candidate_of(&v, 3);
	check_number("worst that counts", CIRCUIT_OPEN, c->worst.circuit);
	check_range("cooling, s", 24, 36, c->worst.cooling_s);
	check_number("failures", 1, c->worst.failures);
	check_number("last cause", CAUSE_REFUSED, c->worst.last_cause);
	lab_close(&lab);
}

static void explicit_pin(void)
{
	struct lab lab;
	const struct name n = lab_name("a");
	const struct address list[] = {lab_v4(9), lab_v4(8)}, addrs[] = {lab_v4(1)};
	struct name_ref ref;
	lab_open(&lab, 8);
	lab.t.origin = ORIGIN_PINCTL;
	pins_set(&lab.t, &n, list, 2, 100);
	clock_after(30.5);
	check_row("an explicit pin");
	struct name_view v = view_of(&lab.t, &n);
	check_true("explicit", v.pin[FAMILY_V4].present && v.pin[FAMILY_V4].is_explicit);
	check_true("address", address_equal(&v.pin[FAMILY_V4].addr, &list[0]));
	check_number("expires, s", 70, v.pin[FAMILY_V4].expires_s);
	check_number("origin", ORIGIN_PINCTL, v.pin[FAMILY_V4].origin);
	check_number("never looked up", UINT32_MAX, v.idle_s);
	check_row("its list, by rank");
	check_number("how many", 2, v.n_candidates);
	check_true("first", address_equal(&v.candidates[0].addr, &list[0]) && v.candidates[0].rank == 1);
	check_true("second", address_equal(&v.candidates[1].addr, &list[1]) && v.candidates[1].rank == 2);
	check_number("never published", UINT32_MAX, v.candidates[0].seen_s);
	check_row("where it leads while the first cools");
	outcome(&lab.t, 9, 80, false);
	v = view_of(&lab.t, &n);
	check_true("address", address_equal(&v.pin[FAMILY_V4].addr, &list[1]));
	check_true("not failed", !v.pin[FAMILY_V4].failed);
	check_row("no more once it has expired");
	clock_after(70);
	v = view_of(&lab.t, &n);
	check_true("none", !v.pin[FAMILY_V4].present);
	lab_lookup(&lab.t, &n, addrs, 1, &ref);
	v = view_of(&lab.t, &n);
	check_true("then auto", v.pin[FAMILY_V4].present && !v.pin[FAMILY_V4].is_explicit);
	lab_close(&lab);
}

static void refreshed(void)
{
	struct lab lab;
	const struct name n = lab_name("a");
	const struct address addrs[] = {lab_v4(1), lab_v4(2)};
	lab_open(&lab, 8);
	pins_refresh(&lab.t, &n, FAMILY_V4, addrs, 2, 60, NULL);
	check_row("the TTL that a refresh saw");
	check_number("at once", 60, view_of(&lab.t, &n).ttl_s);
	clock_after(59);
	check_number("later", 1, view_of(&lab.t, &n).ttl_s);
	clock_after(2);
	check_number("over", 0, view_of(&lab.t, &n).ttl_s);
	pins_refresh(&lab.t, &n, FAMILY_V4, &addrs[1], 1, 60, NULL);
	check_row("an address that left DNS");
	struct name_view v = view_of(&lab.t, &n);
	check_number("not published", UINT32_MAX, candidate_of(&v, 1)->seen_s);
	check_number("published", 0, candidate_of(&v, 2)->seen_s);
	lab_close(&lab);
}

static void gone(void)
{
	struct lab lab;
	const struct name n = lab_name("a");
	const struct address a = lab_v4(1);
	struct name_ref ref;
	struct name_view v;
	lab_open(&lab, 8);
	lab_lookup(&lab.t, &n, &a, 1, &ref);
	pins_drop(&lab.t, &n);
	check_row("a name that is gone");
	check_true("no view", !pins_view(&lab.t, ref, &v));
	check_row("a ref out of bounds");
	ref.slot = UINT32_MAX;
	check_true("no view", !pins_view(&lab.t, ref, &v));
	lab_close(&lab);
}

static void stats(void)
{
	struct lab lab;
	struct table_stats s;
	struct name_ref ref;
	const struct address addrs[] = {lab_v4(1), lab_v4(2)};
	lab_open(&lab, 8);
	check_row("the counters of an empty table");
	pins_stats(&lab.t, &s);
	check_number("names", 0, s.names);
	check_number("capacity of names", 8, s.names_capacity);
	check_number("addresses", 0, s.addrs);
	check_number("capacity of addresses", 16, s.addrs_capacity);
	for (unsigned k = 0; k < 3; k++) {
		char text[16];
		snprintf(text, sizeof text, "n%u", k);
		const struct name n = lab_name(text);
		lab_lookup(&lab.t, &n, addrs, 2, &ref);
	}
	outcome(&lab.t, 1, 80, true);
	outcome(&lab.t, 1, 80, false);
	const struct name n = lab_name("n1");
	pins_drop(&lab.t, &n);
	check_row("the counters after a little life");
	pins_stats(&lab.t, &s);
	check_number("names", 2, s.names);
	check_number("addresses", 2, s.addrs);
	check_number("captures", 3, s.counters[COUNT_CAPTURES]);
	check_number("confirmed", 3, s.counters[COUNT_CONFIRMED]);
	check_number("moves", 3, s.counters[COUNT_MOVES]);
	check_number("failures", 1, s.counters[COUNT_FAILURES]);
	lab_close(&lab);
}

/* What of connect(2) is the server's failure, and what the host's own trouble. */
static void errnos(void)
{
	static const struct {
		int error;
		enum cause expected;
	} rows[] = {
		{ECONNREFUSED, CAUSE_REFUSED}, {ETIMEDOUT, CAUSE_TIMED_OUT}, {EHOSTUNREACH, CAUSE_UNREACHABLE}, {EHOSTDOWN, CAUSE_UNREACHABLE},
		{ECONNRESET, CAUSE_RESET},     {ENETUNREACH, CAUSE_NONE},    {EADDRNOTAVAIL, CAUSE_NONE},	 {EACCES, CAUSE_NONE},
		{EPERM, CAUSE_NONE},	       {EMFILE, CAUSE_NONE},	     {ENFILE, CAUSE_NONE},		 {ENOBUFS, CAUSE_NONE},
		{EADDRINUSE, CAUSE_NONE},      {EINTR, CAUSE_NONE},	     {EINPROGRESS, CAUSE_NONE},		 {EAGAIN, CAUSE_NONE},
		{EAFNOSUPPORT, CAUSE_NONE},    {EBADF, CAUSE_NONE},	     {ENETDOWN, CAUSE_NONE},		 {0, CAUSE_NONE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("cause of %s", strerror(rows[i].error));
		check_text("cause", cause_text(rows[i].expected), cause_text(cause_of_errno(rows[i].error)));
	}
	check_row("causes know their errno");
	check_text("refused", "ECONNREFUSED", cause_errno(CAUSE_REFUSED));
	check_text("timed out", "ETIMEDOUT", cause_errno(CAUSE_TIMED_OUT));
	check_text("by hand", "", cause_errno(CAUSE_BY_HAND));
}

int main(void)
{
	auto_pin();
	explicit_pin();
	refreshed();
	gone();
	stats();
	errnos();
	return check_done();
}
