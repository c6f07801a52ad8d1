/*
 * http.c: see http.h.
 *
 * libmicrohttpd waits in an epoll set of its own, and that set is what the loop polls. So all of it runs in the loop's thread.
 */
#include "tools/pinkeeper/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tools/pinkeeper/listen.h"

enum {
	TRY_AGAIN_MS = 2000,		/* to listen where somebody else does */
	CONNECTIONS = 16,		/* at once */
	PATIENCE_S = 30,		/* with a client that neither sends nor reads */
};

struct request {
	struct MHD_Connection *connection;
	struct request *next;		/* while it waits */
	enum { ARRIVED, WAITS, RESUMED } state;
};

static struct {
	struct keeper *keeper;
	void (*asked)(struct keeper *k);
	struct MHD_Daemon *daemon;	/* NULL: it does not listen */
	struct listening listening;
	int told;			/* errno of the line that said why it does not listen */
	struct request *waiting;
	struct MHD_Response *page;	/* for those who were resumed and have not taken it; NULL: it could not be written */
	unsigned resumed;
	uv_poll_t poll;
	uv_timer_t timer;		/* of the daemon; without one, of the next try */
} http;

/* ---- answers ---- */

static enum MHD_Result answer_line(struct MHD_Connection *c, unsigned status, const char *line)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(strlen(line), (void *)(uintptr_t)line, MHD_RESPMEM_PERSISTENT);
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
	const enum MHD_Result done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

/* One who was resumed takes the page, or has gone away. The last one frees it. */
static void leave_page(struct request *r)
{
	r->state = ARRIVED;
	if (--http.resumed > 0 || !http.page)
		return;
	MHD_destroy_response(http.page);
	http.page = NULL;
}

static enum MHD_Result answer_page(struct request *r)
{
	const enum MHD_Result done = http.page ? MHD_queue_response(r->connection, MHD_HTTP_OK, http.page)
					       : answer_line(r->connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	leave_page(r);
	return done;
}

/* The connection stands still until http_answer(). */
static enum MHD_Result wait_for_page(struct request *r)
{
	const bool first = !http.waiting;
	MHD_suspend_connection(r->connection);
	r->next = http.waiting;
	r->state = WAITS;
	http.waiting = r;
	if (first)
		http.asked(http.keeper);
	return MHD_YES;
}

/* Called with the head of a request, then with what it carries, then when it is whole and whenever it is resumed. */
static enum MHD_Result on_request(void *unused, struct MHD_Connection *c, const char *url, const char *method, const char *version,
				  const char *data, size_t *size, void **request)
{
	struct request *r = *request;
	(void)unused, (void)version, (void)data;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer_line(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
	if (!r) {
		*request = r = calloc(1, sizeof *r);
		if (r)
			r->connection = c;
		return r ? MHD_YES : MHD_NO;
	}
	if (*size > 0)
		return *size = 0, MHD_YES;
	if (strcmp(url, "/-/healthy") == 0)
		return answer_line(c, MHD_HTTP_OK, "pinkeeper runs\n");
	if (strcmp(url, "/metrics") != 0)
		return answer_line(c, MHD_HTTP_NOT_FOUND, "the metrics are at /metrics\n");
	return r->state == RESUMED ? answer_page(r) : wait_for_page(r);
}

static void on_end(void *unused, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode why)
{
	struct request *r = *request;
	(void)unused, (void)c, (void)why;
	if (r && r->state == RESUMED)
		leave_page(r);
	free(r);
	*request = NULL;
}

/* ---- in the loop ---- */

static void on_time(uv_timer_t *timer);

static void run_daemon(void)
{
	MHD_UNSIGNED_LONG_LONG ms;
	MHD_run(http.daemon);
	if (MHD_get_timeout(http.daemon, &ms) == MHD_YES)
		uv_timer_start(&http.timer, on_time, ms, 0);
	else
		uv_timer_stop(&http.timer);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)poll, (void)status, (void)events;
	run_daemon();
}

/* The daemon takes the socket. */
static bool start_daemon(int fd)
{
	http.daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, NULL,
				       MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
				       MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)PATIENCE_S, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
				       MHD_OPTION_END);
	const union MHD_DaemonInfo *set = http.daemon ? MHD_get_daemon_info(http.daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (set && uv_poll_init(http.keeper->loop, &http.poll, set->epoll_fd) == 0)
		return uv_poll_start(&http.poll, UV_READABLE, on_poll) == 0;
	if (http.daemon)
		MHD_stop_daemon(http.daemon);
	http.daemon = NULL;
	return false;
}

static void say_why_not(int error)
{
	if (error != http.told)
		note(&http.keeper->c, "metrics: %s: %s: tried again", http.keeper->conf.metrics, strerror(error));
	http.told = error;
}

static void try_to_listen(void)
{
	const int fd = listen_at(http.keeper->conf.metrics, &http.listening);
	if (fd == -1) {
		say_why_not(errno);
		uv_timer_start(&http.timer, on_time, TRY_AGAIN_MS, 0);
	} else if (start_daemon(fd)) {
		if (http.told)
			note(&http.keeper->c, "metrics: %s: served", http.keeper->conf.metrics);
		http.told = 0;
		run_daemon();
	} else
		complain(&http.keeper->c, "metrics: libmicrohttpd does not start");
}

static void on_time(uv_timer_t *timer)
{
	(void)timer;
	if (http.daemon)
		run_daemon();
	else
		try_to_listen();
}

bool http_start(struct keeper *k, void (*asked)(struct keeper *k))
{
	http.keeper = k;
	http.asked = asked;
	if (uv_timer_init(k->loop, &http.timer) != 0)
		return complain(&k->c, "metrics: the loop has no room"), false;
	try_to_listen();
	return true;
}

static void free_page(void *page)
{
	expose_free(page);
	free(page);
}

/* The response owns the page. NULL: no memory, and the page is freed. */
static struct MHD_Response *response_of(struct exposition *page)
{
	struct exposition *const own = malloc(sizeof *own);
	struct MHD_Response *r = NULL;
	struct MHD_IoVec *pieces = NULL;
	unsigned n = 0;
	for (const struct piece *p = page->first; p; p = p->next)
		n++;
	if (own && !page->failed && (pieces = calloc(n, sizeof *pieces))) {
		n = 0;
		for (const struct piece *p = page->first; p; p = p->next)
			pieces[n++] = (struct MHD_IoVec){p->text, p->length};
		*own = *page;
		r = MHD_create_response_from_iovec(pieces, n, free_page, own);
	}
	free(pieces);
	if (r) {
		MHD_add_response_header(r, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
		return r;
	}
	expose_free(page);
	free(own);
	return NULL;
}

void http_answer(struct exposition *page)
{
	if (http.page)			/* somebody has not taken the last one yet: he takes this one */
		MHD_destroy_response(http.page);
	http.page = response_of(page);
	*page = (struct exposition){0};
	for (; http.waiting; http.waiting = http.waiting->next) {
		http.waiting->state = RESUMED;
		http.resumed++;
		MHD_resume_connection(http.waiting->connection);
	}
	if (http.daemon)
		run_daemon();
}

void http_stop(void)
{
	http_answer(&(struct exposition){.failed = true});
	uv_close((uv_handle_t *)&http.timer, NULL);
	if (!http.daemon)
		return;
	uv_close((uv_handle_t *)&http.poll, NULL);
	MHD_stop_daemon(http.daemon);
	listen_end(&http.listening);
}
