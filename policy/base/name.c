/* name.c: canonical host names. See name.h. */
#include "policy/base/name.h"

#include <arpa/inet.h>
#include <string.h>

#include "policy/base/hash.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* Copies the name in lower case and checks its labels (RFC 1035 2.3.4). */
static enum name_status copy_labels(const char *text, struct name *out)
{
	uint32_t label = 0, len = 0;
	for (const char *p = text; *p; p++) {
		const unsigned char c = (unsigned char)*p;
		if (c <= ' ' || c >= 0x7f || (c == '.' && label == 0))
			return NAME_MALFORMED;
		if (c == '.' && p[1] == '\0')
			break;				/* the root's dot */
		label = c == '.' ? 0 : label + 1;
		if (label > 63 || len == NAME_MAX_LEN)
			return NAME_TOO_LONG;
		out->text[len++] = lower(*p);
	}
	out->len = len;
	return NAME_OK;
}

/* inet_aton(3) reads "127.1" and "0x7f000001" too, and libc answers those without DNS. */
static bool is_numeric(const struct name *n)
{
	char first = n->text[0];
	struct in_addr a;
	if (memchr(n->text, ':', n->len))
		return true;
	return first >= '0' && first <= '9' && inet_aton(n->text, &a) != 0;
}

static bool is_local(const struct name *n)
{
	static const char *const names[] = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"};
	static const char suffix[] = ".localhost";
	const size_t suffix_len = sizeof suffix - 1;
	const char first = n->text[0], last = n->text[n->len - 1];
	if (first != 'l' && first != 'i' && last != 't')
		return false;			/* most are told apart at once */
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(n->text, names[i]) == 0)
			return true;
	return n->len > suffix_len && strcmp(n->text + n->len - suffix_len, suffix) == 0;
}

enum name_status name_canonical(const char *text, struct name *out)
{
	memset(out, 0, sizeof *out);
	if (*text == '\0' || strcmp(text, ".") == 0)
		return NAME_EMPTY;
	enum name_status s = copy_labels(text, out);
	if (s != NAME_OK)
		return s;
	if (is_numeric(out))
		return NAME_NUMERIC;
	return is_local(out) ? NAME_LOCAL : NAME_OK;
}

uint64_t name_hash(const struct name *n, uint64_t seed)
{
	return hash_words(n->words, name_word_count(n), seed);
}

const char *name_status_text(enum name_status s)
{
	switch (s) {
	case NAME_OK: return "fine";
	case NAME_EMPTY: return "empty name";
	case NAME_TOO_LONG: return "name too long";
	case NAME_MALFORMED: return "malformed name";
	case NAME_NUMERIC: return "an address, not a name";
	case NAME_LOCAL: return "a local name, never sticky";
	}
	return "unknown";
}

bool name_match(const char *pattern, size_t size, const struct name *n)
{
	const char *p = pattern, *end = pattern + strnlen(pattern, size);
	const char *s = n->text, *s_end = n->text + n->len;
	const char *star = NULL, *resume = NULL;
	while (s < s_end) {
		if (p < end && *p == '*') {
			star = ++p;
			resume = s;
		} else if (p < end && lower(*p) == *s) {
			p++, s++;
		} else if (star) {
			p = star;
			s = ++resume;
		} else {
			return false;
		}
	}
	while (p < end && *p == '*')
		p++;
	return p == end;
}
