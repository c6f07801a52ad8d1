/* script-service.h: the steps of script.h that are about services and steering. Included by it. */

#include "policy/pins/admin.h"
#include "policy/pins/redirect.h"
#include "policy/pins/service.h"
#include "policy/pins/srv.h"
#include "policy/pins/view.h"

/* "a:5060", "a:5060:10", "a:5060:10:60". */
static inline struct srv_record script_record(struct script *s, const struct name *service, const char *text)
{
	struct srv_record r = {0};
	struct name host;
	char name[64];
	unsigned port = 0, priority = 0, weight = 0;
	if (sscanf(text, "%63[^:]:%u:%u:%u", name, &port, &priority, &weight) < 2)
		errx(2, "%s: no target", text);
	host = lab_name(name);
	if (!pins_target(&s->lab.t, service, &host, (uint16_t)port, &r.target))
		errx(2, "%s: no room for the target", text);
	r.priority = (uint16_t)priority;
	r.weight = (uint16_t)weight;
	return r;
}

enum { SCRIPT_RECORDS = 128 };

/* Records parted by commas; `*100` behind one stands for a hundred of it on ports that rise. */
static inline size_t script_records(struct script *s, const struct name *service, char *text,
				    struct srv_record records[static SCRIPT_RECORDS])
{
	char *save = NULL;
	size_t count = 0;
	for (char *r = strtok_r(text, ",", &save); r; r = strtok_r(NULL, ",", &save)) {
		const char *times = strchr(r, '*');
		for (int i = 0, n = times ? atoi(times + 1) : 1; i < n && count < SCRIPT_RECORDS; i++) {
			records[count] = script_record(s, service, r);
			records[count++].target.scope += (uint64_t)i;
		}
	}
	return count;
}

static inline void script_srv(struct script *s, char **w)
{
	struct srv_record records[SCRIPT_RECORDS];
	struct name_ref ref;
	char text[TARGET_TEXT];
	const struct name n = lab_name(w[1]);
	const size_t count = script_records(s, &n, w[2], records);
	int at = pins_service(&s->lab.t, &n, NULL, records, count, false, &ref);
	if (at >= 0)
		target_format(&s->lab.t, &records[at].target, text);
	script_say(s, "", "%s", at < 0 ? "none" : text);
}

static inline void script_srv_refresh(struct script *s, char **w)
{
	struct srv_record records[SCRIPT_RECORDS];
	const struct name n = lab_name(w[1]);
	const size_t count = strcmp(w[2], "-") == 0 ? 0 : script_records(s, &n, w[2], records);
	bool dropped = false;
	enum admin_status status = pins_refresh_service(&s->lab.t, &n, records, count, 60, &dropped);
	script_say(s, "", "%s", status != ADMIN_OK ? "failed" : dropped ? "dropped" : "done");
}

static inline void script_recall(struct script *s, char **w)
{
	struct srv_record records[SCRIPT_RECORDS];
	struct pool pool[FAMILIES];
	const struct name n = lab_name(w[1]);
	size_t count = 0;
	if (name_is_service(&n)) {
		count = script_records(s, &n, w[2], records);
	} else {
		script_pool(w[2], pool);
		for (unsigned f = 0; f < FAMILIES; f++)
			for (size_t i = 0; i < pool[f].n; i++)
				records[count++] = (struct srv_record){.target = pool[f].addr[i]};
	}
	const enum admin_status status = pins_recall(&s->lab.t, &n, records, count, (uint32_t)strtoul(w[3], NULL, 10));
	script_say(s, "", "%s", status == ADMIN_OK ? "done" : "failed");
}

/* The ports of its candidates, as they are shown. */
static inline void script_ports(struct script *s, char **w)
{
	const struct name n = lab_name(w[1]);
	struct name_ref ref;
	struct name_view v = {0};
	if (table_find(&s->lab.t, &n, &ref))
		pins_view(&s->lab.t, ref, &v);
	for (size_t i = 0; i < v.n_candidates; i++) {
		char port[8];
		snprintf(port, sizeof port, "%u", (unsigned)target_port(&v.candidates[i].addr));
		script_say(s, ",", "%s", port);
	}
}

static inline void script_steer(struct script *s, char **w)
{
	struct name_ref refs[SCRIPT_WORDS];
	struct endpoint e = {.addr = lab_address(w[2])}, to;
	char text[ADDRESS_TEXT], where[ADDRESS_TEXT + 8];
	script_port(w[3], &e.port, &e.transport);
	const enum redirect_kind kind = strcmp(w[0], "steer") != 0	    ? REDIRECT_DATAGRAM
				     : e.transport == TRANSPORT_TCP ? REDIRECT_CONNECT
								    : REDIRECT_REQUEST;
	const struct asker who = {.names = refs, .n = script_names(s, w[1], refs)};
	if (!pins_redirect(&s->lab.t, &e, kind, &who, &to)) {
		script_say(s, "", "%s", "asked");
		return;
	}
	lab_text(&to.addr, text);
	snprintf(where, sizeof where, "%s:%u", text, to.port);
	script_say(s, "", "%s", where);
}
