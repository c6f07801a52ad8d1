/*
 * sip-text.h: reading the text of a SIP message: characters, words, numbers,
 * parameters. Section numbers are RFC 3261's. For sip-message.c.
 *
 * Reads [p, end) of a text and nothing else; pure.
 */
#ifndef STICKYDNS_SIPTEXT_H
#define STICKYDNS_SIPTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "policy/base/hash.h"

/* A piece of a logical line that is read from its front. */
struct text {
	const char *p, *end;
	bool cut;			/* the line goes on behind `end`, or is broken: what touches the end is not known */
};

/* ---- characters ---- */

/* A set of characters below 64 is a word. LWS (25.1): a fold is white space wherever white space may stand. */
#define BIT(c) (UINT64_C(1) << (c))
static const uint64_t LWS = BIT(' ') | BIT('\t') | BIT('\r') | BIT('\n');
static const uint64_t NAME_ENDS = BIT('=') | BIT(';') | BIT(',') | BIT('"');
static const uint64_t VALUE_ENDS = BIT(';') | BIT(',') | BIT('"');

static inline bool is_in(uint64_t set, char c) { return (unsigned char)c < 64 && (set >> c & 1) != 0; }

static inline bool is_lws(char c) { return is_in(LWS, c); }

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

static inline char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

/* The first character of `set` in [p, end), or end. All sets are of what the blocks below stop at. */
static inline const char *find_in(uint64_t set, const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i low = _mm_set1_epi8(','), semicolon = _mm_set1_epi8(';'), less = _mm_set1_epi8('<'),
		      equals = _mm_set1_epi8('=');
	while (end - p >= 16) {
		const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		const __m128i stop = _mm_or_si128(
			_mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(v, low), v), _mm_cmpeq_epi8(v, semicolon)),
			_mm_or_si128(_mm_cmpeq_epi8(v, less), _mm_cmpeq_epi8(v, equals)));
		const int at = _mm_movemask_epi8(stop);
		p += at ? __builtin_ctz((unsigned)at) : 16;
		if (at && is_in(set, *p))
			return p;
		p += at != 0;
	}
#endif
	while (p < end && !is_in(set, *p))
		p++;
	return p;
}

static inline const char *find_lf(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i lf = _mm_set1_epi8('\n');
	for (; end - p >= 16; p += 16) {
		const int at = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), lf));
		if (at)
			return p + __builtin_ctz((unsigned)at);
	}
#endif
	return memchr(p, '\n', (size_t)(end - p));
}

/* token (25.1), which is what a method is made of. */
static inline bool is_token(char c)
{
	if (is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'))
		return true;
	return c != '\0' && strchr("-.!%*_+`'~", c) != NULL;
}

/* `word` in lower case, of the same length. */
static inline bool same_word(const char *p, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(p[i]) != word[i])
			return false;
	return true;
}

static inline bool text_is(const struct text *t, const char *word, size_t len)
{
	return (size_t)(t->end - t->p) == len && same_word(t->p, word, len);
}

static inline void skip_lws(struct text *t)
{
	while (t->p < t->end && is_lws(*t->p))
		t->p++;
}

/* Digits, saturated at UINT32_MAX. False: none, or cut behind them. */
static inline bool take_number(struct text *t, int64_t *out)
{
	const char *start = t->p;
	int64_t n = 0;
	for (; t->p < t->end && is_digit(*t->p); t->p++)
		n = n < UINT32_MAX ? n * 10 + (*t->p - '0') : n;
	*out = n < UINT32_MAX ? n : UINT32_MAX;
	return t->p > start && !(t->p == t->end && t->cut);
}

/* ---- parameters ---- */

/* Over a quoted-string (25.1). One without an end hides what follows: nothing is known of that. */
static inline void skip_quoted(struct text *t)
{
	for (t->p++; t->p < t->end && *t->p != '"'; t->p++)
		if (*t->p == '\\' && t->end - t->p > 1)
			t->p++;
	if (t->p < t->end)
		t->p++;
	else
		t->cut = true;
}

/* Over <URI> (25.1, name-addr), whose parameters are none of the header field's (20.10). */
static inline void skip_angle(struct text *t)
{
	const char *close = memchr(t->p, '>', (size_t)(t->end - t->p));
	t->cut = t->cut || !close;
	t->p = close ? close + 1 : t->end;
}

/* To the next `;`. In a list (7.3.1: several values of one name, with commas between) the first value ends it. */
static inline bool to_parameter(struct text *t, bool list)
{
	const uint64_t ends = BIT(';') | BIT('"') | (list ? BIT(',') : BIT('<'));
	for (t->p = find_in(ends, t->p, t->end); t->p < t->end; t->p = find_in(ends, t->p, t->end)) {
		if (*t->p == ';')
			return true;
		if (*t->p == '"')
			skip_quoted(t);
		else if (*t->p == '<')
			skip_angle(t);
		else
			*t = (struct text){t->p, t->p, false};
	}
	return false;
}

/* A name or a value: up to white space or one of `ends`. */
static inline struct text take_word(struct text *t, uint64_t ends)
{
	struct text w = {t->p, t->p, false};
	t->p = find_in(LWS | ends, t->p, t->end);
	w.end = t->p;
	w.cut = t->p == t->end && t->cut;
	return w;
}

/* The parameter at `;` (25.1, SEMI generic-param): white space may stand around `;` and `=`. */
static inline void take_parameter(struct text *t, struct text *name, struct text *value)
{
	t->p++;
	skip_lws(t);
	*name = take_word(t, NAME_ENDS);
	*value = (struct text){t->p, t->p, t->cut && t->p == t->end};
	skip_lws(t);
	if (t->p == t->end || *t->p != '=')
		return;
	t->p++;
	skip_lws(t);
	*value = take_word(t, VALUE_ENDS);
}

#undef BIT

#endif
