/* peer.c: see peer.h. */
#include "shim/udp/peer.h"

#include <errno.h>

#include "shim/core/fds.h"
#include "shim/core/judge.h"
#include "shim/core/libc.h"
#include "shim/core/probes.h"
#include "shim/core/route.h"
#include "shim/core/socket.h"

/*
 * What is known of a descriptor's socket: its cookie, or with this bit the number of
 * its connection, under which that is kept in `kept`.
 */
static const uint64_t CONNECTED = UINT64_C(1) << 63;

enum { NUMBER = 1, ASKED, REAL = ASKED + ENDPOINT_WORDS, WORDS = REAL + ENDPOINT_WORDS, KEPT = 64 };

struct fd_cookie fd_cookies[FD_COOKIES];
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

static bool ask_connection(int fd, struct connection *c)
{
	struct peer_address p;
	struct move mv;
	if (!ask_peer(fd, &p, &c->real))
		return false;
	c->asked = c->real;
	if (route_any() && move_find(&route_moves->peers, cookie_of(fd), &c->real, &mv) && !mv.own)
		c->asked = mv.asked;
	return true;
}

/* ---- what is kept of it ---- */

static void keep(int fd, uint64_t number, const struct connection *c)
{
	uint64_t raw[WORDS];
	raw[NUMBER] = number;
	endpoint_put(raw + ASKED, &c->asked);
	endpoint_put(raw + REAL, &c->real);
	record_store(kept[fd % KEPT].word, raw, WORDS);
}

static bool load(int fd, uint64_t number, struct connection *c)
{
	uint64_t raw[WORDS];
	if (!record_load(kept[fd % KEPT].word, raw, WORDS) || raw[NUMBER] != number)
		return false;
	endpoint_get(raw + ASKED, &c->asked);
	endpoint_get(raw + REAL, &c->real);
	return true;
}

static uint64_t keep_anew(int fd, const struct connection *c)
{
	const uint64_t number = CONNECTED | (add64(&numbers, 1) + 1);
	keep(fd, number, c);
	return number;
}

/* What is known of the socket; asked for once. */
static uint64_t socket_of(int fd)
{
	struct connection c;
	if ((unsigned)fd >= FDS)
		return FD_NAMELESS;
	uint64_t id = fd_cookie(fd);
	if (id != FD_NOT_ASKED)
		return id;
	id = ask_connection(fd, &c) ? keep_anew(fd, &c) : cookie_of(fd);
	id = id ? id : FD_NAMELESS;
	fd_set_cookie(fd, id);
	return id;
}

uint64_t connection_none(int fd)
{
	const uint64_t id = socket_of(fd);
	return id == FD_NAMELESS || (id & CONNECTED) ? 0 : id;
}

uint64_t connection_number(int fd)
{
	const uint64_t id = socket_of(fd);
	return id & CONNECTED ? id : 0;
}

bool connection_of(int fd, struct connection *c)
{
	const uint64_t id = socket_of(fd);
	if (!(id & CONNECTED))
		return id == FD_NAMELESS && ask_connection(fd, c);
	if (load(fd, id, c))
		return true;
	if (!ask_connection(fd, c))
		return false;
	keep(fd, id, c);
	return true;
}

bool connection_find(int fd, const struct endpoint *real, struct move *mv)
{
	struct connection c;
	const uint64_t number = connection_number(fd);
	if (!number)
		return move_find(&route_moves->peers, connection_none(fd), real, mv);
	/* What comes from elsewhere was received before, or somebody else has connected it. */
	if (!load(fd, number, &c) || !endpoint_same(&c.real, real))
		return move_find(&route_moves->peers, cookie_of(fd), real, mv);
	*mv = (struct move){.asked = c.asked, .real = c.real};
	return connection_is_led(&c);
}

/* ---- elsewhere ---- */

/* Before it is connected, since another process may read what comes then. */
static bool note(int fd, const struct endpoint *asked, const struct endpoint *to)
{
	const struct move mv = {.asked = *asked, .real = *to};
	const uint64_t socket = cookie_of(fd);
	if (!socket || endpoint_same(asked, to))
		return socket != 0;
	move_note(&route_moves->peers, socket, to, &mv, judge_now_ms());
	bits_add(&route_moves->moved, asked);
	if (!get32(&route_moves->any))
		put32(&route_moves->any, 1);
	probe_steer(asked, to);
	return true;
}

/* On Linux a connect that fails leaves the peer as it was; should it not, it is connected back. */
static bool connect_or_stay(int fd, struct peer_address *p, const struct endpoint *was, const struct endpoint *to)
{
	const struct peer_address old = *p;
	struct endpoint now;
	int saved = errno;
	route_address(to, (struct sockaddr *)&p->sa);
	if (real()->connect(fd, (const struct sockaddr *)&p->sa, p->len) == 0)
		return true;
	if (!ask_peer(fd, p, &now) || !endpoint_same(&now, was))
		real()->connect(fd, (const struct sockaddr *)&old.sa, old.len);
	errno = saved;
	return false;
}

bool connection_lead(int fd, struct connection *c, const struct endpoint *to)
{
	struct peer_address p;
	struct endpoint now;
	if (!route_moves || (unsigned)fd >= FDS || !ask_peer(fd, &p, &now))
		return false;
	if (!endpoint_same(&now, &c->real)) {
		c->real = now;
		fd_forget_cookie(fd);
		return false;
	}
	if (!note(fd, &c->asked, to) || !connect_or_stay(fd, &p, &c->real, to))
		return false;
	c->real = *to;
	fd_set_cookie(fd, keep_anew(fd, c));
	return true;
}

void connection_made(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct endpoint e;
	struct move mv;
	if (!route_any() || !endpoint_from_sockaddr(sa, len, &e))
		return;
	e.transport = TRANSPORT_UDP;
	const uint64_t socket = cookie_of(fd);
	if (!move_find(&route_moves->peers, socket, &e, &mv) || mv.own)
		return;
	mv.own = true;
	move_note(&route_moves->peers, socket, &e, &mv, judge_now_ms());
}
