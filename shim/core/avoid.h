/*
 * avoid.h: servers that this process has just tried in vain.
 *
 * A program that gets no answer from one address tries the next by itself (RFC 8305: after some
 * 250 ms), or asks again. Neither redirection nor the order of an answer may lead it back to the
 * silent server, even if that has not failed yet by the rules for all. A record lasts a minute,
 * or until the server answers a request of that kind, from any program. No locks. If two write a
 * record at once it is lost, which costs one attempt.
 */
#ifndef STICKYDNS_AVOID_H
#define STICKYDNS_AVOID_H

#include "policy/pins/answer.h"
#include "policy/table/file.h"

/* An attempt that waits for so many ticks is one that a program may give up: 1/8 to 3/16 s. */
enum { AVOID_TICKS = 2 };

/* What was in vain: a connect, or a request of a kind. */
enum avoided { AVOIDED_CONNECT, AVOIDED_REQUEST };
static inline unsigned avoided_request(enum request_kind kind) { return AVOIDED_REQUEST + (unsigned)kind; }

enum { AVOID_MAX = 8 };

/* It was given up unanswered. */
void avoid_note(const struct endpoint *e, unsigned what);

/* A connect to it came through. One load while nothing was ever in vain. */
void avoid_connected(const struct endpoint *e);

/* Was it tried in vain within the last minute, and has not answered since? One load while nothing was. */
bool avoid_now(const struct table *t, const struct endpoint *e);

/* The addresses of all such, for a lookup (struct lookup). Returns how many. */
size_t avoid_list(const struct table *t, struct aside out[static AVOID_MAX]);

#endif
