/*
 * events.c: see events.h.
 *
 * The entries are written by hand, not by sd_journal_send(3) and syslog(3): these wait when the other end is slow, and say
 * nothing when it is absent. Here entries wait in a backlog, and the loop goes on. What finds no room there is counted, and
 * the entry "N events lost" stands where they would be.
 */
#include "tools/pinkeeper/events.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "tools/common/event-text.h"
#include "tools/pinkeeper/backlog.h"
#include "tools/pinkeeper/entry.h"

enum {
	TRY_AGAIN_MS = 1000,		/* to connect */
	AT_ONCE = 256,			/* datagrams that are sent before the loop has its turn */
	LAST_MS = 1000,			/* for what waits when pinkeeper ends */
};

static const struct sink {
	const char *word;
	struct sockaddr_un at;
} sinks[] = {
	[EVENTS_JOURNALD] = {"journald", {AF_UNIX, "/run/systemd/journal/socket"}},
	[EVENTS_SYSLOG] = {"syslog", {AF_UNIX, "/dev/log"}},
};

static struct {
	struct keeper *keeper;
	const struct sink *sink;
	uv_poll_t *poll;		/* of the connected socket; NULL: there is none */
	int fd;				/* its descriptor */
	bool taken;			/* something that was sent there */
	uv_timer_t again;		/* the next try to connect */
	int told;			/* errno of the line that said why it is not connected */
	struct backlog backlog;
	uint64_t gap;			/* events lost since the last entry in the backlog */
	uint64_t written, lost;
} events;

/* ---- the socket ---- */

static void on_writable(uv_poll_t *poll, int status, int what);

static void on_closed(uv_handle_t *poll)
{
	close((int)(intptr_t)poll->data);
	free(poll);
}

static void disconnect(void)
{
	if (events.poll)
		uv_close((uv_handle_t *)events.poll, on_closed);
	events.poll = NULL;
}

static void on_again(uv_timer_t *timer);

/* Said once, until it is another thing. */
static void try_again(int error)
{
	disconnect();
	if (error != events.told)
		note(&events.keeper->c, "events: %s: %s: %s: tried again", events.sink->word, events.sink->at.sun_path, strerror(error));
	events.told = error;
	uv_timer_start(&events.again, on_again, TRY_AGAIN_MS, 0);
}

/* 0, or errno. */
static int connect_socket(void)
{
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	uv_poll_t *const poll = malloc(sizeof *poll);
	int error = fd == -1 ? errno : !poll ? ENOMEM : 0;
	if (!error && connect(fd, (const struct sockaddr *)&events.sink->at, sizeof events.sink->at) == -1)
		error = errno;
	if (!error)
		error = -uv_poll_init(events.keeper->loop, poll, fd);	/* libuv's errors are errno, negative */
	if (error) {
		free(poll);
		if (fd != -1)
			close(fd);
		return error;
	}
	poll->data = (void *)(intptr_t)fd;
	events.poll = poll;
	events.fd = fd;
	return 0;
}

static void connect_now(void)
{
	const int error = connect_socket();
	if (error) {
		try_again(error);
		return;
	}
	events.taken = false;
	uv_poll_start(events.poll, UV_WRITABLE, on_writable);
}

static void on_again(uv_timer_t *timer)
{
	(void)timer;
	connect_now();
}

/* ---- the backlog ---- */

static bool put(const struct entry *e)
{
	char datagram[ENTRY_BYTES];
	const size_t length = events.sink == &sinks[EVENTS_JOURNALD]
				      ? entry_journald(e, datagram)
				      : entry_syslog(e, now_ns(CLOCK_REALTIME), (uint32_t)getpid(), datagram);
	return backlog_put(&events.backlog, datagram, length);
}

/* Says what is missing, before the next entry or, once there is none, behind the last. False: there is no room even for that. */
static bool put_gap(void)
{
	char message[64], count[24];
	if (events.gap == 0)
		return true;
	snprintf(count, sizeof count, "%llu", (unsigned long long)events.gap);
	snprintf(message, sizeof message, "%s events lost", count);
	if (!put(&(struct entry){LOG_WARNING, message, 2, {{"event", "lost"}, {"count", count}}}))
		return false;
	events.lost += events.gap;
	events.gap = 0;
	return true;
}

/* One datagram. 0, or errno. */
static int send_first(void)
{
	size_t length;
	const char *const datagram = backlog_first(&events.backlog, &length);
	if (send(events.fd, datagram, length, MSG_NOSIGNAL) == -1)
		return errno;
	backlog_take(&events.backlog);
	events.written++;
	events.taken = true;
	if (events.told)
		note(&events.keeper->c, "events: %s takes them again", events.sink->word);
	events.told = 0;
	return 0;
}

static void on_writable(uv_poll_t *poll, int status, int what)
{
	int error = status < 0 ? -status : 0;
	(void)what;
	for (unsigned n = 0; n < AT_ONCE && !error && events.backlog.n > 0; n++) {
		error = send_first();
		if (events.backlog.n == 0)
			put_gap();
	}
	if (error && error != EAGAIN && error != ENOBUFS && error != EINTR) {
		if (!events.taken) {
			try_again(error);
			return;
		}
		disconnect();
		connect_now();			/* a log that was restarted has another socket there */
	} else if (events.backlog.n == 0)
		uv_poll_stop(poll);
}

static void send_soon(void)
{
	if (events.poll && !uv_is_active((uv_handle_t *)events.poll))
		uv_poll_start(events.poll, UV_WRITABLE, on_writable);
}

/* ---- the duty ---- */

static int priority(const struct event *e)
{
	switch (e->kind) {
	case EVENT_FAILED:
	case EVENT_MOVED:
	case EVENT_EVICTED: return LOG_WARNING;
	default: return LOG_INFO;
	}
}

static void on_event(struct keeper *k, const struct event *e)
{
	char sentence[SENTENCE_TEXT], message[SENTENCE_TEXT + 16];
	struct event_words w;
	event_words(&k->c.table, e, &w);
	event_sentence(&w, sentence);
	snprintf(message, sizeof message, "%s %s", w.text[FIELD_EVENT], sentence);
	struct entry entry = {.priority = priority(e), .message = message};
	for (enum event_field f = 0; f < EVENT_FIELDS; f++) {
		if (!w.text[f])
			continue;
		entry.field[entry.n].key = event_field_key(f);
		entry.field[entry.n++].value = w.text[f];
	}
	events.gap += !put_gap() || !put(&entry);
	send_soon();
}

static void on_lost(struct keeper *k, uint64_t n)
{
	(void)k;
	events.gap += n;
	put_gap();
	send_soon();
}

static bool start(struct keeper *k)
{
	events.keeper = k;
	events.sink = &sinks[k->conf.events];
	if (uv_timer_init(k->loop, &events.again) != 0)
		return complain(&k->c, "events: the loop has no room"), false;
	connect_now();
	return true;
}

static void expose(struct keeper *k, struct exposition *x)
{
	(void)k;
	expose_metric(x, METRIC_COUNTER, "pinkeeper_events_written_total", "Entries that were written into the log.");
	expose_sample(x, (double)events.written, "log", events.sink->word, NULL);
	expose_metric(x, METRIC_COUNTER, "pinkeeper_events_lost_total", "Events that are missing in the log, each in an entry \"N events lost\".");
	expose_sample(x, (double)(events.lost + events.gap), "log", events.sink->word, NULL);
	expose_metric(x, METRIC_GAUGE, "pinkeeper_events_waiting", "Entries that wait to be written.");
	expose_sample(x, (double)events.backlog.n, "log", events.sink->word, NULL);
	expose_metric(x, METRIC_GAUGE, "pinkeeper_events_up", "Is the log there?");
	expose_sample(x, events.poll != NULL, "log", events.sink->word, NULL);
}

/* Nothing else is to be done any more: here it waits for the log, though not for long. */
static void stop(struct keeper *k)
{
	const uint64_t until = now_ms() + LAST_MS;
	int error = events.poll ? 0 : ENOTCONN;
	put_gap();
	while (events.backlog.n > 0 && !error && now_ms() < until) {
		error = send_first();
		if (error == EAGAIN)
			error = poll(&(struct pollfd){.fd = events.fd, .events = POLLOUT}, 1, LAST_MS) == 1 ? 0 : ETIMEDOUT;
	}
	if (events.backlog.n > 0)
		note(&k->c, "events: %zu not written", events.backlog.n);
	disconnect();
	uv_close((uv_handle_t *)&events.again, NULL);
	backlog_free(&events.backlog);
}

const struct duty events_duty = {
	.name = "events", .start = start, .event = on_event, .lost = on_lost, .expose = expose, .stop = stop,
};
