/* cmd-status.c: pinwatch status: what the pinwatches that run here see, and what they cannot see. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/common/cgroup.h"
#include "tools/common/format.h"
#include "tools/pinwatch/commands.h"
#include "tools/pinwatch/status.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg, (void)state;
	return key == ARGP_KEY_INIT || key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct usage usage = {
	.doc = "Which probes are attached where, which tables are served, what was lost, and what came of the latest "
	       "connects. Exit 1 when no pinwatch runs here.",
	.parser = parse,
	.shows = true,
};

/* ---- asking ---- */

enum { PATIENCE_S = 1 };

/* One that is stopped takes the connection, into its backlog, and says nothing; a full backlog lets nobody in. */
static int patient_socket(void)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	}
	return fd;
}

/* NULL: nobody answers any more, or what is answered is no JSON, or this user may not ask, which *denied says. */
static json_t *ask(const char *dir, const char *name, bool *denied)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	json_error_t error;
	json_t *j = NULL;
	if (snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", dir, name) >= (int)sizeof to.sun_path)
		return NULL;
	int fd = patient_socket();
	if (fd == -1)
		return NULL;
	const bool there = connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
	if (there)
		j = json_loadfd(fd, 0, &error);
	else if (errno == ECONNREFUSED)
		unlink(to.sun_path);	/* left by one that was killed */
	*denied |= !there && errno == EACCES;
	if (!j && (there || errno == EAGAIN))
		note(NULL, "%.*s: does not answer", (int)strcspn(name, "."), name);
	close(fd);
	return j;
}

static json_t *ask_all(const char *path, bool *denied)
{
	json_t *all = json_array();
	DIR *dir = opendir(path);
	*denied = !dir && errno == EACCES;
	for (struct dirent *d; dir && (d = readdir(dir));) {
		const char *end = strrchr(d->d_name, '.');
		json_t *one = end && strcmp(end, ".sock") == 0 ? ask(path, d->d_name, denied) : NULL;
		if (one)
			json_array_append_new(all, one);
	}
	if (dir)
		closedir(dir);
	return all;
}

/* ---- showing ---- */

static const char *text(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "-";
}

static long long number(json_t *o, const char *key) { return (long long)json_integer_value(json_object_get(o, key)); }

static bool yes(json_t *o, const char *key) { return json_is_true(json_object_get(o, key)); }

static void show_table(json_t *t)
{
	const uint64_t here = store_netns();
	printf("table     %s: %s, %lld addresses watched\n", text(t, "path"), text(t, "state"), number(t, "watched"));
	if (number(t, "no_room"))
		printf("          %lld addresses found no room and are not watched\n", number(t, "no_room"));
	if (!yes(t, "served"))
		return;
	if (!yes(t, "icmp_heard"))
		puts("          wrong namespace: its ICMP errors are not heard here; name it with --netns");
	if (here && (uint64_t)number(t, "netns") != here)
		puts("          wrong namespace: it is not for programs of this network namespace");
}

static void show_probe(json_t *p)
{
	if (yes(p, "attached"))
		printf("probe     %-20s  %s%s\n", text(p, "name"), text(p, "where"),
		       *text(p, "where") == '/' && !cgroup_has_us(text(p, "where")) ?
		       " (wrong cgroup: datagrams of programs started here are not seen)" : "");
	else
		printf("probe     %-20s  not attached: %s: no %s\n", text(p, "name"), text(p, "why"), text(p, "sees"));
}

static void show_outcome(json_t *o)
{
	json_t *latency = json_object_get(o, "latency_us");
	printf("latest    %s %s %lld/%s", text(o, "what"), text(o, "address"), number(o, "port"), text(o, "transport"));
	if (json_is_integer(latency))
		printf(" latency_us %lld", (long long)json_integer_value(latency));
	printf("  (%s %lld)\n", text(o, "comm"), number(o, "pid"));
}

static void show_steering(json_t *one)
{
	json_t *table = json_array_get(json_object_get(one, "tables"), 0);
	printf("steering  %lld%s: cgroup %s, by %s: %s\n", number(one, "pid"), yes(one, "dry_run") ? " (dry run)" : "",
	       text(one, "cgroup"), text(table, "path"), text(table, "state"));
	printf("          %lld endpoints in the map, %lld connects and %lld datagrams moved\n", number(one, "endpoints"),
	       number(one, "connects"), number(one, "datagrams"));
	if (yes(one, "gone"))
		puts("          the cgroup was removed: nothing is steered until it is made again");
	if (json_is_string(json_object_get(one, "held")))
		printf("          %s: nothing is steered until it is gone\n", text(one, "held"));
	if (number(one, "no_room"))
		printf("          %lld endpoints found no room and are not steered\n", number(one, "no_room"));
	if (!yes(one, "reads"))
		puts("          what is sent cannot be read: all datagrams go to the pin, those within a dialog too");
}

static void show(json_t *one)
{
	size_t i;
	json_t *v;
	if (json_object_get(one, "cgroup")) {
		show_steering(one);
		return;
	}
	printf("pinwatch  %lld%s: %lld events, %lld outcomes, %lld lost\n", number(one, "pid"),
	       yes(one, "dry_run") ? " (dry run)" : "", number(one, "events"), number(one, "outcomes"), number(one, "lost"));
	json_array_foreach(json_object_get(one, "probes"), i, v)
		show_probe(v);
	json_array_foreach(json_object_get(one, "tables"), i, v)
		show_table(v);
	json_array_foreach(json_object_get(one, "latest"), i, v)
		show_outcome(v);
}

int cmd_status(struct context *c, int argc, char **argv)
{
	size_t i;
	json_t *one;
	int status = cmd_parse(c, &usage, argc, argv, NULL);
	if (status != DONE)
		return status;
	bool denied;
	json_t *all = ask_all(status_directory(), &denied);
	if (json_array_size(all) == 0 && denied)
		status = complain(c, "a pinwatch may run here: this user may not ask in %s (its group or root may)", status_directory());
	else if (json_array_size(all) == 0)
		status = complain(c, "no pinwatch runs here: nothing in %s answers", status_directory());
	else if (c->json)
		return json_line(all) ? DONE : complain(c, "out of memory");
	json_array_foreach(all, i, one)
		show(one);
	json_decref(all);
	return status;
}
