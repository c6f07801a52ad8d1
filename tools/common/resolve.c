/* resolve.c: names through c-ares in a loop of libuv. See resolve.h. */
#include "tools/common/resolve.h"

#include <ares.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "policy/base/clock.h"
#include "tools/common/batch.h"
#include "tools/common/channel.h"
#include "tools/common/reply-read.h"

enum {
	WAKE_MS = 1000,			/* c-ares is looked after so often while it waits */
	SLACK_MS = 5000,		/* beyond all time limits of c-ares: then its queries are cancelled */
};

/* What c-ares said to one question, until the name's other one is answered. */
struct answer {
	int status, len;
	unsigned char *bytes;		/* a copy; NULL: none */
};

/* A name that is asked for. It is free, or in flight, or has landed. */
struct flight {
	struct resolver *r;
	struct flight *next;		/* of the free ones, or of those that landed */
	size_t id;
	unsigned waiting;		/* questions without an answer yet */
	bool busy;			/* in flight */
	bool forgotten;			/* nobody is called back */
	struct answer answer[FAMILIES];
	char name[NAME_BYTES];
};

/* A socket of c-ares. */
struct watch {
	uv_poll_t poll;
	struct resolver *r;
	ares_socket_t fd;
	struct watch *next;
};

struct resolver {
	struct resolve_options o;
	struct endpoint server;
	uv_loop_t *loop;
	ares_channel channel;
	uv_timer_t timer;		/* of c-ares, while anything is in flight */
	uv_idle_t idle;			/* while there are landed flights that no socket or timer will find */
	uv_prepare_t prepare;		/* while there is something to send */
	unsigned closing;		/* of these three */
	struct batch *batch;
	struct watch *watches;
	struct flight *free, *landed;
	size_t n_free;
	uint64_t moved_ms;		/* when something last landed */
	struct reply reply[FAMILIES];	/* of the name that has landed */
	struct flight flights[];
};

static void on_idle(uv_idle_t *idle);
static void on_timer(uv_timer_t *timer);

/* ---- answers ---- */

static void landed(struct flight *f)
{
	struct resolver *r = f->r;
	f->next = r->landed;
	r->landed = f;
	uv_idle_start(&r->idle, on_idle);
}

/* From within c-ares, which may call it before ares_query() has returned: nothing is asked and nobody called from here. */
static void answered(struct flight *f, struct answer *a, int status, const unsigned char *bytes, int len)
{
	a->status = status;
	a->len = len;
	if (status == ARES_SUCCESS && (a->bytes = malloc((size_t)len)))
		memcpy(a->bytes, bytes, (size_t)len);
	else if (status == ARES_SUCCESS)
		a->status = ARES_ENOMEM;
	if (--f->waiting == 0)
		landed(f);
}

static void on_v4(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct flight *f = arg;
	(void)timeouts;
	answered(f, &f->answer[FAMILY_V4], status, bytes, len);
}

static void on_v6(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct flight *f = arg;
	(void)timeouts;
	answered(f, &f->answer[FAMILY_V6], status, bytes, len);
}

static void on_srv(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct flight *f = arg;
	(void)timeouts;
	answered(f, &f->answer[FAMILY_SRV], status, bytes, len);
}

static bool is_service(const struct flight *f) { return *f->name == '_'; }

static void read_answers(struct resolver *r, const struct flight *f)
{
	static const ns_type types[FAMILIES] = {[FAMILY_V4] = ns_t_a, [FAMILY_V6] = ns_t_aaaa};
	for (enum family k = 0; k < FAMILIES; k++) {
		const struct answer *a = &f->answer[k];
		const bool srv = is_service(f) && k == FAMILY_SRV;
		reply_read(is_service(f) && !srv ? ARES_ENODATA : a->status, srv ? ns_t_srv : types[k], a->bytes, a->len, &r->reply[k]);
	}
}

static void drop_answers(struct flight *f)
{
	for (enum family k = 0; k < FAMILIES; k++) {
		free(f->answer[k].bytes);
		f->answer[k].bytes = NULL;
	}
}

static void release(struct resolver *r, struct flight *f)
{
	drop_answers(f);
	f->busy = false;
	f->next = r->free;
	r->free = f;
	r->n_free++;
}

/* Those that have landed by now: what they ask anew may fail at once, and lands for the next time. */
static void land(struct resolver *r)
{
	struct flight *f = r->landed, *next;
	uv_idle_stop(&r->idle);
	r->landed = NULL;
	for (; f; f = next) {
		next = f->next;
		r->moved_ms = now_ms();
		const bool forgotten = f->forgotten;
		const size_t id = f->id;
		if (!forgotten)
			read_answers(r, f);
		release(r, f);
		if (!forgotten)
			r->o.done(r->o.arg, id, r->reply);
	}
}

/* ---- time ---- */

static bool in_flight(const struct resolver *r) { return r->n_free < r->o.window; }

/* A question that is asked while the timer runs may be due before it fires, and is then looked after a second late. */
static void keep_time(struct resolver *r)
{
	struct timeval tv, most = {.tv_sec = WAKE_MS / 1000};
	if (!in_flight(r)) {
		uv_timer_stop(&r->timer);
	} else if (!uv_is_active((uv_handle_t *)&r->timer)) {
		const struct timeval *wait = ares_timeout(r->channel, &most, &tv);
		uv_timer_start(&r->timer, on_timer, (uint64_t)wait->tv_sec * 1000 + (uint64_t)wait->tv_usec / 1000 + 1, 0);
	}
}

static void on_idle(uv_idle_t *idle)
{
	land(idle->data);
	keep_time(idle->data);
}

static void on_timer(uv_timer_t *timer)
{
	struct resolver *r = timer->data;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (now_ms() - r->moved_ms > r->o.timeout_ms + SLACK_MS)
		ares_cancel(r->channel);
	land(r);
	keep_time(r);
}

/* ---- sockets ---- */

/* The loop is about to wait. What c-ares sends anew to another server goes out with the next turn. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct resolver *r = prepare->data;
	uv_prepare_stop(prepare);
	const ares_socket_t broken = batch_flush(r->batch);
	if (broken != ARES_SOCKET_BAD)
		ares_process_fd(r->channel, broken, ARES_SOCKET_BAD);
}

static void on_unsent(void *arg)
{
	struct resolver *r = arg;
	uv_prepare_start(&r->prepare, on_prepare);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct resolver *r = w->r;
	ares_process_fd(r->channel, status < 0 || events & UV_READABLE ? w->fd : ARES_SOCKET_BAD,
			status < 0 || events & UV_WRITABLE ? w->fd : ARES_SOCKET_BAD);
	land(r);
	keep_time(r);
}

static void on_watch_closed(uv_handle_t *handle) { free(handle->data); }

static void unwatch(struct resolver *r, ares_socket_t fd)
{
	for (struct watch **at = &r->watches; *at; at = &(*at)->next) {
		struct watch *w = *at;
		if (w->fd != fd)
			continue;
		*at = w->next;
		uv_poll_stop(&w->poll);
		uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		return;
	}
}

static struct watch *watch(struct resolver *r, ares_socket_t fd)
{
	struct watch *w = r->watches;
	while (w && w->fd != fd)
		w = w->next;
	if (w || !(w = calloc(1, sizeof *w)))
		return w;
	if (uv_poll_init_socket(r->loop, &w->poll, fd) != 0)
		return free(w), NULL;
	w->poll.data = w;
	w->r = r;
	w->fd = fd;
	w->next = r->watches;
	return r->watches = w;
}

/* Called before c-ares closes the socket, with neither. One that cannot be watched is as one without an answer. */
static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = arg;
	struct watch *w;
	if (!readable && !writable)
		unwatch(r, fd);
	else if ((w = watch(r, fd)))
		uv_poll_start(&w->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_poll);
}

/* ---- the channel ---- */

static int open_channel(struct resolver *r, ares_channel *channel)
{
	const struct channel_options o = {r->o.server ? &r->server : NULL, r->o.timeout_ms, on_socket, r};
	const int status = channel_open(&o, channel);
	if (status == ARES_SUCCESS)
		batch_use(r->batch, *channel);
	return status;
}

/* ---- asking ---- */

static void ask(struct resolver *r, struct flight *f)
{
	f->waiting = is_service(f) ? 1 : FAMILIES;
	if (is_service(f)) {
		ares_query(r->channel, f->name, ns_c_in, ns_t_srv, on_srv, f);
	} else {
		ares_search(r->channel, f->name, ns_c_in, ns_t_a, on_v4, f);
		ares_search(r->channel, f->name, ns_c_in, ns_t_aaaa, on_v6, f);
	}
	keep_time(r);
}

size_t resolver_room(const struct resolver *r) { return r->n_free; }

void resolver_ask(struct resolver *r, const char *name, size_t id)
{
	struct flight *f = r->free;
	if (!in_flight(r))
		r->moved_ms = now_ms();
	r->free = f->next;
	r->n_free--;
	f->busy = true;
	f->forgotten = false;
	f->id = id;
	strncpy(f->name, name, sizeof f->name - 1);
	ask(r, f);
}

bool resolver_renew(struct resolver *r)
{
	ares_channel other = NULL;
	struct flight *whole = r->landed, *ended, *next;
	if (open_channel(r, &other) != ARES_SUCCESS)
		return false;
	r->landed = NULL;
	ares_destroy(r->channel);		/* which ends what is in flight */
	r->channel = other;
	ended = r->landed;
	r->landed = whole;
	for (; ended; ended = next) {
		next = ended->next;
		drop_answers(ended);
		ask(r, ended);
	}
	return true;
}

void resolver_forget(struct resolver *r)
{
	for (size_t i = 0; i < r->o.window; i++)
		r->flights[i].forgotten = r->flights[i].busy;
	ares_cancel(r->channel);
}

/* ---- begin and end ---- */

const char *resolver_make(uv_loop_t *loop, const struct resolve_options *o, struct resolver **out)
{
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	struct resolver *r = calloc(1, sizeof *r + o->window * sizeof *r->flights);
	*out = NULL;
	if (!r)
		return ares_strerror(ARES_ENOMEM);
	r->o = *o;
	r->loop = loop;
	if (o->server)
		r->server = *o->server;
	r->batch = batch_make(on_unsent, r);
	if (status == ARES_SUCCESS)
		status = r->batch ? open_channel(r, &r->channel) : ARES_ENOMEM;
	if (status != ARES_SUCCESS) {
		ares_library_cleanup();
		batch_free(r->batch);
		free(r);
		return ares_strerror(status);
	}
	uv_timer_init(loop, &r->timer);
	uv_idle_init(loop, &r->idle);
	uv_prepare_init(loop, &r->prepare);
	r->timer.data = r->idle.data = r->prepare.data = r;
	for (size_t i = 0; i < o->window; i++) {
		r->flights[i].r = r;
		release(r, &r->flights[i]);
	}
	*out = r;
	return NULL;
}

static void on_closed(uv_handle_t *handle)
{
	struct resolver *r = handle->data;
	if (--r->closing > 0)
		return;
	for (size_t i = 0; i < r->o.window; i++)
		drop_answers(&r->flights[i]);
	free(r);
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	ares_destroy(r->channel);
	ares_library_cleanup();
	batch_free(r->batch);
	r->closing = 3;
	uv_close((uv_handle_t *)&r->timer, on_closed);
	uv_close((uv_handle_t *)&r->idle, on_closed);
	uv_close((uv_handle_t *)&r->prepare, on_closed);
}
