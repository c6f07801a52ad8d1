/* route.c: see route.h. */
#include "shim/core/route.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "policy/wire/sip-message.h"
#include "shim/core/judge.h"
#include "shim/core/probes.h"
#include "shim/core/shared.h"
#include "shim/core/socket.h"
#include "shim/udp/peer.h"

struct moves *route_moves;

void route_start(void) { shared_make(&route_moves, sizeof *route_moves); }

/* ---- out ---- */

bool route_move(int fd, const struct endpoint *asked, const struct endpoint *real, uint64_t now_ms)
{
	struct move mv = {.asked = *asked, .real = *real}, old;
	const uint64_t socket = route_moves ? connection_none(fd) : 0;
	if (!socket)
		return false;
	mv.own = move_find(&route_moves->peers, socket, real, &old) && old.own;
	move_note(&route_moves->peers, socket, real, &mv, now_ms);
	probe_steer(asked, real);
	bits_add(&route_moves->moved, asked);
	if (!get32(&route_moves->any))
		put32(&route_moves->any, 1);
	return true;
}

/* Was that said in this second? A hash in one word, which is never torn. */
static bool owned_lately(const struct endpoint *e, uint64_t socket, uint64_t now_ms)
{
	static word64 owned[64];
	const uint64_t key = endpoint_key(e, socket ^ (now_ms / 1000) << 32);
	word64 *w = &owned[hash_slot(key, 64)];
	if (get64(w) == key)
		return true;
	put64(w, key);
	return false;
}

void route_own(int fd, const struct endpoint *e, uint64_t now_ms)
{
	struct move mv = {.asked = *e, .real = *e, .own = true}, old;
	const uint64_t socket = route_moves ? connection_none(fd) : 0;
	if (!socket || owned_lately(e, socket, now_ms))
		return;
	if (move_find(&route_moves->peers, socket, e, &old))
		mv.asked = old.asked;
	move_note(&route_moves->peers, socket, e, &mv, now_ms);
}

void route_address(const struct endpoint *e, struct sockaddr *sa)
{
	if (!address_to_sockaddr(&e->addr, sa))
		return;
	if (sa->sa_family == AF_INET)
		((struct sockaddr_in *)(void *)sa)->sin_port = htons(e->port);
	else
		((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(e->port);
}

bool route_is_local(int error)
{
	return error == EINVAL || error == ENETUNREACH || error == ENETDOWN || error == EADDRNOTAVAIL ||
	       error == EAFNOSUPPORT || error == EACCES || error == EPERM;
}

/* ---- back ---- */

bool route_sender_of(const struct sockaddr *sa, socklen_t len, socklen_t room, struct route_sender *out)
{
	out->known = room != ROUTE_ROOM_UNKNOWN;
	out->have = len < room ? len : room;
	if (len > sizeof out->in6 || out->have < offsetof(struct sockaddr_in, sin_zero))
		return false;
	memset(&out->in6, 0, sizeof out->in6);
	memcpy(&out->in6, sa, out->have);
	if (out->any.sa_family == AF_INET6 && out->have < offsetof(struct sockaddr_in6, sin6_scope_id))
		return false;
	return endpoint_from_sockaddr(&out->any, len, &out->e);
}

static void give_address(struct route_sender *s, const struct endpoint *e, struct sockaddr *sa)
{
	route_address(e, &s->any);
	memcpy(sa, &s->in6, s->have);
}

/* A request from the real server: what the program answers, and says later in that dialog, must find back. */
static void note_request(const struct sip_message *m, const struct endpoint *asked, const struct endpoint *real)
{
	const struct move mv = {.asked = *asked, .real = *real};
	const uint64_t now = judge_now_ms();
	move_note(&route_moves->requests, sip_transaction(m), asked, &mv, now);
	move_note(&route_moves->dialogs, m->call_id, asked, &mv, now);
}

/* Where the request was sent that this response answers. */
static bool asked_by_request(const struct sip_message *m, const struct endpoint *from, struct endpoint *asked)
{
	const struct transactions *requests = judge_requests();
	struct tx x;
	if (!m || !m->status || !requests || !tx_find(requests, sip_transaction(m), m->method, judge_now_ms(), &x) ||
	    !(endpoint_same(&x.last, from) || endpoint_same(&x.first, from)))
		return false;
	*asked = x.asked;
	return true;
}

void route_back(int fd, struct route_sender *s, const struct sip_message *m, struct sockaddr *sa)
{
	struct endpoint asked;
	struct move mv;
	s->e.transport = TRANSPORT_UDP;
	if (!connection_find(fd, &s->e, &mv))
		return;
	if (!asked_by_request(m, &s->e, &asked))
		asked = mv.own ? s->e : mv.asked;
	if (endpoint_same(&asked, &s->e))
		return;
	if (m && !m->status)
		note_request(m, &asked, &s->e);
	give_address(s, &asked, sa);
}

/* ---- connections ---- */

void route_connected(int fd, const struct endpoint *asked, const struct endpoint *real)
{
	const struct move mv = {.asked = *asked, .real = *real};
	if (!route_moves)
		return;
	probe_steer(asked, real);
	move_note(&route_moves->peers, socket_cookie(fd), real, &mv, judge_now_ms());
	put32(&route_moves->any, 1);
}

void route_connected_plainly(int fd, const struct endpoint *e)
{
	if (route_any())
		move_forget(&route_moves->peers, socket_cookie(fd), e);
}

void route_peer(int fd, struct sockaddr *sa, socklen_t len, socklen_t room)
{
	struct route_sender s;
	struct move mv;
	if (!route_any() || !route_sender_of(sa, len, room, &s))
		return;
	const uint64_t socket = socket_cookie(fd);
	s.e.transport = TRANSPORT_TCP;
	bool moved = move_find(&route_moves->peers, socket, &s.e, &mv);
	s.e.transport = TRANSPORT_UDP;
	moved = moved || (move_find(&route_moves->peers, socket, &s.e, &mv) && !mv.own);
	if (moved)
		give_address(&s, &mv.asked, sa);
}
