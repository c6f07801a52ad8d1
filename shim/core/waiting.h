/*
 * waiting.h: the requests of this process that wait for an answer, and what becomes of those that wait in vain.
 *
 * A server may accept connections, or have an open UDP port, and answer nothing. That shows only in requests that
 * programs give up. They close the socket, end, or send the request elsewhere; or they send the next one when this
 * one is no longer sent again (RFC 3261 17.1). After 32 s a request is over by itself. The table adds up how long
 * each waited, over all programs. This process's own next attempt avoids at once what it gave up (avoid.h).
 *
 * Only requests outside of dialogs count. If a connection cannot be read (TLS), its first bytes count as a request, and
 * any byte from the server as the answer, where SIP is spoken.
 *
 * A memory of fixed size, found by the transaction, without locks (record.h): what is lost is no evidence. A child
 * finds its parent's entries and leaves them alone. errno may change.
 */
#ifndef STICKYDNS_WAITING_H
#define STICKYDNS_WAITING_H

#include "policy/base/atomic.h"
#include "policy/base/endpoint.h"
#include "policy/wire/sip-message.h"
#include "shim/core/export.h"

/* Request `m` of transaction `key` went to `to` through fd. Then looks after the others, at most every 1/8 s. */
void waiting_sent(int fd, const struct sip_message *m, uint64_t key, const struct endpoint *to, uint64_t now_ms);

/* Bytes that are no SIP were the first that went to `to` through fd, a TCP connection. */
void waiting_opaque(int fd, const struct endpoint *to);

/* An answer came from `e` that is not read, as it would change nothing (judge_knows). One load, one comparison. */
void waiting_unread(const struct endpoint *e);

/* A request of this transaction was answered. */
void waiting_answered(uint64_t key, enum sip_method method);

/* The server sent something on fd, on which what was sent cannot be read. */
void waiting_spoken(int fd);

/* The server closed the connection to `to` without a byte. `sending`: the program was about to send, and could not. */
void waiting_ended(int fd, const struct endpoint *to, bool sending);

/* Looks after all that wait. For lookups: a server that this process just waited for in vain is not to come first in the answer. */
void waiting_sweep(void);

/* The program ends. No system call. */
void waiting_end(void);

extern HIDDEN word32 waiting_any;	/* 1 once anything waited */
extern HIDDEN word32 waiting_noted;	/* how many are noted in the table: their answers must be seen */
void waiting_closed(int fd);

/* The program closes fd. One load while nothing ever waited. */
static inline void waiting_closing(int fd)
{
	if (get32(&waiting_any))
		waiting_closed(fd);
}

#endif
