/*
 * dns-name.h: reads names and records where they lie in a DNS message.
 *
 * It works on somebody else's buffer. It copies only what the caller asks for, and reads
 * no byte outside [msg, msg + len), whatever the message says. Offsets count from the
 * message's first byte, and len is at most WIRE_MAX. No locks, no allocation, no globals.
 *
 * A compression pointer (RFC 1035 4.1.4) names "a prior occurrence": each piece of a name
 * must lie wholly before the piece that points to it. That bounds every walk, and a name
 * reads nothing that comes after it.
 */
#ifndef STICKYDNS_WIRE_H
#define STICKYDNS_WIRE_H

#include "policy/base/name.h"

enum {
	WIRE_HEADER = 12,		/* RFC 1035 4.1.1 */
	WIRE_MAX = 65535,		/* what the 2-byte length of TCP can say (RFC 1035 4.2.2) */
	WIRE_NAME_MAX = 255,		/* length bytes and root included (RFC 1035 3.1) */
};

enum wire_type {			/* RFC 1035 3.2.2, 3596, 2782, 6891, 4034, 2931, 8945 */
	WIRE_A = 1,
	WIRE_CNAME = 5,
	WIRE_SIG = 24,
	WIRE_AAAA = 28,
	WIRE_SRV = 33,
	WIRE_OPT = 41,
	WIRE_RRSIG = 46,
	WIRE_TSIG = 250,
};

enum { WIRE_IN = 1 };			/* the class, RFC 1035 3.2.4 */

/* Bytes of the RDATA of an address record; 0 of any other. */
static inline size_t wire_address_size(uint16_t type) { return type == WIRE_A ? 4 : type == WIRE_AAAA ? 16 : 0; }

static inline uint16_t wire_get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static inline uint32_t wire_get32(const uint8_t *p) { return (uint32_t)wire_get16(p) << 16 | wire_get16(p + 2); }

static inline void wire_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void wire_put32(uint8_t *p, uint32_t v)
{
	wire_put16(p, (uint16_t)(v >> 16));
	wire_put16(p + 2, (uint16_t)v);
}

/* A walk over the labels of one name. */
struct wire_walk {
	const uint8_t *msg;
	size_t at;			/* the next length byte or pointer */
	size_t piece;			/* where the present piece begins */
	size_t limit;			/* which it must not reach */
	size_t end;			/* after the name in its own place; 0: not there yet */
	size_t bytes;			/* of the name, uncompressed */
};

static inline struct wire_walk wire_begin(const uint8_t *msg, size_t len, size_t at)
{
	return (struct wire_walk){.msg = msg, .at = at, .piece = at, .limit = len};
}

enum { WIRE_POINTER = 64 };		/* longer than any label */

/*
 * One step: the length of the label that begins at *from (its length byte), 0 for the
 * root, which ends the walk; WIRE_POINTER for the two bytes of a pointer, which was
 * followed; -1 if the name is malformed. RFC 1035 3.1, 4.1.4; the label types 01 and
 * 10 are malformed (RFC 6891 5).
 */
int wire_step(struct wire_walk *w, size_t *from);

/* The next label, past pointers: its length, 0, or -1, as above. Its bytes begin at *label. */
int wire_next(struct wire_walk *w, size_t *label);

/* The offset after the name at `at`, which is followed to its root; 0: malformed. */
size_t wire_name_end(const uint8_t *msg, size_t len, size_t at);

/* Are these one name? Without regard to ASCII case (RFC 4343 3). False if either is malformed. */
bool wire_same_name(const uint8_t *msg, size_t len, size_t a, size_t b);

/*
 * The name at `at` in canonical form. NAME_MALFORMED also for names that have no
 * plain text: a label with a dot, a backslash, a space, a control or non-ASCII byte.
 * Else as name_canonical(); NAME_EMPTY is the root.
 */
enum name_status wire_name(const uint8_t *msg, size_t len, size_t at, struct name *out);

/* A resource record as it lies there (RFC 1035 4.1.3). */
struct wire_record {
	size_t owner;			/* offset of its name */
	uint16_t type, class;		/* host order */
	uint32_t ttl;			/* seconds; 0 if its highest bit is set (RFC 2181 8) */
	size_t ttl_at;			/* offset of the 4 bytes */
	size_t rdata;			/* offset */
	size_t rdata_len;
	size_t next;			/* offset after the record */
};

/* False if there is no whole record at `at`. The owner's compression is not followed. */
bool wire_record(const uint8_t *msg, size_t len, size_t at, struct wire_record *out);

#endif
