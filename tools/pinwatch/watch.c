/*
 * watch.c: load, attach, watch until told to end. See watch.h.
 *
 * One thread waits for events of the kernel and reports them; each table has another,
 * which keeps its addresses watched (tables.c). SIGTERM and SIGINT end it with exit 0.
 * However it ends, the kernel takes the programs away with their descriptors.
 */
#include "tools/pinwatch/watch.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tools/common/cgroup.h"
#include "tools/common/notify.h"
#include "tools/pinwatch/connects.h"
#include "tools/pinwatch/datagrams.h"
#include "tools/pinwatch/icmp.h"
#include "tools/pinwatch/status.h"

/* ---- words ---- */

static error_t add(const char **list, size_t *n, size_t most, const char *option, char *arg)
{
	if (*arg == '\0')
		return misused(NULL, "%s: an empty word", option), EINVAL;
	if (*n == most)
		return misused(NULL, "%s: too many: %s", option, arg), EINVAL;
	list[(*n)++] = arg;
	return 0;
}

static error_t seconds(const char *arg, uint32_t *out)
{
	char *end;
	errno = 0;
	const long long n = strtoll(arg, &end, 10);
	if (end == arg || *end || errno || n < 1 || n > UINT32_MAX)
		return misused(NULL, "--idle: not a number of seconds: %s", arg), EINVAL;
	*out = (uint32_t)n;
	return 0;
}

error_t watch_table(char *arg, struct watch_words *w)
{
	for (size_t i = 0; i < w->tables; i++)
		if (strcmp(w->table[i], arg) == 0)
			return 0;
	return add(w->table, &w->tables, TABLES_MAX, "--table", arg);
}

error_t watch_word(int key, char *arg, struct watch_words *w)
{
	switch (key) {
	case KEY_NETNS: return add(w->netns, &w->spaces, SPACES_MAX - 1, "--netns", arg);
	case KEY_CGROUP:
		if (w->cgroup || *arg == '\0' || *arg == '-')
			return misused(NULL, "--cgroup: %s: '%s'", w->cgroup ? "one only" : "no path", arg), EINVAL;
		w->cgroup = arg;
		return 0;
	case KEY_IDLE: return seconds(arg, &w->idle_s);
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* The cgroup's path, or "none", or NULL. Without a cgroup2 mount it is as it stands, and will not be found. */
static const char *cgroup_of(const struct watch_words *w)
{
	static char path[PATH_MAX];
	return w->cgroup && strcmp(w->cgroup, "none") != 0 && cgroup_path(w->cgroup, path) ? path : w->cgroup;
}

/* ---- all of it ---- */

struct watch {
	struct probes probes;
	struct spaces spaces;
	struct tables tables;
	struct report report;
	struct doubts doubts;
	struct ring_buffer *rings;
	int epoll, signals, timer, status;
	char status_path[STATUS_PATH];
	uint64_t lost_told;
	bool stop;
	const struct observer *observer;
};

/* What an epoll event is of, in its data: one of these, or a space's sockets from SOURCE_SPACE. */
enum source { SOURCE_RINGS, SOURCE_SIGNALS, SOURCE_TIMER, SOURCE_STATUS, SOURCE_SPACE };

static void listen_to(struct watch *w, int fd, unsigned source)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = source};
	if (fd != -1)
		epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e);
}

/* ---- events ---- */

static void tell_tables(struct watch *w);

/* What happens between the replacing of a table and the timer is the new one's. */
static void keep_up(struct watch *w)
{
	if (tables_retired(&w->tables) && tables_look(&w->tables))
		tell_tables(w);
}

static struct sender_key flow_of(const struct watch_event *e)
{
	return (struct sender_key){.peer = e->peer, .port = e->port, .own_port = e->own_port};
}

/* Did the datagram before meet the same? This one was sent at `sent`, 0: nobody saw that. */
static bool is_met_again(struct watch *w, const struct watch_event *e, uint64_t sent)
{
	const struct sender_key flow = flow_of(e);
	struct sender sender;
	return doubts_lately(sent, e->now) && probes_sender(&w->probes, &flow, &sender) &&
	       doubts_met_again(&w->doubts, &flow, sent, sender.heard);
}

/* The kernel finds a connected socket by ports and addresses alone. What else an error quotes, the raw socket gets. */
static bool is_believed(struct watch *w, const struct watch_event *e)
{
	const struct sender_key flow = flow_of(e);
	struct sender sender;
	return e->what != WATCH_REFUSED || w->observer ||
	       (probes_sender(&w->probes, &flow, &sender) && is_met_again(w, e, sender.last));
}

static int on_event(void *ctx, void *data, size_t size)
{
	struct watch *w = ctx;
	keep_up(w);
	if (size >= sizeof(struct watch_event) && is_believed(w, data))
		report_event(&w->report, data);
	return 0;
}

static int on_message(void *ctx, void *data, size_t size)
{
	struct watch *w = ctx;
	const struct watch_message *m = data;
	keep_up(w);
	if (size >= offsetof(struct watch_message, text) && m->length <= size - offsetof(struct watch_message, text))
		report_message(&w->report, m);
	return 0;
}

static int on_wake(void *ctx, void *data, size_t size)
{
	struct watch *w = ctx;
	switch (size > 0 ? *(const uint8_t *)data : 0) {
	case WAKE_SENT: datagrams_wanted(&w->probes); break;
	case WAKE_CONNECTED: datagrams_hint(&w->probes, &w->spaces); break;
	case WAKE_CONNECTS: connects_wanted(&w->probes); break;
	}
	return 0;
}

/* An ICMP error is anybody's to forge: was it sent, what this one quotes? */
static bool was_sent(struct watch *w, const struct icmp_error *error)
{
	const struct sent_key key = {.flow = flow_of(&error->event), .quote = error->quote};
	const uint64_t sent = probes_quoted(&w->probes, &key);
	return error->text ? doubts_lately(sent, error->event.now) : is_met_again(w, &error->event, sent);
}

static void on_icmp(struct watch *w, const struct space *s, bool v6)
{
	struct icmp_error error;
	enum icmp_status got;
	keep_up(w);
	for (int i = 0; i < 256 && (got = icmp_read(v6 ? s->icmpv6 : s->icmp, v6, s->cookie, &error)) != ICMP_NO_MORE; i++)
		if (got == ICMP_EVENT && was_sent(w, &error))
			report_event(&w->report, &error.event);
}

static void on_signal(struct watch *w)
{
	struct signalfd_siginfo info;
	if (read(w->signals, &info, sizeof info) == sizeof info)
		w->stop = true;
}

/* ---- tables ---- */

static void tell_tables(struct watch *w)
{
	for (size_t i = 0; i < w->tables.n; i++) {
		const struct served *s = &w->tables.served[i];
		if (!w->tables.named && i > 0 && s->state == TABLE_ABSENT)
			continue;		/* as most are */
		if (s->state != TABLE_SERVED || (!s->table.writable && !w->observer))
			note(NULL, "%s: %s", s->path, served_text(s));
		else if (!spaces_has(&w->spaces, s->netns))
			note(NULL, "%s: of another network namespace: its ICMP errors are not heard; name it with --netns", s->path);
		else if (w->report.verbose)
			note(NULL, "%s: %u addresses watched", s->path, s->watched);
	}
}

static void tell_cgroup(const struct watch *w)
{
	const struct probe *p = &w->probes.probe[PROBE_SEND];
	note(NULL, "%s: %s", w->probes.cgroup,
	     p->attached ? "was made again, and is watched" : "was removed: its datagrams are not seen");
}

/* Once a second: tables that come or were replaced, a cgroup that was made again; losses. */
static void on_timer(struct watch *w)
{
	uint64_t times, lost = probes_lost(&w->probes);
	if (read(w->timer, &times, sizeof times) == -1)
		return;
	if (tables_look(&w->tables))
		tell_tables(w);
	if (datagrams_renew(&w->probes))
		tell_cgroup(w);
	datagrams_tend(&w->probes, &w->spaces);
	connects_tend(&w->probes);
	if (lost > w->lost_told && w->observer)
		w->observer->lost(lost - w->lost_told);
	else if (lost > w->lost_told)
		note(NULL, "%llu events lost: the ring was full", (unsigned long long)(lost - w->lost_told));
	w->lost_told = lost;
}

/* ---- start ---- */

static bool take_signals(struct watch *w)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);
	return w->signals != -1;
}

static bool open_rings(struct watch *w)
{
	int events = probes_events(&w->probes), messages = probes_messages(&w->probes);
	if (events >= 0)
		w->rings = ring_buffer__new(events, on_event, w, NULL);
	if (messages >= 0 && w->rings)
		ring_buffer__add(w->rings, messages, on_message, w);
	else if (messages >= 0)
		w->rings = ring_buffer__new(messages, on_message, w, NULL);
	if (messages >= 0 && w->rings)
		ring_buffer__add(w->rings, probes_wakes(&w->probes), on_wake, w);
	return w->rings || (events < 0 && messages < 0);
}

static bool listen_all(struct watch *w)
{
	const struct itimerspec second = {.it_interval.tv_sec = 1, .it_value.tv_sec = 1};
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->epoll == -1 || w->timer == -1)
		return false;
	timerfd_settime(w->timer, 0, &second, NULL);
	w->status = w->observer ? -1 : status_open(w->status_path);
	if (w->rings)
		listen_to(w, ring_buffer__epoll_fd(w->rings), SOURCE_RINGS);
	listen_to(w, w->signals, SOURCE_SIGNALS);
	listen_to(w, w->timer, SOURCE_TIMER);
	listen_to(w, w->status, SOURCE_STATUS);
	for (unsigned i = 0; i < w->spaces.n; i++) {
		listen_to(w, w->spaces.space[i].icmp, SOURCE_SPACE + 2 * i);
		listen_to(w, w->spaces.space[i].icmpv6, SOURCE_SPACE + 2 * i + 1);
	}
	return true;
}

/* One line for each that is not there. False: none is. */
static bool tell_probes(const struct watch *w)
{
	bool any = false;
	for (unsigned i = 0; i < PROBES_ALL; i++) {
		const struct probe *p = &w->probes.probe[i];
		any |= p->attached;
		if (!p->attached && !p->unwanted)
			note(NULL, "%s: not attached, so %s are not seen: %s", p->name, p->sees, p->why);
	}
	return any;
}

/* The tables that are named, or the usual ones: the system's may come after the private one that stood in for it. */
static int choose_tables(struct context *c, const struct watch_words *words, struct tables *t)
{
	char path[TABLE_PATH];
	bool own;
	if (c->table_arg && !tables_add(t, c->table_arg))
		return misused(c, "--table: path too long: %s", c->table_arg);
	for (size_t i = 0; i < words->tables; i++)
		if (!tables_add(t, words->table[i]))
			return misused(NULL, "--table: path too long: %s", words->table[i]);
	t->named = t->n > 0;
	for (unsigned n = 0; !t->named && table_path(c, n, path, &own); n++)
		tables_add(t, path);
	return t->n > 0 ? DONE : FAILED;
}

/* Another pinwatch has them, all that are named or the usual one that is there: then there is nothing to do here. */
static bool all_busy(const struct tables *t)
{
	size_t busy = 0, served = 0;
	for (size_t i = 0; i < t->n; i++) {
		busy += t->served[i].state == TABLE_BUSY;
		served += t->served[i].state == TABLE_SERVED;
	}
	return t->named ? busy == t->n : busy > 0 && served == 0;
}

static int start(struct watch *w, const struct watch_words *words)
{
	probes_load(&w->probes, cgroup_of(words), words->idle_s ? words->idle_s : DATAGRAMS_IDLE_S);
	datagrams_open(&w->probes);
	connects_open(&w->probes, w->observer != NULL);	/* who looks on misses no connect, whatever it costs */
	spaces_open(&w->spaces, words->netns, words->spaces, &w->probes);
	if (!tell_probes(w))
		return complain(NULL, "nothing can be watched");
	if (!open_rings(w))
		return complain(NULL, "events cannot be read: %s", strerror(errno));
	w->tables.probes = &w->probes;
	w->tables.netns = w->spaces.space[0].cookie;
	w->tables.look_only = words->dry_run;
	w->report = (struct report){.tables = &w->tables, .probes = &w->probes, .look_only = words->dry_run,
				    .verbose = words->verbose, .observer = w->observer ? w->observer->event : NULL};
	tables_guard(&w->tables);
	tables_look(&w->tables);
	tell_tables(w);
	if (all_busy(&w->tables))
		return FAILED;
	return listen_all(w) ? DONE : complain(NULL, "events cannot be waited for: %s", strerror(errno));
}

static void run(struct watch *w)
{
	struct epoll_event e[16];
	while (!w->stop) {
		int ms = w->observer ? w->observer->due() : -1;
		if (ms == OBSERVER_ENDS)
			break;
		int n = epoll_wait(w->epoll, e, sizeof e / sizeof *e, ms);
		for (int i = 0; i < n; i++) {
			const unsigned source = e[i].data.u32;
			switch (source) {
			case SOURCE_RINGS: ring_buffer__consume(w->rings); break;
			case SOURCE_SIGNALS: on_signal(w); break;
			case SOURCE_TIMER: on_timer(w); break;
			case SOURCE_STATUS: status_answer(w->status, &w->report, &w->spaces); break;
			default:
				on_icmp(w, &w->spaces.space[(source - SOURCE_SPACE) / 2], (source - SOURCE_SPACE) % 2);
			}
		}
	}
}

static void end(struct watch *w)
{
	ring_buffer__free(w->rings);
	probes_close(&w->probes);
	spaces_close(&w->spaces);
	tables_close(&w->tables);
	status_close(w->status, w->status_path);
}

int watch_run(struct context *c, const struct watch_words *words, const struct observer *observer,
	      const struct tables **tables)
{
	static struct watch w = {.status = -1, .epoll = -1};
	int status = choose_tables(c, words, &w.tables);
	if (status != DONE)
		return status;
	w.observer = observer;
	if (tables)
		*tables = &w.tables;
	status = take_signals(&w) ? start(&w, words) : complain(NULL, "signals cannot be waited for: %s", strerror(errno));
	if (status == DONE) {
		if (!observer)
			notify("READY=1");
		run(&w);
		if (observer)
			observer->end();
		else
			notify("STOPPING=1");
	}
	end(&w);
	return status;
}
