/* script-service.h: the steps of script.h that are about services and steering. Included by it. */

/* "a:5060", "a:5060:10", "a:5060:10:60". */
static inline struct srv_record script_record(struct script *s, const char *text)
{
	struct srv_record r = {0};
	struct name host;
	char name[64];
	unsigned port = 0, priority = 0, weight = 0;
	if (sscanf(text, "%63[^:]:%u:%u:%u", name, &port, &priority, &weight) < 2)
		errx(2, "%s: no target", text);
	host = lab_name(name);
	if (!pins_target(&s->lab.t, &host, (uint16_t)port, &r.target))
		errx(2, "%s: no room for the target", text);
	r.priority = (uint16_t)priority;
	r.weight = (uint16_t)weight;
	return r;
}

static inline void script_srv(struct script *s, char **w)
{
	struct srv_record records[32];
	struct name_ref ref;
	char text[TARGET_TEXT], *save = NULL;
	const struct name n = lab_name(w[1]);
	size_t count = 0;
	for (char *r = strtok_r(w[2], ",", &save); r && count < 32; r = strtok_r(NULL, ",", &save))
		records[count++] = script_record(s, r);
	int at = pins_service(&s->lab.t, &n, records, count, false, &ref);
	if (at >= 0)
		target_format(&s->lab.t, &records[at].target, text);
	script_say(s, "", "%s", at < 0 ? "none" : text);
}

static inline void script_steer(struct script *s, char **w)
{
	struct name_ref refs[SCRIPT_WORDS];
	struct endpoint e = {.addr = lab_address(w[2])}, to;
	char text[ADDRESS_TEXT], where[ADDRESS_TEXT + 8];
	script_port(w[3], &e.port, &e.transport);
	const enum steer_kind kind = strcmp(w[0], "steer") != 0	    ? STEER_DATAGRAM
				     : e.transport == TRANSPORT_TCP ? STEER_CONNECT
								    : STEER_REQUEST;
	size_t n = script_names(s, w[1], refs);
	if (!pins_steer(&s->lab.t, &e, kind, refs, n, &to)) {
		script_say(s, "", "%s", "asked");
		return;
	}
	lab_text(&to.addr, text);
	snprintf(where, sizeof where, "%s:%u", text, to.port);
	script_say(s, "", "%s", where);
}
