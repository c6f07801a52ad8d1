/* endpoint.c: addresses and their forms: bytes, socket addresses, text. */
#include "policy/base/endpoint.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>

/* ---- text ---- */

static void texts(void)
{
	static const struct {
		const char *text, *expected;		/* NULL: no address */
		enum family family;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", FAMILY_V4},
		{"0.0.0.0", "0.0.0.0", FAMILY_V4},
		{"255.255.255.255", "255.255.255.255", FAMILY_V4},
		{"::ffff:192.0.2.1", "192.0.2.1", FAMILY_V4},
		{"::FFFF:c000:201", "192.0.2.1", FAMILY_V4},
		{"2001:db8::1", "2001:db8::1", FAMILY_V6},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1", FAMILY_V6},
		{"::", "::", FAMILY_V6},
		{"::1", "::1", FAMILY_V6},
		{"::192.0.2.1", "::192.0.2.1", FAMILY_V6},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201", FAMILY_V6},
		{"fe80::1", "fe80::1", FAMILY_V6},
		{"fe80::1%7", "fe80::1%7", FAMILY_V6},
		{"febf::1%4294967295", "febf::1%4294967295", FAMILY_V6},
		{"fe80::1%lo", "fe80::1%LO", FAMILY_V6},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", FAMILY_V6},

		{"", NULL, 0},		       {" ", NULL, 0},
		{"192.0.2", NULL, 0},	       {"192.0.2.1.", NULL, 0},
		{"192.0.2.256", NULL, 0},      {"192.0.2.1.1", NULL, 0},
		{"0x7f.0.0.1", NULL, 0},       {"127.1", NULL, 0},
		{" 192.0.2.1", NULL, 0},       {"192.0.2.1 ", NULL, 0},
		{"192.0.2.1:5060", NULL, 0},   {"[2001:db8::1]", NULL, 0},
		{"2001:db8::1::2", NULL, 0},   {"2001:db8", NULL, 0},
		{"2001:db8::g", NULL, 0},      {":", NULL, 0},
		{":::", NULL, 0},	       {"%", NULL, 0},
		{"%1", NULL, 0},	       {"192.0.2.1%1", NULL, 0},
		{"2001:db8::1%1", NULL, 0},    {"ff02::1%1", NULL, 0},
		{"fe80::1%", NULL, 0},	       {"fe80::1%0", NULL, 0},
		{"fe80::1%-1", NULL, 0},       {"fe80::1%4294967296", NULL, 0},
		{"fe80::1%1x", NULL, 0},       {"fe80::1%no-such-link", NULL, 0},
		{"fec0::1%1", NULL, 0},	       {"example.com", NULL, 0},
		{"::ffff:192.0.2.1%1", NULL, 0},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct address a;
		char seen[ADDRESS_TEXT], expected[ADDRESS_TEXT];
		check_row("text '%s'", rows[i].text);
		bool fine = address_parse(rows[i].text, &a);
		check_number("is an address", rows[i].expected != NULL, fine);
		if (!fine || !rows[i].expected)
			continue;
		snprintf(expected, sizeof expected, "%s", rows[i].expected);
		if (strstr(expected, "%LO"))
			snprintf(expected, sizeof expected, "fe80::1%%%u", if_nametoindex("lo"));
		address_format(&a, seen);
		check_text("reads back", expected, seen);
		check_number("family", rows[i].family, address_family(&a));
		struct address again;
		check_true("and is the same", address_parse(seen, &again) && address_equal(&a, &again));
	}
}

/* ---- socket addresses ---- */

static const uint8_t v4[4] = {192, 0, 2, 1}, mapped[16] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1};
static const uint8_t global[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, link_local[16] = {0xfe, 0x80, [15] = 1};

static struct sockaddr_in sin_of(uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	memcpy(&sin.sin_addr, v4, sizeof v4);
	return sin;
}

static struct sockaddr_in6 sin6_of(const uint8_t bytes[static 16], uint32_t scope, uint16_t port)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_flowinfo = htonl(0x12345), .sin6_scope_id = scope};
	memcpy(&sin6.sin6_addr, bytes, 16);
	return sin6;
}

static void sockaddrs(void)
{
	const struct sockaddr_in in = sin_of(5060);
	const struct sockaddr_in6 in6 = sin6_of(global, 3, 5061), link = sin6_of(link_local, 3, 65535), map = sin6_of(mapped, 3, 1);
	const struct sockaddr un = {.sa_family = AF_UNIX}, none = {.sa_family = AF_UNSPEC};
	const struct {
		const char *rule;
		const void *sa;
		socklen_t len;
		const char *expected;		/* NULL: none */
		uint16_t port;
	} rows[] = {
		{"IPv4", &in, sizeof in, "192.0.2.1", 5060},
		{"IPv4, longer", &in, sizeof in + 100, "192.0.2.1", 5060},
		{"IPv4, short", &in, sizeof in - 1, NULL, 0},
		{"IPv4, two bytes", &in, 2, NULL, 0},
		{"nothing", &in, 0, NULL, 0},
		{"IPv6; its scope does not count", &in6, sizeof in6, "2001:db8::1", 5061},
		{"IPv6, 24 bytes without the scope (ipv6(7))", &in6, 24, "2001:db8::1", 5061},
		{"IPv6, 23 bytes", &in6, 23, NULL, 0},
		{"IPv6, 16 bytes", &in6, 16, NULL, 0},
		{"link-local; its scope counts", &link, sizeof link, "fe80::1%3", 65535},
		{"link-local, 24 bytes: no scope", &link, 24, "fe80::1", 65535},
		{"mapped is IPv4", &map, sizeof map, "192.0.2.1", 1},
		{"a Unix socket", &un, sizeof un, NULL, 0},
		{"AF_UNSPEC, which dissolves an association", &none, sizeof none, NULL, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct endpoint e;
		char seen[ADDRESS_TEXT];
		/* Exactly as long as said, so that a sanitizer sees a step past it. */
		struct sockaddr *copy = malloc(rows[i].len ? rows[i].len : 1);
		memset(copy, 0, rows[i].len);
		memcpy(copy, rows[i].sa, rows[i].len < sizeof(struct sockaddr) ? rows[i].len : sizeof(struct sockaddr));
		if (rows[i].sa == &in6 || rows[i].sa == &link || rows[i].sa == &map)
			memcpy(copy, rows[i].sa, rows[i].len < sizeof in6 ? rows[i].len : sizeof in6);
		check_row("socket address, %s", rows[i].rule);
		bool fine = endpoint_from_sockaddr(copy, rows[i].len, &e);
		free(copy);
		check_number("is one", rows[i].expected != NULL, fine);
		if (!fine || !rows[i].expected)
			continue;
		address_format(&e.addr, seen);
		check_text("address", rows[i].expected, seen);
		check_number("port", rows[i].port, e.port);
		check_number("transport", TRANSPORT_ANY, e.transport);
	}
}

static void equality(void)
{
	struct address a, b;
	address_from_bytes(AF_INET, v4, &a);
	address_from_bytes(AF_INET6, mapped, &b);
	check_row("IPv4 and its mapped form are one address (RFC 4291 2.5.5.2)");
	check_true("equal", address_equal(&a, &b));
	check_row("a scope makes two of a link-local address");
	address_from_bytes(AF_INET6, link_local, &a);
	b = a;
	b.scope = 2;
	check_true("not equal", !address_equal(&a, &b));
	check_row("bytes of no family");
	check_true("refused", !address_from_bytes(AF_UNIX, v4, &a));
}

/* ---- written over a socket address, or into a hostent ---- */

static void written(void)
{
	static const struct {
		const char *text;
		int family;
		bool fits;
	} rows[] = {
		{"192.0.2.9", AF_INET, true},	{"192.0.2.9", AF_INET6, true},	 {"2001:db8::9", AF_INET6, true},
		{"2001:db8::9", AF_INET, false}, {"fe80::9%5", AF_INET6, true}, {"192.0.2.9", AF_UNIX, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct address a, back;
		struct endpoint e;
		struct sockaddr_storage ss = {0};
		struct sockaddr_in in = sin_of(5060);
		struct sockaddr_in6 in6 = sin6_of(global, 0, 5060);
		uint8_t bytes[16];
		address_parse(rows[i].text, &a);
		memcpy(&ss, rows[i].family == AF_INET ? (void *)&in : (void *)&in6, rows[i].family == AF_INET ? sizeof in : sizeof in6);
		ss.ss_family = (sa_family_t)rows[i].family;

		check_row("%s over a socket address of family %d", rows[i].text, rows[i].family);
		check_number("fits", rows[i].fits, address_to_sockaddr(&a, (struct sockaddr *)&ss));
		check_row("%s as bytes of family %d", rows[i].text, rows[i].family);
		check_number("fits", rows[i].fits, address_to_bytes(&a, rows[i].family, bytes));
		if (!rows[i].fits)
			continue;
		check_true("reads back", endpoint_from_sockaddr((struct sockaddr *)&ss, sizeof(struct sockaddr_in6), &e) &&
						 address_equal(&e.addr, &a));
		check_number("port stays", 5060, e.port);
		memcpy(&in6, &ss, sizeof in6);
		if (rows[i].family == AF_INET6)
			check_number("flow label stays", 0x12345, ntohl(in6.sin6_flowinfo));
		address_from_bytes(rows[i].family, bytes, &back);
		back.scope = a.scope;
		check_true("bytes read back", address_equal(&back, &a));
	}
}

static void transports(void)
{
	check_row("transports have names");
	check_text("TCP", "tcp", transport_text(TRANSPORT_TCP));
	check_text("UDP", "udp", transport_text(TRANSPORT_UDP));
	check_text("any", "any", transport_text(TRANSPORT_ANY));
	check_text("of a torn table", "any", transport_text(3));
}

int main(void)
{
	texts();
	sockaddrs();
	equality();
	written();
	transports();
	return check_done();
}
