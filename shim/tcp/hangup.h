/*
 * hangup.h: when a program is to leave a TCP connection whose server has failed.
 *
 * Connects are redirected; what is sent on a connection goes to its server. A program that
 * registers over one connection for days would stay with a server that answers 503, though the pin
 * is elsewhere. So such a connection is ended towards the program, as if the server had closed it.
 * The program closes it and connects anew, and that connect is redirected.
 *
 * This happens only to a connection that nobody misses. From its first byte on it has carried only
 * REGISTER and OPTIONS outside of dialogs. None of them waits for an answer, and a new connection
 * would go elsewhere (pins/redirect.h). It would not if `steer = off`, if the pin was set by hand,
 * or if no other server is healthy.
 *
 * What a connection has carried is remembered by the socket's cookie, in the memory that the
 * program's processes share: one may write and another read. What is not known, or forgotten, is
 * left alone. No locks, no allocation. errno may change.
 */
#ifndef STICKYDNS_HANGUP_H
#define STICKYDNS_HANGUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/base/endpoint.h"
#include "policy/wire/sip-message.h"

/* The first `len` bytes that this process sent went through fd, a connection to `to`: it may be new. */
void hangup_begin(int fd, uint64_t cookie, const struct endpoint *to, size_t len);

/* This message went through it, either way. */
void hangup_passed(uint64_t cookie, const struct endpoint *to, const struct sip_message *m);

/*
 * Its server has failed by an answer, and the program has got whole messages so far. False: ask
 * again at the next one, since an answer is to come or something is there unread.
 */
bool hangup_failed(int fd, uint64_t cookie, const struct endpoint *to);

#endif
