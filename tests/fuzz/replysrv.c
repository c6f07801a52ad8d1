/*
 * replysrv.c: fuzz target for tools/common/reply.c, which reads SRV answers for pinctl refresh.
 *
 * The input is a message, in a buffer of exactly its size. The oracles: no more
 * records than there is room for; each host is a canonical name and no service; the
 * TTL is one that a record has; what is read once is read again.
 */
#define CORPUS "tests/fuzz/corpus/replysrv"
#include "tests/fuzz/replay.h"

#include <string.h>

#include "tools/common/reply.h"

static void judge(const struct reply *r)
{
	claim(r->n <= REPLY_SRV_MAX);
	claim(r->ttl <= INT32_MAX && (r->n > 0 || r->ttl == 0));
	for (size_t i = 0; i < r->n; i++) {
		struct name again;
		claim(name_canonical(r->srv[i].host.text, &again) == NAME_OK && !name_is_service(&again));
		claim(again.len == r->srv[i].host.len && strcmp(again.text, r->srv[i].host.text) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reply one, two;
	unsigned char *message = malloc(size ? size : 1);
	claim(message);
	memcpy(message, data, size);
	memset(&one, 0, sizeof one);
	memset(&two, 0, sizeof two);
	const bool whole = reply_srv(message, (int)size, &one);
	judge(&one);
	claim(reply_srv(message, (int)size, &two) == whole && memcmp(&one, &two, sizeof one) == 0);
	free(message);
	return 0;
}
