/* service.c: see service.h. */
#include "policy/pins/service.h"

#include "policy/pins/order.h"
#include "policy/pins/srv.h"
#include "policy/table/insert.h"

bool pins_target(struct table *t, const struct name *service, const struct name *host, uint16_t port, struct address *out)
{
	struct name_ref ref;
	if (port == 0 || name_is_service(host) || !table_insert(t, host, &ref))
		return false;
	*out = addr_of_target(t, host, port);
	target_note(t, ref, host, port, !service || target_in_domain(service, host));
	if (t->writable && get32(&t->header->targets) == 0)
		put32(&t->header->targets, 1);
	return true;
}

static int record_of(const struct srv_record *records, size_t n, const struct address *target)
{
	for (size_t i = 0; i < n; i++)
		if (address_equal(&records[i].target, target))
			return (int)i;
	return -1;
}

int pins_service(struct table *t, const struct name *service, const struct known *known, const struct srv_record *records,
		 size_t n, bool more, struct name_ref *ref)
{
	struct srv_record sorted[POOL_MAX];
	const struct lookup l = {.name = service, .known = known};
	struct pool pool = {.asked = true, .more = more || n > POOL_MAX, .srv = sorted};
	ref->key = 0;
	if (n == 0 || !name_is_service(service))
		return -1;
	pool.n = service_best(records, n, sorted);
	for (size_t i = 0; i < pool.n; i++)
		pool.addr[i] = sorted[i].target;
	if (!pins_order_family(t, &l, FAMILY_SRV, &pool, ref))
		return ref->key = 0, -1;
	return pool.lead == LEAD_NONE || pool.extra ? -1 : record_of(records, n, &pool.addr[0]);
}

bool pins_by_hand(const struct table *t, struct name_ref service)
{
	const struct pin p = pin_unpack(get64(&name_hot(t, service)->pin[FAMILY_SRV]));
	return p.is_explicit && p.reuse == name_reuse(service);
}

bool pins_is_target(const struct table *t, const struct name *host, const struct name_ref *names, size_t n)
{
	const struct address any = addr_of_target(t, host, 0);
	for (size_t i = 0; i < n; i++) {
		if (names[i].slot >= t->layout.name_slots || !table_is_service(t, names[i]) || !name_current(t, names[i]))
			continue;
		for (unsigned k = 0; k < TARGETS; k++) {
			struct address a;
			uint64_t word = get64(&name_cold(t, names[i])->candidates[k]);
			if (addr_read(t, name_candidate(names[i], word).ref, &a) && target_same_host(&a, &any))
				return true;
		}
	}
	return false;
}
