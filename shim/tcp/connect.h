/*
 * connect.h: a connect(2) over TCP, redirected to the pin if it goes to a candidate.
 *
 * What becomes of it is for stream.h. A program that got no answer from the pin and turns
 * to another address by itself is left alone (avoid.h). No locks; errno is the real
 * call's.
 */
#ifndef STICKYDNS_CONNECT_H
#define STICKYDNS_CONNECT_H

#include <sys/socket.h>

/* connect(2), followed if it goes to a candidate over TCP. Not for FD_NONE. */
int connect_tcp(int fd, const struct sockaddr *addr, socklen_t len);

#endif
