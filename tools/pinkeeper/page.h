/* page.h: what stands on the page for Prometheus, part by part: the table, its events, its names, and pinkeeper itself. */
#ifndef STICKYDNS_PAGE_H
#define STICKYDNS_PAGE_H

#include "policy/pins/view.h"
#include "policy/table/journal.h"
#include "tools/pinkeeper/census.h"
#include "tools/pinkeeper/exposition.h"
#include "tools/pinkeeper/keeper.h"

/* How full the table is, and its counters. Without a table: only that there is none. */
void page_table(struct exposition *x, const struct keeper *k, const struct census_counts *counts);

/* Since pinkeeper started. */
struct event_counts {
	uint64_t n[EVENT_KINDS][CAUSES], lost;
};

void page_events(struct exposition *x, const struct event_counts *c);

/* Metrics of names. The samples of a metric stand together, and each name has some of each. */
enum { NAME_METRICS = 6 };

struct page_names {
	struct exposition metric[NAME_METRICS];
};

void page_names_begin(struct page_names *names);
void page_name(struct page_names *names, const struct table *t, const struct name_view *v);
void page_names_append(struct exposition *x, struct page_names *names);
void page_names_free(struct page_names *names);

/* Pages that were written, and how long that took, together. */
struct scrapes {
	uint64_t n, ms;
};

void page_process(struct exposition *x, const struct scrapes *s);

#endif
