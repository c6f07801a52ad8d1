/* script-follow.h: the steps of script.h that are about answers which no program asked for. Included by it. */

#include "policy/pins/follow.h"

static inline void script_follow(struct script *s, char **w)
{
	static const char *const text[] = {[ADMIN_OK] = "done", [ADMIN_NO_NAME] = "no-name", [ADMIN_READ_ONLY] = "read-only"};
	struct srv_record records[SCRIPT_RECORDS];
	struct pool pool[FAMILIES];
	const struct name n = lab_name(w[1]);
	const uint32_t valid_s = w[3] ? (uint32_t)atoi(w[3]) : 0;
	enum admin_status status;
	if (name_is_service(&n)) {
		const size_t count = script_records(s, &n, w[2], records);
		status = pins_follow_service(&s->lab.t, &n, records, count, valid_s);
	} else {
		script_pool(w[2], pool);
		const struct published published[FAMILIES] = {{pool[FAMILY_V4].addr, pool[FAMILY_V4].n},
							      {pool[FAMILY_V6].addr, pool[FAMILY_V6].n}};
		status = pins_follow(&s->lab.t, &n, published, valid_s);
	}
	script_say(s, "", "%s", text[status]);
}

/* Seconds, of the name's TTL that are left, or since it was used. */
static inline void script_seconds(struct script *s, char **w)
{
	const struct name n = lab_name(w[1]);
	struct name_ref ref;
	if (!table_find(&s->lab.t, &n, &ref))
		errx(2, "%s: no such name", w[1]);
	char text[16];
	snprintf(text, sizeof text, "%u", strcmp(w[0], "ttl") == 0 ? pins_ttl_left_s(&s->lab.t, ref) : pins_unused_s(&s->lab.t, ref));
	script_say(s, "", "%s", text);
}
