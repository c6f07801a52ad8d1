/*
 * dns-message.h: a DNS answer, read and rewritten where it lies.
 *
 * For programs that read DNS messages themselves. A message is parsed in the program's
 * buffer. The addresses and SRV targets that belong to its question come out. Then the
 * buffer is rewritten in place, never resized, so that the pin leads. What is not plainly
 * an answer gets another status, and the caller must pass it through as it is.
 *
 * Everything in a message is untrusted. No byte outside [msg, msg + len) is read or
 * written, and the work is bounded. If a name is compressed into bytes that a rewrite
 * would change, the message is garbage; so a rewritten message has the names that it had.
 * Pure: no I/O, locks, allocation, globals; async-signal-safe.
 *
 * Offsets count from the message's first byte (over TCP: after the 2-byte length).
 * Numbers are in host order, TTLs in seconds.
 */
#ifndef STICKYDNS_ANSWER_H
#define STICKYDNS_ANSWER_H

#include <string.h>

#include "policy/base/endpoint.h"
#include "policy/base/name.h"
#include "policy/wire/dns-name.h"

enum {
	ANSWER_MAX = 64,		/* records kept; `more` says if there were others */
	ANSWER_LINKS = 16,		/* CNAMEs in one answer; BIND follows as many */
	ANSWER_EXTRA = 128,		/* records of the additional section that are looked at */
};

enum answer_status {
	ANSWER_OK,		/* at least one record of the type asked */
	ANSWER_EMPTY,		/* NODATA: none, and no error (RFC 2308 2.2); also a CNAME that leads nowhere here */
	ANSWER_ERROR,		/* rcode is not 0: NXDOMAIN, SERVFAIL, REFUSED… */
	ANSWER_TRUNCATED,	/* TC: to be ignored (RFC 2181 9). Nothing after the question was read */
	ANSWER_OTHER,		/* well, but not ours: type, class, opcode, number of questions, name, TSIG */
	ANSWER_NOT,		/* no response, or garbage: ends early, counts that lie, loops, bad compression */
};

/* What was asked (RFC 1035 4.1.2). */
struct question {
	uint16_t id, type, class;
	struct name name;		/* canonical; len 0: none, or none that can be a key */
};

struct srv {				/* RFC 2782 */
	uint16_t priority, weight, port;
	uint16_t target_at;		/* offset; answer_target() reads the name */
};

struct answer_record {
	uint16_t ttl_at, rdata_at;	/* offsets of the TTL's 4 bytes and of the RDATA */
	uint32_t ttl;			/* 0 if its highest bit is set (RFC 2181 8) */
	union {
		struct address address;	/* A, AAAA; no scope */
		struct srv srv;
	};
};

/* An address that came with an SRV answer. A target named by two records has one for each. */
struct answer_extra {
	struct address address;
	uint32_t ttl;
	uint8_t record;			/* index of the SRV record whose target has it */
};

/* 4.4 KiB: fit for a stack. Records at and past n, and extras at and past extras, are not set. */
struct answer {
	struct question question;
	uint16_t rcode;			/* 12 bits, with EDNS's upper 8 (RFC 6891 6.1.3) */
	uint8_t n, extras;
	uint32_t min_ttl;		/* of the records and of the CNAMEs that lead to them; 0 if n is 0 */
	bool more;			/* more than ANSWER_MAX records belong to the question */
	bool has_rrsig;			/* RRSIG (RFC 4034 3) in the answer section: somebody may validate it */
	struct answer_record record[ANSWER_MAX];
	struct answer_extra extra[ANSWER_MAX];
};

/*
 * Parse a response. For A and AAAA the records are those at the end of the CNAME
 * chain that starts at the name asked (RFC 1034 3.6.2; in whatever order they lie;
 * RFC 6672 3.1 for DNAME, whose synthesised CNAMEs do), for SRV those that the
 * question's name, or that chain's end, owns. The key is the name asked. Bytes after
 * the last record that the counts announce are left alone.
 *
 * `out->question` is set for every status but ANSWER_NOT, as far as the message has
 * one (a server may leave it out of an error); records only on ANSWER_OK.
 */
enum answer_status answer_parse(const uint8_t *msg, size_t len, struct answer *out);

/* Can these bytes be a standard query of one question, without records but EDNS's (RFC 1035 4.1.1)? Two comparisons. */
static inline bool dns_looks(const void *p, size_t len)
{
	const uint8_t *b = p;
	return len > WIRE_HEADER && (b[2] & 0xf8) == 0 && memcmp(b + 4, "\0\1\0\0\0\0", 6) == 0;
}

/*
 * Parse a query, as a program sends it (RFC 1035 4.1.1, 4.1.2). ANSWER_OK: one
 * question of ours; ANSWER_OTHER: a query of another kind; ANSWER_NOT: no query.
 */
enum answer_status answer_question(const uint8_t *msg, size_t len, struct question *out);

/*
 * The target of SRV record i. False if it is no name that can be a candidate: the
 * root ("no such service", RFC 2782), an address, localhost, not plain text.
 */
bool answer_target(const uint8_t *msg, size_t len, const struct answer *a, size_t i, struct name *out);

/*
 * The three rewrites take the message that `a` was parsed from, unchanged since, on
 * ANSWER_OK. They return false, with nothing changed, if it cannot be done.
 * Afterwards `a` still tells where the fields are, but the old values.
 */

/*
 * Permute the A or AAAA records: record k gets the TTL and the RDATA of record
 * order[k]; owners, and all else, stay. An RRset has no order, and signatures hold
 * for any (RFC 2181 5, RFC 4034 6.3). False: SRV, or `order` is no permutation of
 * the n = a->n records.
 */
bool answer_order(uint8_t *msg, const struct answer *a, const uint8_t *order, size_t n);

/*
 * Every A or AAAA record carries the pin and a TTL of at most ttl_cap, never 0 (some
 * caches break on it); the cap only lowers. False: SRV, the pin of the other family,
 * `more`, or has_rrsig (a validator would find the RRset bogus, RFC 4035 5.3).
 */
bool answer_only(uint8_t *msg, const struct answer *a, const struct address *pin, uint32_t ttl_cap);

/*
 * Give SRV record `pinned` the strictly lowest priority, which clients must try first
 * (RFC 2782): nothing changes if it has it; its own becomes 0; and if another has 0,
 * all others go up by one, so that they keep their order. False: not SRV, no such
 * record, `more`, or has_rrsig.
 */
bool answer_srv_first(uint8_t *msg, const struct answer *a, size_t pinned);

#endif
