/* cmd-check.c: pinctl check [FILE]: would reload take it? Or an example of one. */
#include "tools/pinctl/commands.h"
#include "tools/common/conf.h"

struct words {
	const char *file;
	bool defaults;
};

enum { KEY_DEFAULTS = 0x2000 };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	if (key == KEY_DEFAULTS)
		return w->defaults = true, 0;
	if (key != ARGP_KEY_ARG || state->arg_num > 0)
		return ARGP_ERR_UNKNOWN;
	w->file = arg;
	return 0;
}

static const struct argp_option options[] = {
	{"defaults", KEY_DEFAULTS, NULL, 0, "write an example with all keys and their defaults, and read no file", 0},
	{0},
};

static const struct usage usage = {
	.args_doc = "[FILE]\n--defaults",
	.doc = "Look for errors in FILE (" CONF_PATH "): would reload take it? Says nothing, and exits with 0, if there are "
	       "none.",
	.options = options,
	.parser = parse,
};

int cmd_check(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	struct conf f = {0};
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE && w.defaults && w.file)
		status = misused(c, "either --defaults or a FILE: %s", w.file);
	if (status == DONE && w.defaults)
		return conf_print_defaults(), DONE;
	if (status == DONE)
		status = conf_read(c, w.file ? w.file : CONF_PATH, &f);
	conf_free(&f);
	return status;
}
