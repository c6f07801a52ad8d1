/* probe-send.c: see probe-send.h. */
#include "tools/pinkeeper/probe-send.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "policy/base/clock.h"
#include "policy/wire/sip-message.h"

enum {
	MESSAGE_MAX = 1024,
	ANSWER_MAX = 4096,		/* of a stream; a status line and its Via come long before */
	T1_MS = 500, T2_MS = 4000,	/* a UDP request is sent again: RFC 3261 17.1.2.2 */
};

struct probe {
	struct probe *next, **before;	/* of those under way */
	struct endpoint endpoint;
	union {
		uv_handle_t handle;
		uv_tcp_t tcp;
		uv_udp_t udp;
	};
	uv_timer_t ends, again;
	unsigned open;			/* handles that are not closed yet */
	bool options, over;
	uv_connect_t connect;
	uv_write_t write;
	char request[MESSAGE_MAX];
	uv_buf_t out;
	uint64_t transaction;		/* of sip-message.h */
	uint32_t pause_ms;
	char in[ANSWER_MAX];
	size_t n_in;
	uint64_t began_ms;
	probe_done_fn *done;
	void *arg;
};

static struct probe *under_way;
static size_t n_under_way;

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
	struct probe *p = handle->data;
	if (--p->open == 0)
		free(p);
}

static void end(struct probe *p)
{
	p->over = true;
	*p->before = p->next;
	if (p->next)
		p->next->before = p->before;
	n_under_way--;
	uv_close(&p->handle, on_closed);
	uv_close((uv_handle_t *)&p->ends, on_closed);
	uv_close((uv_handle_t *)&p->again, on_closed);
}

static void finish(struct probe *p, struct probe_result r)
{
	if (p->over)
		return;
	r.took_ms = (uint32_t)(uv_now(p->ends.loop) - p->began_ms);
	p->done(p->arg, &p->endpoint, &r);
	end(p);
}

static void fail(struct probe *p, enum cause why) { finish(p, (struct probe_result){.tried = true, .why = why}); }

/* An error of libuv, which is -errno on Unix. What is this host's own trouble says nothing of the server. */
static void fail_by(struct probe *p, int error)
{
	const enum cause why = cause_of_errno(-error);
	finish(p, (struct probe_result){.tried = why != CAUSE_NONE, .why = why});
}

static void on_time_over(uv_timer_t *timer)
{
	struct probe *p = timer->data;
	fail(p, p->options ? CAUSE_PROBE : CAUSE_TIMED_OUT);
}

/* ---- the request and its answer ---- */

/* The address and port of a socket as in a Via or a SIP URI (RFC 3261 25.1, hostport). */
static bool hostport(const struct sockaddr *sa, socklen_t len, char *out, size_t size)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	if (getnameinfo(sa, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	host[strcspn(host, "%")] = '\0';
	return (size_t)snprintf(out, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port) < size;
}

/* RFC 3261 11.1. The Request-URI is the server's own address, so a proxy answers for itself. */
static bool request_make(struct probe *p, const struct sockaddr *own, socklen_t own_len)
{
	char from[NI_MAXHOST], to[NI_MAXHOST];
	struct sockaddr_storage peer = {.ss_family = address_family(&p->endpoint.addr) == FAMILY_V4 ? AF_INET : AF_INET6};
	uint64_t random[2];
	struct sip_message m;
	const bool udp = p->endpoint.transport == TRANSPORT_UDP;
	endpoint_to_sockaddr(&p->endpoint, (struct sockaddr *)&peer);
	if (getrandom(random, sizeof random, 0) != sizeof random || !hostport(own, own_len, from, sizeof from) ||
	    !hostport((const struct sockaddr *)&peer, sizeof peer, to, sizeof to))
		return false;
	const int n = snprintf(p->request, sizeof p->request,
			       "OPTIONS sip:%s;transport=%s SIP/2.0\r\n"
			       "Via: SIP/2.0/%s %s;rport;branch=z9hG4bK%016llx\r\n"
			       "Max-Forwards: 70\r\n"
			       "From: <sip:pinkeeper@%s>;tag=%08x\r\n"
			       "To: <sip:%s>\r\n"
			       "Call-ID: %016llx\r\n"
			       "CSeq: 1 OPTIONS\r\n"
			       "Contact: <sip:pinkeeper@%s;transport=%s>\r\n"
			       "Accept: application/sdp\r\n"
			       "User-Agent: pinkeeper\r\n"
			       "Content-Length: 0\r\n\r\n",
			       to, transport_text(p->endpoint.transport), udp ? "UDP" : "TCP", from, (unsigned long long)random[0],
			       from, (unsigned)(random[1] >> 32), to, (unsigned long long)random[1], from,
			       transport_text(p->endpoint.transport));
	if (n < 0 || n >= (int)sizeof p->request || !sip_parse(p->request, (size_t)n, &m))
		return false;
	p->transaction = sip_transaction(&m);
	p->out = uv_buf_init(p->request, (unsigned)n);
	return true;
}

/* Is it a final answer to our request? A provisional one shows a server at work: the final one is waited for. */
static bool take_answer(struct probe *p, const char *bytes, size_t len)
{
	struct sip_message m;
	if (!sip_looks(bytes, len) || !sip_parse(bytes, len, &m) || m.status < 200 || sip_transaction(&m) != p->transaction)
		return false;
	const bool passed = m.status != 503;
	finish(p, (struct probe_result){.tried = true, .passed = passed, .status = m.status,
					.why = passed ? CAUSE_ANSWERED : CAUSE_SIP_503});
	return true;
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	struct probe *p = handle->data;
	(void)size;
	*buf = uv_buf_init(p->in + p->n_in, (unsigned)(sizeof p->in - p->n_in));
}

/* ---- UDP ---- */

static void send_again(uv_timer_t *timer)
{
	struct probe *p = timer->data;
	const int sent = uv_udp_try_send(&p->udp, &p->out, 1, NULL);
	if (sent < 0 && sent != UV_EAGAIN) {
		fail_by(p, sent);
		return;
	}
	p->pause_ms = p->pause_ms ? 2 * p->pause_ms : T1_MS;
	uv_timer_start(timer, send_again, p->pause_ms < T2_MS ? p->pause_ms : T2_MS, 0);
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	struct probe *p = udp->data;
	(void)from, (void)flags;
	if (n < 0)
		fail_by(p, (int)n);
	else if (n > 0)
		take_answer(p, buf->base, (size_t)n);
}

static int begin_udp(struct probe *p, const struct sockaddr *to)
{
	struct sockaddr_storage own;
	int len = sizeof own, status = uv_udp_connect(&p->udp, to);
	if (status == 0)
		status = uv_udp_getsockname(&p->udp, (struct sockaddr *)&own, &len);
	if (status == 0 && !request_make(p, (const struct sockaddr *)&own, (socklen_t)len))
		status = UV_ENOMEM;
	if (status == 0)
		status = uv_udp_recv_start(&p->udp, on_room, on_datagram);
	if (status == 0)
		send_again(&p->again);
	return status;
}

/* ---- TCP ---- */

/* A provisional answer at the start of a stream (17.1.2.2): its length; 0: none that is whole. */
static size_t provisional(const char *bytes, size_t len)
{
	struct sip_message m;
	if (!sip_looks(bytes, len) || !sip_parse(bytes, len, &m) || !m.whole_header || m.status >= 200)
		return 0;
	const size_t size = m.header_length + (m.content_length > 0 ? (size_t)m.content_length : 0);
	return size <= len ? size : 0;
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct probe *p = stream->data;
	(void)buf;
	if (n == UV_EOF)
		fail(p, CAUSE_CLOSED);
	else if (n < 0)
		fail_by(p, (int)n);
	if (n < 0)
		return;
	p->n_in += (size_t)n;
	for (size_t size; (size = provisional(p->in, p->n_in)) > 0; p->n_in -= size)
		memmove(p->in, p->in + size, p->n_in - size);
	if (!take_answer(p, p->in, p->n_in) && p->n_in == sizeof p->in)
		fail(p, CAUSE_PROBE);
}

static void on_written(uv_write_t *write, int status)
{
	if (status < 0 && status != UV_ECANCELED)
		fail_by(write->data, status);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct probe *p = connect->data;
	struct sockaddr_storage own;
	int len = sizeof own;
	if (status == UV_ECANCELED)
		return;
	if (status == 0 && !p->options) {
		finish(p, (struct probe_result){.tried = true, .passed = true, .why = CAUSE_CONNECTED});
		return;
	}
	if (status == 0)
		status = uv_tcp_getsockname(&p->tcp, (struct sockaddr *)&own, &len);
	if (status == 0 && !request_make(p, (const struct sockaddr *)&own, (socklen_t)len))
		status = UV_ENOMEM;
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&p->tcp, on_room, on_bytes);
	if (status == 0)
		status = uv_write(&p->write, (uv_stream_t *)&p->tcp, &p->out, 1, on_written);
	if (status != 0)
		fail_by(p, status);
}

/* ---- all ---- */

/* So that even a probe that fails at once ends from the loop. */
static void begin(uv_timer_t *timer)
{
	struct probe *p = timer->data;
	struct sockaddr_storage to = {.ss_family = address_family(&p->endpoint.addr) == FAMILY_V4 ? AF_INET : AF_INET6};
	const struct sockaddr *const sa = (const struct sockaddr *)&to;
	endpoint_to_sockaddr(&p->endpoint, (struct sockaddr *)&to);
	const int status = p->endpoint.transport == TRANSPORT_UDP ? begin_udp(p, sa)
								  : uv_tcp_connect(&p->connect, &p->tcp, sa, on_connected);
	if (status != 0)
		fail_by(p, status);
}

bool probe_send(uv_loop_t *loop, const struct endpoint *e, bool options, uint32_t timeout_ms, probe_done_fn *done, void *arg)
{
	struct probe *p = calloc(1, sizeof *p);
	if (!p)
		return false;
	p->endpoint = *e;
	p->options = options || e->transport == TRANSPORT_UDP;
	p->done = done;
	p->arg = arg;
	p->began_ms = uv_now(loop);
	/* These three cannot fail: they take no descriptor yet. */
	e->transport == TRANSPORT_UDP ? uv_udp_init(loop, &p->udp) : uv_tcp_init(loop, &p->tcp);
	uv_timer_init(loop, &p->ends);
	uv_timer_init(loop, &p->again);
	p->open = 3;
	p->handle.data = p->ends.data = p->again.data = p->connect.data = p->write.data = p;
	p->before = &under_way;
	p->next = under_way;
	if (p->next)
		p->next->before = &p->next;
	under_way = p;
	n_under_way++;
	uv_timer_start(&p->ends, on_time_over, timeout_ms, 0);
	uv_timer_start(&p->again, begin, 0, 0);
	return true;
}

size_t probes_under_way(void) { return n_under_way; }

void probes_end(void)
{
	while (under_way)
		end(under_way);
}
