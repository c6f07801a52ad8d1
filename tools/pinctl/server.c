/* server.c: see server.h. */
#include "tools/pinctl/server.h"

#include <string.h>

#include "policy/pins/service.h"
#include "policy/table/insert.h"
#include "tools/common/format.h"

/* "sbc1.example.com:5060" into host and port, split at the last colon. False: there is none, or nothing before it. */
static bool split(const char *word, char host[static NAME_BYTES], const char **port)
{
	const char *colon = strrchr(word, ':');
	const size_t len = colon ? (size_t)(colon - word) : 0;
	if (len == 0 || len >= NAME_BYTES)
		return false;
	memcpy(host, word, len);
	host[len] = '\0';
	*port = colon + 1;
	return true;
}

/* Is it written as a target, whatever its host and port are worth? For the right complaint. */
static bool looks_like_target(const char *word)
{
	char host[NAME_BYTES];
	const char *port;
	struct name n;
	return split(word, host, &port) && name_canonical(host, &n) == NAME_OK;
}

int server_address_parse(const struct context *c, const char *word, struct address *out)
{
	if (!address_parse(word, out))
		return misused(c, "not an address: '%s'", word);
	if (out->bytes[0] == 0xfe && (out->bytes[1] & 0xc0) == 0x80 && out->scope == 0)	/* RFC 4291 2.5.6 */
		return misused(c, "a link-local address needs its interface (%%eth0): '%s'", word);
	return address_is_unicast(out) ? DONE : misused(c, "no address of a server: '%s'", word);
}

static int parse_address(const struct context *c, const char *word, struct server *out)
{
	if (looks_like_target(word) && !address_parse(word, &out->addr))
		return misused(c, "only a service (_sip._udp.example.com) has targets: '%s'", word);
	return server_address_parse(c, word, &out->addr);
}

/* "192.0.2.7", "192.0.2.7:5060", "2001:db8::7" or "[2001:db8::7]:5060" */
static bool looks_like_address(const char *word, const char *host)
{
	struct address a;
	return *word == '[' || address_parse(word, &a) || address_parse(host, &a);
}

static int parse_target(const struct context *c, const char *word, struct server *out)
{
	char host[NAME_BYTES] = "";
	const char *text = NULL;
	uint32_t port;
	const bool whole = split(word, host, &text);
	if (looks_like_address(word, host))
		return misused(c, "a service leads to TARGET:PORT, a host name and a port, not to an address: '%s'", word);
	if (!whole)
		return misused(c, "not TARGET:PORT: '%s'", word);
	enum name_status s = name_canonical(host, &out->host);
	if (s != NAME_OK)
		return misused(c, "target: %s: '%s'", name_status_text(s), word);
	if (name_is_service(&out->host))
		return misused(c, "a service is no target: '%s'", word);
	if (!number_parse(text, 1, 65535, &port))
		return misused(c, "no port from 1 to 65535: '%s'", word);
	out->port = (uint16_t)port;
	return DONE;
}

int server_parse(const struct context *c, const struct name *name, const char *word, struct server *out)
{
	*out = (struct server){.is_target = name_is_service(name)};
	return (out->is_target ? parse_target : parse_address)(c, word, out);
}

static bool same(const struct server *a, const struct server *b)
{
	if (a->is_target || b->is_target)
		return a->is_target == b->is_target && a->port == b->port && strcmp(a->host.text, b->host.text) == 0;
	return address_equal(&a->addr, &b->addr);
}

int server_list_take(const struct context *c, const struct name *name, const char *word,
		     struct server list[static PREFERENCES], size_t n)
{
	if (n == PREFERENCES)
		return misused(c, "more than %d %s: '%s'", PREFERENCES, name_is_service(name) ? "targets" : "addresses", word);
	int status = server_parse(c, name, word, &list[n]);
	for (size_t i = 0; status == DONE && i < n; i++) {
		if (same(&list[i], &list[n]))
			status = misused(c, "twice in the list: '%s'", word);
		else if (address_family(&list[i].addr) != address_family(&list[n].addr))
			status = misused(c, "IPv4 and IPv6 in one list: '%s'", word);
	}
	return status;
}

bool server_address(struct table *t, const struct server *s, bool learn, struct address *out)
{
	struct name_ref host;
	*out = s->is_target ? addr_of_target(t, &s->host, s->port) : s->addr;
	return !s->is_target || !learn ||
	       (table_insert_by_hand(t, &s->host, 0, &host) && pins_target(t, NULL, &s->host, s->port, out));
}
