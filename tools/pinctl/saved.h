/*
 * saved.h: a table as text, which `pinctl save` writes and `pinctl restore` reads.
 *
 * 	stickydns 2
 * 	drain 192.0.2.12
 * 	set sip.example.com 192.0.2.7 192.0.2.8 until 2026-11-22T12:00:00Z
 * 	seen sip.example.com 2026-11-21T11:58:03Z 192.0.2.7 192.0.2.8 192.0.2.9
 * 	auto _sip._udp.example.com sbc1.example.com:5060
 * 	seen _sip._udp.example.com 2026-11-21T11:58:03Z sbc1.example.com:5060:10:60
 * 	end
 *
 * Spaces separate words. A line that begins with # is skipped. `set` is an explicit pin of
 * one family, in order of preference. `auto` is a pin that DNS and the servers' health
 * chose. `seen` is what DNS said then; for a service, with priority and weight. Version 1
 * had no `seen`. A file that does not close with `end` was cut short.
 */
#ifndef STICKYDNS_SAVED_H
#define STICKYDNS_SAVED_H

#include <stdio.h>
#include <time.h>

#include "tools/pinctl/server.h"

enum { SAVED_VERSION = 2 };

enum saved_kind { SAVED_DRAIN, SAVED_SET, SAVED_AUTO, SAVED_SEEN };

struct saved_entry {
	enum saved_kind kind;
	struct name name;		/* not of SAVED_DRAIN */
	struct server servers[CANDIDATES];
	struct srv_record records[CANDIDATES];	/* of SAVED_SEEN and a service: priority and weight of each */
	const char *gone;		/* of SAVED_AUTO and SAVED_SEEN: an address left out, its interface is not there; or NULL */
	size_t n;			/* without it; 1 of SAVED_DRAIN and SAVED_AUTO, at most PREFERENCES of SAVED_SET */
	time_t time;			/* of SAVED_SET when it ends, 0: never; of SAVED_SEEN when it was, at least 1 */
};

/* A saved table in memory: the text itself, since a table of a million names as entries would fill it. */
struct saved {
	const char *name;		/* of the file, for complaints */
	char *text;
};

/* RFC 3339, UTC: "2026-11-22T12:00:00Z". */
enum { SAVED_TIME = 32 };
void saved_time(time_t t, char out[static SAVED_TIME]);

/* The longest text that is taken: 512 bytes for each name of the largest table. */
enum { SAVED_BYTES = 512 << 20 };

/* Read all of `f`, at most SAVED_BYTES. DONE, or FAILED after one line. The caller frees `out` in any case. */
int saved_load(const struct context *c, FILE *f, const char *name, struct saved *out);

/*
 * Each entry of `kinds` in turn; the others are passed over unread, so the first walk is one over SAVED_ALL. DONE; FAILED
 * after one line that names the line of the file; or the first other status than DONE that `each` returns.
 */
enum { SAVED_ALL = 1 << SAVED_DRAIN | 1 << SAVED_SET | 1 << SAVED_AUTO | 1 << SAVED_SEEN };
typedef int saved_fn(void *arg, const struct saved_entry *e);
int saved_each(const struct context *c, const struct saved *s, unsigned kinds, saved_fn *each, void *arg);

/* All of it into the table of `c`, which is opened, and made if there is none. DONE, or FAILED after one line. */
int saved_restore(struct context *c, const struct saved *s);

void saved_free(struct saved *s);

#endif
