/* standing.c: see standing.h. */
#include "policy/pins/standing.h"

static bool is_configured(const struct effective *e)
{
	for (unsigned k = 0; k < SETTINGS; k++)
		if (e->from[k] >= 0)
			return true;
	return false;
}

enum standing standing_of(const struct table *t, struct name_ref r, const struct effective *settings)
{
	const struct name_hot *hot = name_hot(t, r);
	enum standing s = is_configured(settings) ? STANDING_CONFIGURED : STANDING_ANSWERED;
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct pin p = pin_unpack(get64(&hot->pin[f]));
		const struct confirmed c = confirmed_unpack(get64(&hot->confirmed[f]));
		if (p.is_explicit && p.reuse == name_reuse(r))
			return STANDING_CONFIGURED;
		const enum standing here = c.proven ? STANDING_PROVEN : STANDING_CONFIRMED;
		if (c.ref && c.reuse == name_reuse(r) && s < here)
			s = here;
	}
	return s;
}
