/*
 * dialogs.h: the servers that this program has a dialog with, for its TCP connects.
 *
 * A request of a dialog has to reach the dialog's server (RFC 3261 12.2). Over TCP a connect
 * comes first: for a large re-INVITE of a dialog over UDP (18.1.1), or a BYE when the dialog's
 * connection was closed. So a connect to such a server is not redirected to the pin. A connect
 * to the original address of a dialog that was redirected goes to the dialog's server.
 *
 * The program's processes share the memory (shared.h). A dialog is noted when a message of it
 * passes, over UDP or TCP. It is forgotten at its end, when a connect to its server fails, and
 * when it was idle for long. What TLS hides is not known. No locks, no allocation; errno is
 * kept.
 */
#ifndef STICKYDNS_DIALOGS_H
#define STICKYDNS_DIALOGS_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/base/endpoint.h"
#include "policy/wire/sip-message.h"

/* `m` passed between the program and `actual`, which the program knows as `original`; `out`: the program sent it. */
void dialogs_passed(const struct sip_message *m, bool out, const struct endpoint *original, const struct endpoint *actual,
		    uint64_t now_ms);

enum dialogs_at {
	DIALOGS_NONE,
	DIALOGS_HERE,			/* the server itself is at the address: *to is `original` */
	DIALOGS_ELSEWHERE,		/* the program believes it there, and *to is where it is */
};

/*
 * The program connects to `original`: where are its dialogs with the server that it knows there? `redirected`: the connect
 * would be redirected to the pin; if not, only dialogs that were redirected count. A walk over the memory if some dialog of
 * the address is known.
 */
enum dialogs_at dialogs_at(const struct endpoint *original, bool redirected, uint64_t now_ms, struct endpoint *to);

/* The same of the very dialog that this request belongs to, which the program sends to `original`. */
enum dialogs_at dialogs_of(const struct sip_message *m, const struct endpoint *original, uint64_t now_ms, struct endpoint *to);

/* A connect to it failed. */
void dialogs_lost(const struct endpoint *to);

#endif
