/*
 * byhand.c: processes that set a pin by hand while others drop it. A set has done
 * what it said: it never finds a table full that has room.
 */
#include "policy/pins/admin.h"
#include "tests/stress/herd.h"

enum { PROCESSES = 4, ROUNDS = HERD_SLOW ? 5000 : 40000 };

struct quarrel {
	struct herd *herd;
	struct lab *lab;
};

/* Half of them set, half drop; of a few names, so that they meet. */
static void quarrel(void *arg, unsigned i)
{
	struct quarrel *q = arg;
	pthread_barrier_wait(&q->herd->barrier);
	for (unsigned k = 0; k < ROUNDS; k++) {
		const struct address list[] = {lab_v4(1 + k % 5), lab_v4(7), lab_v4(8 + k % 3)};
		char text[16];
		snprintf(text, sizeof text, "n%u.test", k % 2);
		const struct name n = lab_name(text);
		if (i % 2)
			pins_drop(&q->lab->t, &n);
		else if (pins_set(&q->lab->t, &n, list, 1 + k % 3, 0) != ADMIN_OK)
			herd_blame(q->herd, "set number %u of process %u had no room", k, i);
	}
}

int main(void)
{
	struct lab lab;
	struct quarrel q = {herd_new(PROCESSES), &lab};
	lab_open(&lab, 64);
	check_row("%d processes set and drop two names", PROCESSES);
	check_true("every process ended well", herd_run(quarrel, &q, PROCESSES));
	herd_judge(q.herd);
	herd_free(q.herd);
	lab_close(&lab);
	return check_done();
}
