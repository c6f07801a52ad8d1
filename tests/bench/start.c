/*
 * start: how much later a program ends when the shim is loaded into it.
 *
 *	start SHIM
 *
 * Runs /bin/true, from posix_spawn to waitpid, without and with LD_PRELOAD=SHIM and
 * the table at $STICKYDNS_TABLE. Makes sure first that the shim gets into it: where
 * there is no table its constructor makes one.
 */
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "tests/bench/measure.h"

static const char program[] = "/bin/true";

static char preload[4096], table[4096];
static char *environments[WAYS][3] = {{table}, {table, preload}};

static void run_one(enum way way)
{
	char name[sizeof program];
	char *argv[] = {strcpy(name, program), NULL};
	int status;
	pid_t pid;
	int error = posix_spawn(&pid, program, NULL, NULL, argv, environments[way]);
	if (error)
		broken("%s: %s", program, strerror(error));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		broken("%s failed", program);
}

static uint64_t run_starts(void *arg, enum way way, size_t n)
{
	(void)arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		run_one(way);
	return bench_ns() - start;
}

static void put_variable(char *to, size_t size, const char *name, const char *value)
{
	if (snprintf(to, size, "%s=%s", name, value) >= (int)size)
		broken("%s is too long", name);
}

/* The shim gets into the program: it makes a table where there is none. */
static void check(const char *path)
{
	char probe[2048];
	if (snprintf(probe, sizeof probe, "%s.probe", path) >= (int)sizeof probe)
		broken("%s is too long", path);
	put_variable(table, sizeof table, "STICKYDNS_TABLE", probe);
	run_one(BARE);
	if (access(probe, F_OK) == 0)
		broken("there is a table without the shim");
	run_one(OURS);
	if (access(probe, F_OK) == -1)
		broken("the shim does not get into %s", program);
	unlink(probe);
	put_variable(table, sizeof table, "STICKYDNS_TABLE", path);
}

int main(int argc, char **argv)
{
	const char *path = getenv("STICKYDNS_TABLE");
	if (argc != 2 || !path)
		broken("usage: STICKYDNS_TABLE=PATH start SHIM");
	if (access(path, R_OK) == -1)
		broken("%s: %s", path, strerror(errno));
	put_variable(preload, sizeof preload, "LD_PRELOAD", argv[1]);
	check(path);
	measure(&(struct row){"program start, with a table there", BOUND_NS, 500000, run_starts, NULL, 2, 401});
	return 0;
}
