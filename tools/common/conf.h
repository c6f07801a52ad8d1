/*
 * conf.h: stickydns.conf: read whole, judged whole, then taken into a table.
 *
 *     default { idle = 1h }
 *     host "*.example.com" { absent = keep  steer = off }
 *     keeper { metrics = "127.0.0.1:9110" }
 *
 * A file with an error changes nothing; the error is one line with file, line
 * and word. libConfuse reads; its error function gets no argument of ours, so
 * only one file is read at a time (pinctl has one thread).
 */
#ifndef STICKYDNS_CONF_H
#define STICKYDNS_CONF_H

#include "policy/table/settings.h"
#include "tools/common/cmd.h"
#include "tools/common/conf-keeper.h"

struct conf {
	struct settings_block defaults;
	struct settings_block *hosts;	/* n_hosts, in the order of the file */
	size_t n_hosts;
	uint16_t dns_ports[DNS_PORTS];	/* beside 53; 0: none */
	struct keeper_conf keeper;
};

/* Read `path`. DONE; or FAILED after one line, with nothing to free. */
int conf_read(const struct context *c, const char *path, struct conf *out);

/*
 * Take it into the open table, alone: flock(2) on the table's file, at most
 * CONF_LOCK_S seconds waited for. DONE, or FAILED after one line.
 */
enum { CONF_LOCK_S = 5 };
int conf_store(struct context *c, const struct conf *f);

void conf_free(struct conf *f);

/* An example to stdout: all keys with their defaults. */
void conf_print_defaults(void);

#endif
