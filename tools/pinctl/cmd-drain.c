/* cmd-drain.c: pinctl drain|undrain ADDR...: keep pins away from a server before its maintenance, without a failure. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/pins/view.h"
#include "tools/common/format.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/server.h"

struct words {
	char **address;
	size_t n;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	(void)arg;
	if (key != ARGP_KEY_ARGS)
		return ARGP_ERR_UNKNOWN;
	w->address = state->argv + state->next;
	w->n = (size_t)(state->argc - state->next);
	return 0;
}

static const struct usage usage_drain = {
	.args_doc = "[ADDR...]",
	.doc = "Move the auto pins of all names off ADDR, and keep new ones away, until undrain. Without ADDR: show which addresses "
	       "are drained."
	       "\vOpen connections stay. A pin that has nowhere else to go stays, and so does one that was set to ADDR alone.",
	.parser = parse,
	.shows = true,
};

static const struct usage usage_undrain = {
	.args_doc = "ADDR...",
	.doc = "ADDR may be pinned again. Pins that moved off it do not return by themselves.",
	.parser = parse,
};

/* ---- which are ---- */

static bool show_json(const struct table *t)
{
	uint32_t cursor = 0;
	size_t count = 0;
	struct address a;
	bool whole = true;
	while (whole && pins_drained(t, &cursor, &a))
		whole = json_element(json_address(t, &a), &count);
	json_array_end(count);
	return whole;
}

static int show(struct context *c)
{
	uint32_t cursor = 0;
	struct address a;
	int status = table_open(c, TO_READ);
	if (status != DONE)
		return status;
	if (c->json)
		return show_json(&c->table) || ferror(stdout) ? DONE : complain(c, "out of memory");
	while (pins_drained(&c->table, &cursor, &a)) {
		char text[TARGET_TEXT];
		target_format(&c->table, &a, text);
		puts(text);
	}
	return DONE;
}

/* ---- by hand ---- */

static int addresses_parse(const struct context *c, const struct words *w, struct address *list)
{
	int status = DONE;
	for (size_t i = 0; status == DONE && i < w->n; i++)
		status = server_address_parse(c, w->address[i], &list[i]);
	return status;
}

static int drain_all(struct context *c, const struct words *w, const struct address *list, bool drained)
{
	int status = DONE;
	for (size_t i = 0; i < w->n; i++) {
		enum admin_status s = pins_drain(&c->table, &list[i], drained);
		if (s == ADMIN_NO_ADDRESS)
			status = complain(c, "not drained: %s", w->address[i]);
		else if (admin_result(c, s, w->address[i]) != DONE)
			status = FAILED;
	}
	return status;
}

static bool is_listed(const struct address *list, size_t n, const struct address *a)
{
	for (size_t i = 0; i < n; i++)
		if (address_equal(&list[i], a))
			return true;
	return false;
}

/* Maintenance cannot begin while pins lead there: those that had nowhere else to go, and those set by hand. */
static void note_staying(const struct context *c, const struct address *list, size_t n)
{
	uint32_t cursor = 0, staying = 0;
	struct name_ref ref;
	struct name name;
	struct name_view v;
	while (table_next(&c->table, &cursor, &ref, &name))
		for (unsigned f = 0, known = pins_view(&c->table, ref, &v); known && f < FAMILIES; f++)
			staying += v.pin[f].present && is_listed(list, n, &v.pin[f].addr);
	if (staying)
		note(c, "pins that stay, as they were set by hand or have nowhere else to go: %u (pinctl list)", staying);
}

static int change(struct context *c, const struct words *w, bool drained)
{
	struct address *list = calloc(w->n, sizeof *list);
	if (!list)
		return complain(c, "out of memory");
	int status = addresses_parse(c, w, list);
	if (status == DONE)
		status = table_open(c, drained ? TO_CREATE : TO_WRITE);
	if (status == DONE)
		status = drain_all(c, w, list, drained);
	if (status == DONE && drained)
		note_staying(c, list, w->n);
	free(list);
	return status;
}

int cmd_drain(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	int status = cmd_parse(c, &usage_drain, argc, argv, &w);
	if (status == DONE && c->json && w.n > 0)
		status = misused(c, "either --json or addresses: %s", w.address[0]);
	if (status != DONE)
		return status;
	return w.n > 0 ? change(c, &w, true) : show(c);
}

int cmd_undrain(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	int status = cmd_parse(c, &usage_undrain, argc, argv, &w);
	if (status == DONE && w.n == 0)
		status = misused(c, "an ADDR is wanted");
	return status == DONE ? change(c, &w, false) : status;
}
