/* lookup.c: the exported symbols that turn names into addresses. Those of the resolver are in resolver.c. */
#include <netdb.h>
#include <sys/socket.h>

#include "shim/core/export.h"
#include "shim/core/libc.h"
#include "shim/lookup/addrinfo.h"
#include "shim/lookup/gai.h"
#include "shim/lookup/hostent.h"
#include "shim/tcp/stream.h"

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	stream_sweep();
	return addrinfo_lookup(node, service, hints, res);
}

EXPORT int getaddrinfo_a(int mode, struct gaicb *list[restrict], int n, struct sigevent *restrict how)
{
	stream_sweep();
	return gai_submit(mode, list, n, how);
}

EXPORT int gai_error(struct gaicb *request)
{
	return gai_result(request);
}

static struct hostent *ask(const char *name, int af)
{
	return real()->gethostbyname2(name, af);
}

static struct hostent *ask_v4(const char *name, int af)
{
	(void)af;
	return real()->gethostbyname(name);
}

static int ask_r(const struct host_call *h)
{
	return real()->gethostbyname2_r(h->name, h->af, h->ret, h->buf, h->len, h->result, h->err);
}

static int ask_v4_r(const struct host_call *h)
{
	return real()->gethostbyname_r(h->name, h->ret, h->buf, h->len, h->result, h->err);
}

EXPORT struct hostent *gethostbyname(const char *name)
{
	stream_sweep();
	return hostent_lookup(name, AF_INET, ask_v4);
}

EXPORT struct hostent *gethostbyname2(const char *name, int af)
{
	stream_sweep();
	return hostent_lookup(name, af, ask);
}

EXPORT int gethostbyname_r(const char *name, struct hostent *ret, char *buf, size_t len, struct hostent **result,
			   int *err)
{
	const struct host_call h = {name, AF_INET, ret, buf, len, result, err};
	stream_sweep();
	return hostent_lookup_r(&h, ask_v4_r);
}

EXPORT int gethostbyname2_r(const char *name, int af, struct hostent *ret, char *buf, size_t len,
			    struct hostent **result, int *err)
{
	const struct host_call h = {name, af, ret, buf, len, result, err};
	stream_sweep();
	return hostent_lookup_r(&h, ask_r);
}
