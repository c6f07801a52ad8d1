/* questions.c: what was asked is known, whatever else was asked meanwhile; until QUESTIONS more were. */
#include "shim/lookup/questions.h"

#include "tests/unit/check.h"

static struct question question(unsigned id, uint16_t type, const char *name)
{
	struct question q = {.id = (uint16_t)id, .type = type, .class = 1};
	name_canonical(name, &q.name);
	return q;
}

enum { SERVER = 99, OTHER = 67 };

static bool is_known_of(unsigned id, uint16_t type, const char *name, uint64_t server)
{
	const struct question q = question(id, type, name);
	return questions_has(&q, server);
}

static bool is_known(unsigned id, uint16_t type, const char *name) { return is_known_of(id, type, name, SERVER); }

static void ask(unsigned id, uint16_t type, const char *name)
{
	const struct question q = question(id, type, name);
	questions_note(&q, SERVER);
}

static void others(void)
{
	static const struct {
		const char *what;
		unsigned id;
		uint16_t type;
		const char *name;
		uint64_t server;
		bool known;
	} rows[] = {
		{"the question itself", 0x1234, WIRE_A, "pool.test", SERVER, true},
		{"of another id", 0x1235, WIRE_A, "pool.test", SERVER, false},
		{"of an id with the same lower byte", 0x5634, WIRE_A, "pool.test", SERVER, false},
		{"of another type", 0x1234, WIRE_AAAA, "pool.test", SERVER, false},
		{"of another name", 0x1234, WIRE_A, "pool2.test", SERVER, false},
		{"by another server (RFC 5452 9.1)", 0x1234, WIRE_A, "pool.test", OTHER, false},
	};
	ask(0x1234, WIRE_A, "pool.test");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("asked: A of pool.test with id 0x1234; answered: %s", rows[i].what);
		check_range("known", rows[i].known, rows[i].known,
			    is_known_of(rows[i].id, rows[i].type, rows[i].name, rows[i].server));
	}
}

/* Ids that agree in their lower bits, as random ones do now and then. */
static void many(void)
{
	check_row("%d questions under way, of ids that agree modulo 256", QUESTIONS);
	for (unsigned i = 0; i < QUESTIONS; i++)
		ask(i << 8 & 0xffff, (uint16_t)(i >> 8), "pool.test");
	unsigned known = 0;
	for (unsigned i = 0; i < QUESTIONS; i++)
		known += is_known(i << 8 & 0xffff, (uint16_t)(i >> 8), "pool.test");
	check_range("known", QUESTIONS, QUESTIONS, known);

	check_row("one question more: the oldest is forgotten");
	ask(1, WIRE_SRV, "_sip._udp.pool.test");
	check_true("the newest is known", is_known(1, WIRE_SRV, "_sip._udp.pool.test"));
	check_true("the oldest is not", !is_known(0, 0, "pool.test"));
	check_true("the one after it is", is_known(1 << 8, 0, "pool.test"));
}

int main(void)
{
	check_row("nothing was asked");
	check_true("nothing is known", !is_known(0, 0, ""));
	others();
	many();
	return check_done();
}
