/*
 * replace.c: processes that replace a table at once. Every one that was ever at the
 * path is marked as replaced, but for the last: nobody is left behind on it.
 */
#include "policy/table/create.h"
#include "tests/stress/herd.h"

enum { PROCESSES = 4, ROUNDS = 30 };

struct rivals {
	struct herd *herd;
	char path[TABLE_PATH];
};

static void replace(void *arg, unsigned i)
{
	struct rivals *r = arg;
	static struct table seen[ROUNDS];
	pthread_barrier_wait(&r->herd->barrier);
	for (unsigned k = 0; k < ROUNDS; k++)
		if (store_create(r->path, 1, 0600, (gid_t)-1, store_empty) != STORE_OK || store_open(r->path, &seen[k]) > STORE_FOREIGN)
			herd_blame(r->herd, "replacement %u of process %u", k, i);
	pthread_barrier_wait(&r->herd->barrier);
	struct table last;
	if (store_open(r->path, &last) != STORE_OK)
		herd_blame(r->herd, "the last one");
	for (unsigned k = 0; k < ROUNDS; k++)
		if (seen[k].header && !store_retired(&seen[k]) && seen[k].seed != last.seed)
			herd_blame(r->herd, "table %u of process %u was replaced and is not marked so", k, i);
}

int main(void)
{
	static struct rivals *r;
	r = herd_share(sizeof *r);
	r->herd = herd_new(PROCESSES);
	lab_path(r->path);
	check_row("%d processes replace one table", PROCESSES);
	check_true("every process ended well", herd_run(replace, r, PROCESSES));
	herd_judge(r->herd);
	unlink(r->path);
	herd_free(r->herd);
	return check_done();
}
