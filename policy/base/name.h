/*
 * name.h: host names in the form that serves as a key.
 *
 * A name is in lower case, without a trailing dot. It has at most 253 bytes, in labels
 * of 1 to 63 bytes (RFC 1035 2.3.4; case: RFC 4343). No locks, no allocation.
 */
#ifndef STICKYDNS_NAME_H
#define STICKYDNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NAME_MAX_LEN = 253,
	NAME_BYTES = 256,			/* with NUL padding, whole words */
	NAME_WORDS = NAME_BYTES / 8,
};

struct name {
	union {
		char text[NAME_BYTES];		/* NUL-padded to its end */
		uint64_t words[NAME_WORDS];
	};
	uint32_t len;				/* bytes before the first NUL */
};

enum name_status {
	NAME_OK,
	NAME_EMPTY,
	NAME_TOO_LONG,		/* more than 253 bytes, or a label of more than 63 */
	NAME_MALFORMED,		/* empty label, space, control or non-ASCII byte */
	NAME_NUMERIC,		/* an address, as inet_aton(3) or inet_pton(3) reads it */
	NAME_LOCAL,		/* localhost and what is below it (RFC 6761 6.3) */
};

/* Put `text` into `out` in canonical form. `out` is whole only on NAME_OK. */
enum name_status name_canonical(const char *text, struct name *out);

/* Words that hold the name's bytes: what is hashed, stored and compared. */
static inline uint32_t name_word_count(const struct name *n) { return n->len / 8 + 1; }

/* A service name (RFC 2782): its first label begins with an underscore. It has SRV records, and no addresses. */
static inline bool name_is_service(const struct name *n) { return n->text[0] == '_'; }

/* Does a byte of a name's word end it? */
static inline bool name_ends_in(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101u;
	return ((word - ones) & ~word & ones << 7) != 0;	/* Hacker's Delight 6-1 */
}

uint64_t name_hash(const struct name *n, uint64_t seed);

/* A word for people: "too long". Never NULL. */
const char *name_status_text(enum name_status s);

/*
 * Does `pattern` match? A `*` stands for any run of bytes, dots included; all
 * else matches itself without regard to ASCII case. At most `size` bytes of
 * pattern are read; it ends at its first NUL.
 */
bool name_match(const char *pattern, size_t size, const struct name *n);

#endif
