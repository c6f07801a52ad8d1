/* gai.c: getaddrinfo_a, in the order of the pin. See gai.h. */
#include "shim/lookup/gai.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/base/hash.h"
#include "shim/core/libc.h"
#include "shim/core/waiting.h"
#include "shim/lookup/addrinfo.h"

/* In the reserved words. The values are no small numbers: a request that did not come by us has anything there. */
enum { STATE, SEAL };
enum { SUBMITTED = 0x51a7e001, ORDERING, ORDERED };

enum { AT_ONCE = 256 };		/* of more requests in one call all go to libc */

static _Atomic int *word_of(struct gaicb *g, int which) { return (_Atomic int *)&g->__glibc_reserved[which]; }

/* Of this very request: a copy of it was not submitted. */
static int seal_of(const struct gaicb *g)
{
	const uint64_t at = (uintptr_t)g;
	return (int)(uint32_t)hash_words(&at, 1, SUBMITTED);
}

static void put_state(struct gaicb *g, int state)
{
	atomic_store_explicit(word_of(g, SEAL), seal_of(g), memory_order_relaxed);
	atomic_store_explicit(word_of(g, STATE), state, memory_order_release);
}

static _Atomic int *result_of(struct gaicb *g) { return (_Atomic int *)&g->__return; }

/* The table has answered: as libc leaves a request that is over. */
static bool answered(struct gaicb *g)
{
	if (!addrinfo_unasked(g->ar_name, g->ar_service, g->ar_request, &g->ar_result))
		return false;
	atomic_store_explicit(result_of(g), 0, memory_order_relaxed);
	put_state(g, ORDERED);
	return true;
}

/* Another thread ordered it after libc was asked here. */
static int ended_with(struct gaicb *g) { return atomic_load_explicit(result_of(g), memory_order_relaxed); }

/* libc ended the request with `r`, and leaves it alone now. What gai_error is to say. */
static int order_result(struct gaicb *g, int r)
{
	int state = SUBMITTED;
	if (atomic_load_explicit(word_of(g, SEAL), memory_order_relaxed) != seal_of(g))
		return r;
	if (!atomic_compare_exchange_strong_explicit(word_of(g, STATE), &state, ORDERING, memory_order_acq_rel,
						     memory_order_acquire))
		return state == ORDERING ? EAI_INPROGRESS : state == ORDERED ? ended_with(g) : r;
	int result = addrinfo_finish(g->ar_name, g->ar_service, g->ar_request, r, &g->ar_result);
	if (result != r)
		atomic_store_explicit(result_of(g), result, memory_order_relaxed);
	atomic_store_explicit(word_of(g, STATE), ORDERED, memory_order_release);
	return result;
}

/* The requests that are libc's to answer, in their places. */
static void submit(struct gaicb *const list[], int n, struct gaicb *rest[])
{
	for (int i = 0; i < n; i++) {
		rest[i] = list[i] && answered(list[i]) ? NULL : list[i];
		if (rest[i])
			put_state(rest[i], SUBMITTED);
	}
}

int gai_submit(int mode, struct gaicb *list[], int n, struct sigevent *how)
{
	struct gaicb *rest[AT_ONCE];
	const bool few = n <= AT_ONCE && (mode == GAI_WAIT || mode == GAI_NOWAIT);
	if (few)
		submit(list, n, rest);
	for (int i = 0; !few && i < n; i++)
		if (list[i])
			put_state(list[i], SUBMITTED);
	int r = real()->getaddrinfo_a(mode, few ? rest : list, n, how), saved = errno;
	for (int i = 0; mode == GAI_WAIT && i < n; i++)
		if (list[i])
			gai_result(list[i]);
	errno = saved;
	return r;
}

int gai_result(struct gaicb *request)
{
	int r = real()->gai_error(request), saved = errno;
	if (r != EAI_INPROGRESS && r != EAI_CANCELED)
		r = order_result(request, r);
	errno = saved;
	return r;
}
