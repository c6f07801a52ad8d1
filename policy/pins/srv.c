/* srv.c: see srv.h. */
#include "policy/pins/srv.h"

#include <stdio.h>
#include <string.h>

#include "policy/table/index.h"

/* The labels of a service name: after the first, and after the second; NULL where there is none. */
static const char *after_label(const char *text)
{
	const char *dot = text ? strchr(text, '.') : NULL;
	return dot ? dot + 1 : NULL;
}

bool target_host(const struct table *t, const struct address *a, struct name_ref *out, struct name *host)
{
	return address_is_target(a) && table_find_hash(t, a->words[0], out, host) &&
	       name_hash(host, ~t->seed) == a->words[1];
}

void target_note(struct table *t, struct name_ref ref, const struct name *host, uint16_t port, bool own)
{
	word32 *w = &name_cold(t, ref)->family_port;
	const uint32_t old = get32(w);
	if (t->writable && led_port(old) != port && (own || !host_is_led_to(t, host, led_port(old))))
		cas32(w, old, with_led_port(old, port));
}

bool target_in_domain(const struct name *service, const struct name *host)
{
	const char *domain = service->text;
	while (*domain == '_')
		if (!(domain = after_label(domain)))
			return false;
	const size_t len = strlen(domain), from = host->len - len;
	return len > 0 && host->len >= len && memcmp(host->text + from, domain, len) == 0 &&
	       (from == 0 || host->text[from - 1] == '.');
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

/* ---- its records ---- */

size_t service_best(const struct srv_record *records, size_t n, struct srv_record best[static POOL_MAX])
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (kept == POOL_MAX && records[i].priority >= best[kept - 1].priority)
			continue;
		size_t at = kept < POOL_MAX ? kept++ : kept - 1;
		for (; at > 0 && records[i].priority < best[at - 1].priority; at--)
			best[at] = best[at - 1];
		best[at] = records[i];
	}
	return kept;
}

/* ---- the hosts that services lead to ---- */

static bool leads_to(const struct table *t, const struct name *host, uint16_t port)
{
	const struct address target = addr_of_target(t, host, port);
	const addr_ref addr = addr_find(t, &target);
	struct name_ref service;
	uint32_t cursor = 0;
	return addr && index_next(t, addr, &cursor, &service);
}

uint16_t host_led_port(const struct table *t, const struct name *host, uint16_t noted)
{
	const struct address any = addr_of_target(t, host, 0);
	uint32_t cursor = 0;
	struct address a;
	if (host_is_led_to(t, host, noted))
		return noted;
	while (noted && addr_next(t, &cursor, &a))
		if (address_is_target(&a) && a.words[0] == any.words[0] && a.words[1] == any.words[1] &&
		    leads_to(t, host, (uint16_t)a.scope))
			return (uint16_t)a.scope;
	return 0;
}

bool host_is_led_to(const struct table *t, const struct name *host, uint16_t port)
{
	return get32(&t->header->targets) && port &&
	       (leads_to(t, host, port) || leads_to(t, host, SIP_PORT) || leads_to(t, host, SIPS_PORT));
}
