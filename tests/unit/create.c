/*
 * create.c: making and replacing a table: what is left behind, by many at once, as
 * another user, from another network namespace, on a full file system.
 */
#include "policy/pins/view.h"
#include "policy/table/create.h"
#include "tests/unit/files.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- making ---- */

static void making(void)
{
	struct stat st;
	struct table t;
	char nowhere[TABLE_PATH], longer[TABLE_PATH + 8];
	lab_path(path);
	check_row("made");
	check_text("status", "ok", statuses[store_create(path, 100, 0640, (gid_t)-1, NULL)]);
	check_number("stat", 0, (uint64_t)stat(path, &st));
	check_number("mode", 0640, st.st_mode & 07777);
	check_number("size", layout_for(100, 200).size, (uint64_t)st.st_size);
	check_number("reserved, bytes", layout_for(100, 200).size, (uint64_t)st.st_blocks * 512);
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
	check_text("status", "system", statuses[store_create(longer, 8, 0600, (gid_t)-1, NULL)]);

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
	check_text("status", "ok", statuses[store_create(path, 50, 0600, (gid_t)-1, store_empty)]);
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
	check_text("status", "ok", statuses[store_create(path, 8, 0600, (gid_t)-1, store_empty)]);
	check_text("opens", "ok", opened());
	clean();
	check_row("replacing nothing");
	check_text("status", "ok", statuses[store_create(path, 8, 0600, (gid_t)-1, store_empty)]);
	clean();
	check_row("replacing a directory");
	make_directory();
	check_true("refused", store_create(path, 8, 0600, (gid_t)-1, store_empty) != STORE_OK);
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

/* Many at once: whoever is on a table that another one replaced must be told. */
static void replacing_at_once(void)
{
	enum { MANY = 16 };
	unsigned astray = 0, failed = 0;
	_Atomic unsigned *done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	lab_path(path);
	make(8);
	fflush(stdout);
	for (int i = 0; i < MANY; i++)
		if (fork() == 0) {
			struct table mine, last;
			const bool made = store_create(path, 64, 0600, (gid_t)-1, store_empty) == STORE_OK;
			store_open(path, &mine);
			for (++*done; *done < MANY;)
				usleep(1000);
			store_open(path, &last);
			_exit(!made ? 2 : !store_retired(&mine) && mine.seed != last.seed ? 1 : 0);
		}
	for (int i = 0, status; i < MANY && wait(&status) > 0; i++) {
		astray += WEXITSTATUS(status) == 1;
		failed += WEXITSTATUS(status) > 1 || WIFSIGNALED(status);
	}
	check_row("%d processes replace one table", MANY);
	check_number("failed", 0, failed);
	check_number("left on another table, not told", 0, astray);
	check_number("files", 1, files_like(path));
	munmap((void *)done, 4096);
	clean();
}

/* In /dev/shm anybody may put something beside the table, and knows our pid. */
static void replacing_beside_planted(void)
{
	char beside[TABLE_PATH + 32];
	lab_path(path);
	make(8);
	snprintf(beside, sizeof beside, "%s.new%d", path, (int)getpid());
	close(open(beside, O_CREAT | O_WRONLY, 0600));
	check_row("one replaces a table, and a file has the name that could be foreseen");
	check_number("status", STORE_OK, store_create(path, 64, 0600, (gid_t)-1, store_empty));
	check_number("files", 2, files_like(path));
	unlink(beside);
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
	return (int)store_create("/stickydns-test", 8, 0600, (gid_t)-1, NULL);
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
	if (store_netns()) {
		child_row("a table from another network namespace", STORE_FOREIGN, open_elsewhere, "needs CAP_SYS_ADMIN for a namespace");
	} else {
		check_row("a table from another network namespace");
		check_skip("needs SO_NETNS_COOKIE");
	}
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
	if (!small_tmpfs(layout_for(1000, 2000).size - PAGE))
		return CANNOT;
	enum store_status s = make(1000);
	return s == STORE_FULL ? (files_like("/mnt/") == 0 ? 50 : 51) : (int)s;
}

/* Whatever else fills the file system, a table that was made has all its room, and nobody gets SIGBUS. */
static int fills_up(void)
{
	static const char filler[1 << 20];
	struct table t;
	struct name_ref ref;
	unsigned served = 0;
	if (!small_tmpfs(layout_for(1000, 2000).size + 20 * PAGE))
		return CANNOT;
	if (make(1000) != STORE_OK || store_open(path, &t) != STORE_OK)
		return 51;
	const int fd = open("/mnt/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, filler, sizeof filler) > 0)
		;
	for (unsigned k = 0; k < 1000; k++) {
		char text[32];
		snprintf(text, sizeof text, "name%u.example", k);
		struct name n = lab_name(text);
		struct address a = lab_v4(1000 + k), first = lab_lookup(&t, &n, &a, 1, &ref);
		struct name_view v;
		served += address_equal(&first, &a);
		for (uint32_t cursor = 0; k % 100 == 0 && table_next(&t, &cursor, &ref, &n);)
			pins_view(&t, ref, &v);
	}
	struct table_stats stats;
	pins_stats(&t, &stats);
	return served == 1000 && stats.names == 1000 ? 50 : 52;
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
	child_row("a file system that fills up: the table has its room, no SIGBUS", 50, fills_up, why);
	lab_path(path);
	child_row("a limit on file sizes: refused", STORE_FULL, limited, "setrlimit");
	check_true("nothing left", files_like(path) == 0);
}

int main(void)
{
	making();
	replacing();
	making_at_once();
	replacing_at_once();
	replacing_beside_planted();
	other_users();
	full();
	return check_done();
}
