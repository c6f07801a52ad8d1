/* inherit.c: see inherit.h. Each installation leaves its pinctl in LIBDIR under the signature of its layout. */
#include "inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "saved.h"
#include "tables.h"

#define KEPT LIBDIR "/stickydns/pinctl.%08x"

/* What that `pinctl` saves of the table at `path`. DONE, or FAILED after one line. */
static int save_by(const struct context *c, const char *pinctl, const char *path, struct saved *out)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) == -1)
		return complain(c, "%s", strerror(errno));
	const pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl(pinctl, "pinctl", "-t", path, "save", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	FILE *text = pid == -1 ? NULL : fdopen(ends[0], "r");
	int status = text ? saved_load(c, text, path, out) : complain(c, "%s", strerror(errno));
	if (text)
		fclose(text);
	else
		close(ends[0]);
	if (pid != -1)
		waitpid(pid, NULL, 0);
	return status;
}

static void take(const struct context *c, const char *path, const struct table_seen *old)
{
	char pinctl[256];
	struct saved s = {0};
	struct context into = {.command = c->command, .table_arg = path};
	snprintf(pinctl, sizeof pinctl, KEPT, old->signature);
	if (access(pinctl, X_OK) == -1)
		note(c, "%s: not taken over, for there is no %s: its own pinctl can save it, for restore", old->path, pinctl);
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
