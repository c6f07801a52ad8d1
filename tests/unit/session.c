/*
 * session.c: this process and its table: which is taken, when it is left, and what this process looked up.
 */
#include "tests/unit/shimlab.h"

#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

static struct name_ref ref(uint32_t slot) { return (struct name_ref){slot, slot * UINT64_C(0x100000001)}; }

static void lookups(void)
{
	struct name_ref names[RECENT];
	check_row("what this process looked up");
	clock_after(10 * RECENT_S);
	check_number("none of late", 0, recent_names(names));
	const unsigned before = recent_count();
	recent_note(ref(7));
	recent_note(ref(8));
	recent_note(ref(7));
	check_number("each once", 2, recent_names(names));
	check_true("it counts", recent_count() == before + 2);
	check_true("asked", recent_asked(ref(7)) && !recent_asked(ref(9)));
	clock_after(RECENT_S + 1);
	check_number("later", 0, recent_names(names));
	check_true("asked at some time", recent_asked(ref(7)));
	for (uint32_t i = 100; i < 100 + 2 * RECENT; i++)
		recent_note(ref(i));
	check_number("of many the last", RECENT, recent_names(names));
}

/* qemu-user accepts the advice that session_pid() relies on, and does not follow it. */
static bool wipes_on_fork(void)
{
	int status = 1;
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || madvise(page, 4096, MADV_WIPEONFORK) == -1)
		return false;
	*page = 1;
	const pid_t child = fork();
	if (child == 0)
		_exit(*page);
	waitpid(child, &status, 0);
	munmap(page, 4096);
	return status == 0;
}

static void processes(void)
{
	int status = 1;
	check_row("the process");
	check_number("its number", (unsigned)getpid(), (unsigned)session_pid());
	if (!wipes_on_fork())
		return;
	const pid_t child = fork();
	if (child == 0)
		_exit(session_pid() != getpid());
	waitpid(child, &status, 0);
	check_number("a child's", 0, (unsigned)status);
}

static void names(void)
{
	const struct name a = lab_name("a.example"), b = lab_name("b.test");
	check_row("names that the user wants");
	check_true("all, if he chooses none", !session_chooses() && session_wants(&a) && session_wants(&b));
}

/* Those of another process, which begins with this environment: 0: as expected. */
static int chosen(void)
{
	const struct name a = lab_name("a.example"), b = lab_name("b.test");
	setenv("STICKYDNS_NAMES", "*.example, c.test", 1);
	session_start();
	return session_chooses() && session_wants(&a) && !session_wants(&b) ? 0 : 1;
}

static int switched_off(void)
{
	setenv("STICKYDNS", "off", 1);
	session_start();
	return session_table() == shimlab.t ? 0 : 1;
}

/* A table that was retired is left at once, for a new one at its path; a program that has sealed itself has none then. */
static int followed(bool sealed)
{
	session_prctl(sealed ? PR_SET_NO_NEW_PRIVS : PR_GET_NAME);
	put32(&shimlab.t->header->retired, 1);
	struct table *t = session_table_here();
	return sealed ? t != NULL || session_table() != NULL : t == NULL || t == shimlab.t || session_table() != t;
}

static int followed_open(void) { return followed(false); }

static int followed_sealed(void) { return followed(true); }

int main(void)
{
	static const struct {
		const char *rule;
		int (*run)(void);
	} rows[] = {
		{"a program that chooses its names", chosen},
		{"switched off, later on: what was taken stays", switched_off},
		{"a table that was retired, in a program that has sealed itself", followed_sealed},
		{"the same in another one: a new table takes its place", followed_open},
	};
	shimlab_start(5);
	lookups();
	processes();
	names();
	check_row("ports of DNS");
	check_true("53", dns_port(53));
	check_true("no other", !dns_port(5353) && !dns_port(0));
	check_row("the size of what is mapped");
	check_true("one table", session_size() >= shimlab.t->layout.size);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int status = 1;
		check_row("%s", rows[i].rule);
		const pid_t child = fork();
		if (child == 0)
			_exit(rows[i].run());
		waitpid(child, &status, 0);
		check_number("as expected", 0, (unsigned)status);
	}
	check_row("let go");
	session_let_go();
	check_true("no table", session_table_here() == NULL && session_table() == NULL && session_size() == 0);
	return check_done();
}
