/*
 * on-move.c: see on-move.h.
 *
 * The command gets no words, and the event's fields in its environment: what comes from the table is never read by a shell.
 */
#include "tools/pinkeeper/on-move.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/event-text.h"
#include "tools/pinkeeper/entry.h"

enum {
	MOVE_COMMANDS = 4,		/* that run at once */
	MOVE_WAITING = 64,
	MOVE_LIMIT_S = 10,		/* then a command is killed, with its children */
	VARIABLE = TARGET_TEXT + 64,	/* "STICKYDNS_ADDRESS=..." */
};

/* A move, from its event to the end of its command. */
struct move {
	struct event_words words;
	struct move *next;		/* while it waits */
	uv_process_t process;
	uv_timer_t limit;
	unsigned open;			/* of these two */
	bool killed;
};

enum result { RAN, FAILED_TO, KILLED, SKIPPED, RESULTS };

static struct {
	struct keeper *keeper;
	struct move *first, **last;	/* that wait */
	unsigned waiting;
	struct move *running[MOVE_COMMANDS];
	uint64_t skipped;		/* not told yet */
	uint64_t count[RESULTS];
	int told;			/* the error of the line that said why the command cannot be run */
} moves = {.last = &moves.first};

/* ---- what a command gets ---- */

struct environment {
	char *variable[256];
	size_t n;
	char own[EVENT_FIELDS + 1][VARIABLE];
};

static bool is_ours(const char *variable) { return strncmp(variable, "STICKYDNS_", strlen("STICKYDNS_")) == 0; }

/* That of pinkeeper, the fields of the event, and the table, for pinctl. */
static void environment_of(const struct move *m, struct environment *out)
{
	size_t own = 0;
	out->n = 0;
	for (char **v = environ; *v && out->n < 256 - EVENT_FIELDS - 2; v++)
		if (!is_ours(*v))
			out->variable[out->n++] = *v;
	for (enum event_field f = 0; f < EVENT_FIELDS; f++) {
		char key[64];
		entry_key(event_field_key(f), key, sizeof key);
		snprintf(out->own[own], VARIABLE, "%s=%s", key, m->words.text[f] ? m->words.text[f] : "");
		out->variable[out->n++] = out->own[own++];
	}
	snprintf(out->own[own], VARIABLE, "STICKYDNS_TABLE=%s", moves.keeper->c.path);
	out->variable[out->n++] = out->own[own];
	out->variable[out->n] = NULL;
}

/* ---- its life ---- */

static void run_waiting(void);

static void on_closed(uv_handle_t *handle)
{
	struct move *m = handle->data;
	if (--m->open == 0)
		free(m);
}

static void close_move(struct move *m)
{
	uv_close((uv_handle_t *)&m->process, on_closed);
	uv_close((uv_handle_t *)&m->limit, on_closed);
}

/* Where `m` is among those that run; for NULL a free place. NULL: nowhere. */
static struct move **place_of(const struct move *m)
{
	for (unsigned i = 0; i < MOVE_COMMANDS; i++)
		if (moves.running[i] == m)
			return &moves.running[i];
	return NULL;
}

static void on_exit_of(uv_process_t *process, int64_t status, int number)
{
	struct move *m = process->data;
	const struct context *c = &moves.keeper->c;
	const char *const command = moves.keeper->conf.on_move, *const name = m->words.name;
	const enum result result = m->killed ? KILLED : status != 0 || number != 0 ? FAILED_TO : RAN;
	if (result == KILLED)
		note(c, "on-move: %s: %s: killed after %d s", command, name, MOVE_LIMIT_S);
	else if (number != 0)
		note(c, "on-move: %s: %s: ended by signal %d", command, name, number);
	else if (status != 0)
		note(c, "on-move: %s: %s: exit status %d", command, name, (int)status);
	moves.count[result]++;
	*place_of(m) = NULL;
	close_move(m);
	run_waiting();
}

/* The command leads a process group. */
static void on_limit(uv_timer_t *limit)
{
	struct move *m = limit->data;
	m->killed = true;
	uv_kill(-m->process.pid, SIGKILL);
}

static void say_why_not(int error)
{
	if (error && error != moves.told)
		note(&moves.keeper->c, "on-move: %s: %s", moves.keeper->conf.on_move, uv_strerror(error));
	moves.told = error;
}

static void run(struct move *m)
{
	static struct environment env;
	char *arguments[] = {moves.keeper->conf.on_move, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}, {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
	};
	environment_of(m, &env);
	const uv_process_options_t options = {
		.file = *arguments, .args = arguments, .env = env.variable, .exit_cb = on_exit_of, .flags = UV_PROCESS_DETACHED,
		.stdio = stdio, .stdio_count = 3,
	};
	m->process.data = m->limit.data = m;
	m->open = 2;
	uv_timer_init(moves.keeper->loop, &m->limit);
	const int error = uv_spawn(moves.keeper->loop, &m->process, &options);
	say_why_not(error);
	if (error) {
		moves.count[FAILED_TO]++;
		close_move(m);
		return;
	}
	*place_of(NULL) = m;
	uv_timer_start(&m->limit, on_limit, MOVE_LIMIT_S * 1000, 0);
}

static struct move *take_waiting(void)
{
	struct move *m = moves.first;
	moves.first = m->next;
	if (!moves.first)
		moves.last = &moves.first;
	moves.waiting--;
	return m;
}

static void run_waiting(void)
{
	while (moves.first && place_of(NULL))
		run(take_waiting());
	if (moves.first || moves.skipped == 0)
		return;
	note(&moves.keeper->c, "on-move: %s: skipped at %llu moves: more than %d waited", moves.keeper->conf.on_move,
	     (unsigned long long)moves.skipped, MOVE_WAITING);
	moves.skipped = 0;
}

/* ---- the duty ---- */

static void on_event(struct keeper *k, const struct event *e)
{
	if (e->kind != EVENT_MOVED)
		return;
	struct move *m = moves.waiting < MOVE_WAITING ? calloc(1, sizeof *m) : NULL;
	if (!m) {
		moves.skipped++;
		moves.count[SKIPPED]++;
		return;
	}
	event_words(&k->c.table, e, &m->words);
	*moves.last = m;
	moves.last = &m->next;
	moves.waiting++;
	run_waiting();
}

static bool start(struct keeper *k)
{
	moves.keeper = k;
	return true;
}

static void expose(struct keeper *k, struct exposition *x)
{
	static const char *const results[RESULTS] = {[RAN] = "ran", [FAILED_TO] = "failed", [KILLED] = "killed", [SKIPPED] = "skipped"};
	(void)k;
	expose_metric(x, METRIC_COUNTER, "pinkeeper_on_move_commands_total", "Commands for moves of pins, by what became of them.");
	for (unsigned i = 0; i < RESULTS; i++)
		expose_sample(x, (double)moves.count[i], "result", results[i], NULL);
	expose_metric(x, METRIC_GAUGE, "pinkeeper_on_move_waiting", "Moves whose command has not begun.");
	expose_sample(x, moves.waiting, NULL);
}

/* What runs goes on without pinkeeper. */
static void stop(struct keeper *k)
{
	if (moves.waiting > 0)
		note(&k->c, "on-move: %s: not run for the last %u moves", k->conf.on_move, moves.waiting);
	while (moves.first)
		free(take_waiting());
	for (unsigned i = 0; i < MOVE_COMMANDS; i++)
		if (moves.running[i])
			close_move(moves.running[i]);
}

const struct duty on_move_duty = {.name = "on-move", .start = start, .event = on_event, .expose = expose, .stop = stop};
