/*
 * pinwatch.c: the front door: the table of commands.
 *
 * A first word that is an option, or none, means to watch.
 */
#include "policy/base/clock.h"
#include "tools/pinwatch/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command {
	const char *name;
	int (*run)(struct context *c, int argc, char **argv);
} commands[] = {
	{"watch", cmd_watch},
	{"status", cmd_status},
	{"trace", cmd_trace},
	{"steer", cmd_steer},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static int dispatch(struct context *c, int argc, char **argv)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		c->command = argv[0];
		return commands[i].run(c, argc, argv);
	}
	return misused(c, "no such command: '%s'", argv[0]);
}

/* Standard descriptors that were closed: else a table or a program of the kernel would be one, and be written to. */
static void fill_standard(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

int main(int argc, char **argv)
{
	struct context c = {0};
	program = "pinwatch";
	now_start();
	fill_standard();
	if (argc < 1)
		return MISUSED;
	int status = argc > 1 && argv[1][0] != '-' ? dispatch(&c, argc - 1, argv + 1) : cmd_watch(&c, argc, argv);
	store_close(&c.table);
	return status;
}
