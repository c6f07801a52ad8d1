/* endpoint.c: addresses and their forms. See endpoint.h. */
#include "policy/base/endpoint.h"
#include "policy/base/hot.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

enum family address_family(const struct address *a)
{
	if (address_is_target(a))
		return FAMILY_SRV;
	return memcmp(a->bytes, mapped_prefix, sizeof mapped_prefix) == 0 ? FAMILY_V4 : FAMILY_V6;
}

static bool is_link_local(const struct address *a)
{
	return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

HOT bool address_from_bytes(int af, const void *bytes, struct address *out)
{
	*out = (struct address){0};
	if (af == AF_INET) {
		memcpy(out->bytes, mapped_prefix, sizeof mapped_prefix);
		memcpy(out->bytes + 12, bytes, 4);
		return true;
	}
	if (af == AF_INET6)
		memcpy(out->bytes, bytes, 16);
	return af == AF_INET6;
}

HOT bool endpoint_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct endpoint *out)
{
	*out = (struct endpoint){0};
	if (len >= sizeof(struct sockaddr_in) && sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof in);
		out->port = ntohs(in.sin_port);
		return address_from_bytes(AF_INET, &in.sin_addr, &out->addr);
	}
	/* The scope id is the last member, and the kernel takes an address without it (ipv6(7)). */
	if (len >= offsetof(struct sockaddr_in6, sin6_scope_id) && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6 = {0};
		memcpy(&in6, sa, len < sizeof in6 ? len : sizeof in6);
		out->port = ntohs(in6.sin6_port);
		address_from_bytes(AF_INET6, &in6.sin6_addr, &out->addr);
		out->addr.scope = is_link_local(&out->addr) ? in6.sin6_scope_id : 0;
		return true;
	}
	return false;
}

bool address_to_bytes(const struct address *a, int af, void *out)
{
	if (address_is_target(a))
		return false;
	if (af == AF_INET && address_family(a) == FAMILY_V4) {
		memcpy(out, a->bytes + 12, 4);
		return true;
	}
	if (af == AF_INET6)
		memcpy(out, a->bytes, 16);
	return af == AF_INET6;
}

bool address_to_sockaddr(const struct address *a, struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return address_to_bytes(a, AF_INET, &((struct sockaddr_in *)(void *)sa)->sin_addr);
	if (sa->sa_family != AF_INET6)
		return false;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)sa;
	in6->sin6_scope_id = (uint32_t)a->scope;
	return address_to_bytes(a, AF_INET6, &in6->sin6_addr);
}

void endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr *sa)
{
	if (!address_to_sockaddr(&e->addr, sa))
		return;
	if (sa->sa_family == AF_INET)
		((struct sockaddr_in *)(void *)sa)->sin_port = htons(e->port);
	else
		((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(e->port);
}

/* "eth0" or "2" to an interface index; 0: neither. */
static uint32_t scope_parse(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && number <= UINT32_MAX)
		return (uint32_t)number;
	return if_nametoindex(text);
}

bool address_parse(const char *text, struct address *out)
{
	char plain[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	if (inet_pton(AF_INET, text, bytes) == 1)
		return address_from_bytes(AF_INET, bytes, out);

	size_t len = strcspn(text, "%");
	if (len >= sizeof plain)
		return false;
	memcpy(plain, text, len);
	plain[len] = '\0';
	if (inet_pton(AF_INET6, plain, bytes) != 1)
		return false;
	address_from_bytes(AF_INET6, bytes, out);
	if (text[len] != '%')
		return true;
	out->scope = scope_parse(text + len + 1);
	return is_link_local(out) && out->scope != 0;
}

bool address_is_unicast(const struct address *a)
{
	static const uint8_t zeros[16], ones[4] = {0xff, 0xff, 0xff, 0xff};
	if (address_is_target(a))
		return false;
	if (address_family(a) == FAMILY_V4)
		return memcmp(a->bytes + 12, zeros, 4) != 0 && memcmp(a->bytes + 12, ones, 4) != 0 &&
		       (a->bytes[12] & 0xf0) != 0xe0;
	return memcmp(a->bytes, zeros, 16) != 0 && a->bytes[0] != 0xff && (!is_link_local(a) || a->scope != 0);
}

void address_format(const struct address *a, char out[static ADDRESS_TEXT])
{
	if (address_is_target(a)) {
		snprintf(out, ADDRESS_TEXT, "target:%u", (unsigned)(uint16_t)a->scope);
		return;
	}
	if (address_family(a) == FAMILY_V4) {
		inet_ntop(AF_INET, a->bytes + 12, out, ADDRESS_TEXT);
		return;
	}
	inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT);
	size_t len = strlen(out);
	if (a->scope)
		snprintf(out + len, ADDRESS_TEXT - len, "%%%u", (unsigned)a->scope);
}

const char *transport_text(unsigned transport)
{
	return transport == TRANSPORT_TCP ? "tcp" : transport == TRANSPORT_UDP ? "udp" : "any";
}
