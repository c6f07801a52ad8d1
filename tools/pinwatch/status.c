/* status.c: see status.h. */
#include "tools/pinwatch/status.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/common/cmd.h"
#include "tools/common/format.h"
#include "tools/common/view.h"

/* ---- the object ---- */

static json_t *probes_json(const struct probes *p)
{
	json_t *all = json_array();
	for (unsigned i = 0; i < PROBES_ALL; i++) {
		const struct probe *b = &p->probe[i];
		json_array_append_new(all, json_pack("{s:s, s:s, s:b, s:o, s:o}", "name", b->name, "sees", b->sees, "attached",
						     (int)b->attached, "where", json_text(b->where), "why",
						     json_text(b->attached ? "" : b->why)));
	}
	return all;
}

static json_t *table_json(const struct served *t, const struct spaces *s)
{
	char path[TABLE_PATH];
	text_safe(t->path, path, sizeof path);
	return json_pack("{s:s, s:s, s:b, s:I, s:b, s:I, s:I}", "path", path, "state", served_text(t), "served",
			 (int)(t->state == TABLE_SERVED), "netns", (json_int_t)t->netns, "icmp_heard",
			 (int)spaces_has(s, t->netns), "watched", (json_int_t)t->watched, "no_room", (json_int_t)t->refused);
}

static json_t *outcome_json(const struct outcome_seen *o)
{
	char comm[WATCH_COMM];
	text_safe(o->comm, comm, sizeof comm);
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:I, s:s, s:o}", "time_ns", (json_int_t)o->time_ns, "what",
			 cause_text(o->finding.cause), "address", json_address(NULL, &o->endpoint.addr), "port",
			 port_json(o->endpoint.port), "transport", transport_json(o->endpoint.transport), "pid",
			 (json_int_t)o->pid, "comm", comm, "latency_us",
			 o->latency_us == UINT64_MAX ? json_null() : json_integer((json_int_t)o->latency_us));
}

static json_t *status_json(const struct report *r, const struct spaces *s)
{
	json_t *tables = json_array(), *outcomes = json_array();
	for (size_t i = 0; i < r->tables->n; i++)
		json_array_append_new(tables, table_json(&r->tables->served[i], s));
	uint64_t first = r->outcomes > RECENT_OUTCOMES ? r->outcomes - RECENT_OUTCOMES : 0;
	for (uint64_t i = first; i < r->outcomes; i++)
		json_array_append_new(outcomes, outcome_json(&r->seen[i % RECENT_OUTCOMES]));
	return json_pack("{s:I, s:b, s:I, s:I, s:I, s:o, s:o, s:o}", "pid", (json_int_t)getpid(), "dry_run",
			 (int)r->look_only, "events", (json_int_t)r->events, "outcomes", (json_int_t)r->outcomes, "lost",
			 (json_int_t)probes_lost(r->probes), "probes", probes_json(r->probes), "tables", tables, "latest",
			 outcomes);
}

/* ---- the socket ---- */

const char *status_directory(void)
{
	const char *dir = secure_getenv("RUNTIME_DIRECTORY");
	return dir && *dir ? dir : "/run/pinwatch";
}

static int given_up(int fd)
{
	const int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Bound and listening as `at`; what is there already was left by an earlier process with our number. -1: errno tells. */
static int listen_at(const char *at)
{
	struct sockaddr_un here = {.sun_family = AF_UNIX};
	snprintf(here.sun_path, sizeof here.sun_path, "%s", at);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	unlink(at);
	if (bind(fd, (const struct sockaddr *)&here, sizeof here) == -1 || chmod(at, 0660) == -1 || listen(fd, 8) == -1)
		return given_up(fd);
	return fd;
}

/* The socket has its name only once it listens: who asks takes one that refuses for a dead one's, and removes it. */
static int open_in(const char *dir, char path[static STATUS_PATH])
{
	char early[STATUS_PATH];
	const int pid = (int)getpid();
	if (mkdir(dir, 0755) == -1 && errno != EEXIST)
		return -1;
	snprintf(early, sizeof early, "%s/%d.new", dir, pid);
	snprintf(path, STATUS_PATH, "%s/%d.sock", dir, pid);
	int fd = listen_at(early);
	return fd == -1 || rename(early, path) == 0 ? fd : given_up(fd);
}

int status_open(char path[static STATUS_PATH])
{
	const char *dir = status_directory();
	int fd = open_in(dir, path);
	if (fd == -1) {
		note(NULL, "%s: %s: `pinwatch status` will not find this one", dir, strerror(errno));
		path[0] = '\0';
	}
	return fd;
}

void status_close(int fd, const char *path)
{
	if (fd != -1)
		close(fd);
	if (*path)
		unlink(path);
}

void status_give(int fd, json_t *(*make)(void *arg), void *arg)
{
	int to = fd == -1 ? -1 : accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (to == -1)
		return;
	json_t *j = make(arg);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	if (text)
		send(to, text, strlen(text), MSG_NOSIGNAL);	/* some kilobytes: they fit, or the asker is no friend */
	free(text);
	json_decref(j);
	close(to);
}

struct watched {
	const struct report *report;
	const struct spaces *spaces;
};

static json_t *watched_json(void *arg)
{
	const struct watched *w = arg;
	return status_json(w->report, w->spaces);
}

void status_answer(int fd, const struct report *r, const struct spaces *s)
{
	status_give(fd, watched_json, &(struct watched){r, s});
}
