/* change.c: see change.h. */
#include "tools/pinctl/change.h"

#include "policy/pins/order.h"

const char *result_text(enum result r)
{
	static const char *const text[] = {"nothing", "renewed", "dropped", "kept", "learned"};
	return text[r];
}

static struct change change_of(const struct pin_view *before, const struct reply *r, size_t n, bool published, bool dropped)
{
	struct change ch = {.has_pin = before->present, .pin = before->addr, .ttl = r->ttl, .published = n};
	if (!before->present)
		ch.result = n ? LEARNED : NOTHING;
	else if (published)
		ch.result = RENEWED;
	else
		ch.result = dropped ? DROPPED : KEPT;
	return ch;
}

/* ---- addresses ---- */

static bool is_published(const struct reply *r, const struct address *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (address_equal(&r->addr[i], a))
			return true;
	return false;
}

/* The name's TTL is the least of both families'; a family without records has none to give. */
static uint32_t least_ttl(const struct reply *reply)
{
	const struct reply *v4 = &reply[FAMILY_V4], *v6 = &reply[FAMILY_V6];
	if (v4->n == 0 || v6->n == 0)
		return v4->n ? v4->ttl : v6->ttl;
	return v4->ttl < v6->ttl ? v4->ttl : v6->ttl;
}

/* The family with records first: that the other has none is believed as long (pins_published). */
static enum admin_status take_addresses(struct table *t, const struct name *name, const struct reply *reply,
				       const struct name_view *before, struct change *change)
{
	const enum family first = reply[FAMILY_V4].n ? FAMILY_V4 : FAMILY_V6;
	enum admin_status s = ADMIN_OK;
	for (unsigned i = 0; i < FAMILIES && s == ADMIN_OK; i++) {
		const enum family f = i == 0 ? first : 1 - first;
		const struct pin_view *pin = &before->pin[f];
		bool dropped = false;
		s = pins_refresh(t, name, f, reply[f].addr, reply[f].n, least_ttl(reply), &dropped);
		change[f] = change_of(pin, &reply[f], reply[f].n, is_published(&reply[f], &pin->addr), dropped);
	}
	return s;
}

/* ---- targets ---- */

static enum admin_status take_targets(struct table *t, const struct name *name, const struct reply *reply,
				     const struct pin_view *before, struct change *change)
{
	struct srv_record records[REPLY_SRV_MAX];
	bool published = false, dropped = false;
	for (size_t i = 0; i < reply->n; i++) {
		const struct reply_srv *s = &reply->srv[i];
		records[i] = (struct srv_record){.priority = s->priority, .weight = s->weight};
		if (!pins_target(t, name, &s->host, s->port, &records[i].target))
			return t->writable ? ADMIN_FULL : ADMIN_READ_ONLY;
		published = published || address_equal(&records[i].target, &before->addr);
	}
	enum admin_status s = pins_refresh_service(t, name, records, reply->n, reply->ttl, &dropped);
	*change = change_of(before, reply, reply->n, published, dropped);
	return s;
}

enum admin_status change_take(struct table *t, const struct name *name, const struct reply reply[static FAMILIES],
			     const struct name_view *before, struct change change[static FAMILIES])
{
	if (name_is_service(name))
		return take_targets(t, name, &reply[FAMILY_SRV], &before->pin[FAMILY_SRV], &change[FAMILY_SRV]);
	return take_addresses(t, name, reply, before, change);
}
