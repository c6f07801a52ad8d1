/* page.c: see page.h. */
#include "tools/pinkeeper/page.h"

#include <string.h>

#include "tools/common/view.h"

static const char *const circuits[] = {[CIRCUIT_CLOSED] = "closed", [CIRCUIT_HALF_OPEN] = "half-open", [CIRCUIT_OPEN] = "open"};

static void one(struct exposition *x, enum metric_type type, const char *name, const char *help, double value)
{
	expose_metric(x, type, name, help);
	expose_sample(x, value, NULL);
}

/* ---- the table ---- */

static const struct {
	const char *name, *help;
} counters[COUNTERS] = {
	[COUNT_CAPTURES] = {"stickydns_pins_set_total", "Pins that were set because a name had none."},
	[COUNT_CONFIRMED] = {"stickydns_pins_confirmed_total", "Pins that a success confirmed."},
	[COUNT_MOVES] = {"stickydns_pin_moves_total", "Moves of pins from one server to another."},
	[COUNT_FAILURES] = {"stickydns_endpoint_failures_total", "Failures of endpoints."},
	[COUNT_SUCCESSES] = {"stickydns_endpoint_successes_total", "Successes of endpoints."},
	[COUNT_STALE_ANSWERS] = {"stickydns_stale_answers_total", "Lookups that the table answered because DNS did not."},
	[COUNT_NAMES_FULL] = {"stickydns_names_refused_total", "Names that found no room in the table."},
	[COUNT_ADDRS_FULL] = {"stickydns_addresses_refused_total", "Addresses that found no room in the table."},
	[COUNT_EVICTED] = {"stickydns_evictions_total", "Names that gave way to others in a full table."},
	[COUNT_TORN] = {"stickydns_torn_records_total", "Records that were found torn, and retired."},
};

static_assert(COUNTERS == COUNT_TORN + 1, "each counter has a row above");

static void page_counts(struct exposition *x, const struct census_counts *c)
{
	static const char *const families[CENSUS_FAMILIES] = {[FAMILY_V4] = "inet", [FAMILY_V6] = "inet6", [CENSUS_SRV] = "srv"};
	expose_metric(x, METRIC_GAUGE, "stickydns_pins", "Pins, by family, by who set them, and by state.");
	for (unsigned f = 0; f < CENSUS_FAMILIES; f++)
		for (unsigned by_hand = 0; by_hand < 2; by_hand++)
			for (unsigned confirmed = 0; confirmed < 2; confirmed++)
				expose_sample(x, c->pins[f][by_hand][confirmed], "family", families[f],
					      "kind", by_hand ? "explicit" : "auto",
					      "state", confirmed ? "confirmed" : "tentative", NULL);
	expose_metric(x, METRIC_GAUGE, "stickydns_endpoints", "Endpoints that had an outcome, by their circuit.");
	for (unsigned i = 0; i <= CIRCUIT_OPEN; i++)
		expose_sample(x, c->endpoints[i], "circuit", circuits[i], NULL);
	one(x, METRIC_GAUGE, "stickydns_addresses_drained", "Addresses that pinctl drain keeps pins away from.", c->drained);
}

void page_table(struct exposition *x, const struct keeper *k, const struct census_counts *counts)
{
	const struct table *t = &k->c.table;
	uint64_t counted[COUNTERS];
	one(x, METRIC_GAUGE, "stickydns_table_up", "Is there a table that pinkeeper serves?", k->attached);
	if (!k->attached)
		return;
	expose_metric(x, METRIC_GAUGE, "stickydns_table_info", "The table that pinkeeper serves.");
	expose_sample(x, 1, "path", k->c.path, "writable", t->writable ? "yes" : "no", NULL);
	one(x, METRIC_GAUGE, "stickydns_names", "Names in the table.", counts->names);
	one(x, METRIC_GAUGE, "stickydns_names_capacity", "Names that the table has room for.", t->names_capacity);
	one(x, METRIC_GAUGE, "stickydns_addresses", "Addresses and SRV targets in the table.", counts->addrs);
	one(x, METRIC_GAUGE, "stickydns_addresses_capacity", "Addresses that the table has room for.", t->addrs_capacity);
	page_counts(x, counts);
	counters_glance(t, counted);
	for (unsigned i = 0; i < COUNTERS; i++)
		one(x, METRIC_COUNTER, counters[i].name, counters[i].help, (double)counted[i]);
	one(x, METRIC_COUNTER, "stickydns_journal_events_total", "Events that were written to the table's journal.",
	    (double)journal_next(t));
}

void page_events(struct exposition *x, const struct event_counts *c)
{
	expose_metric(x, METRIC_COUNTER, "stickydns_events_total", "Events of the journal since pinkeeper started.");
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
		for (unsigned cause = 0; cause < CAUSES; cause++)
			if (c->n[kind][cause] > 0)
				expose_sample(x, (double)c->n[kind][cause], "event", event_kind_text(kind),
					      "cause", cause_text(cause), NULL);
	one(x, METRIC_COUNTER, "stickydns_events_lost_total", "Events that were overwritten before pinkeeper had read them.",
	    (double)c->lost);
}

/* ---- names ---- */

enum { PIN_INFO, PIN_HEALTHY, PIN_COOLING, NAME_MOVES, NAME_CANDIDATES, NAME_HEALTHY };

void page_names_begin(struct page_names *names)
{
	static const struct {
		enum metric_type type;
		const char *name, *help;
	} metrics[NAME_METRICS] = {
		[PIN_INFO] = {METRIC_GAUGE, "stickydns_pin_info", "Where a name leads to."},
		[PIN_HEALTHY] = {METRIC_GAUGE, "stickydns_pin_healthy", "Is the circuit of the pin's endpoint closed?"},
		[PIN_COOLING] = {METRIC_GAUGE, "stickydns_pin_cooling_seconds", "Until the cool-off of the pin's endpoint ends."},
		[NAME_MOVES] = {METRIC_COUNTER, "stickydns_name_moves_total", "Moves of the name's pins, modulo 65536."},
		[NAME_CANDIDATES] = {METRIC_GAUGE, "stickydns_name_candidates", "Servers that the name has."},
		[NAME_HEALTHY] = {METRIC_GAUGE, "stickydns_name_candidates_healthy",
				  "Of those, how many are not drained and have no circuit that is open or half-open."},
	};
	page_names_free(names);
	for (unsigned i = 0; i < NAME_METRICS; i++)
		expose_metric(&names->metric[i], metrics[i].type, metrics[i].name, metrics[i].help);
}

/* The endpoint that confirmed the pin; for a tentative one the worst of those that count. */
static struct endpoint_view pin_endpoint(const struct name_view *v, const struct pin_view *p)
{
	for (size_t i = 0; i < v->n_candidates; i++) {
		const struct candidate_view *c = &v->candidates[i];
		if (!address_equal(&c->addr, &p->addr))
			continue;
		for (size_t k = 0; p->port && k < c->n_endpoints; k++)
			if (c->endpoints[k].port == p->port && c->endpoints[k].transport == p->transport)
				return c->endpoints[k];
		return c->worst;
	}
	return (struct endpoint_view){.circuit = CIRCUIT_CLOSED};
}

static void page_pin(struct page_names *names, const struct table *t, const struct name_view *v, enum family f)
{
	const struct pin_view *p = &v->pin[f];
	const struct endpoint_view e = pin_endpoint(v, p);
	const char *const family = family_text(&v->name, f);
	char address[TARGET_TEXT], port[PORT_TEXT];
	target_format(t, &p->addr, address);
	port_text(p->port, p->transport, port);
	expose_sample(&names->metric[PIN_INFO], 1, "name", v->name.text, "family", family, "address", address,
		      "port", p->port ? port : "", "kind", kind_text(p), "state", state_text(p), NULL);
	expose_sample(&names->metric[PIN_HEALTHY], e.circuit == CIRCUIT_CLOSED, "name", v->name.text, "family", family, NULL);
	expose_sample(&names->metric[PIN_COOLING], e.cooling_s, "name", v->name.text, "family", family, NULL);
}

void page_name(struct page_names *names, const struct table *t, const struct name_view *v)
{
	unsigned healthy = 0;
	for (size_t i = 0; i < v->n_candidates; i++)
		healthy += v->candidates[i].worst.circuit == CIRCUIT_CLOSED && !v->candidates[i].drained;
	for (enum family f = 0; f < FAMILIES; f++)
		if (v->pin[f].present)
			page_pin(names, t, v, f);
	expose_sample(&names->metric[NAME_MOVES], v->moves, "name", v->name.text, NULL);
	expose_sample(&names->metric[NAME_CANDIDATES], (double)v->n_candidates, "name", v->name.text, NULL);
	expose_sample(&names->metric[NAME_HEALTHY], healthy, "name", v->name.text, NULL);
}

void page_names_append(struct exposition *x, struct page_names *names)
{
	for (unsigned i = 0; i < NAME_METRICS; i++)
		expose_append(x, &names->metric[i]);
}

void page_names_free(struct page_names *names)
{
	for (unsigned i = 0; i < NAME_METRICS; i++)
		expose_free(&names->metric[i]);
}

/* ---- pinkeeper itself ---- */

void page_process(struct exposition *x, const struct scrapes *s)
{
	size_t resident = 0;
	uv_rusage_t used = {0};
	uv_resident_set_memory(&resident);
	uv_getrusage(&used);
	const double cpu_us = (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
	expose_metric(x, METRIC_GAUGE, "pinkeeper_build_info", "The version of pinkeeper.");
	expose_sample(x, 1, "version", cmd_version_text, NULL);
	one(x, METRIC_COUNTER, "pinkeeper_scrapes_total", "Pages that were written before this one.", (double)s->n);
	one(x, METRIC_COUNTER, "pinkeeper_scrape_seconds_total", "Time from the request to the end of those pages.", (double)s->ms / 1000);
	one(x, METRIC_COUNTER, "process_cpu_seconds_total", "CPU time of pinkeeper.",
	    (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + cpu_us / 1e6);
	one(x, METRIC_GAUGE, "process_resident_memory_bytes", "Memory of pinkeeper, with what it has mapped of the table.", (double)resident);
}
