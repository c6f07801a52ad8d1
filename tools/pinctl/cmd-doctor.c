/*
 * cmd-doctor.c: pinctl doctor CMD|PID: will a program stick, and if not, why not?
 *
 * It tells whether the shim reaches the program, which table it has, and how it looks up
 * names. It exits with 0 if the program will stick.
 */
#include <stdio.h>
#include <string.h>

#include "policy/base/environment.h"
#include "tools/common/format.h"
#include "tools/pinctl/advice.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/imports.h"
#include "tools/pinctl/reach.h"

static const struct usage usage = {
	.args_doc = "CMD|PID",
	.doc = "Tell whether the shim reaches a program or is in a process, which table it has, how it looks up names, as far "
	       "as imported symbols show, and what it may want: a line of advice for each finding. The exit status is 1 if it will not "
	       "stick.",
	.parser = parse_one_word,
	.shows = true,
};

/* Behind the state of a table. */
#define READ_ONLY ", may only be read: its pins are used, and nothing is learnt"

struct finding {
	char preload[PATH_MAX + 160], shim[PATH_MAX + 32], table[PATH_MAX + WHY_TEXT + 32];
	char path[PATH_MAX];		/* of the table; "" */
	char library[PATH_MAX];		/* that would be used */
	struct confined confined;	/* of a process */
	struct names advice;
	struct tables tables;		/* all that there are */
	bool good;
};

/* ---- the shim and its table ---- */

/* "STICKYDNS=off", as it stands in its environment; NULL: it is not. */
static const char *switched_off(const struct patient *p)
{
	static const char variable[] = "STICKYDNS=";
	for (size_t i = 0; i < p->environment.n; i++) {
		const char *entry = p->environment.name[i];
		if (strncmp(entry, variable, sizeof variable - 1) == 0 && switches_off(entry + sizeof variable - 1))
			return entry;
	}
	return NULL;
}

static bool find_table(const struct context *c, const struct patient *p, struct finding *out)
{
	char path[TABLE_PATH];
	struct table t;
	if (!p->pid) {
		bool writable;
		enum store_status s = table_of_shim(c, path, &writable);
		snprintf(out->path, sizeof out->path, "%s", path);
		snprintf(out->table, sizeof out->table, "%s: %s%s", path, s == STORE_OK ? "will do" : store_status_text(s),
			 s == STORE_OK && !writable ? READ_ONLY : "");
		note_passed_over(c, path);
		return s == STORE_OK;
	}
	const struct holder *h = &p->table;
	snprintf(out->path, sizeof out->path, "%s", h->path);
	if (h->path[0] && (h->gone || h->retired)) {
		char why[WHY_TEXT];
		const enum following f = holder_follows(h, h->path, why);
		snprintf(out->table, sizeof out->table, "%s: replaced or deleted since%s%s", h->path, f == FOLLOWS ? "" : ": ", why);
		return f != IS_LEFT;		/* its next request goes over to what took its place */
	}
	if (!h->path[0] || snprintf(path, sizeof path, "%s%s", p->root, h->path) >= (int)sizeof path) {
		snprintf(out->table, sizeof out->table, "%s", h->path[0] ? h->path : "none");
		return h->path[0] != '\0';
	}
	enum store_status s = store_open(path, &t);
	store_close(&t);
	snprintf(out->table, sizeof out->table, "%s: %s%s", h->path, s == STORE_OK ? "in use" : store_status_text(s),
		 s == STORE_OK && !h->writable ? READ_ONLY : "");
	return s == STORE_OK || s == STORE_FOREIGN;	/* its own network namespace need not be ours */
}

/* DONE; FAILED after one line, where there is no shim to look for. */
static int judge(const struct context *c, const struct patient *p, struct finding *out)
{
	const char *off = p->shim[0] ? switched_off(p) : NULL;
	char complaint[COMPLAINT_TEXT];
	struct context quiet = *c;
	quiet.complaint = complaint;
	snprintf(out->preload, sizeof out->preload, "%s", p->trouble[0] ? p->trouble : "reaches it");
	if (p->pid)
		confined_of((pid_t)p->pid, &out->confined);
	const int status = shim_find(p->pid ? &quiet : c, out->library);
	if (p->pid)
		snprintf(out->shim, sizeof out->shim, "%s%s%s", p->shim[0] ? p->shim : "not in it",
			 off ? ": switched off by " : "", off ? off : "");
	else
		snprintf(out->shim, sizeof out->shim, "%s", out->library);
	out->good = find_table(c, p, out) && !p->trouble[0] && (!p->pid || (p->shim[0] && !off));
	return p->pid ? DONE : status;
}

/* ---- by which ways it looks up names ---- */

/* libc and those of its parts that implement what others import; and ourselves. */
static bool is_system(const char *base)
{
	static const char *const begin[] = {"libc.so", "libc-", "libresolv", "libnss_", "ld-linux", "libanl", "libpthread",
					    "libstickydns", "libcares", "libunbound", "libldns", "libgetdns", "libudns"};
	for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
		if (strncmp(base, begin[i], strlen(begin[i])) == 0)
			return true;
	return false;
}

/* The names of the files that use each way. */
struct ways {
	struct names by[RESOLVERS];
};

static bool find_ways(const struct patient *p, struct ways *w)
{
	bool whole = true;
	for (size_t i = 0; i < p->objects.n; i++) {
		const char *path = p->objects.name[i], *base = basename(path);
		char full[2 * PATH_MAX];
		struct imports im;
		snprintf(full, sizeof full, "%s%s", p->root, path);
		if (is_system(base) || !imports_of(full, &im))
			continue;
		for (unsigned r = 0; r < RESOLVERS; r++)
			whole = whole && (!im.by[r] || names_add(&w->by[r], base));
	}
	return whole;
}

static void ways_free(struct ways *w)
{
	for (unsigned r = 0; r < RESOLVERS; r++)
		names_free(&w->by[r]);
}

/* ---- shown ---- */

static json_t *list_json(const struct names *l)
{
	json_t *list = json_array();
	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(list, json_words(l->name[i]));
	return list;
}

static bool show_json(const struct patient *p, const struct finding *f, const struct ways *w)
{
	json_t *ways = json_array();
	for (unsigned r = 0; r < RESOLVERS; r++)
		if (w->by[r].n > 0)
			json_array_append_new(ways, json_pack("{s:s, s:o}", "way", resolver_text(r), "files", list_json(&w->by[r])));
	return json_line(json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "pid",
				   p->pid ? json_integer((json_int_t)p->pid) : json_null(), "program", json_words(p->program),
				   "script", json_words(p->script), "unit", json_words(f->confined.unit),
				   "good", f->good, "preload", json_words(f->preload), "shim", json_words(f->shim), "table",
				   json_words(f->table), "tables", tables_json(&f->tables), "environment", list_json(&p->environment), "resolvers", ways,
				   "advice", list_json(&f->advice)));
}

static void row(struct grid *g, const char *what, const char *found)
{
	char safe[2 * PATH_MAX];
	text_line(found, safe, sizeof safe);
	grid_row(g, (const char *const[]){what, safe});
}

static void row_way(struct grid *g, enum resolver r, const struct names *files)
{
	char text[2 * PATH_MAX];
	size_t n = (size_t)snprintf(text, sizeof text, "%s:", resolver_text(r));
	for (size_t i = 0; i < files->n && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, " %s", files->name[i]);
	row(g, "resolver", text);
}

static void row_table(struct grid *g, const struct tables *all, const struct table_seen *t)
{
	char who[HOLDERS_TEXT], text[PATH_MAX + HOLDERS_TEXT + 64];
	tables_holders_text(all, t, who);
	snprintf(text, sizeof text, "%s: %s, held by %s", t->path, tables_state(t), who);
	row(g, "one of all", text);
}

static bool show_rows(const struct patient *p, const struct finding *f, const struct ways *w)
{
	struct grid g = grid_begin((const char *const[]){"WHAT", "FOUND"}, 2);
	bool any = false;
	row(&g, "program", p->program);
	if (p->script[0])
		row(&g, "script", p->script);
	if (f->confined.unit[0])
		row(&g, "unit", f->confined.unit);
	row(&g, "preload", f->preload);
	row(&g, "shim", f->shim);
	row(&g, "table", f->table);
	for (size_t i = 0; i < f->tables.n; i++)
		row_table(&g, &f->tables, &f->tables.table[i]);
	for (size_t i = 0; i < p->environment.n; i++)
		row(&g, "environment", p->environment.name[i]);
	for (unsigned r = 0; r < RESOLVERS; r++)
		if (w->by[r].n > 0)
			row_way(&g, r, &w->by[r]), any = true;
	if (!any)
		row(&g, "resolver", "none that its symbols tell of");
	for (size_t i = 0; i < f->advice.n; i++)
		row(&g, "advice", f->advice.name[i]);
	return grid_end(&g);
}

int cmd_doctor(struct context *c, int argc, char **argv)
{
	const char *word = NULL;
	struct patient p = {0};
	struct finding f = {0};
	struct ways w = {0};
	int status = cmd_parse(c, &usage, argc, argv, &word);
	if (status == DONE && !word)
		status = misused(c, "a CMD or PID is wanted");
	if (status == DONE)
		status = patient_examine(c, word, &p);
	if (status == DONE)
		status = judge(c, &p, &f);
	if (status == DONE)
		status = tables_find(c, &f.tables);
	if (status == DONE) {
		const struct diagnosis d = {&p, &f.confined, &f.tables, f.library, f.path};
		bool whole = find_ways(&p, &w) && advice_find(&d, &f.advice) &&
			     (c->json ? show_json : show_rows)(&p, &f, &w);
		status = !whole && !ferror(stdout) ? complain(c, "out of memory") : f.good ? DONE : FAILED;
	}
	ways_free(&w);
	names_free(&f.advice);
	tables_free(&f.tables);
	patient_free(&p);
	return status;
}
