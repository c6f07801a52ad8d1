/*
 * agree.c: processes that look up the same new names at once, each with an answer
 * rotated its own way, get the same first address.
 */
#include "policy/pins/view.h"
#include "tests/stress/herd.h"

enum { NAMES = HERD_SLOW ? 80 : 2000, SHARED = 24, POOL = 6, BIG_POOL = 40 };

struct meeting {
	struct herd *herd;
	struct lab *lab;
	unsigned processes, names, base;	/* base: number of the first name */
	bool in_step;				/* a barrier before each name; else each in its own order */
	uint32_t *first;			/* [process][name]: low half of the address that led */
};

static struct name name_number(unsigned k)
{
	char text[NAME_BYTES];
	snprintf(text, sizeof text, k % 3 ? "n%u.example" : "a-name-that-is-longer-than-the-hot-part-of-its-record.n%u.example", k);
	return lab_name(text);
}

/* Every other name has addresses of its own; the rest share a few; one in 16 has many. */
static size_t pool_number(unsigned k, struct address out[static BIG_POOL])
{
	const size_t n = k % 16 == 5 ? BIG_POOL : POOL;
	for (unsigned j = 0; j < n; j++)
		out[j] = k % 2 ? lab_v4(1000 + k * 64 + j) : lab_v4(1 + (k + j) % SHARED);
	return n;
}

static uint32_t low_half(const struct address *a)
{
	uint32_t w;
	memcpy(&w, a->bytes + 12, sizeof w);
	return w;
}

static void look_up(struct meeting *m, unsigned i, unsigned k)
{
	struct address plain[BIG_POOL], rotated[BIG_POOL];
	struct name n = name_number(m->base + k);
	struct name_ref ref;
	size_t count = pool_number(m->base + k, plain);
	for (size_t j = 0; j < count; j++)
		rotated[j] = plain[(j + i * 5 + k) % count];
	if (m->in_step)
		pthread_barrier_wait(&m->herd->barrier);
	struct address a = lab_lookup(&m->lab->t, &n, rotated, count, &ref);
	m->first[i * m->names + k] = low_half(&a);
}

static void attend(void *arg, unsigned i)
{
	struct meeting *m = arg;
	if (!m->in_step)
		pthread_barrier_wait(&m->herd->barrier);
	for (unsigned k = 0; k < m->names; k++)
		look_up(m, i, m->in_step ? k : (k * 7 + i % 2 * (m->names / 2)) % m->names);
}

/* The pin is what all were given; no candidate is listed twice. */
static void judge_name(struct meeting *m, unsigned k, unsigned *disagree, unsigned *other_pin, unsigned *twice)
{
	const uint32_t first = m->first[k];
	bool agreed = true;
	for (unsigned i = 1; i < m->processes; i++)
		agreed &= m->first[i * m->names + k] == first;
	*disagree += !agreed;

	struct name n = name_number(m->base + k);
	struct name_ref ref;
	struct name_view v = {0};
	if (!table_find(&m->lab->t, &n, &ref) || !pins_view(&m->lab->t, ref, &v) || !v.pin[FAMILY_V4].present ||
	    low_half(&v.pin[FAMILY_V4].addr) != first)
		++*other_pin;
	for (size_t a = 0; a < v.n_candidates; a++)
		for (size_t b = 0; b < a; b++)
			*twice += address_equal(&v.candidates[a].addr, &v.candidates[b].addr);
}

static void meet(struct lab *lab, unsigned processes, unsigned names, unsigned base, bool in_step)
{
	struct meeting m = {herd_new(processes), lab, processes, names, base, in_step, NULL};
	unsigned disagree = 0, other_pin = 0, twice = 0;
	m.first = herd_share(sizeof *m.first * processes * names);
	uint64_t captures = get64(&lab->t.header->counters[COUNT_CAPTURES]);

	check_row("%u processes, %u new names, %s", processes, names, in_step ? "in step" : "each in its own order");
	check_true("every process ended well", herd_run(attend, &m, processes));
	for (unsigned k = 0; k < names; k++)
		judge_name(&m, k, &disagree, &other_pin, &twice);
	check_number("names whose first addresses differ", 0, disagree);
	check_number("names whose pin is another", 0, other_pin);
	check_number("candidates listed twice", 0, twice);
	check_number("captures", names, get64(&lab->t.header->counters[COUNT_CAPTURES]) - captures);

	munmap(m.first, sizeof *m.first * processes * names);
	herd_free(m.herd);
}

int main(void)
{
	struct lab lab;
	lab_open(&lab, 16384);
	meet(&lab, 8, NAMES, 0, true);
	meet(&lab, 8, NAMES, NAMES, false);
	meet(&lab, 64, NAMES, 2 * NAMES, true);
	meet(&lab, 64, NAMES, 3 * NAMES, false);
	lab_close(&lab);
	return check_done();
}
