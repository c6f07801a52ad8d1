/*
 * server.h: how users write a server of a name: an address, or TARGET:PORT of a service.
 *
 * A target is the host name of an SRV record (RFC 2782), never an address. Only the
 * table knows targets, and all words are judged before the table is touched.
 */
#ifndef STICKYDNS_SERVER_H
#define STICKYDNS_SERVER_H

#include "policy/pins/admin.h"
#include "policy/pins/srv.h"
#include "tools/common/cmd.h"

struct server {
	bool is_target;
	struct address addr;		/* not of a target */
	struct name host;		/* of a target */
	uint16_t port;
};

/* DONE, or MISUSED after one line: not what `name` can have, or what no server can have. */
int server_parse(const struct context *c, const struct name *name, const char *word, struct server *out);

/* A word as an address of a server. DONE, or MISUSED after one line. */
int server_address_parse(const struct context *c, const char *word, struct address *out);

/* The word as number n, from 0, of an order of preference: one family, none twice, at most PREFERENCES. As server_parse(). */
int server_list_take(const struct context *c, const struct name *name, const char *word,
		     struct server list[static PREFERENCES], size_t n);

/* What the open table calls it. With `learn` a target's host gets a record; false: no room for that. */
bool server_address(struct table *t, const struct server *s, bool learn, struct address *out);

#endif
