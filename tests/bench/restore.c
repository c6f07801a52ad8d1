/*
 * restore: CPU time that `pinctl restore` takes for 100,000 names, beside a pinctl that only says its version.
 *
 *	restore PINCTL DIR
 *
 * Each name has a pin, every twentieth by hand, and three addresses that DNS gave: of its own, or the same three. Each
 * run restores into a new table in DIR. Makes sure that the table has them all then. Last, all are pins by hand, and the
 * table is full of auto pins of other names, which give way.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/pins/view.h"
#include "policy/table/file.h"
#include "tests/bench/measure.h"

enum { NAMES = 100000, TABLE_NAMES = 150000, TEXT = 1024 };

static char pinctl[TEXT], table[TABLE_PATH], saved[TEXT], others[TEXT];

/* Nanoseconds of CPU time. */
static uint64_t run_pinctl(const char *word, const char *option, const char *value)
{
	posix_spawn_file_actions_t silent;
	struct rusage used;
	char program[TEXT], words[5][TEXT];
	char *argv[] = {program, words[0], words[1], words[2], words[3], value ? words[4] : NULL, NULL};
	char *environment[] = {NULL};
	const char *text[] = {"-t", table, word, option, value};
	int status;
	pid_t pid;
	snprintf(program, sizeof program, "%s", pinctl);
	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		snprintf(words[i], sizeof words[i], "%s", text[i] ? text[i] : "");
	posix_spawn_file_actions_init(&silent);
	posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&silent, STDOUT_FILENO, STDERR_FILENO);	/* a few auto pins have no room */
	const int error = posix_spawn(&pid, pinctl, &silent, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&silent);
	if (error)
		broken("%s: %s", pinctl, strerror(error));
	if (wait4(pid, &status, 0, &used) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		broken("pinctl %s failed", word);
	return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000;
}

/* The k-th of the addresses of the i-th name. */
static void write_address(FILE *f, bool own, unsigned i, unsigned k)
{
	const unsigned n = own ? 3 * i + k : k;
	fprintf(f, " 10.%u.%u.%u", 1 + n / 65536, n / 256 % 256, n % 256);
}

static void write_saved(bool own)
{
	FILE *f = fopen(saved, "w");
	if (!f)
		broken("%s: %s", saved, strerror(errno));
	fputs("stickydns 2\n", f);
	for (unsigned i = 0; i < NAMES; i++) {
		fprintf(f, "%s sip%u.customer.example.com", i % 20 == 0 ? "set" : "auto", i);
		write_address(f, own, i, 0);
		fprintf(f, "\nseen sip%u.customer.example.com 2026-11-30T12:00:00Z", i);
		for (unsigned k = 0; k < 3; k++)
			write_address(f, own, i, k);
		fputc('\n', f);
	}
	fputs("end\n", f);
	if (fclose(f) != 0)
		broken("%s: %s", saved, strerror(errno));
}

/* One pin a name, each with an address of its own. */
static void write_pins(const char *path, const char *kind, unsigned names, const char *zone)
{
	FILE *f = fopen(path, "w");
	if (!f)
		broken("%s: %s", path, strerror(errno));
	fputs("stickydns 2\n", f);
	for (unsigned i = 0; i < names; i++) {
		fprintf(f, "%s sip%u.%s", kind, i, zone);
		write_address(f, true, i, 0);
		fputc('\n', f);
	}
	fputs("end\n", f);
	if (fclose(f) != 0)
		broken("%s: %s", path, strerror(errno));
}

static void check_all(void)
{
	struct table t;
	struct table_stats stats;
	if (store_open(table, &t) != STORE_OK)
		broken("%s: no table", table);
	pins_stats(&t, &stats);
	store_close(&t);
	if (stats.names < NAMES)
		broken("%u names were restored", stats.names);
}

/* `arg`: what fills the table before; or NULL. A restore takes nothing from what is as young as itself. */
static uint64_t run_restore(void *arg, enum way way, size_t n)
{
	const struct timespec pause = {.tv_nsec = NS_PER_S / 2};
	uint64_t ns = 0;
	for (size_t i = 0; i < n; i++) {
		char names[16];
		snprintf(names, sizeof names, "%d", TABLE_NAMES);
		if (way == BARE) {
			ns += run_pinctl("--version", "--version", NULL);
			continue;
		}
		unlink(table);
		run_pinctl("init", "--names", names);
		if (arg) {
			run_pinctl("restore", arg, NULL);
			nanosleep(&pause, NULL);
		}
		ns += run_pinctl("restore", saved, NULL);
		check_all();
	}
	return ns;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		broken("usage: restore PINCTL DIR");
	snprintf(pinctl, sizeof pinctl, "%s", argv[1]);
	snprintf(table, sizeof table, "%s/restored", argv[2]);
	snprintf(saved, sizeof saved, "%s/saved", argv[2]);
	snprintf(others, sizeof others, "%s/others", argv[2]);
	write_saved(true);
	measure(&(struct row){"pinctl restore, 100000 names", BOUND_NS, 2e9, run_restore, NULL, 1, 5});
	write_saved(false);
	measure(&(struct row){"the same, all with the same addresses", BOUND_NS, 2e9, run_restore, NULL, 1, 5});
	write_pins(saved, "set", NAMES, "customer.example.com");
	write_pins(others, "auto", 2 * TABLE_NAMES - 500, "full.example.com");
	measure(&(struct row){"the same, by hand, in place of auto pins", BOUND_NS, 2e9, run_restore, others, 1, 3});
	unlink(table);
	unlink(saved);
	unlink(others);
	return 0;
}
