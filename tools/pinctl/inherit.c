/* inherit.c: see inherit.h. Each installation leaves its pinctl in LIBDIR under the signature of its layout. */
#include "tools/pinctl/inherit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/pinctl/saved.h"
#include "tools/pinctl/tables.h"

#define KEPT LIBDIR "/stickydns/pinctl.%08x"

enum { SAVE_S = 60 };			/* so long it may take */

/* False: it failed, or had to be ended, with all that it had started. */
static bool has_saved(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	int status;
	for (unsigned tries = SAVE_S * 50; tries > 0; tries--) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		nanosleep(&pause, NULL);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	return false;
}

/* Into a file, not a pipe, which whatever it leaves behind would hold open. */
static pid_t start(const char *pinctl, const char *path, int to)
{
	const struct rlimit size = {SAVED_BYTES, SAVED_BYTES};
	const pid_t pid = fork();
	if (pid != 0)
		return pid;
	setpgid(0, 0);
	setrlimit(RLIMIT_FSIZE, &size);
	dup2(to, STDOUT_FILENO);
	execl(pinctl, "pinctl", "-t", path, "save", (char *)NULL);
	_exit(127);
}

/* What that `pinctl` saves of the table at `path`. DONE, or FAILED after one line. */
static int save_by(const struct context *c, const char *pinctl, const char *path, struct saved *out)
{
	const int fd = memfd_create("saved", MFD_CLOEXEC);
	FILE *text = fd == -1 ? NULL : fdopen(fd, "r+");
	const pid_t pid = text ? start(pinctl, path, fd) : -1;
	int status;
	if (pid == -1)
		status = complain(c, "%s", strerror(errno));
	else if (!has_saved(pid))
		status = complain(c, "%s: not taken over: %s failed, or took too long", path, pinctl);
	else {
		rewind(text);
		status = saved_load(c, text, path, out);
	}
	if (text)
		fclose(text);
	return status;
}

static void take(const struct context *c, const char *path, const struct table_seen *old)
{
	char pinctl[256];
	struct saved s = {0};
	struct context into = {.command = c->command, .table_arg = path};
	snprintf(pinctl, sizeof pinctl, KEPT, old->signature);
	if (access(pinctl, X_OK) == -1)
		note(c, "%s: not taken over: there is no %s: save it with its own pinctl, then restore it", old->path, pinctl);
	else if (save_by(c, pinctl, old->path, &s) == DONE)
		saved_restore(&into, &s);
	store_close(&into.table);
	saved_free(&s);
}

void inherit(const struct context *c, const char *path)
{
	struct tables all;
	char who[HOLDERS_TEXT];
	const int status = tables_of_other_layouts(c, path, &all);
	for (size_t i = 0; status == DONE && i < all.n; i++) {
		tables_holders_text(&all, &all.table[i], who);
		note(c, "%s: a table of another layout, used by %s", all.table[i].path, who);
		take(c, path, &all.table[i]);
	}
	tables_free(&all);
}
