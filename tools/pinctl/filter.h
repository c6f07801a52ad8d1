/*
 * filter.h: which names, pins and events a command shows: the same words for list, show, events and top.
 *
 *	HOST                a name, or a pattern, in which * is any run of characters
 *	ADDR                an address, a network (192.0.2.0/24), or a target (sbc1.example.com:5060)
 *	--since, --until    times (when.h)
 *
 * Of several names one must match, of several addresses, too; and of names, addresses and times each that is given.
 */
#ifndef STICKYDNS_PINCTL_FILTER_H
#define STICKYDNS_PINCTL_FILTER_H

#include "policy/pins/view.h"
#include "policy/table/journal.h"
#include "tools/common/names.h"

struct filter_place;

struct filter {
	struct names hosts, addresses;	/* words; after filter_judge() hosts has patterns in lower case */
	const char *since, *until;	/* words, or NULL */
	struct filter_place *places;	/* what `addresses` say */
	uint64_t since_ns, until_ns;	/* CLOCK_REALTIME; 0 and UINT64_MAX: no end */
};

/* For an option table, with `word` for what --since and --until mean; and for its parser. */
enum { KEY_NAME = 0x3000, KEY_ADDRESS, KEY_SINCE, KEY_UNTIL };

#define FILTER_OPTIONS(what)                                                                                       \
	{"name", KEY_NAME, "HOST", 0, "of these names only: a name, or a pattern such as *.example.com", 1},        \
	{"address", KEY_ADDRESS, "ADDR", 0, "of these addresses only: an address, 192.0.2.0/24, or TARGET:PORT", 1}, \
	{"since", KEY_SINCE, "WHEN", 0, what " since then: 14:00, 2026-11-30 14:00, 1h (ago), RFC 3339", 1},         \
	{"until", KEY_UNTIL, "WHEN", 0, what " until then", 1}

/* Takes those options, and each other word as an ADDR where it is one, else as a HOST. Else ARGP_ERR_UNKNOWN. */
error_t filter_parse(int key, char *arg, struct filter *f);

/* Judges all words. DONE, or MISUSED or FAILED after one line. */
int filter_judge(const struct context *c, struct filter *f);

void filter_free(struct filter *f);

/* Is anything asked for but names? */
bool filter_is_of_pins(const struct filter *f);

bool filter_takes_name(const struct filter *f, const struct name *n);

/* A pin: its address, and when it was set. */
bool filter_takes_pin(const struct filter *f, const struct table *t, const struct pin_view *p);

/* A name: with a pin that is taken, or (`candidates`) a candidate of such an address. */
bool filter_takes_view(const struct filter *f, const struct table *t, const struct name_view *v, bool candidates);

/*
 * An event: also one of an endpoint, which has no name, if a name that matches holds the address. Where it led and
 * where it moved from both count.
 */
bool filter_takes_event(const struct filter *f, const struct table *t, const struct event *e);

#endif
