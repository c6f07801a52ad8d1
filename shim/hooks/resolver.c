/*
 * resolver.c: the exported symbols of the resolver: res_query(3) and its relatives.
 *
 * glibc before 2.34 had them in libresolv under two underscores, and programs built then still
 * ask for those. So each has both names. What the functions return may exceed the buffer's
 * length, and is cut to it before the answer is looked at.
 */
#include <resolv.h>

#include "shim/core/export.h"
#include "shim/core/libc.h"
#include "shim/lookup/dns.h"

static int reordered(int r, unsigned char *answer, int len, const char *name)
{
	if (r > 0 && len > 0)
		dns_answer(answer, (size_t)(r < len ? r : len), name);
	return r;
}

EXPORT int(res_query)(const char *name, int class, int type, unsigned char *answer, int len)
{
	return reordered(real()->res_query(name, class, type, answer, len), answer, len, name);
}

EXPORT int(res_search)(const char *name, int class, int type, unsigned char *answer, int len)
{
	return reordered(real()->res_search(name, class, type, answer, len), answer, len, name);
}

EXPORT int(res_querydomain)(const char *name, const char *domain, int class, int type, unsigned char *answer, int len)
{
	return reordered(real()->res_querydomain(name, domain, class, type, answer, len), answer, len, NULL);
}

EXPORT int(res_send)(const unsigned char *msg, int msglen, unsigned char *answer, int len)
{
	return reordered(real()->res_send(msg, msglen, answer, len), answer, len, NULL);
}

EXPORT int(res_nquery)(res_state state, const char *name, int class, int type, unsigned char *answer, int len)
{
	return reordered(real()->res_nquery(state, name, class, type, answer, len), answer, len, name);
}

EXPORT int(res_nsearch)(res_state state, const char *name, int class, int type, unsigned char *answer, int len)
{
	return reordered(real()->res_nsearch(state, name, class, type, answer, len), answer, len, name);
}

EXPORT int(res_nquerydomain)(res_state state, const char *name, const char *domain, int class, int type,
			     unsigned char *answer, int len)
{
	return reordered(real()->res_nquerydomain(state, name, domain, class, type, answer, len), answer, len, NULL);
}

EXPORT int(res_nsend)(res_state state, const unsigned char *msg, int msglen, unsigned char *answer, int len)
{
	return reordered(real()->res_nsend(state, msg, msglen, answer, len), answer, len, NULL);
}

/* ---- the same under their old names ---- */

#define OLD_NAME(name, type, args) extern __typeof__(name) __##name EXPORT __attribute__((alias(#name), leaf, nothrow));
RESOLVER_SYMBOLS(OLD_NAME)
