/* cmd-check.c: pinctl check [FILE]: would reload take it? */
#include "tools/common/cmd.h"
#include "tools/pinctl/conf.h"

static const struct usage usage = {
	.args_doc = "[FILE]",
	.doc = "Look for errors in FILE (" CONF_PATH "): would reload take it? Says nothing, and exits with 0, if there are "
	       "none.",
	.parser = parse_one_word,
};

int cmd_check(struct context *c, int argc, char **argv)
{
	const char *file = CONF_PATH;
	struct conf f = {0};
	int status = cmd_parse(c, &usage, argc, argv, &file);
	if (status == DONE)
		status = conf_read(c, file, &f);
	conf_free(&f);
	return status;
}
