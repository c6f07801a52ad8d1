/*
 * store.c: opening a table: every kind of file that is refused, what may be looked
 * at all the same, a header that changes under its users, where a table is.
 */
#include "policy/table/create.h"
#include "tests/unit/files.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static void write_at(off_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || pwrite(fd, bytes, n, at) != (ssize_t)n)
		err(2, "%s", path);
	close(fd);
}

static void put_header(size_t at, uint64_t value, size_t size) { write_at((off_t)at, &value, size); }

#define SET_HEADER(field, value) put_header(offsetof(struct header, field), value, sizeof(((struct header *)0)->field))

/* ---- what is no table ---- */

static void make_nothing(void) {}
static void make_fifo(void) { mkfifo(path, 0600); }
static void make_empty(void) { close(open(path, O_CREAT | O_WRONLY, 0600)); }

static void make_link(void)
{
	char to[TABLE_PATH + 8];
	snprintf(to, sizeof to, "%s.real", path);
	store_create(to, 8, 0600, (gid_t)-1, NULL);
	if (symlink(to, path) == -1)
		err(2, "symlink");
}

static void make_socket(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(sun.sun_path, sizeof sun.sun_path, "%.100s", path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof sun) == -1)
		err(2, "bind");
	close(fd);
}

static void make_zeros(void)
{
	make_empty();
	if (truncate(path, 1 << 20) == -1)
		err(2, "truncate");
}

static void make_world_writable(void) { make(8), chmod(path, 0666); }
static void make_group_writable(void) { make(8), chmod(path, 0664); }
static void make_table(void) { make(8); }
static void make_version(void) { make(8), SET_HEADER(version, TABLE_VERSION + 1); }
static void make_signature(void) { make(8), SET_HEADER(signature, layout_signature() + 1); }
static void make_magic(void) { make(8), SET_HEADER(magic, TABLE_MAGIC + 1); }
static void make_no_names(void) { make(8), SET_HEADER(names, 0); }
static void make_many_names(void) { make(8), SET_HEADER(names, UINT32_MAX); }
static void make_too_many_names(void) { make(8), SET_HEADER(names, TABLE_NAMES_MAX + 1); }
static void make_more_names(void) { make(8), SET_HEADER(names, 16); }
static void make_few_addrs(void) { make(8), SET_HEADER(addrs, 0); }
static void make_many_addrs(void) { make(8), SET_HEADER(addrs, UINT32_MAX); }
static void make_other_size(void) { make(8), SET_HEADER(size, 0); }
static void make_retired(void) { make(8), SET_HEADER(retired, 1); }
static void make_stale(void) { make(8), SET_HEADER(boot_id[1], 1); }
static void make_foreign(void) { make(8), SET_HEADER(netns, 1); }
static void make_no_netns(void) { make(8), SET_HEADER(netns, 0); }

static void make_short(void)
{
	struct stat st;
	make(8);
	if (stat(path, &st) == -1 || truncate(path, st.st_size - 1) == -1)
		err(2, "truncate");
}

static void make_header_only(void)
{
	make(8);
	if (truncate(path, sizeof(struct header)) == -1)
		err(2, "truncate");
}

static void make_others(void)
{
	make(8);
	if (chown(path, 12345, (gid_t)-1) == -1)
		err(2, "chown");
}

/* As under qemu-user: all network namespaces seem to be unknown ones. */
static const char no_netns[] = "needs SO_NETNS_COOKIE";

static void kinds(void)
{
	static const struct {
		const char *rule;
		void (*make)(void);
		const char *expected;
		bool root;
	} rows[] = {
		{"a table", make_table, "ok", false},
		{"a table that its group may write", make_group_writable, "ok", false},
		{"a table made where the namespace was unknown", make_no_netns, "ok", false},
		{"nothing", make_nothing, "absent", false},
		{"a directory", make_directory, "irregular", false},
		{"a FIFO", make_fifo, "irregular", false},
		{"a socket", make_socket, "irregular", false},
		{"a symlink to a table", make_link, "irregular", false},
		{"a table that everybody may write", make_world_writable, "world-writable", false},
		{"another's table", make_others, "owner", true},
		{"an empty file", make_empty, "short", false},
		{"text", make_text, "no table", false},
		{"zeros", make_zeros, "no table", false},
		{"another magic", make_magic, "no table", false},
		{"another version", make_version, "version", false},
		{"another layout", make_signature, "version", false},
		{"a byte short", make_short, "short", false},
		{"the header alone", make_header_only, "short", false},
		{"a header of no names", make_no_names, "no table", false},
		{"a header of too many names", make_too_many_names, "no table", false},
		{"a header of far too many names", make_many_names, "no table", false},
		{"a header of more names than fit", make_more_names, "short", false},
		{"a header of no addresses", make_few_addrs, "no table", false},
		{"a header of far too many addresses", make_many_addrs, "no table", false},
		{"a header of another size", make_other_size, "short", false},
		{"a replaced table", make_retired, "retired", false},
		{"one of another boot", make_stale, "stale", false},
		{"one of another network namespace", make_foreign, "foreign", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("opening %s", rows[i].rule);
		if (rows[i].root && geteuid() != 0) {
			check_skip("needs root");
			continue;
		}
		if (rows[i].make == make_foreign && !store_netns()) {
			check_skip(no_netns);
			continue;
		}
		lab_path(path);
		rows[i].make();
		check_text("status", rows[i].expected, opened());
		clean();
	}
}

static void status_texts(void)
{
	for (unsigned s = 0; s < sizeof statuses / sizeof *statuses; s++) {
		check_row("text of status %s", statuses[s]);
		check_true("not empty", *store_status_text((enum store_status)s) != '\0');
	}
}

/* ---- mapped all the same: pinctl may look ---- */

static void looked_at(void)
{
	static const struct {
		const char *rule;
		void (*make)(void);
	} rows[] = {{"a replaced table", make_retired}, {"one of another boot", make_stale}, {"one of another namespace", make_foreign}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct table t;
		lab_path(path);
		rows[i].make();
		check_row("%s may be looked at", rows[i].rule);
		if (rows[i].make == make_foreign && !store_netns()) {
			check_skip(no_netns);
			clean();
			continue;
		}
		check_true("status", store_open(path, &t) != STORE_OK);
		check_true("mapped", t.header != NULL);
		check_number("names", 8, t.names_capacity);
		store_close(&t);
		check_true("closed", t.header == NULL);
		store_close(&t);
		store_close(NULL);
		clean();
	}
}

/* ---- changed under its users ---- */

static void changed_header(void)
{
	struct table t;
	struct name n = lab_name("a");
	const struct address addrs[] = {lab_v4(1), lab_v4(2)};
	struct name_ref ref;
	lab_path(path);
	make(8);
	store_open(path, &t);
	lab_lookup(&t, &n, addrs, 2, &ref);
	put32(&t.header->names, TABLE_NAMES_MAX);
	put32(&t.header->addrs, TABLE_NAMES_MAX);
	put64(&t.header->size, UINT64_MAX);
	put64(&t.header->seed, 0);
	put64(&t.header->magic, 0);
	put32(&t.header->version, 0);
	check_row("sizes and seed that change after opening are not looked at");
	const struct address rotated[] = {addrs[1], addrs[0]};
	struct address first = lab_lookup(&t, &n, rotated, 2, &ref);
	check_true("the pin holds", address_equal(&first, &addrs[0]));
	for (unsigned k = 0; k < 200; k++) {
		char text[16];
		snprintf(text, sizeof text, "n%u", k);
		n = lab_name(text);
		struct address a = lab_v4(10 + k);
		lab_lookup(&t, &n, &a, 1, &ref);
	}
	check_text("nobody else opens it", "no table", opened());
	store_close(&t);
	clean();
}

/* ---- where it is looked for ---- */

static void paths(void)
{
	static const struct {
		const char *rule;
		unsigned n;
		const char *env;
		const char *expected;		/* NULL: no more */
		bool own;
	} rows[] = {
		{"the system's first", 0, NULL, "/run/stickydns/table.v", false},
		{"then the user's", 1, NULL, "/dev/shm/stickydns-4711.v", true},
		{"then none where that user has no directory of his own", 2, NULL, NULL, false},
		{"then no more", 3, NULL, NULL, false},
		{"$STICKYDNS_TABLE", 0, "/tmp/mine", "/tmp/mine", true},
		{"$STICKYDNS_TABLE alone", 1, "/tmp/mine", NULL, false},
		{"an empty one is none", 0, "", "/run/stickydns/table.v", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char expected[TABLE_PATH] = "", seen[TABLE_PATH] = "";
		bool own = false;
		check_row("path, %s", rows[i].rule);
		check_number("is one", rows[i].expected != NULL, store_path(rows[i].n, rows[i].env, 4711, seen, &own));
		if (!rows[i].expected)
			continue;
		snprintf(expected, sizeof expected, "%s", rows[i].expected);
		if (strchr(expected, 'v') && expected[strlen(expected) - 1] == 'v')
			snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%d.%08x", TABLE_VERSION,
				 layout_signature());
		check_text("path", expected, seen);
		check_number("may be made by any program", rows[i].own, own);
	}
	char longer[TABLE_PATH + 8], seen[TABLE_PATH];
	bool own;
	check_row("path, root's, where others cannot be first");
	check_true("under /run", store_path(2, NULL, 0, seen, &own) && own && strncmp(seen, "/run/stickydns-0.v", 18) == 0);
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	check_row("path, too long a $STICKYDNS_TABLE");
	check_true("refused", !store_path(0, longer, 0, seen, &own));
}

int main(void)
{
	kinds();
	status_texts();
	looked_at();
	changed_header();
	paths();
	return check_done();
}
