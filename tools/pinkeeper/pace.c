/* pace.c: see pace.h. */
#include "tools/pinkeeper/pace.h"

#include "policy/base/clock.h"

enum {
	NAME = TICKS_PER_S,		/* of allowance: a name a second is one sixteenth of it a tick */
	SAVED_TICKS = 4,		/* so long a time of asking for nothing is made up for */
};

void pace_begin(struct pace *p, uint32_t now)
{
	*p = (struct pace){.now = now, .rate = FOLLOW_PACE, .second = now, .allowance = FOLLOW_PACE};
}

/* What the time since then allows. */
static void pass(struct pace *p, uint32_t now)
{
	const uint32_t ticks = tick_since(now, p->now), most = p->rate * SAVED_TICKS;
	if (p->rate < FOLLOW_PACE && tick_since(now, p->second) >= TICKS_PER_S) {
		p->rate = 2 * p->rate < FOLLOW_PACE ? 2 * p->rate : FOLLOW_PACE;
		p->second = now;
	}
	if (ticks >= SAVED_TICKS || p->allowance + ticks * p->rate > most)
		p->allowance = most;
	else
		p->allowance += ticks * p->rate;
	p->now = now;
}

bool pace_allows(struct pace *p, uint32_t now, uint32_t in_flight)
{
	pass(p, now);
	if (p->pause) {
		if (in_flight > 0 || now < p->next)
			return false;
		p->trying = true;
		return true;
	}
	if (p->allowance < NAME)
		return false;
	p->allowance -= NAME;
	return true;
}

uint32_t pace_wait(const struct pace *p, uint32_t now)
{
	return p->pause && p->next > now ? p->next - now : 1;
}

bool pace_answered(struct pace *p, uint32_t now)
{
	const bool was_down = p->pause != 0;
	p->failed = 0;
	p->pause = 0;
	p->trying = false;
	if (was_down) {
		p->rate = FOLLOW_PACE_LEAST;
		p->second = now;
		p->allowance = p->rate;
	}
	return was_down;
}

bool pace_unanswered(struct pace *p, uint32_t now, uint32_t dice)
{
	const uint32_t before = p->pause, longest = tick_of(FOLLOW_PAUSE_MAX_S);
	if (p->failed < FOLLOW_DOWN_AFTER)
		p->failed++;
	if (p->failed < FOLLOW_DOWN_AFTER || (before && !p->trying))	/* it was asked for before DNS was down */
		return false;
	p->trying = false;
	p->pause = before ? 2 * before : tick_of(FOLLOW_PAUSE_S);
	p->pause = p->pause < longest ? p->pause : longest;
	p->next = now + p->pause + (uint32_t)((uint64_t)dice * (p->pause / 4 + 1) >> 32);
	return before == 0;
}

void pace_renew(struct pace *p, uint32_t now) { p->next = now; }
