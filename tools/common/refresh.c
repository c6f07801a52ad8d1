/* refresh.c: see refresh.h. */
#include "tools/common/refresh.h"

#include "policy/pins/follow.h"
#include "policy/pins/service.h"

const char *refresh_failure(const struct reply reply[static FAMILIES])
{
	for (enum family f = 0; f < FAMILIES; f++)
		if (reply[f].status == REPLY_FAILED)
			return reply[f].why ? reply[f].why : "no answer";
	return NULL;
}

bool refresh_is_gone(const struct reply reply[static FAMILIES])
{
	return reply[FAMILY_V4].n == 0 && reply[FAMILY_V6].n == 0;
}

uint32_t refresh_ttl(const struct reply reply[static FAMILIES])
{
	const struct reply *v4 = &reply[FAMILY_V4], *v6 = &reply[FAMILY_V6];
	if (v4->n == 0 || v6->n == 0)
		return v4->n ? v4->ttl : v6->ttl;
	return v4->ttl < v6->ttl ? v4->ttl : v6->ttl;
}

/* The family with records first: that the other has none is believed as long (ttl_note). */
static enum family in_turn(const struct reply *reply, unsigned i)
{
	const enum family first = reply[FAMILY_V4].n ? FAMILY_V4 : FAMILY_V6;
	return i == 0 ? first : 1 - first;
}

/* The records with their targets, whose hosts get records in the table. */
static enum admin_status targets_of(struct table *t, const struct name *service, const struct reply *reply,
				   struct srv_record records[static REPLY_SRV_MAX])
{
	for (size_t i = 0; i < reply->n; i++) {
		const struct reply_srv *s = &reply->srv[i];
		records[i] = (struct srv_record){.priority = s->priority, .weight = s->weight};
		if (!pins_target(t, service, &s->host, s->port, &records[i].target))
			return t->writable ? ADMIN_FULL : ADMIN_READ_ONLY;
	}
	return ADMIN_OK;
}

/* ---- by hand ---- */

static struct change change_of(const struct pin_view *before, const struct reply *r, bool published, bool dropped)
{
	struct change ch = {.has_pin = before->present, .pin = before->addr, .ttl = r->ttl, .published = r->n};
	if (!before->present)
		ch.result = r->n ? LEARNED : NOTHING;
	else if (published)
		ch.result = RENEWED;
	else
		ch.result = dropped ? DROPPED : KEPT;
	return ch;
}

static bool is_published(const struct reply *r, const struct address *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (address_equal(&r->addr[i], a))
			return true;
	return false;
}

static enum admin_status take_addresses(struct table *t, const struct name *name, const struct reply *reply,
				       const struct name_view *before, struct change *change)
{
	enum admin_status s = ADMIN_OK;
	for (unsigned i = 0; i < FAMILIES && s == ADMIN_OK; i++) {
		const enum family f = in_turn(reply, i);
		const struct pin_view *pin = &before->pin[f];
		bool dropped = false;
		s = pins_refresh(t, name, f, reply[f].addr, reply[f].n, refresh_ttl(reply), &dropped);
		change[f] = change_of(pin, &reply[f], is_published(&reply[f], &pin->addr), dropped);
	}
	return s;
}

static enum admin_status take_targets(struct table *t, const struct name *name, const struct reply *reply,
				     const struct pin_view *before, struct change *change)
{
	struct srv_record records[REPLY_SRV_MAX];
	bool published = false, dropped = false;
	enum admin_status s = targets_of(t, name, reply, records);
	if (s != ADMIN_OK)
		return s;
	for (size_t i = 0; i < reply->n; i++)
		published = published || address_equal(&records[i].target, &before->addr);
	s = pins_refresh_service(t, name, records, reply->n, reply->ttl, &dropped);
	*change = change_of(before, reply, published, dropped);
	return s;
}

enum admin_status refresh_take(struct table *t, const struct name *name, const struct reply reply[static FAMILIES],
			      const struct name_view *before, struct change change[static FAMILIES])
{
	if (name_is_service(name))
		return take_targets(t, name, &reply[FAMILY_SRV], &before->pin[FAMILY_SRV], &change[FAMILY_SRV]);
	return take_addresses(t, name, reply, before, change);
}

/* ---- as a lookup ---- */

static enum admin_status follow_targets(struct table *t, const struct name *name, const struct reply *reply, uint32_t valid_s)
{
	struct srv_record records[REPLY_SRV_MAX];
	const enum admin_status s = targets_of(t, name, reply, records);
	return s == ADMIN_OK ? pins_follow_service(t, name, records, reply->n, valid_s) : s;
}

enum admin_status refresh_follow(struct table *t, const struct name *name, const struct reply reply[static FAMILIES],
				uint32_t valid_s)
{
	const struct published published[FAMILIES] = {
		[FAMILY_V4] = {reply[FAMILY_V4].addr, reply[FAMILY_V4].n},
		[FAMILY_V6] = {reply[FAMILY_V6].addr, reply[FAMILY_V6].n},
	};
	if (refresh_is_gone(reply))
		return ADMIN_OK;
	if (name_is_service(name))
		return follow_targets(t, name, &reply[FAMILY_SRV], valid_s);
	return pins_follow(t, name, published, valid_s);
}
