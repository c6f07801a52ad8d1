/* hold.c: see hold.h. */
#include "tools/pinwatch/hold.h"

#include <unistd.h>

#include "tools/common/cgroup.h"

void hold_close(struct hold *h)
{
	if (h->fd != -1)
		close(h->fd);
	if (h->lock != -1)
		close(h->lock);
	h->fd = h->lock = -1;
}

bool hold_take(struct hold *h)
{
	h->lock = cgroup_lock(h->cgroup);
	if (h->lock == -1)
		return false;
	h->fd = cgroup_open(h->cgroup);
	return h->fd != -1;
}

static void tell(const struct hold *h, bool same, const struct steering *s, const struct context *c)
{
	char words[PATH_MAX];
	holder_words(&s->holder, words, sizeof words);
	if (h->state == HOLD_LEFT)
		note(c, "%s: %s: nothing is steered until it is gone", h->cgroup, words);
	else if (h->state == HOLD_GONE)
		note(c, "%s: was removed: nothing is steered until it is made again", h->cgroup);
	else
		note(c, "%s: %s steered", h->cgroup, same ? "nobody holds it any more: it is" : "was made again, and is");
}

static enum hold_state attach(struct hold *h, bool same, struct steering *s)
{
	if (!same && !hold_take(h))
		return HOLD_GONE;
	if (steering_attach(s, h->fd))
		return HOLD_STEERED;
	return s->holder.id ? HOLD_LEFT : HOLD_GONE;
}

void hold_look(struct hold *h, struct steering *s, const struct context *c)
{
	const enum hold_state before = h->state;
	const bool same = h->fd != -1 && cgroup_is(h->cgroup, h->fd);
	if (same && before == HOLD_STEERED && !steering_held(s, h->fd))
		return;
	steering_detach(s);
	if (!same)
		hold_close(h);
	h->state = attach(h, same, s);
	if (h->state != before || (!same && h->state == HOLD_STEERED))
		tell(h, same, s, c);
}
