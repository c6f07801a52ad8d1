/* hop.c: whether a request's next hop is written as a number, and which. */
#include "policy/wire/sip-hop.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define VIA "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa\r\n"
#define END "Content-Length: 0\r\n\r\n"
#define REQUEST(uri) "OPTIONS " uri " SIP/2.0\r\n" VIA END
#define ROUTED(route) "INVITE sip:bob@pool.test SIP/2.0\r\n" VIA route "\r\n" END
#define TO_NUMBER_ROUTED(route) "INVITE sip:bob@192.0.2.1 SIP/2.0\r\n" VIA route "\r\n" END

static const struct {
	const char *text, *expected;	/* "address port", "-": no number */
} rows[] = {
	{REQUEST("sip:192.0.2.1"), "192.0.2.1 0"},
	{REQUEST("sip:bob@192.0.2.1"), "192.0.2.1 0"},
	{REQUEST("SIPS:bob@192.0.2.1:5061"), "192.0.2.1 5061"},
	{REQUEST("sip:bob;x=y:pw@192.0.2.1:5080;transport=udp?subject=x"), "192.0.2.1 5080"},
	{REQUEST("sip:[2001:db8::1]:5060"), "2001:db8::1 5060"},
	{REQUEST("sip:bob@[2001:db8::1];lr"), "2001:db8::1 0"},
	{REQUEST("sip:[::ffff:192.0.2.1]"), "192.0.2.1 0"},
	{REQUEST("sip:bob@pool.test"), "-"},
	{REQUEST("sip:192.0.2.1@pool.test"), "-"},
	{REQUEST("sip:bob@192.0.2.1.pool.test"), "-"},
	{REQUEST("sip:bob@192.0.2"), "-"},
	{REQUEST("sip:bob@192.0.2.256"), "-"},
	{REQUEST("sip:bob@192.0.2.1:"), "-"},
	{REQUEST("sip:bob@192.0.2.1:0"), "-"},
	{REQUEST("sip:bob@192.0.2.1:65536"), "-"},
	{REQUEST("sip:bob@192.0.2.1:5060x"), "-"},
	{REQUEST("sip:bob@[fe80::1%25lo]"), "-"},
	{REQUEST("sip:bob@[fe80::1%1]"), "-"},
	{REQUEST("sip:bob@[2001:db8::1"), "-"},
	{REQUEST("sip:"), "-"},
	{REQUEST("tel:+15551234"), "-"},
	{REQUEST("sip:bob@pool.test;maddr=192.0.2.1"), "192.0.2.1 0"},
	{REQUEST("sip:bob@pool.test:5080;lr;maddr=192.0.2.1?x=y"), "192.0.2.1 5080"},
	{REQUEST("sip:bob@192.0.2.7:5080;maddr=[2001:db8::1]"), "2001:db8::1 5080"},
	{REQUEST("sip:bob@192.0.2.1;maddr=pool.test"), "-"},
	{ROUTED("Route: <sip:192.0.2.1;lr>"), "192.0.2.1 0"},
	{ROUTED("route : <sip:192.0.2.1:5062;lr>, <sip:192.0.2.2>"), "192.0.2.1 5062"},
	{ROUTED("Route:\r\n <sip:192.0.2.1>\r\nRoute: <sip:192.0.2.2>"), "192.0.2.1 0"},
	{ROUTED("Route: \"<sip:192.0.2.9>, \\\"\" <sip:192.0.2.1>"), "192.0.2.1 0"},
	{ROUTED("Route: <sip:pool.test;lr>, <sip:192.0.2.1>"), "-"},
	{TO_NUMBER_ROUTED("Route: <sip:pool.test;lr>"), "-"},
	{TO_NUMBER_ROUTED("Route: <sip:192.0.2.2;lr>"), "192.0.2.2 0"},
	{TO_NUMBER_ROUTED("Record-Route: <sip:192.0.2.2;lr>"), "192.0.2.1 0"},
	{TO_NUMBER_ROUTED("Routes: <sip:192.0.2.2;lr>"), "192.0.2.1 0"},
	{TO_NUMBER_ROUTED("Route: sip:192.0.2.2"), "-"},
	{"OPTIONS sip:192.0.2.1 SIP/2.0\n\n", "192.0.2.1 0"},
	{"OPTIONS sip:192.0.2.1 SIP/2.0\r\n" VIA, "-"},				/* a Route may follow */
	{"OPTIONS sip:192.0.2.1 SIP/2.0\r\n" VIA "Route: <sip:192.0.2.2>", "-"},
	{"OPTIONS sip:192.0.2.1 SIP/2.0\r\n" VIA "Route: <sip:192.0.2.2>\r\nX", "192.0.2.2 0"},
	{"SIP/2.0 200 OK\r\n" VIA "Route: <sip:192.0.2.2>\r\n\r\n", "-"},
	{"SIP/2.0 \n\nxxxxx", "-"},
	{"", "-"},
};

static bool hop_of(const char *text, size_t len, struct endpoint *e)
{
	char *copy = malloc(len ? len : 1);	/* so that a sanitizer sees what is read beside it */
	memcpy(copy, text, len);
	const bool known = hop_number(copy, len, e);
	free(copy);
	return known;
}

static void numbers(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char seen[ADDRESS_TEXT + 8] = "-", address[ADDRESS_TEXT];
		struct endpoint e;
		check_row("hop of %s", rows[i].text);
		if (hop_of(rows[i].text, strlen(rows[i].text), &e)) {
			address_format(&e.addr, address);
			snprintf(seen, sizeof seen, "%s %u", address, (unsigned)e.port);
		}
		check_text("next hop", rows[i].expected, seen);
		for (size_t cut = 0; cut < strlen(rows[i].text); cut++)
			hop_of(rows[i].text, cut, &e);
	}
}

static void ports(void)
{
	static const struct {
		const char *text, *to;
		uint16_t port;
		bool is;
	} cases[] = {
		{REQUEST("sip:192.0.2.1"), "192.0.2.1", 5060, true},  {REQUEST("sip:192.0.2.1"), "192.0.2.1", 5061, true},
		{REQUEST("sip:192.0.2.1"), "192.0.2.1", 5080, false}, {REQUEST("sip:192.0.2.1:5080"), "192.0.2.1", 5080, true},
		{REQUEST("sip:192.0.2.1:5080"), "192.0.2.1", 5060, false}, {REQUEST("sip:192.0.2.1"), "192.0.2.2", 5060, false},
		{REQUEST("sip:[2001:db8::1]"), "2001:db8:0::1", 5060, true}, {REQUEST("sip:a.test"), "192.0.2.1", 5060, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct endpoint to = {.port = cases[i].port, .transport = TRANSPORT_UDP};
		check_row("%s to %s:%u", cases[i].text, cases[i].to, (unsigned)cases[i].port);
		check_true("an address", address_parse(cases[i].to, &to.addr));
		check_true("is it", hop_is(cases[i].text, strlen(cases[i].text), &to) == cases[i].is);
	}
}

int main(void)
{
	numbers();
	ports();
	return check_done();
}
