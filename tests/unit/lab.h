/*
 * lab.h: a small table of its own for a test, and short names for addresses.
 *
 * "7" is 192.0.2.7 or, past 255, an address of 10.0.0.0/8; "v7" is 2001:db8::7. "224.0.0.1" and "vff02::1" are in full.
 */
#ifndef STICKYDNS_LAB_H
#define STICKYDNS_LAB_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/pins/answer.h"
#include "policy/pins/order.h"
#include "policy/pins/report.h"
#include "policy/table/create.h"

struct lab {
	struct table t;
	char path[TABLE_PATH];
};

/* A path that is nobody's, in shared memory where there is some. */
static inline void lab_path(char out[static TABLE_PATH])
{
	static unsigned count;
	const char *dir = getenv("TMPDIR");
	if (access("/dev/shm", W_OK) == 0)
		dir = "/dev/shm";
	snprintf(out, TABLE_PATH, "%s/stickydns-test-%d-%u", dir ? dir : "/tmp", (int)getpid(), count++);
}

/* Makes and opens a table. Its file is gone at once; the mapping stays. */
static inline void lab_open(struct lab *lab, uint32_t names)
{
	lab_path(lab->path);
	enum store_status s = store_create(lab->path, names, 0600, (gid_t)-1, NULL);
	if (s == STORE_OK)
		s = store_open(lab->path, &lab->t);
	unlink(lab->path);
	if (s != STORE_OK)
		errx(2, "%s: %s", lab->path, store_status_text(s));
}

static inline void lab_close(struct lab *lab) { store_close(&lab->t); }

static inline struct address lab_v4(unsigned i)
{
	const uint8_t net[4] = {192, 0, 2, (uint8_t)i}, ten[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
	struct address a;
	address_from_bytes(AF_INET, i < 256 ? net : ten, &a);
	return a;
}

static inline struct address lab_v6(unsigned i)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i};
	struct address a;
	address_from_bytes(AF_INET6, bytes, &a);
	return a;
}

static inline struct address lab_address(const char *text)
{
	struct address a;
	if (strpbrk(text, ".:") && address_parse(text + (*text == 'v'), &a))
		return a;
	return *text == 'v' ? lab_v6((unsigned)atoi(text + 1)) : lab_v4((unsigned)atoi(text));
}

/* The other way round; addresses that are none of the lab's in full. */
static inline void lab_text(const struct address *a, char out[static ADDRESS_TEXT])
{
	const unsigned low = (unsigned)a->bytes[14] << 8 | a->bytes[15];
	const unsigned ten = (unsigned)a->bytes[13] << 16 | low;
	const struct address v4 = lab_v4(a->bytes[15]), v4_ten = lab_v4(ten), v6 = lab_v6(low);
	if (address_equal(a, &v4))
		snprintf(out, ADDRESS_TEXT, "%u", a->bytes[15]);
	else if (address_equal(a, &v4_ten))
		snprintf(out, ADDRESS_TEXT, "%u", ten);
	else if (address_equal(a, &v6))
		snprintf(out, ADDRESS_TEXT, "v%u", low);
	else
		address_format(a, out);
}

static inline struct name lab_name(const char *text)
{
	struct name n;
	enum name_status s = name_canonical(text, &n);
	if (s != NAME_OK)
		errx(2, "%s: %s", text, name_status_text(s));
	return n;
}

/* One IPv4 lookup; what leads, or an address of zeros when the name was not touched. */
static inline struct address lab_lookup(struct table *t, const struct name *n, const struct address *addrs, size_t count,
					struct name_ref *ref)
{
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true, .n = count}};
	const struct lookup l = {.name = n};
	memcpy(pool[FAMILY_V4].addr, addrs, count * sizeof *addrs);
	if (!pins_order(t, &l, ORDER_DNS, pool, ref) || pool[FAMILY_V4].n == 0)
		return (struct address){0};
	return pool[FAMILY_V4].addr[0];
}

/* The three outcomes of pins_report(). The cause of a success is the outcome's own. */
static inline bool lab_failed(struct table *t, const struct outcome *o, enum cause why)
{
	struct outcome of = *o;
	of.kind = OUTCOME_FAILED;
	of.why = why;
	return pins_report(t, &of);
}

static inline bool lab_succeeded(struct table *t, const struct outcome *o)
{
	struct outcome of = *o;
	of.kind = OUTCOME_SUCCEEDED;
	return pins_report(t, &of);
}

static inline bool lab_reset(struct table *t, const struct outcome *o)
{
	struct outcome of = *o;
	of.kind = OUTCOME_BROKEN;
	return pins_report(t, &of);
}

#endif
