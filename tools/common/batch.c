/* batch.c: see batch.h. */
#include "tools/common/batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	MESSAGES = 64,			/* in one call */
	QUERY_BYTES = 512,		/* a longer question than that is sent by itself */
	ANSWER_BYTES = 4097,		/* what c-ares has room for */
	SOCKETS = 32,			/* of UDP; those of more servers are not batched */
};

struct queue {
	ares_socket_t fd;
	unsigned n, next;		/* messages, and the first that is not taken yet */
	struct mmsghdr header[MESSAGES];
	struct iovec part[MESSAGES];
};

struct batch {
	void (*wake)(void *arg);
	void *arg;
	ares_socket_t udp[SOCKETS];
	ares_socket_t broken;		/* sending failed there with: */
	int error;
	struct queue out, in;
	struct sockaddr_storage from[MESSAGES];
	char query[MESSAGES][QUERY_BYTES];
	char answer[MESSAGES][ANSWER_BYTES];
};

static ares_socket_t *place_of(struct batch *b, ares_socket_t fd)
{
	for (size_t i = 0; i < SOCKETS; i++)
		if (b->udp[i] == fd)
			return &b->udp[i];
	return NULL;
}

/* ---- sending ---- */

/* What a full or broken socket does not take is lost, as datagrams are. */
static void send_all(struct batch *b)
{
	struct queue *q = &b->out;
	while (q->next < q->n) {
		const int sent = sendmmsg(q->fd, &q->header[q->next], q->n - q->next, MSG_NOSIGNAL);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1) {
			if (errno != EAGAIN && errno != ENOBUFS) {
				b->broken = q->fd;
				b->error = errno;
			}
			break;
		}
		q->next += (unsigned)sent;
	}
	q->n = q->next = 0;
}

static void put(struct batch *b, ares_socket_t fd, const struct iovec *parts, int n_parts)
{
	struct queue *q = &b->out;
	size_t len = 0;
	if (q->n == MESSAGES || q->fd != fd)
		send_all(b);
	if (q->n == 0)
		b->wake(b->arg);
	for (int i = 0; i < n_parts; len += parts[i].iov_len, i++)
		memcpy(b->query[q->n] + len, parts[i].iov_base, parts[i].iov_len);
	q->fd = fd;
	q->part[q->n] = (struct iovec){b->query[q->n], len};
	q->header[q->n].msg_hdr = (struct msghdr){.msg_iov = &q->part[q->n], .msg_iovlen = 1};
	q->n++;
}

static ares_ssize_t on_send(ares_socket_t fd, const struct iovec *parts, int n_parts, void *arg)
{
	struct batch *b = arg;
	size_t len = 0;
	for (int i = 0; i < n_parts; i++)
		len += parts[i].iov_len;
	if (!place_of(b, fd) || len > QUERY_BYTES)
		return writev(fd, parts, n_parts);
	put(b, fd, parts, n_parts);
	return (ares_ssize_t)len;
}

ares_socket_t batch_flush(struct batch *b)
{
	if (b->out.n > 0)
		send_all(b);
	return b->broken;
}

/* ---- reading ---- */

/* As many as there are. False, and errno: none. */
static bool fill(struct batch *b, ares_socket_t fd)
{
	struct queue *q = &b->in;
	for (size_t i = 0; i < MESSAGES; i++) {
		q->part[i] = (struct iovec){b->answer[i], ANSWER_BYTES};
		q->header[i].msg_hdr = (struct msghdr){.msg_name = &b->from[i], .msg_namelen = sizeof b->from[i],
						       .msg_iov = &q->part[i], .msg_iovlen = 1};
	}
	const int n = recvmmsg(fd, q->header, MESSAGES, MSG_DONTWAIT, NULL);
	q->fd = fd;
	q->next = 0;
	q->n = n > 0 ? (unsigned)n : 0;
	return n > 0;
}

static ares_ssize_t on_receive(ares_socket_t fd, void *to, size_t room, int flags, struct sockaddr *from, socklen_t *from_len,
			       void *arg)
{
	struct batch *b = arg;
	struct queue *q = &b->in;
	if (b->broken == fd) {
		b->broken = ARES_SOCKET_BAD;
		errno = b->error;
		return -1;
	}
	if (!place_of(b, fd))
		return recvfrom(fd, to, room, flags, from, from_len);
	/* A call that did not fill all places has emptied the socket. */
	if (q->fd == fd && q->n > 0 && q->next == q->n && q->n < MESSAGES) {
		q->n = q->next = 0;
		errno = EAGAIN;
		return -1;
	}
	if ((q->fd != fd || q->next == q->n) && !fill(b, fd))
		return -1;
	const struct mmsghdr *m = &q->header[q->next];
	const size_t len = m->msg_len < room ? m->msg_len : room;
	memcpy(to, b->answer[q->next], len);
	if (from && from_len) {
		*from_len = m->msg_hdr.msg_namelen < *from_len ? m->msg_hdr.msg_namelen : *from_len;
		memcpy(from, &b->from[q->next], *from_len);
	}
	q->next++;
	return (ares_ssize_t)len;
}

/* ---- the rest of what a socket needs ---- */

static ares_socket_t on_open(int domain, int type, int protocol, void *arg)
{
	static const int yes = 1;
	const int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	ares_socket_t *place = fd != -1 && type == SOCK_DGRAM ? place_of(arg, ARES_SOCKET_BAD) : NULL;
	if (place)
		*place = fd;
	if (fd != -1 && type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	return fd;
}

static int on_connect(ares_socket_t fd, const struct sockaddr *to, socklen_t len, void *arg)
{
	(void)arg;
	return connect(fd, to, len);
}

/* What waits for it, or was read from it, goes with it. */
static int on_close(ares_socket_t fd, void *arg)
{
	struct batch *b = arg;
	ares_socket_t *place = place_of(b, fd);
	if (place)
		*place = ARES_SOCKET_BAD;
	if (b->broken == fd)
		b->broken = ARES_SOCKET_BAD;
	if (b->out.fd == fd)
		b->out.n = b->out.next = 0;
	if (b->in.fd == fd)
		b->in.n = b->in.next = 0;
	return close(fd);
}

/* ---- begin and end ---- */

struct batch *batch_make(void (*wake)(void *arg), void *arg)
{
	struct batch *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	b->wake = wake;
	b->arg = arg;
	b->broken = ARES_SOCKET_BAD;
	for (size_t i = 0; i < SOCKETS; i++)
		b->udp[i] = ARES_SOCKET_BAD;
	return b;
}

void batch_use(struct batch *b, ares_channel channel)
{
	static const struct ares_socket_functions functions = {on_open, on_close, on_connect, on_receive, on_send};
	ares_set_socket_functions(channel, &functions, b);
}

void batch_free(struct batch *b) { free(b); }
