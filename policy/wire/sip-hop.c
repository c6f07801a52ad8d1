/* sip-hop.c: see sip-hop.h. Section numbers are RFC 3261's. */
#include "policy/wire/sip-hop.h"

#include "policy/base/endpoint.h"
#include "policy/wire/sip-message.h"
#include "policy/wire/sip-text.h"

/* Over one logical line (7.3.1), without its last LF. False: there is no whole one. */
static bool take_line(struct text *t, struct text *line)
{
	const char *lf = find_lf(t->p, t->end);
	while (lf && lf + 1 < t->end && (lf[1] == ' ' || lf[1] == '\t'))
		lf = find_lf(lf + 1, t->end);
	if (!lf || lf + 1 == t->end)
		return false;
	*line = (struct text){t->p, lf, false};
	t->p = lf + 1;
	return true;
}

static bool is_empty_line(const struct text *t)
{
	return t->end - t->p >= 1 && (t->p[0] == '\n' || (t->end - t->p >= 2 && t->p[0] == '\r' && t->p[1] == '\n'));
}

/* Is it a Route (20.34), which has no compact form? Then *line is its value. */
static bool take_route(struct text *line)
{
	struct text t = *line;
	if (t.end - t.p < 6 || !same_word(t.p, "route", 5))
		return false;
	t.p += 5;
	skip_lws(&t);
	if (t.p == t.end || *t.p != ':')
		return false;
	*line = (struct text){t.p + 1, t.end, false};
	return true;
}

/* The URI in <> (25.1, name-addr; a display name may be quoted). */
static bool take_name_addr(struct text *t, struct text *uri)
{
	while (t->p < t->end && *t->p != '<') {
		if (*t->p == '"')
			skip_quoted(t);
		else
			t->p++;
	}
	const char *close = t->p < t->end ? memchr(t->p, '>', (size_t)(t->end - t->p)) : NULL;
	if (!close)
		return false;
	*uri = (struct text){t->p + 1, close, false};
	return true;
}

/* The next hop's URI: of the request line, unless a Route stands in the header. False: neither is known. */
static bool find_uri(const char *p, size_t len, struct text *uri)
{
	struct text t = {p, p + (len < SIP_HEADER_MAX ? len : SIP_HEADER_MAX), false}, line;
	if (!take_line(&t, &line))
		return false;
	take_word(&line, 0);
	skip_lws(&line);
	*uri = take_word(&line, 0);
	while (!is_empty_line(&t)) {
		if (!take_line(&t, &line))
			return false;
		if (take_route(&line))
			return take_name_addr(&line, uri);
	}
	return true;
}

/* ---- of a URI ---- */

static bool take_scheme(struct text *t)
{
	const size_t len = (size_t)(t->end - t->p);
	const size_t n = len > 4 && same_word(t->p, "sip:", 4) ? 4 : len > 5 && same_word(t->p, "sips:", 5) ? 5 : 0;
	t->p += n;
	return n != 0;
}

/* host: IPv4address, or IPv6reference in [] (25.1); up to what ends it. False: it is a name. */
static bool take_address(struct text *t, struct address *out)
{
	char number[ADDRESS_TEXT];
	size_t n = 0;
	const bool bracket = t->p < t->end && *t->p == '[';
	const char *p = t->p + bracket;
	while (p < t->end && n < sizeof number - 1 && (is_digit(*p) || *p == '.' || (bracket && *p != ']' && *p != '%')))
		number[n++] = *p++;
	number[n] = '\0';
	if (bracket && (p == t->end || *p++ != ']'))
		return false;
	t->p = p;
	return (p == t->end || *p == ':' || *p == ';' || *p == '?') && address_parse(number, out);
}

/* False: there is something else. 0: none is written. */
static bool take_port(struct text *t, uint16_t *out)
{
	int64_t port = 0;
	if (t->p < t->end && *t->p == ':') {
		t->p++;
		if (!take_number(t, &port) || port == 0 || port > UINT16_MAX)
			return false;
	}
	*out = (uint16_t)port;
	return t->p == t->end || *t->p == ';' || *t->p == '?';
}

/* 19.1.1: where to send to in place of the host. False: there is none. */
static bool take_maddr(const struct text *uri, struct text *out)
{
	struct text t = *uri, name, value;
	while (to_parameter(&t, false)) {
		take_parameter(&t, &name, &value);
		if (!text_is(&name, "maddr", 5))
			continue;
		const char *query = memchr(value.p, '?', (size_t)(value.end - value.p));
		*out = (struct text){value.p, query ? query : value.end, false};
		return true;
	}
	return false;
}

bool hop_number(const char *p, size_t len, struct endpoint *out)
{
	struct text uri, maddr;
	struct address host;
	if (len < SIP_SHORTEST || memcmp(p, "SIP/2.0 ", 8) == 0 || !find_uri(p, len, &uri) || !take_scheme(&uri))
		return false;
	const char *at = memchr(uri.p, '@', (size_t)(uri.end - uri.p));
	uri.p = at ? at + 1 : uri.p;
	const struct text whole = uri;
	*out = (struct endpoint){0};
	const bool is_number = take_address(&uri, &host);
	while (!is_number && uri.p < uri.end && *uri.p != ':' && *uri.p != ';' && *uri.p != '?')
		uri.p++;
	if (!take_port(&uri, &out->port))
		return false;
	if (take_maddr(&whole, &maddr))
		return take_address(&maddr, &out->addr) && maddr.p == maddr.end;
	out->addr = host;
	return is_number;
}

bool hop_is(const char *p, size_t len, const struct endpoint *to)
{
	struct endpoint hop;
	if (!hop_number(p, len, &hop) || !address_equal(&hop.addr, &to->addr))
		return false;
	return hop.port ? hop.port == to->port : to->port == SIP_PORT || to->port == SIPS_PORT;
}
