/*
 * store.c: the table's file: every kind of file that is refused, making, replacing,
 * other boots and namespaces, and a header that changes under its users.
 */
#include "check.h"
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static const char *const statuses[] = {
	[STORE_OK] = "ok",		  [STORE_ABSENT] = "absent",   [STORE_DENIED] = "denied",
	[STORE_NOT_REGULAR] = "irregular", [STORE_OWNER] = "owner",	[STORE_WORLD_WRITABLE] = "world-writable",
	[STORE_SHORT] = "short",	  [STORE_NO_TABLE] = "no table", [STORE_VERSION] = "version",
	[STORE_STALE] = "stale",	  [STORE_RETIRED] = "retired", [STORE_FOREIGN] = "foreign",
	[STORE_FULL] = "full",		  [STORE_EXISTS] = "exists",   [STORE_SYSTEM] = "system",
};

static char path[TABLE_PATH];

static enum store_status make(uint32_t names) { return store_create(path, names, 0600, (gid_t)-1, false); }

/* Opens, closes, says. */
static const char *opened(void)
{
	struct table t;
	enum store_status s = store_open(path, &t);
	store_close(&t);
	return statuses[s];
}

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
static void make_directory(void) { mkdir(path, 0700); }
static void make_fifo(void) { mkfifo(path, 0600); }
static void make_empty(void) { close(open(path, O_CREAT | O_WRONLY, 0600)); }

static void make_link(void)
{
	char to[TABLE_PATH + 8];
	snprintf(to, sizeof to, "%s.real", path);
	store_create(to, 8, 0600, (gid_t)-1, false);
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

static void make_text(void)
{
	char line[5000];
	make_empty();
	memset(line, 'x', sizeof line);
	write_at(0, line, sizeof line);
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

static void clean(void)
{
	char to[TABLE_PATH + 8];
	snprintf(to, sizeof to, "%s.real", path);
	unlink(to);
	if (unlink(path) == -1)
		rmdir(path);
}

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

/* ---- making ---- */

static unsigned files_like(const char *prefix)
{
	char command[TABLE_PATH + 32], line[16] = "0";
	snprintf(command, sizeof command, "ls -d %s* 2>/dev/null | wc -l", prefix);
	FILE *p = popen(command, "r");
	if (!p || !fgets(line, sizeof line, p))
		line[0] = '0';
	if (p)
		pclose(p);
	return (unsigned)atoi(line);
}

static void making(void)
{
	struct stat st;
	struct table t;
	char nowhere[TABLE_PATH], longer[TABLE_PATH + 8];
	lab_path(path);
	check_row("made");
	check_text("status", "ok", statuses[store_create(path, 100, 0640, (gid_t)-1, false)]);
	check_number("stat", 0, (uint64_t)stat(path, &st));
	check_number("mode", 0640, st.st_mode & 07777);
	check_number("size", layout_for(100, 200).size, (uint64_t)st.st_size);
	check_range("reserved, bytes", layout_for(100, 200).reserved, layout_for(100, 200).size, (uint64_t)st.st_blocks * 512);
	check_number("files", 1, files_like(path));
	check_text("opens", "ok", opened());

	check_row("made where there is one");
	check_text("status", "exists", statuses[make(8)]);
	check_true("it stays", store_open(path, &t) == STORE_OK && t.names_capacity == 100);
	store_close(&t);
	check_number("files", 1, files_like(path));
	clean();

	check_row("made where there is a file that is no table");
	make_text();
	check_text("status", "exists", statuses[make(8)]);
	clean();

	check_row("made in no directory");
	lab_path(nowhere);
	snprintf(path, sizeof path, "%s", nowhere);
	snprintf(path + strlen(path), sizeof path - strlen(path), "/t");
	check_text("status", "absent", statuses[make(8)]);

	check_row("made under too long a path");
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	check_text("status", "system", statuses[store_create(longer, 8, 0600, (gid_t)-1, false)]);

	check_row("two tables have two seeds");
	lab_path(path);
	uint64_t seed = (make(8), store_open(path, &t), t.seed);
	store_close(&t);
	clean();
	make(8);
	check_true("opens", store_open(path, &t) == STORE_OK);
	check_true("another seed", t.seed != seed);
	store_close(&t);
	clean();
}

static void replacing(void)
{
	struct table old, new;
	struct name n = lab_name("a");
	struct address a = lab_v4(1);
	struct name_ref ref;
	lab_path(path);
	make(8);
	store_open(path, &old);
	lab_lookup(&old, &n, &a, 1, &ref);
	check_row("replacing retires the old one");
	check_true("in use", !store_retired(&old));
	check_text("status", "ok", statuses[store_create(path, 50, 0600, (gid_t)-1, true)]);
	check_true("retired", store_retired(&old));
	check_row("its users go on until they attach again");
	struct address first = lab_lookup(&old, &n, &a, 1, &ref);
	check_true("leads", address_equal(&first, &a));
	check_row("the new one is new");
	check_true("opens", store_open(path, &new) == STORE_OK);
	check_number("names", 50, new.names_capacity);
	check_true("empty", !table_find(&new, &n, &ref));
	check_number("files", 1, files_like(path));
	store_close(&old);
	store_close(&new);

	check_row("replacing what is no table");
	clean();
	make_text();
	check_text("status", "ok", statuses[store_create(path, 8, 0600, (gid_t)-1, true)]);
	check_text("opens", "ok", opened());
	clean();
	check_row("replacing nothing");
	check_text("status", "ok", statuses[store_create(path, 8, 0600, (gid_t)-1, true)]);
	clean();
	check_row("replacing a directory");
	make_directory();
	check_true("refused", store_create(path, 8, 0600, (gid_t)-1, true) != STORE_OK);
	check_number("files", 1, files_like(path));
	clean();
}

/* Many at once: one makes it, all open it. */
static void making_at_once(void)
{
	unsigned made = 0, there = 0, other = 0;
	lab_path(path);
	fflush(stdout);
	for (int i = 0; i < 16; i++)
		if (fork() == 0) {
			enum store_status s = make(64);
			_exit(s == STORE_OK ? 1 : s == STORE_EXISTS && strcmp(opened(), "ok") == 0 ? 2 : 3);
		}
	for (int i = 0, status; i < 16 && wait(&status) > 0; i++)
		*(WEXITSTATUS(status) == 1 ? &made : WEXITSTATUS(status) == 2 ? &there : &other) += 1;
	check_row("16 processes make one table");
	check_number("made", 1, made);
	check_number("found it", 15, there);
	check_number("neither", 0, other);
	check_number("files", 1, files_like(path));
	clean();
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

/* ---- as another user, in another namespace, on a full file system: in a child ---- */

static int in_child(int (*work)(void))
{
	int status = -1;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(work());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 200 + WTERMSIG(status);
}

enum { CANNOT = 100 };

static int open_as_nobody(void)
{
	struct table t;
	if (setresgid(65534, 65534, 65534) == -1 || setresuid(65534, 65534, 65534) == -1)
		return CANNOT;
	enum store_status s = store_open(path, &t);
	return s == STORE_OK ? (t.writable ? 51 : 50) : (int)s;
}

static int create_as_nobody(void)
{
	if (setresuid(65534, 65534, 65534) == -1)
		return CANNOT;
	return (int)store_create("/stickydns-test", 8, 0600, (gid_t)-1, false);
}

static int open_elsewhere(void)
{
	struct table t;
	if (unshare(CLONE_NEWNET) == -1)
		return CANNOT;
	return (int)store_open(path, &t);
}

static void child_row(const char *rule, int expected, int (*work)(void), const char *why)
{
	check_row("%s", rule);
	int seen = in_child(work);
	if (seen == CANNOT)
		check_skip(why);
	else
		check_number("status", (uint64_t)expected, (uint64_t)seen);
}

static void other_users(void)
{
	lab_path(path);
	make(8);
	chmod(path, 0644);
	if (geteuid() == 0) {
		child_row("root's table, which a user may read: for reading", 50, open_as_nobody, "needs root");
		chmod(path, 0600);
		child_row("root's table, which a user may not read", STORE_DENIED, open_as_nobody, "needs root");
		chmod(path, 0660);
		if (chown(path, 0, 65534) == -1)
			err(2, "chown");
		child_row("root's table, which the user's group may write", 51, open_as_nobody, "needs root");
		child_row("made where one may not write", STORE_DENIED, create_as_nobody, "needs root");
	} else {
		check_row("tables of other users");
		check_skip("needs root");
	}
	child_row("a table from another network namespace", STORE_FOREIGN, open_elsewhere, "needs CAP_SYS_ADMIN for a namespace");
	clean();
}

/* ---- a full file system ---- */

/* A tmpfs of so many bytes, in a mount namespace of our own, over /mnt. */
static bool small_tmpfs(size_t bytes)
{
	char options[32];
	snprintf(options, sizeof options, "size=%zu", bytes);
	snprintf(path, sizeof path, "/mnt/table");
	return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/mnt", "tmpfs", 0, options) == 0;
}

static int too_small_for_a_table(void)
{
	if (!small_tmpfs(layout_for(1000, 2000).reserved - PAGE))
		return CANNOT;
	enum store_status s = make(1000);
	return s == STORE_FULL ? (files_like("/mnt/") == 0 ? 50 : 51) : (int)s;
}

/* Room for what is reserved and a few cold records: then "table full", and no SIGBUS. */
static int fills_up(void)
{
	struct table t;
	struct name_ref ref;
	unsigned served = 0, passed = 0;
	if (!small_tmpfs(layout_for(1000, 2000).reserved + 20 * PAGE))
		return CANNOT;
	if (make(1000) != STORE_OK || store_open(path, &t) != STORE_OK)
		return 51;
	for (unsigned k = 0; k < 1000; k++) {
		char text[32];
		snprintf(text, sizeof text, "name%u.example", k);
		struct name n = lab_name(text);
		struct address a = lab_v4(1000 + k), first = lab_lookup(&t, &n, &a, 1, &ref);
		struct name_view v;
		*(address_equal(&first, &a) ? &served : &passed) += 1;
		for (uint32_t cursor = 0; k % 100 == 0 && table_next(&t, &cursor, &ref, &n);)
			pins_view(&t, ref, &v);
	}
	bool counted = get64(&t.header->counters[COUNT_NAMES_FULL]) >= passed;
	return served >= 100 && passed >= 100 && counted ? 50 : 52;
}

/* The limit on file sizes would end us with SIGXFSZ. */
static int limited(void)
{
	struct rlimit limit = {.rlim_cur = 100000, .rlim_max = 100000};
	if (setrlimit(RLIMIT_FSIZE, &limit) == -1)
		return CANNOT;
	return (int)make(1000);
}

static void full(void)
{
	static const char why[] = "needs CAP_SYS_ADMIN for a mount";
	child_row("a file system too small for a table: refused, and nothing left", 50, too_small_for_a_table, why);
	child_row("a file system that fills up: names pass through, no SIGBUS", 50, fills_up, why);
	lab_path(path);
	child_row("a limit on file sizes: refused", STORE_FULL, limited, "setrlimit");
	check_true("nothing left", files_like(path) == 0);
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
		{"then no more", 2, NULL, NULL, false},
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
			snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%d", TABLE_VERSION);
		check_text("path", expected, seen);
		check_number("may be made by any program", rows[i].own, own);
	}
	char longer[TABLE_PATH + 8], seen[TABLE_PATH];
	bool own;
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
	making();
	replacing();
	making_at_once();
	changed_header();
	other_users();
	full();
	paths();
	return check_done();
}
