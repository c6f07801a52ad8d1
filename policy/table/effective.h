/*
 * effective.h: which settings hold for a name, read from the table and stored there. See settings.h.
 */
#ifndef STICKYDNS_EFFECTIVE_H
#define STICKYDNS_EFFECTIVE_H

#include "policy/table/file.h"

struct settings settings_builtin(void);

/* What holds for `n` in table `t`, and which block each value came from. Bounded, no locks. */
void settings_effective(const struct table *t, const struct name *n, struct effective *out);

/* The same without the sources: for lookups. */
struct settings settings_for(const struct table *t, const struct name *n);

/* Where names of both values lead to one endpoint, the value that holds there; of a key that is about lookups, the first. */
uint64_t setting_strictest(enum setting k, uint64_t a, uint64_t b);

/* What holds for names without a host block. False: some host block has the key, so names may differ. */
bool setting_default(const struct table *t, enum setting k, uint64_t *out);

/* Host block `i`, or FROM_DEFAULT: the default block. False: there is none. Values that no stickydns.conf gives are left out. */
bool settings_block(const struct table *t, int i, struct settings_block *out);

/* The pattern of host block `i`, as now in the table; "" if there is none. */
void settings_pattern(const struct table *t, int i, char out[static NAME_BYTES]);

/*
 * Replace all at once: `n` host blocks in the order of the file, and the ports
 * beside 53 that DNS servers listen on (0: none; NULL: none at all). Readers see
 * the old ones or the new ones; who waits in journal_wait() is woken. Callers exclude each other (flock on the
 * table file). False: too many, or no memory left in the table's file system.
 */
bool settings_store(struct table *t, const struct settings_block *defaults,
		    const struct settings_block *hosts, size_t n, const uint16_t ports[DNS_PORTS]);

/* The settings of another table, in place of all that are here. */
void settings_copy(struct table *to, const struct table *from);

/* Is it a port of DNS servers: 53, or one of those? One load for those that are not set. */
bool settings_dns_port(const struct table *t, uint16_t port);

#endif
