/* dns-message.c: DNS answers, parsed where they lie. See dns-message.h; dns-rewrite.c changes them. */
#include "policy/wire/dns-message.h"

#include <string.h>

enum { FLAG_QR = 0x8000, FLAG_TC = 0x0200, OPCODE = 0x7800, RCODE = 0x000f };	/* RFC 1035 4.1.1 */

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTIONS };

enum { SRV_FIXED = 6 };			/* priority, weight, port */

enum { POINTER = 0xc0 };		/* a length byte from here on begins a compression pointer (4.1.4) */

/* One parse. */
struct parse {
	const uint8_t *msg;
	size_t len;
	struct answer *out;
	uint16_t flags;
	uint16_t questions, counts[SECTIONS];
	size_t records;			/* offset of the first one */
	size_t owner;			/* offset of the name that the records must have */
	uint16_t type;			/* that they must have; 0: the question is not ours */
	size_t last_owner;		/* a compressed name of a record before that is well; 0: none */
	bool last_is_owner;		/* it is the name that the records must have */
	uint32_t min_ttl;
	size_t extras_seen;
	bool sealed;			/* the whole message is signed: TSIG, SIG(0) */
};

static bool is_ours(const struct question *q)
{
	return q->class == WIRE_IN && q->name.len > 0 && (wire_address_size(q->type) || q->type == WIRE_SRV);
}

static uint32_t lesser(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* ---- header and question ---- */

static bool read_header(struct parse *p, struct question *q)
{
	if (p->len < WIRE_HEADER || p->len > WIRE_MAX)
		return false;
	q->id = wire_get16(p->msg);
	p->flags = wire_get16(p->msg + 2);
	p->questions = wire_get16(p->msg + 4);
	for (size_t s = 0; s < SECTIONS; s++)
		p->counts[s] = wire_get16(p->msg + 6 + 2 * s);
	return true;
}

/* The one question, right behind the header. A name that can be no key is left empty. */
static bool read_question(struct parse *p, struct question *q)
{
	size_t end = wire_name_end(p->msg, p->len, WIRE_HEADER);
	if (end == 0 || p->len - end < 4)
		return false;
	q->type = wire_get16(p->msg + end);
	q->class = wire_get16(p->msg + end + 2);
	if (wire_name(p->msg, p->len, WIRE_HEADER, &q->name) != NAME_OK)
		q->name = (struct name){0};
	p->records = end + 4;
	p->owner = WIRE_HEADER;
	p->type = is_ours(q) ? q->type : 0;
	return true;
}

/* ---- the CNAME chain ---- */

struct link {
	size_t owner, target;		/* offsets of names */
	uint32_t ttl;
};

/* The CNAMEs of the answer section; -1: it is malformed, or has too many. */
static int collect_links(const struct parse *p, struct link links[static ANSWER_LINKS])
{
	struct wire_record r;
	size_t at = p->records;
	int n = 0;
	for (unsigned i = 0; i < p->counts[SECTION_ANSWER]; i++, at = r.next) {
		if (!wire_record(p->msg, p->len, at, &r))
			return -1;
		if (r.type != WIRE_CNAME || r.class != WIRE_IN)
			continue;
		if (n == ANSWER_LINKS)
			return -1;
		links[n++] = (struct link){r.owner, r.rdata, r.ttl};
	}
	return n;
}

static int find_link(const struct parse *p, const struct link *links, int n)
{
	for (int i = 0; i < n; i++)
		if (wire_same_name(p->msg, p->len, links[i].owner, p->owner))
			return i;
	return -1;
}

/* From the name asked to the end of its chain. A chain longer than there are links is a loop. */
static bool follow_chain(struct parse *p)
{
	struct link links[ANSWER_LINKS];
	int n = collect_links(p, links);
	for (int hops = 0; n > 0; hops++) {
		int i = find_link(p, links, n);
		if (i < 0)
			break;
		if (hops == n)
			return false;
		p->owner = links[i].target;
		p->min_ttl = lesser(p->min_ttl, links[i].ttl);
	}
	return n >= 0;
}

/* ---- names that a rewrite leaves alone ---- */

/*
 * Do these bytes belong to a field that a rewrite may change, or lie between two of
 * one record? The fields lie in the order of the records, and none covers another.
 */
static bool is_rewritten(const struct answer *a, size_t from, size_t to)
{
	size_t size = a->question.type == WIRE_SRV ? 2 : wire_address_size(a->question.type);
	size_t low = 0, high = a->n;		/* the first record that ends past `from` */
	if (a->n == 0 || to <= a->record[0].ttl_at)
		return false;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (a->record[middle].rdata_at + size <= from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->n && a->record[low].ttl_at < to;
}

/*
 * The offset after the name at `at`; 0: malformed, or compressed into a field that a
 * rewrite may change. A name lies before what points to it, so the records kept so
 * far are all that it can touch.
 */
static size_t check_name(const struct parse *p, size_t at)
{
	struct wire_walk w = wire_begin(p->msg, p->len, at);
	size_t from;
	int n;
	do {
		n = wire_step(&w, &from);
		if (n < 0 || is_rewritten(p->out, from, from + (n == WIRE_POINTER ? 2 : (size_t)n + 1)))
			return 0;
	} while (n > 0);
	return w.end;
}

/* Its name must end with the RDATA. SRV targets may be compressed (RFC 3597 4), though senders must not. */
static bool check_rdata(const struct parse *p, const struct wire_record *r)
{
	size_t fixed = r->type == WIRE_SRV ? SRV_FIXED : 0, size = wire_address_size(r->type);
	if (r->class != WIRE_IN)
		return true;
	if (size)
		return r->rdata_len == size;
	if (r->type != WIRE_SRV && r->type != WIRE_CNAME)
		return true;
	return r->rdata_len > fixed && check_name(p, r->rdata + fixed) == r->next;
}

/*
 * Is the record's name written as that of one before, by the same pointer? Then it is as
 * well, and the same: it lies before both, and so before whatever was kept between them.
 */
static bool is_repeated(const struct parse *p, const struct wire_record *r)
{
	return p->last_owner && memcmp(p->msg + r->owner, p->msg + p->last_owner, 2) == 0;
}

static bool check_owner(struct parse *p, const struct wire_record *r)
{
	if (is_repeated(p, r))
		return true;
	if (check_name(p, r->owner) == 0)
		return false;
	p->last_owner = p->msg[r->owner] >= POINTER ? r->owner : 0;
	p->last_is_owner = p->last_owner && wire_same_name(p->msg, p->len, r->owner, p->owner);
	return true;
}

static bool has_owner(const struct parse *p, const struct wire_record *r)
{
	return p->last_owner ? p->last_is_owner : wire_same_name(p->msg, p->len, r->owner, p->owner);
}

/* ---- records ---- */

static struct address read_address(const struct parse *p, const struct wire_record *r)
{
	struct address a;
	address_from_bytes(r->type == WIRE_A ? AF_INET : AF_INET6, p->msg + r->rdata, &a);
	return a;
}

static struct srv read_srv(const struct parse *p, const struct wire_record *r)
{
	const uint8_t *rdata = p->msg + r->rdata;
	return (struct srv){wire_get16(rdata), wire_get16(rdata + 2), wire_get16(rdata + 4),
			    (uint16_t)(r->rdata + SRV_FIXED)};
}

static void keep_record(struct parse *p, const struct wire_record *r)
{
	struct answer *out = p->out;
	if (out->n == ANSWER_MAX) {
		out->more = true;
		return;
	}
	struct answer_record *kept = &out->record[out->n++];
	kept->ttl_at = (uint16_t)r->ttl_at;
	kept->rdata_at = (uint16_t)r->rdata;
	kept->ttl = r->ttl;
	p->min_ttl = lesser(p->min_ttl, r->ttl);
	if (r->type == WIRE_SRV)
		kept->srv = read_srv(p, r);
	else
		kept->address = read_address(p, r);
}

static void take_answer(struct parse *p, const struct wire_record *r)
{
	if (r->type == WIRE_RRSIG)
		p->out->has_rrsig = true;
	if (p->type == 0 || r->type != p->type || r->class != WIRE_IN)	/* a record may say that its type is 0 */
		return;
	if (has_owner(p, r))
		keep_record(p, r);
}

/* An address of an SRV target. Each one costs up to ANSWER_MAX comparisons, so not all are looked at. */
static void take_extra(struct parse *p, const struct wire_record *r)
{
	struct answer *out = p->out;
	if (p->type != WIRE_SRV || r->class != WIRE_IN || wire_address_size(r->type) == 0 || p->extras_seen++ >= ANSWER_EXTRA)
		return;
	for (uint8_t i = 0; i < out->n && out->extras < ANSWER_MAX; i++)
		if (wire_same_name(p->msg, p->len, r->owner, out->record[i].srv.target_at))
			out->extra[out->extras++] = (struct answer_extra){read_address(p, r), r->ttl, i};
}

/* OPT carries the upper bits of the rcode (RFC 6891 6.1.3); TSIG and SIG(0) seal every byte (RFC 8945, 2931). */
static void take_additional(struct parse *p, const struct wire_record *r)
{
	if (r->type == WIRE_OPT)
		p->out->rcode |= (uint16_t)(p->msg[r->ttl_at] << 4);
	else if (r->type == WIRE_TSIG || r->type == WIRE_SIG)
		p->sealed = true;
	else
		take_extra(p, r);
}

static bool read_section(struct parse *p, enum section s, size_t *at)
{
	struct wire_record r;
	for (unsigned i = 0; i < p->counts[s]; i++, *at = r.next) {
		if (!wire_record(p->msg, p->len, *at, &r))
			return false;
		if (!check_owner(p, &r) || !check_rdata(p, &r))
			return false;
		if (s == SECTION_ANSWER)
			take_answer(p, &r);
		else if (s == SECTION_ADDITIONAL)
			take_additional(p, &r);
	}
	return true;
}

static bool read_records(struct parse *p)
{
	size_t at = p->records;
	if (!follow_chain(p))
		return false;
	for (enum section s = SECTION_ANSWER; s < SECTIONS; s++)
		if (!read_section(p, s, &at))
			return false;
	return true;
}

/* ---- the whole message ---- */

static enum answer_status parse_body(struct parse *p)
{
	struct answer *out = p->out;
	if (p->questions == 0 && out->rcode != 0)
		return ANSWER_ERROR;
	if ((p->flags & OPCODE) != 0 || p->questions != 1)
		return ANSWER_OTHER;
	if (!read_question(p, &out->question))
		return ANSWER_NOT;
	if (p->flags & FLAG_TC)
		return ANSWER_TRUNCATED;
	if (!read_records(p))
		return ANSWER_NOT;
	if (out->rcode != 0)
		return ANSWER_ERROR;
	if (p->type == 0 || p->sealed)
		return ANSWER_OTHER;
	return out->n > 0 ? ANSWER_OK : ANSWER_EMPTY;
}

enum answer_status answer_parse(const uint8_t *msg, size_t len, struct answer *out)
{
	struct parse p = {.msg = msg, .len = len, .out = out, .min_ttl = UINT32_MAX};
	memset(out, 0, offsetof(struct answer, record));
	if (!read_header(&p, &out->question) || !(p.flags & FLAG_QR))
		return ANSWER_NOT;
	out->rcode = p.flags & RCODE;
	enum answer_status s = parse_body(&p);
	if (s == ANSWER_OK)
		out->min_ttl = p.min_ttl;
	else
		out->n = out->extras = 0;
	return s;
}

enum answer_status answer_question(const uint8_t *msg, size_t len, struct question *out)
{
	struct parse p = {.msg = msg, .len = len};
	memset(out, 0, sizeof *out);
	if (!read_header(&p, out) || (p.flags & FLAG_QR))
		return ANSWER_NOT;
	if ((p.flags & OPCODE) != 0 || p.questions != 1)
		return ANSWER_OTHER;
	if (!read_question(&p, out))
		return ANSWER_NOT;
	return p.type ? ANSWER_OK : ANSWER_OTHER;
}

bool answer_target(const uint8_t *msg, size_t len, const struct answer *a, size_t i, struct name *out)
{
	return i < a->n && a->question.type == WIRE_SRV &&
	       wire_name(msg, len, a->record[i].srv.target_at, out) == NAME_OK;
}
