/*
 * connect.h: a connect(2) over TCP, led to the pin if it goes to a candidate.
 *
 * What becomes of it is for flow.h. A program that got no answer from the pin and turns
 * to another address by itself is left alone (vain.h). No locks; errno is the real
 * call's.
 */
#ifndef STICKYDNS_ATTEMPT_H
#define STICKYDNS_ATTEMPT_H

#include <sys/socket.h>

/* connect(2), followed if it goes to a candidate over TCP. Not for FD_NONE. */
int attempt_connect(int fd, const struct sockaddr *addr, socklen_t len);

#endif
