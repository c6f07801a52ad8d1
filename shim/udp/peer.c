/* peer.c: see peer.h. */
#include "shim/udp/peer.h"

#include <errno.h>

#include "policy/base/clock.h"
#include "shim/core/fds.h"
#include "shim/core/libc.h"
#include "shim/core/probes.h"
#include "shim/core/shared.h"
#include "shim/core/socket.h"

/*
 * What is known of a descriptor's socket: its cookie, or with this bit the number of
 * its connection, under which that is kept in `kept`.
 */
static const uint64_t CONNECTED = UINT64_C(1) << 63;

enum { NUMBER = 1, ORIGINAL, ACTUAL = ORIGINAL + ENDPOINT_WORDS, WORDS = ACTUAL + ENDPOINT_WORDS, KEPT = 64 };

static struct { word64 word[WORDS]; } kept[KEPT];
static word64 numbers;

static uint64_t cookie_of(int fd)
{
	int saved = errno;
	const uint64_t cookie = socket_cookie(fd);
	errno = saved;
	return cookie;
}

/* ---- what the kernel says ---- */

struct peer_address {
	struct sockaddr_storage sa;
	socklen_t len;
};

static bool ask_peer(int fd, struct peer_address *p, struct endpoint *e)
{
	int saved = errno;
	p->len = sizeof p->sa;
	int r = real()->getpeername(fd, (struct sockaddr *)&p->sa, &p->len);
	errno = saved;
	if (r == -1 || !endpoint_from_sockaddr((struct sockaddr *)&p->sa, p->len, e))
		return false;
	e->transport = TRANSPORT_UDP;
	return true;
}

static bool ask_peers(int fd, struct peer *c)
{
	struct peer_address p;
	struct redirect r;
	if (!ask_peer(fd, &p, &c->actual))
		return false;
	c->original = c->actual;
	if (redirected_any() && redirect_find(&shared->peers, cookie_of(fd), &c->actual, &r) && !r.own)
		c->original = r.original;
	return true;
}

/* ---- what is kept of it ---- */

static void keep(int fd, uint64_t number, const struct peer *c)
{
	uint64_t raw[WORDS];
	raw[NUMBER] = number;
	endpoint_put(raw + ORIGINAL, &c->original);
	endpoint_put(raw + ACTUAL, &c->actual);
	record_store(kept[fd % KEPT].word, raw, WORDS);
}

static bool load(int fd, uint64_t number, struct peer *c)
{
	uint64_t raw[WORDS];
	if (!record_load(kept[fd % KEPT].word, raw, WORDS) || raw[NUMBER] != number)
		return false;
	endpoint_get(raw + ORIGINAL, &c->original);
	endpoint_get(raw + ACTUAL, &c->actual);
	return true;
}

static uint64_t keep_anew(int fd, const struct peer *c)
{
	const uint64_t number = CONNECTED | (add64(&numbers, 1) + 1);
	keep(fd, number, c);
	return number;
}

/* What is known of the socket; asked for once. */
static uint64_t socket_of(int fd)
{
	struct peer c;
	if ((unsigned)fd >= FDS)
		return FD_NAMELESS;
	uint64_t id = fd_cookie(fd);
	if (id != FD_NOT_ASKED)
		return id;
	id = ask_peers(fd, &c) ? keep_anew(fd, &c) : cookie_of(fd);
	id = id ? id : FD_NAMELESS;
	fd_set_cookie(fd, id);
	return id;
}

uint64_t peer_unconnected(int fd)
{
	const uint64_t id = socket_of(fd);
	return id == FD_NAMELESS || (id & CONNECTED) ? 0 : id;
}

uint64_t peer_number(int fd)
{
	const uint64_t id = socket_of(fd);
	return id & CONNECTED ? id : 0;
}

bool peer_of(int fd, struct peer *c)
{
	const uint64_t id = socket_of(fd);
	if (!(id & CONNECTED))
		return id == FD_NAMELESS && ask_peers(fd, c);
	if (load(fd, id, c))
		return true;
	if (!ask_peers(fd, c))
		return false;
	keep(fd, id, c);
	return true;
}

static bool peer_find(int fd, const struct endpoint *actual, struct redirect *r)
{
	struct peer c;
	const uint64_t number = peer_number(fd);
	if (!number)
		return redirect_find(&shared->peers, peer_unconnected(fd), actual, r);
	/* What comes from elsewhere was received before, or somebody else has connected it. */
	if (!load(fd, number, &c) || !endpoint_same(&c.actual, actual))
		return redirect_find(&shared->peers, cookie_of(fd), actual, r);
	*r = (struct redirect){.original = c.original, .actual = c.actual};
	return peer_is_redirected(&c);
}

/* ---- elsewhere ---- */

/* Before it goes, or is connected, since another process may read at once what comes back. */
static void remember(uint64_t socket, const struct redirect *r, uint64_t at_ms)
{
	redirect_note(&shared->peers, socket, &r->actual, r, at_ms);
	bits_add(&shared->redirected_originals, &r->original);
	if (!get32(&shared->redirected))
		put32(&shared->redirected, 1);
	probe_steer(&r->original, &r->actual);
}

bool peer_redirect(int fd, const struct endpoint *original, const struct endpoint *actual, uint64_t at_ms)
{
	struct redirect r = {.original = *original, .actual = *actual}, old;
	const uint64_t socket = shared ? peer_unconnected(fd) : 0;
	if (!socket)
		return false;
	r.own = redirect_find(&shared->peers, socket, actual, &old) && old.own;
	remember(socket, &r, at_ms);
	return true;
}

void peer_note_own(int fd, const struct endpoint *e, uint64_t at_ms)
{
	static word64 lately[64];	/* hashes of what was noted in this second: one word is never torn */
	struct redirect r = {.original = *e, .actual = *e, .own = true}, old;
	const uint64_t socket = shared ? peer_unconnected(fd) : 0, key = endpoint_key(e, socket ^ (at_ms / 1000) << 32);
	word64 *w = &lately[hash_slot(key, 64)];
	if (!socket || get64(w) == key)
		return;
	put64(w, key);
	if (redirect_find(&shared->peers, socket, e, &old))
		r.original = old.original;
	redirect_note(&shared->peers, socket, e, &r, at_ms);
}

/* On Linux a connect that fails leaves the peer as it was; should it not, it is connected back. */
static bool connect_or_stay(int fd, struct peer_address *p, const struct endpoint *was, const struct endpoint *to)
{
	const struct peer_address old = *p;
	struct endpoint now;
	int saved = errno;
	endpoint_to_sockaddr(to, (struct sockaddr *)&p->sa);
	if (real()->connect(fd, (const struct sockaddr *)&p->sa, p->len) == 0)
		return true;
	if (!ask_peer(fd, p, &now) || !endpoint_same(&now, was))
		real()->connect(fd, (const struct sockaddr *)&old.sa, old.len);
	errno = saved;
	return false;
}

bool peer_reconnect(int fd, struct peer *c, const struct endpoint *to)
{
	struct peer_address p;
	struct endpoint now;
	if (!shared || (unsigned)fd >= FDS || !ask_peer(fd, &p, &now))
		return false;
	if (!endpoint_same(&now, &c->actual)) {
		c->actual = now;
		fd_forget_cookie(fd);
		return false;
	}
	const uint64_t socket = cookie_of(fd);
	if (!socket)
		return false;
	if (!endpoint_same(&c->original, to))
		remember(socket, &(struct redirect){.original = c->original, .actual = *to}, now_ms());
	if (!connect_or_stay(fd, &p, &c->actual, to))
		return false;
	c->actual = *to;
	fd_set_cookie(fd, keep_anew(fd, c));
	return true;
}

void peer_connected(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct endpoint e;
	struct redirect r;
	if (!redirected_any() || !endpoint_from_sockaddr(sa, len, &e))
		return;
	e.transport = TRANSPORT_UDP;
	const uint64_t socket = cookie_of(fd);
	if (!redirect_find(&shared->peers, socket, &e, &r) || r.own)
		return;
	r.own = true;
	redirect_note(&shared->peers, socket, &e, &r, now_ms());
}

/* ---- back ---- */

/* A request from the actual server: what the program answers, and says later in that dialog, must find back. */
static void note_request(const struct sip_message *m, const struct redirect *r)
{
	const uint64_t now = now_ms();
	redirect_note(&shared->requests, sip_transaction(m), &r->original, r, now);
	redirect_note(&shared->dialogs, m->call_id, &r->original, r, now);
}

/* Where the request was sent that this response answers. */
static bool original_of_request(const struct sip_message *m, const struct endpoint *from, struct endpoint *original)
{
	struct tx x;
	if (!m || !m->status || !tx_find(&shared->transactions, sip_transaction(m), m->method, now_ms(), &x) ||
	    !(endpoint_same(&x.last, from) || endpoint_same(&x.first, from)))
		return false;
	*original = x.original;
	return true;
}

void peer_rename_sender(int fd, struct peername *s, const struct sip_message *m, struct sockaddr *sa)
{
	struct redirect r;
	s->e.transport = TRANSPORT_UDP;
	if (!peer_find(fd, &s->e, &r))
		return;
	r.actual = s->e;
	if (!original_of_request(m, &s->e, &r.original) && r.own)
		r.original = s->e;
	r.own = false;
	if (endpoint_same(&r.original, &s->e))
		return;
	if (m && !m->status)
		note_request(m, &r);
	peername_replace(s, &r.original, sa);
}

uint64_t peer_key(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct peer c;
	if (addr ? !endpoint_from_sockaddr(addr, len, &c.actual) : !peer_of(fd, &c))
		return 0;
	c.actual.transport = TRANSPORT_UDP;
	return endpoint_key(&c.actual, 0) | 1;
}
