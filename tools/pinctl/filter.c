/* filter.c: see filter.h. */
#include "tools/pinctl/filter.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/srv.h"
#include "policy/table/index.h"
#include "tools/common/format.h"
#include "tools/pinctl/when.h"

enum { V4_BITS = 32, V6_BITS = 128 };

/* A network (of one address: all bits), or the targets of a host. */
struct filter_place {
	struct address net;
	unsigned bits;			/* of the IPv6 form */
	bool is_target;
	struct name host;
	uint16_t port;			/* of a target */
};

/* ---- words ---- */

/* "192.0.2.7", "192.0.2.0/24", "2001:db8::/32". Bits behind the network's own say nothing. */
static bool parse_network(const char *word, struct filter_place *out)
{
	char text[ADDRESS_TEXT];
	uint32_t bits = V6_BITS;
	const size_t len = strcspn(word, "/");
	if (len >= sizeof text)
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	*out = (struct filter_place){0};
	if (!address_parse(text, &out->net))
		return false;
	const uint32_t most = address_family(&out->net) == FAMILY_V4 ? V4_BITS : V6_BITS;
	if (word[len] && !number_parse(word + len + 1, 0, most, &bits))
		return false;
	out->bits = word[len] ? bits + V6_BITS - most : V6_BITS;
	return true;
}

/* "sbc1.example.com:5060" */
static bool parse_target(const char *word, struct filter_place *out)
{
	char host[NAME_BYTES];
	uint32_t port;
	const char *colon = strrchr(word, ':');
	const size_t len = colon ? (size_t)(colon - word) : 0;
	if (len == 0 || len >= sizeof host || !number_parse(colon + 1, 1, UINT16_MAX, &port))
		return false;
	memcpy(host, word, len);
	host[len] = '\0';
	*out = (struct filter_place){.is_target = true, .port = (uint16_t)port};
	return name_canonical(host, &out->host) == NAME_OK;
}

/* A word of neither option. Names have no colon and no slash. */
static bool is_address_word(const char *word)
{
	struct address a;
	return strpbrk(word, ":/") || address_parse(word, &a);
}

error_t filter_parse(int key, char *arg, struct filter *f)
{
	switch (key) {
	case KEY_SINCE: f->since = arg; return 0;
	case KEY_UNTIL: f->until = arg; return 0;
	case KEY_NAME: return names_add(&f->hosts, arg) ? 0 : ENOMEM;
	case KEY_ADDRESS: return names_add(&f->addresses, arg) ? 0 : ENOMEM;
	case ARGP_KEY_ARG: return names_add(is_address_word(arg) ? &f->addresses : &f->hosts, arg) ? 0 : ENOMEM;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* A pattern is made of what a name is made of: with letters for its stars it is one. */
static int judge_host(const struct context *c, char *word)
{
	char text[NAME_BYTES];
	struct name n;
	const size_t len = strlen(word);
	if (!strchr(word, '*')) {
		const int status = host_parse(c, word, &n);
		if (status == DONE)
			memcpy(word, n.text, n.len + 1);		/* no longer than the word */
		return status;
	}
	if (len >= sizeof text)
		return misused(c, "pattern too long: '%s'", word);
	for (size_t i = 0; i <= len; i++)
		text[i] = word[i] == '*' ? 'x' : word[i];
	const enum name_status s = name_canonical(text, &n);
	if (s != NAME_OK)
		return misused(c, "no pattern of a name: '%s'", word);
	for (size_t i = 0; i <= n.len; i++)				/* without the last dot */
		word[i] = i == n.len ? '\0' : (char)tolower((unsigned char)word[i]);
	return DONE;
}

static int judge_times(const struct context *c, struct filter *f)
{
	const uint64_t now = now_ns(CLOCK_REALTIME);
	f->since_ns = 0;
	f->until_ns = UINT64_MAX;
	if (f->since && !when_parse(f->since, now, &f->since_ns))
		return misused(c, "--since: not a time such as 14:00, 2026-11-30 14:00 or 1h: '%s'", f->since);
	if (f->until && !when_parse(f->until, now, &f->until_ns))
		return misused(c, "--until: not a time such as 14:00, 2026-11-30 14:00 or 1h: '%s'", f->until);
	return f->since_ns <= f->until_ns ? DONE : misused(c, "--until: before --since: '%s'", f->until ? f->until : f->since);
}

int filter_judge(const struct context *c, struct filter *f)
{
	int status = judge_times(c, f);
	for (size_t i = 0; status == DONE && i < f->hosts.n; i++)
		status = judge_host(c, f->hosts.name[i]);
	if (status != DONE || f->addresses.n == 0)
		return status;
	f->places = calloc(f->addresses.n, sizeof *f->places);
	if (!f->places)
		return complain(c, "out of memory");
	for (size_t i = 0; i < f->addresses.n; i++)
		if (!parse_network(f->addresses.name[i], &f->places[i]) && !parse_target(f->addresses.name[i], &f->places[i]))
			return misused(c, "not an address, a network or TARGET:PORT: '%s'", f->addresses.name[i]);
	return DONE;
}

void filter_free(struct filter *f)
{
	names_free(&f->hosts);
	names_free(&f->addresses);
	free(f->places);
	*f = (struct filter){0};
}

/* ---- what is taken ---- */

bool filter_is_of_pins(const struct filter *f) { return f->addresses.n > 0 || f->since || f->until; }

bool filter_takes_name(const struct filter *f, const struct name *n)
{
	bool any = f->hosts.n == 0;
	for (size_t i = 0; !any && i < f->hosts.n; i++)
		any = name_match(f->hosts.name[i], NAME_BYTES, n);
	return any;
}

static bool is_in(const struct filter_place *p, const struct table *t, const struct address *a)
{
	if (p->is_target) {
		const struct address target = addr_of_target(t, &p->host, p->port);
		return address_equal(&target, a);
	}
	const unsigned whole = p->bits / 8, rest = p->bits % 8;
	if (address_is_target(a) || memcmp(a->bytes, p->net.bytes, whole) != 0 || (p->net.scope && p->net.scope != a->scope))
		return false;
	return rest == 0 || (uint8_t)((a->bytes[whole] ^ p->net.bytes[whole]) >> (8 - rest)) == 0;
}

static bool takes_address(const struct filter *f, const struct table *t, const struct address *a)
{
	bool any = f->addresses.n == 0;
	for (size_t i = 0; !any && i < f->addresses.n; i++)
		any = is_in(&f->places[i], t, a);
	return any;
}

static bool takes_time(const struct filter *f, uint64_t ns) { return ns >= f->since_ns && ns <= f->until_ns; }

bool filter_takes_pin(const struct filter *f, const struct table *t, const struct pin_view *p)
{
	const uint64_t ago = (uint64_t)p->set_s * NS_PER_S, now = now_ns(CLOCK_REALTIME);
	return takes_address(f, t, &p->addr) && takes_time(f, ago < now ? now - ago : 0);
}

bool filter_takes_view(const struct filter *f, const struct table *t, const struct name_view *v, bool candidates)
{
	bool any = !filter_is_of_pins(f);
	if (!filter_takes_name(f, &v->name))
		return false;
	for (enum family k = 0; !any && k < FAMILIES; k++)
		any = v->pin[k].present && filter_takes_pin(f, t, &v->pin[k]);
	if (!candidates || f->since || f->until)
		return any;
	for (size_t i = 0; !any && i < v->n_candidates && i < CANDIDATES; i++)
		any = takes_address(f, t, &v->candidates[i].addr);
	return any;
}

static bool is_held(const struct filter *f, const struct table *t, const struct address *a)
{
	const addr_ref addr = addr_find(t, a);
	struct name_ref ref;
	struct name n;
	uint32_t cursor = 0;
	bool any = false;
	while (!any && addr && index_next(t, addr, &cursor, &ref))
		any = name_copy(t, ref.slot, ref.key, &n) && filter_takes_name(f, &n);
	return any;
}

bool filter_takes_event(const struct filter *f, const struct table *t, const struct event *e)
{
	struct name n;
	if (!takes_time(f, e->time_ns))
		return false;
	if (f->addresses.n > 0 && !(e->has_addr && takes_address(f, t, &e->addr)) && !(e->has_old && takes_address(f, t, &e->old)))
		return false;
	if (f->hosts.n == 0)
		return true;
	if (*e->name)
		return name_canonical(e->name, &n) == NAME_OK && filter_takes_name(f, &n);
	return e->has_addr && is_held(f, t, &e->addr);
}
