/* target.c: see target.h. */
#include "target.h"

#include <stdio.h>
#include <string.h>

struct address target_address(const struct table *t, const struct name *host, uint16_t port)
{
	return (struct address){.words = {name_hash(host, t->seed), name_hash(host, ~t->seed)},
				.scope = ADDRESS_TARGET | port};
}

bool target_host(const struct table *t, const struct address *a, struct name_ref *out, struct name *host)
{
	return address_is_target(a) && table_find_hash(t, a->words[0], out, host) &&
	       name_hash(host, ~t->seed) == a->words[1];
}

void target_note(struct table *t, struct name_ref host, uint16_t port)
{
	word32 *w = &name_cold(t, host)->family_port;
	const uint32_t old = get32(w);
	if (t->writable && led_port(old) != port)
		cas32(w, old, family_port_pack(first_family(old), port));
}

static bool leads_to(const struct table *t, const struct name *host, uint16_t port)
{
	const struct address target = target_address(t, host, port);
	const addr_ref addr = addr_find(t, &target);
	struct name_ref service;
	uint32_t cursor = 0;
	return addr && index_next(t, addr, &cursor, &service);
}

bool target_is_led_to(const struct table *t, struct name_ref host)
{
	struct name_ref same;
	struct name name;
	if (!get32(&t->header->targets))
		return false;
	const uint16_t port = led_port(get32(&name_cold(t, host)->family_port));
	return port && table_at(t, host.slot, &same, &name) && same.key == host.key &&
	       (leads_to(t, &name, port) || leads_to(t, &name, SIP_PORT) || leads_to(t, &name, SIPS_PORT));
}

void target_format(const struct table *t, const struct address *a, char out[static TARGET_TEXT])
{
	struct name_ref ref;
	struct name host;
	if (!address_is_target(a)) {
		address_format(a, out);
		return;
	}
	snprintf(out, TARGET_TEXT, "%s:%u", target_host(t, a, &ref, &host) ? host.text : "?", (unsigned)target_port(a));
	for (char *p = out; *p; p++)
		*p = *p > ' ' && *p < 0x7f ? *p : '?';
}

/* The labels of a service name: after the first, and after the second; NULL where there is none. */
static const char *after_label(const char *text)
{
	const char *dot = text ? strchr(text, '.') : NULL;
	return dot ? dot + 1 : NULL;
}

uint8_t service_transport(const struct name *service)
{
	const char *second = after_label(service->text);
	if (!second)
		return TRANSPORT_ANY;
	if (strncmp(second, "_udp.", 5) == 0)
		return TRANSPORT_UDP;
	return strncmp(second, "_tcp.", 5) == 0 || strncmp(second, "_tls.", 5) == 0 ? TRANSPORT_TCP : TRANSPORT_ANY;
}

bool service_sibling(const struct name *service, unsigned i, struct name *out)
{
	static const char *const services[] = {"_sip._udp", "_sip._tcp", "_sips._tcp", "_sip._tls"};
	const char *domain = after_label(after_label(service->text));
	char text[NAME_BYTES + 16];
	if (i >= sizeof services / sizeof *services || !domain || strncmp(service->text, "_sip", 4) != 0)
		return false;
	snprintf(text, sizeof text, "%s.%s", services[i], domain);
	return name_canonical(text, out) == NAME_OK || (*out = *service, true);
}
