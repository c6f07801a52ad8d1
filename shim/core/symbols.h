/*
 * symbols.h: the symbols that the shim exports, each once: name, return type, arguments.
 *
 * This list makes the slots and the binding of the functions behind them (libc.h) and the linker's list of exports
 * (Makefile); 92-symbols.bats checks it. It includes nothing, since the Makefile runs only the preprocessor on it.
 */
#ifndef STICKYDNS_SYMBOLS_H
#define STICKYDNS_SYMBOLS_H

/* hooks/resolver.c. Each is also exported with two underscores in front (`__res_query`). */
#define RESOLVER_SYMBOLS(X)											\
	X(res_query, int, (const char *name, int class, int type, unsigned char *answer, int len))		\
	X(res_search, int, (const char *name, int class, int type, unsigned char *answer, int len))		\
	X(res_querydomain, int,											\
	  (const char *name, const char *domain, int class, int type, unsigned char *answer, int len))		\
	X(res_send, int, (const unsigned char *msg, int msglen, unsigned char *answer, int len))		\
	X(res_nquery, int,											\
	  (res_state state, const char *name, int class, int type, unsigned char *answer, int len))		\
	X(res_nsearch, int,											\
	  (res_state state, const char *name, int class, int type, unsigned char *answer, int len))		\
	X(res_nquerydomain, int,										\
	  (res_state state, const char *name, const char *domain, int class, int type, unsigned char *answer,	\
	   int len))												\
	X(res_nsend, int, (res_state state, const unsigned char *msg, int msglen, unsigned char *answer, int len))

/* hooks/lookup.c. */
#define LOOKUP_SYMBOLS(X)											\
	X(getaddrinfo, int,											\
	  (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res))		\
	X(getaddrinfo_a, int, (int mode, struct gaicb **list, int n, struct sigevent *how))			\
	X(gai_error, int, (struct gaicb *request))								\
	X(gethostbyname, struct hostent *, (const char *name))							\
	X(gethostbyname2, struct hostent *, (const char *name, int af))						\
	X(gethostbyname_r, int,											\
	  (const char *name, struct hostent *ret, char *buf, size_t len, struct hostent **result, int *err))	\
	X(gethostbyname2_r, int,										\
	  (const char *name, int af, struct hostent *ret, char *buf, size_t len, struct hostent **result,	\
	   int *err))

/* hooks/send.c. */
#define SEND_SYMBOLS(X)												\
	X(send, ssize_t, (int fd, const void *buf, size_t len, int flags))					\
	X(sendto, ssize_t,											\
	  (int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen))	\
	X(sendmsg, ssize_t, (int fd, const struct msghdr *msg, int flags))					\
	X(sendmmsg, int, (int fd, struct mmsghdr *vec, unsigned n, int flags))					\
	X(write, ssize_t, (int fd, const void *buf, size_t len))						\
	X(writev, ssize_t, (int fd, const struct iovec *piece, int pieces))

/* hooks/recv.c. */
#define RECV_SYMBOLS(X)												\
	X(recv, ssize_t, (int fd, void *buf, size_t len, int flags))						\
	X(recvfrom, ssize_t,											\
	  (int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen))		\
	X(recvmsg, ssize_t, (int fd, struct msghdr *msg, int flags))						\
	X(recvmmsg, int, (int fd, struct mmsghdr *vec, unsigned n, int flags, struct timespec *timeout))	\
	X(read, ssize_t, (int fd, void *buf, size_t len))							\
	X(readv, ssize_t, (int fd, const struct iovec *piece, int pieces))					\
	X(__recv_chk, ssize_t, (int fd, void *buf, size_t len, size_t size, int flags))				\
	X(__recvfrom_chk, ssize_t,										\
	  (int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr, socklen_t *addrlen))	\
	X(__read_chk, ssize_t, (int fd, void *buf, size_t len, size_t size))

/* hooks/connect.c. */
#define CONNECT_SYMBOLS(X)											\
	X(connect, int, (int fd, const struct sockaddr *addr, socklen_t len))					\
	X(getpeername, int, (int fd, struct sockaddr *addr, socklen_t *len))					\
	X(getsockopt, int, (int fd, int level, int name, void *value, socklen_t *len))				\
	X(setsockopt, int, (int fd, int level, int name, const void *value, socklen_t len))			\
	X(socket, int, (int domain, int type, int protocol))							\
	X(accept, int, (int fd, struct sockaddr *addr, socklen_t *len))						\
	X(accept4, int, (int fd, struct sockaddr *addr, socklen_t *len, int flags))				\
	X(shutdown, int, (int fd, int how))									\
	X(close, int, (int fd))											\
	X(close_range, int, (unsigned first, unsigned last, int flags))						\
	X(closefrom, void, (int first))										\
	X(dup, int, (int fd))											\
	X(dup2, int, (int from, int to))									\
	X(dup3, int, (int from, int to, int flags))								\
	X(fcntl, int, (int fd, int cmd, ...))									\
	X(fcntl64, int, (int fd, int cmd, ...))

/* hooks/process.c. */
#define PROCESS_SYMBOLS(X)											\
	X(mlockall, int, (int flags))										\
	X(prctl, int, (int operation, ...))

#define REAL_SYMBOLS(X)												\
	LOOKUP_SYMBOLS(X) SEND_SYMBOLS(X) RECV_SYMBOLS(X) CONNECT_SYMBOLS(X) PROCESS_SYMBOLS(X) RESOLVER_SYMBOLS(X)

#endif
