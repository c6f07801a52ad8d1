/*
 * questions.h: the DNS questions that this program has sent itself.
 *
 * An answer may teach only if its question was sent from here, and to the server that answers
 * (RFC 5452 9.1). The last QUESTIONS are remembered, a word each: a hash of name, type, id and
 * server. So questions with the same id are told apart. No locks: a word that is written over during
 * a search was about to be forgotten. A child starts with its parent's.
 */
#ifndef STICKYDNS_QUESTIONS_H
#define STICKYDNS_QUESTIONS_H

#include <stdbool.h>

#include "policy/wire/dns-message.h"

enum { QUESTIONS = 1024 };

/* It is about to be sent to `server` (peer_key), or was. The same question twice in a row is kept once. */
void questions_note(const struct question *q, uint64_t server);

/* Is it one of the last QUESTIONS that were sent, and to `server`? The newer, the sooner found; at most a walk over all. */
bool questions_has(const struct question *q, uint64_t server);

#endif
