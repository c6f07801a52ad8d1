/* cmd-reload.c: pinctl reload [FILE]: takes stickydns.conf into the table, where every process sees it at once. */
#include "tools/pinctl/commands.h"
#include "tools/common/conf.h"

static const struct usage usage = {
	.args_doc = "[FILE]",
	.doc = "Take FILE (" CONF_PATH ") into the table, in place of all settings there. An error changes nothing.",
	.parser = parse_one_word,
};

int cmd_reload(struct context *c, int argc, char **argv)
{
	const char *file = CONF_PATH;
	struct conf f = {0};
	int status = cmd_parse(c, &usage, argc, argv, &file);
	if (status == DONE)
		status = conf_read(c, file, &f);
	if (status == DONE)
		status = table_open(c, TO_CREATE);
	if (status == DONE)
		status = conf_store(c, &f);
	conf_free(&f);
	return status;
}
