/*
 * saved.h: a table as text, which `pinctl save` writes and `pinctl restore` reads.
 *
 *	stickydns 1
 *	drain 192.0.2.12
 *	set sip.example.com 192.0.2.7 192.0.2.8 until 2026-11-22T12:00:00Z
 *	auto _sip._udp.example.com sbc1.example.com:5060
 *	end
 *
 * Words are parted by spaces; what follows a # that begins a line is skipped. `set`:
 * an explicit pin of one family, in order of preference; `auto`: one that DNS and
 * the servers' health chose. A file that does not close with `end` was cut short.
 */
#ifndef STICKYDNS_SAVED_H
#define STICKYDNS_SAVED_H

#include <stdio.h>
#include <time.h>

#include "server.h"

enum { SAVED_VERSION = 1 };

enum saved_kind { SAVED_DRAIN, SAVED_SET, SAVED_AUTO };

struct saved_entry {
	enum saved_kind kind;
	struct name name;		/* not of SAVED_DRAIN */
	struct server servers[PREFERENCES];
	size_t n;			/* 1 but for SAVED_SET */
	time_t until;			/* of SAVED_SET; 0: for ever */
};

/* A saved table in memory: the text itself, since a table of a million names as entries would fill it. */
struct saved {
	const char *name;		/* of the file, for complaints */
	char *text;
};

/* RFC 3339, UTC: "2026-11-22T12:00:00Z". */
enum { SAVED_TIME = 32 };
void saved_time(time_t t, char out[static SAVED_TIME]);

/* Read all of `f`. DONE, or FAILED after one line. The caller frees `out` in any case. */
int saved_load(const struct context *c, FILE *f, const char *name, struct saved *out);

/*
 * Each entry in turn. DONE; FAILED after one line that names the line of the file;
 * or the first other status than DONE that `each` returns.
 */
typedef int saved_fn(void *arg, const struct saved_entry *e);
int saved_each(const struct context *c, const struct saved *s, saved_fn *each, void *arg);

void saved_free(struct saved *s);

#endif
