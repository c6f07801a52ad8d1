/* dns-tcp.c: connections to DNS servers over TCP. See dns-tcp.h. */
#include "shim/lookup/dns-tcp.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "policy/base/atomic.h"
#include "policy/wire/dns-stream.h"
#include "shim/core/chunks.h"
#include "shim/core/libc.h"
#include "shim/core/socket.h"
#include "shim/core/turn.h"
#include "shim/core/undisturbed.h"
#include "shim/lookup/dns.h"

enum { CONNECTIONS = 32 };		/* under way at once: a round trip to DNS may take a while */

/*
 * One direction of a connection. Who finds it busy does not wait: it passes through,
 * and what comes after has lost its place in the stream.
 */
struct way {
	turns busy;
	_Atomic bool lost;
};

static struct dns_connection {
	size_t place;
	struct way out, in;
	struct dnsqueries queries;
	struct dnsanswers answers;
} the_first;

static chunk connections[CONNECTIONS] = {&the_first};	/* each a chunk of its own: they are large */

/* Beside them, or looking for one would touch pages of them all. */
static word64 cookies[CONNECTIONS];	/* 0: free */
static word64 used[CONNECTIONS];	/* the number of the last call on any */

static word64 calls;

static bool try_enter(struct way *w) { return turn_take(&w->busy, 1); }

static void leave(struct way *w) { turn_end(&w->busy, 1); }

static bool is_lost(const struct way *w) { return atomic_load_explicit(&w->lost, memory_order_relaxed); }

static void lose(struct way *w) { atomic_store_explicit(&w->lost, true, memory_order_relaxed); }

/* ---- places ---- */

bool dnstcp_any(void) { return get64(&calls) > 0; }

static struct dns_connection *find(uint64_t cookie)
{
	for (size_t i = 0; cookie && i < CONNECTIONS; i++)
		if (get64(&cookies[i]) == cookie)
			return chunk_at(&connections[i]);
	return NULL;
}

static void note_used(const struct dns_connection *c) { put64(&used[c->place], add64(&calls, 1) + 1); }

/* NULL: it is not made yet, and there is no memory for it. */
static struct dns_connection *connection_at(size_t place)
{
	struct dns_connection *c = chunk_made(&connections[place], sizeof *c);
	if (c && c->place != place)	/* it was just made */
		c->place = place;
	return c;
}

static struct dns_connection *idlest(void)
{
	size_t idle = 0;
	for (size_t i = 1; i < CONNECTIONS; i++)
		if (get64(&used[i]) < get64(&used[idle]))
			idle = i;
	return connection_at(idle);
}

/* Enters one way of the connection; false also when its place was given away meanwhile. */
static bool enter(struct dns_connection *c, struct way *w, uint64_t cookie)
{
	if (!try_enter(w)) {
		lose(w);
		return false;
	}
	note_used(c);
	if (get64(&cookies[c->place]) == cookie)
		return true;
	leave(w);
	return false;
}

/* Both ways are ours meanwhile; a place that is in use right now is not given away. */
static void take_place(struct dns_connection *c, uint64_t cookie)
{
	if (!c || !try_enter(&c->out))
		return;
	if (try_enter(&c->in)) {
		c->queries.at = c->answers.at = 0;
		c->answers.whole = c->answers.lost = false;
		atomic_store_explicit(&c->out.lost, false, memory_order_relaxed);
		atomic_store_explicit(&c->in.lost, false, memory_order_relaxed);
		put64(&cookies[c->place], cookie);
		note_used(c);
		leave(&c->in);
	}
	leave(&c->out);
}

void dnstcp_opened(int fd)
{
	int saved = errno;
	uint64_t cookie = socket_cookie(fd);
	if (cookie && !find(cookie))
		take_place(idlest(), cookie);
	errno = saved;
}

/* ---- out ---- */

/* The connection itself is the server. */
static void query(void *arg, uint8_t *msg, size_t len)
{
	const uint64_t *cookie = arg;
	dns_sent(msg, len, *cookie);
}

static size_t part_of(const struct iovec *piece, size_t left) { return piece->iov_len < left ? piece->iov_len : left; }

void dnstcp_sent(int fd, const struct iovec *piece, size_t pieces, size_t len)
{
	int saved = errno;
	uint64_t cookie = socket_cookie(fd);
	struct dns_connection *c = find(cookie);
	if (c && enter(c, &c->out, cookie)) {
		for (; pieces > 0 && !is_lost(&c->out); len -= part_of(piece, len), piece++, pieces--)
			dnsqueries_sent(&c->queries, piece->iov_base, part_of(piece, len), query, &cookie);
		leave(&c->out);
	}
	errno = saved;
}

/* ---- in ---- */

/* What follows in the stream: the other pieces of the same read, then what the kernel has. */
struct source {
	int fd;
	uint64_t cookie;
	const struct iovec *piece;
	size_t pieces, len;		/* bytes of the read in these */
};

/*
 * Asks first how much there is: a read that finds nothing would take a pending error
 * (ECONNRESET) away from the program. The program's own read is over: this one is no
 * place to be cancelled.
 */
static bool kernel_has(int fd, uint8_t *to, size_t len)
{
	int there = 0;
	if (ioctl(fd, FIONREAD, &there) == -1 || there < 0 || (size_t)there < len)
		return false;
	const int cancel = cancel_defer();
	const ssize_t r = real()->recv(fd, to, len, MSG_PEEK | MSG_DONTWAIT);
	cancel_allow(cancel);
	return r == (ssize_t)len;
}

static bool peek(void *arg, uint8_t *to, size_t len)
{
	const struct source *s = arg;
	size_t left = s->len;
	for (size_t i = 0; i < s->pieces && left > 0 && len > 0; i++) {
		size_t n = part_of(&s->piece[i], left), take = n < len ? n : len;
		memcpy(to, s->piece[i].iov_base, take);
		to += take;
		len -= take;
		left -= n;
	}
	return len == 0 || kernel_has(s->fd, to, len);
}

static void answer(void *arg, uint8_t *msg, size_t len)
{
	const struct source *s = arg;
	dns_received(msg, len, s->cookie);
}

static void read_answers(struct dnsanswers *a, struct source *s)
{
	const struct dnsanswers_calls c = {peek, answer, s};
	while (s->pieces > 0 && s->len > 0) {
		uint8_t *bytes = s->piece->iov_base;
		size_t n = part_of(s->piece, s->len);
		s->piece++;
		s->pieces--;
		s->len -= n;
		dnsanswers_read(a, &c, bytes, n);
	}
}

static void peek_answers(struct dnsanswers *a, struct source *s)
{
	const struct dnsanswers_calls c = {peek, answer, s};
	const struct iovec first = *s->piece;
	size_t n = part_of(&first, s->len);
	s->len = 0;			/* all of it is still in the stream */
	dnsanswers_peeked(a, &c, first.iov_base, n);
}

void dnstcp_received(int fd, const struct iovec *piece, size_t pieces, size_t len, int flags)
{
	int saved = errno;
	uint64_t cookie = socket_cookie(fd);
	struct source s = {fd, cookie, piece, pieces, len};
	struct dns_connection *c = find(cookie);
	if (c && !(flags & (MSG_ERRQUEUE | MSG_OOB)) && pieces > 0 && enter(c, &c->in, cookie)) {
		if (flags & MSG_TRUNC)
			lose(&c->in);	/* the bytes were thrown away (tcp(7)) */
		if (is_lost(&c->in))
			c->answers.lost = true;
		else if (flags & MSG_PEEK)
			peek_answers(&c->answers, &s);
		else
			read_answers(&c->answers, &s);
		leave(&c->in);
	}
	errno = saved;
}
