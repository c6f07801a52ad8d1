/*
 * conf-keeper.h: the block of stickydns.conf that is pinkeeper's own: which duties it has, and how it carries them out.
 *
 *     keeper { probe = off  metrics = "127.0.0.1:9110" }
 *
 * It is read when pinkeeper starts. What holds for one name (probe, rise, fall) is a setting, and lies in the table.
 */
#ifndef STICKYDNS_CONF_KEEPER_H
#define STICKYDNS_CONF_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	PLACE_TEXT = 108,		/* unix(7), sun_path */
	COMMAND_TEXT = 256,
};

enum events_to { EVENTS_OFF, EVENTS_JOURNALD, EVENTS_SYSLOG };

struct keeper_conf {
	bool follow, probe, reap;
	uint32_t queries;		/* names that are asked for at once */
	uint32_t metrics_names;		/* names that have metrics of their own */
	char metrics[PLACE_TEXT];	/* "127.0.0.1:9110", a path, or "": off */
	uint32_t events;		/* enum events_to */
	char on_move[COMMAND_TEXT];	/* an absolute path, or "": off */
};

/*
 * The keys, one a row: the member above, the key, what it takes, its default, and what it means. It takes SWITCH (on, off),
 * COUNT(least, most), LOG (journald, syslog, off), PLACE (IP:PORT, a path, off) or COMMAND (an absolute path, off).
 */
#define KEEPER_LIST(K)                                                                                                \
	K(follow, "follow", SWITCH, "on", "ask DNS for every name as its TTL runs out")                               \
	K(queries, "queries", COUNT(1, 1000), "32", "names that are asked for at once")                               \
	K(probe, "probe", SWITCH, "on", "probe the servers of names whose `probe` is not off")                        \
	K(reap, "reap", SWITCH, "on", "find out what killed programs left in flight")                                 \
	K(metrics, "metrics", PLACE, "off", "where Prometheus reads: \"IP:PORT\", or the path of a Unix socket")      \
	K(metrics_names, "metrics-names", COUNT(0, 100000), "1000", "names that have metrics of their own")           \
	K(events, "events", LOG, "journald", "where each event of the table's journal goes")                          \
	K(on_move, "on-move", COMMAND, "off", "run at each move of a pin: an absolute path, without a shell")

/* The defaults. */
struct keeper_conf keeper_conf_defaults(void);

/* Set one key. NULL, or what the key takes, for people. `key` is one of the list. */
const char *keeper_conf_set(struct keeper_conf *k, const char *key, const char *text);

/* The block as an example, all keys with their defaults. */
void keeper_conf_print(FILE *out);

#endif
