/* cmd-check.c: pinctl check [FILE]: would reload take it? Or an example of one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/conf.h"
#include "tools/common/format.h"
#include "tools/pinctl/commands.h"

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
	.shows = true,
};

/* The complaint is "FILE:LINE: what", or "FILE: what". */
static json_t *line_json(const char *file, const char *complaint)
{
	const size_t len = strlen(file);
	const bool starts = strncmp(complaint, file, len) == 0 && complaint[len] == ':';
	const int line = starts ? atoi(complaint + len + 1) : 0;
	return line > 0 ? json_integer(line) : json_null();
}

static int check_json(const struct context *c, const char *file, struct conf *f)
{
	char complaint[COMPLAINT_TEXT] = "";
	struct context quiet = *c;
	quiet.complaint = complaint;
	const int status = conf_read(&quiet, file, f);
	const bool whole = json_line(json_pack("{s:o, s:b, s:o, s:o}", "file", json_words(file), "good", status == DONE, "error",
					       json_words(complaint), "line", line_json(file, complaint)));
	return whole || ferror(stdout) ? status : complain(c, "out of memory");
}

int cmd_check(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	struct conf f = {0};
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE && w.defaults && w.file)
		status = misused(c, "either --defaults or a FILE: %s", w.file);
	if (status == DONE && w.defaults && c->json)
		status = misused(c, "--defaults writes a file of settings, no JSON: --json");
	if (status != DONE)
		return status;
	if (w.defaults)
		return conf_print_defaults(), DONE;
	status = (c->json ? check_json : conf_read)(c, w.file ? w.file : CONF_PATH, &f);
	conf_free(&f);
	return status;
}
