/* turns.c: who has a turn, and that a child which was forked meanwhile finds none taken. */
#include "shim/core/turn.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

pid_t session_pid(void) { return getpid(); }

enum { OUT = 1, IN = 2, BOTH = OUT | IN };

static void one_process(void)
{
	static const struct {
		const char *rule;
		uint32_t held, wanted;
		bool taken;
	} rows[] = {
		{"a free one", 0, OUT, true},
		{"one that is taken", OUT, OUT, false},
		{"the other one", OUT, IN, true},
		{"both, of which one is taken", IN, BOTH, false},
		{"both free", 0, BOTH, true},
		{"one of both that are taken", BOTH, IN, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		turns t = 0;
		check_row("turn: %s", rows[i].rule);
		if (rows[i].held)
			turn_take(&t, rows[i].held);
		check_true("taken", turn_take(&t, rows[i].wanted) == rows[i].taken);
		turn_end(&t, BOTH);
		check_true("free again", turn_take(&t, BOTH));
	}
}

/* What the child finds, as its exit status: 1 for each thing that is as it should be. */
static int in_child(turns *t)
{
	int good = turn_take(t, OUT);
	good += !turn_take(t, OUT);
	turn_end(t, OUT);
	return good + turn_take(t, BOTH);
}

static void forked(void)
{
	turns t = 0;
	int status = 0;
	check_row("a child that was forked while another thread had both turns");
	turn_take(&t, BOTH);
	const pid_t child = fork();
	if (child == 0)
		_exit(in_child(&t));
	waitpid(child, &status, 0);
	check_number("it takes one, not twice, and then both", 3, (unsigned)WEXITSTATUS(status));
	check_true("they are still its parent's", !turn_take(&t, IN));
}

int main(void)
{
	one_process();
	forked();
	return check_done();
}
