/* onset.c: see onset.h. */
#include "shim/tcp/onset.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

#include "policy/base/clock.h"
#include "policy/base/record.h"
#include "policy/table/addresses.h"
#include "policy/wire/sip-hop.h"
#include "policy/wire/sip-message.h"
#include "shim/core/dialogs.h"
#include "shim/core/given.h"
#include "shim/core/judge.h"
#include "shim/core/libc.h"
#include "shim/core/memory.h"
#include "shim/core/pieces.h"
#include "shim/core/probes.h"
#include "shim/core/redirect-cache.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/core/socket.h"
#include "shim/tcp/stream.h"

enum { COOKIE = 1, ORIGINAL, TO = ORIGINAL + ENDPOINT_WORDS, WORDS = TO + ENDPOINT_WORDS };

word32 onset_fds[ONSETS];
static struct { word64 word[WORDS]; } redirected[ONSETS];

struct onset {
	uint64_t cookie;
	struct endpoint original, to;
};

void onset_redirected(int fd, const struct endpoint *original, const struct endpoint *to)
{
	uint64_t raw[WORDS];
	int saved = errno;
	raw[COOKIE] = socket_cookie(fd);
	endpoint_put(raw + ORIGINAL, original);
	endpoint_put(raw + TO, to);
	record_store(redirected[(unsigned)fd % ONSETS].word, raw, WORDS);
	put32(&onset_fds[(unsigned)fd % ONSETS], (uint32_t)fd + 1);
	errno = saved;
}

/* Taken once. False: another connection's, or none. */
static bool take(int fd, struct onset *o)
{
	uint64_t raw[WORDS];
	const bool whole = record_load(redirected[(unsigned)fd % ONSETS].word, raw, WORDS);
	onset_forget(fd);
	if (!whole)
		return false;
	o->cookie = raw[COOKIE];
	endpoint_get(raw + ORIGINAL, &o->original);
	endpoint_get(raw + TO, &o->to);
	return o->cookie && o->cookie == socket_cookie(fd);
}

void onset_connect(int fd, const struct endpoint *original, const struct endpoint *actual)
{
	const struct redirect r = {.original = *original, .actual = *actual};
	if (!shared)
		return;
	probe_steer(original, actual);
	redirect_note(&shared->peers, socket_cookie(fd), actual, &r, now_ms());
	put32(&shared->redirected, 1);
}

void onset_connect_plainly(int fd, const struct endpoint *e)
{
	if (redirected_any())
		redirect_forget(&shared->peers, socket_cookie(fd), e);
}

/* ---- where the message belongs ---- */

/* True: to *where. */
static bool belongs(struct table *t, const char *p, size_t len, const struct onset *o, struct endpoint *where)
{
	struct sip_message m;
	struct cached_redirect v;
	if (!sip_looks(p, len) || !sip_parse_datagram(p, len, &m) || m.status)
		return false;
	redirect_cached(t, &o->original, &v);
	*where = o->original;
	if (m.to == SIP_TO_TAGGED)
		return dialogs_of(&m, &o->original, now_ms(), where) != DIALOGS_NONE;
	if (m.to != SIP_TO_BARE || v.redirects_all)
		return false;
	if (v.redirects_requests && !(hop_is(p, len, &o->original) && !given_first(&o->original.addr)))
		*where = v.to;
	return true;
}

static __attribute__((noinline)) bool read_pieces(struct table *t, const struct iovec *piece, size_t pieces,
						  const struct onset *o, struct endpoint *where)
{
	char whole[PIECES_MAX];
	return pieces <= UIO_MAXIOV && memory_readable(piece, pieces * sizeof *piece) && pieces_readable(piece, pieces) &&
	       belongs(t, whole, pieces_join(piece, pieces, SIZE_MAX, whole), o, where);
}

static bool read_first(struct table *t, const struct iovec *piece, size_t pieces, const struct onset *o,
		       struct endpoint *where)
{
	const size_t len = piece->iov_len < SIP_HEADER_MAX ? piece->iov_len : SIP_HEADER_MAX;
	if (pieces > 1)
		return read_pieces(t, piece, pieces, o, where);
	return memory_readable(piece->iov_base, len) && belongs(t, piece->iov_base, len, o, where);
}

/* ---- there ---- */

/* Not a byte went either way (TCP_INFO, tcp(7)); a kernel that does not count says nothing. */
static bool is_untouched(int fd)
{
	enum { ESTABLISHED = 1, SYN_SENT = 2 };
	struct tcp_info info = {0};
	socklen_t size = sizeof info;
	return real()->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       size >= offsetof(struct tcp_info, tcpi_bytes_retrans) && info.tcpi_bytes_sent == 0 &&
	       info.tcpi_notsent_bytes == 0 && info.tcpi_bytes_received == 0 &&
	       (info.tcpi_state == ESTABLISHED || info.tcpi_state == SYN_SENT);
}

/* A socket address of the socket's family. */
static bool address_for(int fd, const struct endpoint *e, struct sockaddr_storage *sa, socklen_t *len)
{
	int family = 0;
	socklen_t size = sizeof family;
	if (real()->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == -1 || (family != AF_INET && family != AF_INET6) ||
	    (family == AF_INET && address_family(&e->addr) != FAMILY_V4))
		return false;
	*sa = (struct sockaddr_storage){.ss_family = (sa_family_t)family};
	*len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	endpoint_to_sockaddr(e, (struct sockaddr *)sa);
	return true;
}

/* What was in flight ends, and nothing is known of it, unless it has come through. */
static void conclude(int fd)
{
	if (fd_class(fd) == FD_PENDING)
		stream_error_read(fd, 0);
	if (fd_class(fd) == FD_PENDING)
		stream_conclude(fd, CAUSE_NONE);
}

static bool connect_anew(struct table *t, int fd, const struct onset *o, const struct endpoint *where)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_storage sa;
	socklen_t len;
	struct tcp_connect c = {.original = o->original, .to = *where, .ref = addr_find(t, &where->addr), .since = tick_now()};
	if (!address_for(fd, where, &sa, &len))
		return true;
	conclude(fd);
	if (real()->connect(fd, &none, sizeof none) == -1)
		return true;
	if (endpoint_same(where, &o->original))
		onset_connect_plainly(fd, where);
	else
		onset_connect(fd, &o->original, where);
	return stream_connect(t, fd, (const struct sockaddr *)&sa, len, &c) == 0 || errno == EINPROGRESS;
}

bool onset_sends(int fd, const struct iovec *piece, size_t pieces)
{
	struct table *t = session_table_here();
	struct onset o;
	struct endpoint where;
	int saved = errno;
	if (take(fd, &o) && t && read_first(t, piece, pieces, &o, &where)) {
		where.transport = TRANSPORT_TCP;
		if (!endpoint_same(&where, &o.to) && is_untouched(fd) && !connect_anew(t, fd, &o, &where))
			return false;
	}
	errno = saved;
	return true;
}
