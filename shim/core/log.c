/* log.c: log lines. See log.h. */
#include "shim/core/log.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/base/date.h"
#include "policy/base/environment.h"
#include "policy/pins/srv.h"
#include "shim/core/libc.h"
#include "shim/core/undisturbed.h"

enum { LINE = 1024 };
enum target { NOWHERE, TO_STDERR, TO_SYSLOG, TO_FILE };
enum level { LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

static enum target target;
static enum level level = LEVEL_INFO;
static char path[ENVIRONMENT_LOG];

void log_start(void)
{
	const char *to = getenv("STICKYDNS_LOG"), *want = getenv("STICKYDNS_LEVEL");
	if (want)
		level = strcmp(want, "warning") == 0 ? LEVEL_WARNING : strcmp(want, "debug") == 0 ? LEVEL_DEBUG : LEVEL_INFO;
	if (!to || !*to)
		return;
	target = strcmp(to, "stderr") == 0 ? TO_STDERR : strcmp(to, "syslog") == 0 ? TO_SYSLOG : TO_FILE;
	if (target == TO_FILE && snprintf(path, sizeof path, "%s", to) >= (int)sizeof path)
		target = NOWHERE;
}

bool log_wanted(void) { return target != NOWHERE; }

/* RFC 3164 form on the local socket; user facility (1), severity by level. */
static void to_syslog(enum level l, const char *line, size_t len)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	char message[LINE + 16];
	int n = snprintf(message, sizeof message, "<%d>%.*s", 1 << 3 | (l == LEVEL_WARNING ? 4 : l == LEVEL_INFO ? 6 : 7),
			 (int)len, line);
	int fd = real()->socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return;
	if (n > 0)
		real()->sendto(fd, message, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&sa, sizeof sa);
	real()->close(fd);
}

/* A write past RLIMIT_FSIZE would end the program with SIGXFSZ. */
static bool size_allowed(int fd, size_t len)
{
	struct stat st;
	struct rlimit limit;
	return fstat(fd, &st) == 0 && getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	       (!S_ISREG(st.st_mode) || (rlim_t)st.st_size + len <= limit.rlim_cur);
}

/* Not if nobody reads (SIGPIPE would end the program), nor if it would block. */
static void to_stderr(const char *line, size_t len)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	if (poll(&p, 1, 0) != 1 || p.revents != POLLOUT || !size_allowed(STDERR_FILENO, len))
		return;
	ssize_t lost = real()->write(STDERR_FILENO, line, len);
	(void)lost;
}

/* Not ours is a file of another user's, and one with a second name: who planted it chose where our lines go. */
static bool is_ours(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) && (!S_ISREG(st.st_mode) || st.st_nlink == 1);
}

/* A file has nobody who adds the time to each line. */
static void to_file(const char *text, size_t text_len)
{
	char line[TIME_TEXT + LINE];
	time_iso(now_ns(CLOCK_REALTIME), line);
	size_t len = strlen(line);
	line[len++] = ' ';
	memcpy(line + len, text, text_len);
	len += text_len;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd == -1)
		return;
	ssize_t lost = is_ours(fd) && size_allowed(fd, len) ? real()->write(fd, line, len) : 0;
	(void)lost;
	real()->close(fd);
}

/* `line` has room for the newline. The program's call may be no cancellation point, as open(2) and write(2) are. */
static void put_line(enum level l, char *line, int n)
{
	if (n < 0)
		return;
	const int cancel = cancel_defer();
	size_t len = (size_t)n < LINE - 1 ? (size_t)n : LINE - 2;
	line[len++] = '\n';
	if (target == TO_STDERR)
		to_stderr(line, len);
	else if (target == TO_SYSLOG)
		to_syslog(l, line, len - 1);
	else if (target == TO_FILE)
		to_file(line, len);
	cancel_allow(cancel);
}

enum { ENDPOINT_TEXT = TARGET_TEXT + 16 };

/* "127.0.0.11", and " port 5060/tcp" behind it where the endpoint is known. */
static void endpoint_text(const struct table *t, const struct event *e, char out[static ENDPOINT_TEXT])
{
	target_format(t, &e->addr, out);
	size_t len = strlen(out);
	if (e->port)
		snprintf(out + len, ENDPOINT_TEXT - len, " port %u/%s", e->port, transport_text(e->transport));
}

void log_event(const struct table *t, const struct event *e)
{
	enum level l = e->kind == EVENT_FAILED || e->kind == EVENT_MOVED ? LEVEL_WARNING : LEVEL_INFO;
	char line[LINE], to[ENDPOINT_TEXT] = "", from[TARGET_TEXT] = "";
	if (l > level)
		return;
	if (e->has_addr)
		endpoint_text(t, e, to);
	if (e->has_old)
		target_format(t, &e->old, from);
	const char *error = cause_errno(e->cause);
	const char *const about = e->name[0] ? e->name : e->kind == EVENT_REPLACED ? "table" : "endpoint";
	int n = snprintf(line, sizeof line, "stickydns: %s[%u]: %s%s%s%s%s%s%s (%s)", e->comm, e->pid,
			 about, e->name[0] ? ": " : " ", event_kind_text(e->kind),
			 from[0] ? " from " : "", from, to[0] ? (from[0] ? " to " : " ") : "", to,
			 error[0] ? error : cause_text(e->cause));
	put_line(l, line, n);
}

void log_lookup(const struct table *t, const char *name, const struct address *a, bool is_explicit)
{
	char line[LINE], to[TARGET_TEXT];
	enum level l = is_explicit ? LEVEL_INFO : LEVEL_DEBUG;
	if (l > level || target == NOWHERE)
		return;
	target_format(t, a, to);
	int n = snprintf(line, sizeof line, "stickydns: %s[%d]: %s: %s %s", t->comm, (int)getpid(), name,
			 is_explicit ? "explicitly pinned to" : "pinned to", to);
	put_line(l, line, n);
}
