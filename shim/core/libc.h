/*
 * libc.h: the libc functions behind our hooks.
 *
 * One list names them; their types, slots and binding come from it. All are bound
 * at once, by the constructor or by the first call before it, since dlsym(3) is
 * nothing to call in a signal handler.
 */
#ifndef STICKYDNS_REAL_H
#define STICKYDNS_REAL_H

#include <netdb.h>
#include <resolv.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "shim/core/export.h"

#define REAL_SYMBOLS(X)                                                                                    \
	X(getaddrinfo, int,                                                                                \
	  (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res))    \
	X(getaddrinfo_a, int, (int mode, struct gaicb **list, int n, struct sigevent *how))                \
	X(gai_error, int, (struct gaicb * request))                                                        \
	X(gethostbyname, struct hostent *, (const char *name))                                             \
	X(gethostbyname2, struct hostent *, (const char *name, int af))                                    \
	X(gethostbyname_r, int,                                                                            \
	  (const char *name, struct hostent *ret, char *buf, size_t len, struct hostent **result, int *err)) \
	X(gethostbyname2_r, int,                                                                           \
	  (const char *name, int af, struct hostent *ret, char *buf, size_t len, struct hostent **result,  \
	   int *err))                                                                                      \
	X(res_query, int, (const char *name, int class, int type, unsigned char *answer, int len))         \
	X(res_search, int, (const char *name, int class, int type, unsigned char *answer, int len))        \
	X(res_querydomain, int,                                                                            \
	  (const char *name, const char *domain, int class, int type, unsigned char *answer, int len))     \
	X(res_send, int, (const unsigned char *msg, int msglen, unsigned char *answer, int len))           \
	X(res_nquery, int,                                                                                 \
	  (res_state state, const char *name, int class, int type, unsigned char *answer, int len))        \
	X(res_nsearch, int,                                                                                \
	  (res_state state, const char *name, int class, int type, unsigned char *answer, int len))        \
	X(res_nquerydomain, int,                                                                           \
	  (res_state state, const char *name, const char *domain, int class, int type,                     \
	   unsigned char *answer, int len))                                                                \
	X(res_nsend, int,                                                                                  \
	  (res_state state, const unsigned char *msg, int msglen, unsigned char *answer, int len))         \
	X(send, ssize_t, (int fd, const void *buf, size_t len, int flags))                                 \
	X(sendto, ssize_t,                                                                                 \
	  (int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen)) \
	X(sendmsg, ssize_t, (int fd, const struct msghdr *msg, int flags))                                 \
	X(sendmmsg, int, (int fd, struct mmsghdr *vec, unsigned n, int flags))                             \
	X(write, ssize_t, (int fd, const void *buf, size_t len))                                           \
	X(writev, ssize_t, (int fd, const struct iovec *piece, int pieces))                                \
	X(recv, ssize_t, (int fd, void *buf, size_t len, int flags))                                       \
	X(recvfrom, ssize_t,                                                                               \
	  (int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen))           \
	X(recvmsg, ssize_t, (int fd, struct msghdr *msg, int flags))                                       \
	X(recvmmsg, int, (int fd, struct mmsghdr *vec, unsigned n, int flags, struct timespec *timeout))   \
	X(read, ssize_t, (int fd, void *buf, size_t len))                                                  \
	X(readv, ssize_t, (int fd, const struct iovec *piece, int pieces))                                 \
	X(__recv_chk, ssize_t, (int fd, void *buf, size_t len, size_t size, int flags))                    \
	X(__recvfrom_chk, ssize_t,                                                                         \
	  (int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr,                   \
	   socklen_t *addrlen))                                                                            \
	X(__read_chk, ssize_t, (int fd, void *buf, size_t len, size_t size))                               \
	X(connect, int, (int fd, const struct sockaddr *addr, socklen_t len))                              \
	X(getpeername, int, (int fd, struct sockaddr *addr, socklen_t *len))                               \
	X(getsockopt, int, (int fd, int level, int name, void *value, socklen_t *len))                     \
	X(setsockopt, int, (int fd, int level, int name, const void *value, socklen_t len))                \
	X(socket, int, (int domain, int type, int protocol))                                               \
	X(accept, int, (int fd, struct sockaddr *addr, socklen_t *len))                                    \
	X(accept4, int, (int fd, struct sockaddr *addr, socklen_t *len, int flags))                        \
	X(shutdown, int, (int fd, int how))                                                                \
	X(close, int, (int fd))                                                                            \
	X(close_range, int, (unsigned first, unsigned last, int flags))                                    \
	X(closefrom, void, (int first))                                                                    \
	X(dup, int, (int fd))                                                                              \
	X(dup2, int, (int from, int to))                                                                   \
	X(dup3, int, (int from, int to, int flags))                                                        \
	X(fcntl, int, (int fd, int cmd, ...))                                                              \
	X(fcntl64, int, (int fd, int cmd, ...))                                                            \
	X(mlockall, int, (int flags))                                                                      \
	X(prctl, int, (int operation, ...))

struct real {
#define X(name, type, args) type(*name) args;
	REAL_SYMBOLS(X)
#undef X
};

extern HIDDEN struct real real_functions;
extern HIDDEN _Atomic bool real_bound;

/* Binds all of them. May be called by several threads at once; each writes the same. */
void real_bind(void);

/* The table of bound functions. */
static inline const struct real *real(void)
{
	if (__builtin_expect(!atomic_load_explicit(&real_bound, memory_order_acquire), 0))
		real_bind();
	return &real_functions;
}

#endif
