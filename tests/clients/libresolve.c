/*
 * libresolve: a plug-in that resolves; opened by dlopener. `resolve_first`
 * puts the first address of `host` into `out` (NI_MAXHOST bytes).
 */
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int resolve_first(const char *host, char *out);

int resolve_first(const char *host, char *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	int rc = getaddrinfo(host, "5060", &hints, &list);
	if (rc != 0)
		return rc;
	getnameinfo(list->ai_addr, list->ai_addrlen, out, NI_MAXHOST, NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(list);
	return 0;
}
