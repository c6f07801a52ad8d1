/* tables.c: see tables.h. */
#include "tools/pinctl/tables.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/format.h"

static bool same_file(const struct table_seen *t, dev_t device, ino_t inode) { return t->device == device && t->inode == inode; }

static struct table_seen *add(struct tables *all)
{
	struct table_seen *more = realloc(all->table, (all->n + 1) * sizeof *more);
	if (!more)
		return NULL;
	all->table = more;
	more[all->n] = (struct table_seen){.first = SIZE_MAX};
	return &more[all->n++];
}

/* ---- files ---- */

/* The layout's signature, if that is a table; it need not be one that we understand. */
static bool read_signature(const char *path, uint32_t *out)
{
	struct header h;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const ssize_t n = fd == -1 ? -1 : pread(fd, &h, sizeof h, 0);
	if (fd != -1)
		close(fd);
	*out = get32(&h.signature);
	return n == (ssize_t)sizeof h && get64(&h.magic) == TABLE_MAGIC;
}

/* False: no memory. A file that is not there, or is no table, is no trouble. */
static bool add_file(struct tables *all, const char *path)
{
	struct stat st;
	struct table opened;
	uint32_t signature;
	if (stat(path, &st) == -1 || !read_signature(path, &signature))
		return true;
	for (size_t i = 0; i < all->n; i++)
		if (same_file(&all->table[i], st.st_dev, st.st_ino))
			return true;
	struct table_seen *t = add(all);
	if (!t)
		return false;
	snprintf(t->path, sizeof t->path, "%s", path);
	t->device = st.st_dev;
	t->inode = st.st_ino;
	t->signature = signature;
	t->status = store_open(path, &opened);
	store_close(&opened);
	return true;
}

/* The path without what tells the layout. */
static bool stem_of(const char *path, char out[static TABLE_PATH])
{
	char suffix[32];
	const int n = snprintf(suffix, sizeof suffix, LAYOUT_SUFFIX, TABLE_VERSION, layout_signature());
	const size_t len = strlen(path);
	if (len <= (size_t)n || len >= TABLE_PATH || strcmp(path + len - (size_t)n, suffix) != 0)
		return false;
	snprintf(out, TABLE_PATH, "%.*s", (int)(len - (size_t)n), path);
	return true;
}

/* False: no memory. */
static bool add_others(struct tables *all, const char *path)
{
	char stem[TABLE_PATH], pattern[TABLE_PATH + 8];
	glob_t found;
	bool whole = true;
	if (!stem_of(path, stem))
		return true;
	snprintf(pattern, sizeof pattern, "%s.v*", stem);
	const int status = glob(pattern, 0, NULL, &found);
	for (size_t i = 0; status == 0 && whole && i < found.gl_pathc; i++)
		whole = strcmp(found.gl_pathv[i], path) == 0 || add_file(all, found.gl_pathv[i]);
	if (status == 0)
		globfree(&found);
	return whole && status != GLOB_NOSPACE;
}

/* ---- who holds them ---- */

static bool add_holder(struct tables *all, size_t i)
{
	const struct holder *h = &all->holder[i];
	struct table_seen *t = NULL;
	for (size_t k = 0; !t && k < all->n; k++)
		if (same_file(&all->table[k], h->device, h->inode))
			t = &all->table[k];
	if (!t) {
		if (!(t = add(all)))
			return false;
		snprintf(t->path, sizeof t->path, "%s", h->path);
		t->device = h->device;
		t->inode = h->inode;
		t->signature = h->signature;
		t->gone = h->gone;
		t->status = h->retired ? STORE_RETIRED : h->signature != layout_signature() ? STORE_VERSION : STORE_OK;
	}
	if (t->first == SIZE_MAX)
		t->first = i;
	t->holders++;
	return true;
}

static bool add_holders(struct tables *all, bool known_only)
{
	if (!holders_find(&all->holder, &all->n_holders))
		return false;
	for (size_t i = 0; i < all->n_holders; i++) {
		bool known = !known_only;
		for (size_t k = 0; !known && k < all->n; k++)
			known = same_file(&all->table[k], all->holder[i].device, all->holder[i].inode);
		if (known && !add_holder(all, i))
			return false;
	}
	return true;
}

/* ---- all ---- */

int tables_find(const struct context *c, struct tables *out)
{
	char path[TABLE_PATH];
	bool own, whole = true;
	*out = (struct tables){0};
	for (unsigned n = 0; whole && table_path(c, n, path, &own); n++)
		whole = add_file(out, path) && add_others(out, path);
	return whole && add_holders(out, false) ? DONE : complain(c, "out of memory");
}

int tables_of_other_layouts(const struct context *c, const char *path, struct tables *out)
{
	*out = (struct tables){0};
	return add_others(out, path) && (out->n == 0 || add_holders(out, true)) ? DONE : complain(c, "out of memory");
}

void tables_holders_text(const struct tables *all, const struct table_seen *t, char out[static HOLDERS_TEXT])
{
	if (t->holders == 0) {
		snprintf(out, HOLDERS_TEXT, "no process that this user may see");
		return;
	}
	int n = snprintf(out, HOLDERS_TEXT, "%zu process%s:", t->holders, t->holders == 1 ? "" : "es");
	for (size_t i = 0; i < t->holders; i++) {
		const struct holder *h = &all->holder[t->first + i];
		char one[64];
		const int len = snprintf(one, sizeof one, "%s %d (%s)", i ? "," : "", (int)h->pid, h->comm);
		if (n + len + 5 >= HOLDERS_TEXT) {
			strcpy(out + n, ", ...");
			return;
		}
		memcpy(out + n, one, (size_t)len + 1);
		n += len;
	}
}

const char *tables_state(const struct table_seen *t)
{
	if (t->gone)
		return "replaced or deleted";
	return t->status == STORE_VERSION ? "of another layout" : t->status == STORE_OK ? "good" : store_status_text(t->status);
}

json_t *tables_json(const struct tables *all)
{
	json_t *list = json_array();
	for (size_t i = 0; i < all->n; i++) {
		const struct table_seen *t = &all->table[i];
		json_array_append_new(list, json_pack("{s:o, s:s, s:I}", "path", json_words(t->path), "state", tables_state(t),
						      "processes", (json_int_t)t->holders));
	}
	return list;
}

void tables_free(struct tables *t)
{
	free(t->table);
	free(t->holder);
	*t = (struct tables){0};
}
