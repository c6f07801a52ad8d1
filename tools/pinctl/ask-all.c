/* ask-all.c: see ask-all.h. */
#include "tools/pinctl/ask-all.h"

#include <stdio.h>
#include <unistd.h>

#include "tools/common/refresh.h"

enum { SHOWN_EVERY_MS = 200 };

struct run {
	struct asking *a;
	uv_loop_t loop;
	struct resolver *resolver;
	uv_timer_t show;
	uv_signal_t signals[2];
	size_t asked, stride, next;		/* the name that is asked for next, and how far it is to the one behind it */
	size_t in_row;				/* without an answer, since the last one */
	bool shown;				/* the line stands on the terminal */
};

/* ---- the line ---- */

static void hide(struct run *r)
{
	if (r->shown)
		fputs("\r\033[K", stderr);
	r->shown = false;
}

static void on_show(uv_timer_t *timer)
{
	struct run *r = timer->data;
	const struct tally *t = &r->a->tally;
	fprintf(stderr, "\r%s: %zu of %zu names", program, t->answered + t->unanswered, r->a->names->n);
	if (t->unanswered)
		fprintf(stderr, ", %zu without an answer", t->unanswered);
	fputs("\033[K", stderr);
	fflush(stderr);
	r->shown = true;
}

/* ---- asking ---- */

/* About the golden section of n, and prime to it: so each name is met once, and those asked for before are far away. */
static size_t stride_for(size_t n)
{
	for (size_t stride = n * 5 / 8;; stride++) {
		size_t a = n, b = stride;
		while (b) {
			const size_t rest = a % b;
			a = b;
			b = rest;
		}
		if (a == 1)
			return stride;
	}
}

static bool is_over(const struct run *r)
{
	return r->asked == r->a->names->n || r->a->tally.given_up || r->a->tally.stopped;
}

static void ask_more(struct run *r)
{
	while (!is_over(r) && resolver_room(r->resolver) > 0) {
		const size_t i = r->next;
		r->asked++;
		r->next = (i + r->stride) % r->a->names->n;
		resolver_ask(r->resolver, r->a->names->name[i], i);
	}
}

/* What is in flight has no answer. */
static void end_early(struct run *r)
{
	r->a->tally.unanswered += ASKED_AT_ONCE - resolver_room(r->resolver);
	resolver_forget(r->resolver);
}

static void on_resolved(void *arg, size_t i, const struct reply *reply)
{
	struct run *r = arg;
	struct tally *t = &r->a->tally;
	const bool answered = !refresh_failure(reply);
	r->a->done(r->a->arg, i, reply);
	if (answered)
		t->answered++;
	else
		t->unanswered++;
	r->in_row = answered ? 0 : r->in_row + 1;
	t->given_up = r->in_row >= (t->answered ? GIVE_UP : ASKED_AT_ONCE) && r->asked < r->a->names->n;
	if (t->given_up || t->stopped)
		end_early(r);
	else
		ask_more(r);
}

void stop_asking(struct asking *a) { a->tally.stopped = true; }

static void on_signal(uv_signal_t *signal, int number)
{
	struct run *r = signal->data;
	(void)number;
	if (!r->a->tally.stopped)
		end_early(r);
	stop_asking(r->a);
}

/* These keep no loop running. */
static void watch(struct run *r)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	uv_timer_init(&r->loop, &r->show);
	r->show.data = r;
	if (isatty(STDERR_FILENO))
		uv_timer_start(&r->show, on_show, SHOWN_EVERY_MS, SHOWN_EVERY_MS);
	uv_unref((uv_handle_t *)&r->show);
	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&r->loop, &r->signals[i]);
		r->signals[i].data = r;
		uv_signal_start(&r->signals[i], on_signal, numbers[i]);
		uv_unref((uv_handle_t *)&r->signals[i]);
	}
}

static void end(struct run *r)
{
	hide(r);
	resolver_free(r->resolver);
	uv_close((uv_handle_t *)&r->show, NULL);
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&r->signals[i], NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
}

const char *ask_all(struct asking *a)
{
	struct run r = {.a = a, .stride = stride_for(a->names->n)};
	const struct resolve_options o = {a->server, a->timeout_ms, ASKED_AT_ONCE, on_resolved, &r};
	if (uv_loop_init(&r.loop) != 0)
		return "the loop has no room";
	const char *trouble = resolver_make(&r.loop, &o, &r.resolver);
	if (!trouble) {
		watch(&r);
		ask_more(&r);
		uv_run(&r.loop, UV_RUN_DEFAULT);
		end(&r);
	}
	uv_loop_close(&r.loop);
	return trouble;
}
