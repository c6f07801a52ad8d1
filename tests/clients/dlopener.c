/*
 * dlopener: open a plug-in (libresolve), resolve through it, close it, again.
 *
 *	dlopener LIBRARY HOST TIMES
 *
 * RTLD_LOCAL and RTLD_LAZY, then RTLD_NOW, in turn. Prints the first address of each.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int resolve_fn(const char *host, char *out);

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	for (int i = 0; i < atoi(argv[3]); i++) {
		char text[NI_MAXHOST];
		void *library = dlopen(argv[1], (i % 2 ? RTLD_LAZY : RTLD_NOW) | RTLD_LOCAL);
		void *symbol = library ? dlsym(library, "resolve_first") : NULL;
		if (!symbol) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		resolve_fn *resolve;
		memcpy(&resolve, &symbol, sizeof resolve);
		int rc = resolve(argv[2], text);
		puts(rc == 0 ? text : gai_strerror(rc));
		dlclose(library);
	}
	return 0;
}
