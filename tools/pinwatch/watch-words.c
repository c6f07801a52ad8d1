/* watch-words.c: the words that say what to watch, as the commands which watch share them. See pinwatch.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cgroup.h"
#include "tools/pinwatch/pinwatch.h"

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

const char *watch_cgroup(const struct watch_words *w)
{
	static char path[PATH_MAX];
	return w->cgroup && strcmp(w->cgroup, "none") != 0 && cgroup_path(w->cgroup, path) ? path : w->cgroup;
}
