/* given.c: which addresses a program was given by a name, and which it asked for by number. */
#include "shim/core/given.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

#include <sys/wait.h>
#include <unistd.h>

static void note(const char *name, unsigned address)
{
	const struct name n = lab_name(name);
	const struct address a = lab_v4(address);
	given_note_address(&n, &a);
}

static bool was(const char *name, unsigned address)
{
	const struct name n = lab_name(name);
	const struct address a = lab_v4(address);
	return given_by(&n, &a);
}

static void names(void)
{
	const unsigned before = given_count();
	check_row("names");
	check_true("nothing is given at first", !was("a", 1));
	note("a", 1);
	check_true("given", was("a", 1));
	check_true("not by another name", !was("b", 1));
	check_true("nor another address", !was("a", 2));
	check_true("it counts", given_count() != before);
	const unsigned after = given_count();
	note("a", 1);
	check_true("once", given_count() == after);
	clock_after(100000);
	check_true("for as long as the program lasts", was("a", 1));
}

static void numbers(void)
{
	const struct address first = lab_v4(3), other = lab_v4(4);
	check_row("numbers");
	note("a", 3);
	given_note_first(&first);
	check_true("the first", given_first(&first));
	check_true("another one", !given_first(&other));
	given_note_number("a.test");
	given_note_number("fe80::1%lo");
	check_true("a name is no number", given_first(&first));
	given_note_number("192.0.2.3");
	check_true("asked for by number", !given_first(&first));
	check_true("given lately all the same", was("a", 3));
	clock_after(GIVEN_LATELY_S + 1);
	check_true("not long ago", !was("a", 3));
	note("a", 3);
	check_true("given again", was("a", 3));
}

static void children(void)
{
	check_row("children");
	const pid_t child = fork();
	if (child == 0) {
		note("a", 5);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	check_true("what a child was given", was("a", 5));
}

/* Of 1,000 addresses that were not given few are taken for given when 10,000 were. */
static void many(void)
{
	unsigned wrong = 0;
	check_row("many");
	for (unsigned i = 0; i < 10000; i++)
		note("c", 1000 + i);
	for (unsigned i = 0; i < 1000; i++)
		wrong += was("d", 1000 + i);
	check_true("few", wrong < 30);
}

int main(void)
{
	const struct name n = lab_name("a");
	const struct address a = lab_v4(1);
	check_row("no memory");
	check_true("nothing is given", !given_by(&n, &a) && !given_first(&a) && given_count() == 0);
	names();
	numbers();
	children();
	many();
	return check_done();
}
