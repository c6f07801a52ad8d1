/*
 * judge.h: what SIP messages prove about a server, over UDP and TCP alike.
 *
 * What an answer to one of the program's requests (shared.h) changes in the table.
 * An answer counts only if a request with its branch went to that very endpoint
 * (RFC 3261 17.1.3, 18.1.2). No locks, no allocation. May set errno.
 */
#ifndef STICKYDNS_JUDGE_H
#define STICKYDNS_JUDGE_H

#include "policy/rules/sip-evidence.h"
#include "policy/table/file.h"
#include "shim/core/shared.h"

/* A server that is a candidate. */
struct server {
	struct table *table;
	struct endpoint e;		/* complete: address, port, transport */
	addr_ref ref;
	int fd;				/* the socket that leads to it */
};

/* The candidate at `e`, to which `fd` leads; false: it is none, or there is no table. No system call. */
bool judge_server(int fd, const struct endpoint *e, struct server *out);

/* Did it answer a request of this method's kind since `age_ms` ago? In ticks, a tick in its favour. */
bool judge_heard_since(const struct server *p, enum sip_method method, uint64_t age_ms);

/* Is that the silence (SET_SILENCE) that proves it dead, if the request `x` is sent there again `age_ms` after its first send? */
bool judge_silent(const struct server *p, const struct tx *x, uint64_t age_ms);

/*
 * May `e` be silent in the next second, to which goes what is sent to `original`? Requests of a kind went there of which it
 * has answered none for almost as long as a silence takes.
 */
bool judge_may_be_silent(const struct table *t, addr_ref ref, const struct endpoint *original, const struct endpoint *e);

/* The request `m` of transaction `key` goes to `to` through fd; the program sent it to `original`. */
void judge_sent(int fd, const struct sip_message *m, uint64_t key, const struct endpoint *original, const struct endpoint *to,
		uint64_t now_ms);

/* It failed by `cause`. `cool` as in struct outcome. */
void judge_report(const struct server *p, enum cause cause, uint32_t cool);

/*
 * Would a response of this status from `e` change nothing, whatever it answers? So it
 * is when a success was reported in this tick; what the memory of requests does not hear
 * of then is that one was answered, and since the server was heard of now, it will not
 * count as silent for that.
 */
bool judge_knows(const struct endpoint *e, unsigned status);

/* The request `m` was sent to it over TCP. */
void judge_request(const struct server *p, const struct sip_message *m, uint64_t key);

/* The server sent something through fd, a TCP connection to `e` of which nothing can be read (TLS). */
void judge_spoke(int fd, const struct endpoint *e);

/* The response `m` came from it; `key` is its sip_transaction(). Returns what it proved. */
enum status_effect judge_response(const struct server *p, const struct sip_message *m, uint64_t key);

#endif
