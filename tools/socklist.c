/* socklist.c: see socklist.h. */
#include "socklist.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

/* "0100007F:13C4": the address in words of 8 digits, each as this machine reads its 4 bytes. */
static bool parse_endpoint(const char *text, struct endpoint *out)
{
	const size_t words = strcspn(text, ":") / 8;
	uint32_t word[4];
	unsigned port;
	for (size_t i = 0; i < words && i < 4; i++)
		if (sscanf(text + 8 * i, "%8" SCNx32, &word[i]) != 1)
			return false;
	if ((words != 1 && words != 4) || sscanf(text + 8 * words, ":%4x", &port) != 1)
		return false;
	*out = (struct endpoint){.port = (uint16_t)port};
	return address_from_bytes(words == 1 ? AF_INET : AF_INET6, word, &out->addr);
}

/* "sl: local remote state queues timer retransmits uid timeout inode" */
static bool parse_line(const char *line, struct listed *out)
{
	char remote[64];
	return sscanf(line, " %*d: %*63s %63s %x %*s %*s %*s %*u %*u %" SCNu64, remote, &out->state, &out->inode) == 3 &&
	       parse_endpoint(remote, &out->to);
}

bool socklist_next(FILE *f, struct listed *out)
{
	char line[512];
	while (fgets(line, sizeof line, f))
		if (parse_line(line, out))
			return true;
	return false;
}
