/* cmd-drop.c: pinctl drop HOST... | --all: forget; the next lookup chooses anew. */
#include "tools/common/names.h"
#include "tools/pinctl/commands.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	return wanted_parse(key, state, state->input);
}

static const struct argp_option options[] = {
	{"all", 'a', NULL, 0, "every name in the table, those pinned by hand too", 0},
	{0},
};

static const struct usage usage = {
	.args_doc = "HOST...\n--all",
	.doc = "Forget names and their pins, explicit ones too. Open connections stay; the next lookup chooses anew.",
	.options = options,
	.parser = parse,
};

static int drop_name(struct context *c, const char *text, bool all)
{
	struct name name;
	enum admin_status s = ADMIN_NO_NAME;
	if (name_canonical(text, &name) == NAME_OK)
		s = pins_drop(&c->table, &name);
	/* With --all, one that somebody else dropped meanwhile is dropped. */
	return all && s == ADMIN_NO_NAME ? DONE : admin_result(c, s, text);
}

static bool is_service(const char *text) { return *text == '_'; }

/* Services first: a host stays while one leads to it. */
static int drop(struct context *c, const struct names *l, bool all)
{
	int status = DONE;
	for (int hosts = 0; hosts < 2; hosts++)
		for (size_t i = 0; i < l->n; i++)
			if (is_service(l->name[i]) != hosts && drop_name(c, l->name[i], all) != DONE)
				status = FAILED;
	return status;
}

int cmd_drop(struct context *c, int argc, char **argv)
{
	struct wanted w = {0};
	struct names l = {0};
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE)
		status = names_wanted(c, TO_WRITE, &w, &l);
	if (status == DONE)
		status = drop(c, &l, w.all);
	names_free(&l);
	return status;
}
