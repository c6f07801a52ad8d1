/* hosts.c: see hosts.h. */
#include "tools/common/hosts.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_PATH "/etc/hosts"

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

static void add(struct hosts *h, const char *text)
{
	char *copy = strdup(text);
	char **at = copy ? tsearch(copy, &h->names, by_text) : NULL;
	if (!at || *at != copy)
		free(copy);
}

/* An address, and names behind it (hosts(5)). */
static void take_line(struct hosts *h, char *line)
{
	static const char blanks[] = " \t\r\n";
	char *rest, *word;
	struct name name;
	line[strcspn(line, "#")] = '\0';
	if (!strtok_r(line, blanks, &rest))
		return;
	while ((word = strtok_r(NULL, blanks, &rest)))
		if (name_canonical(word, &name) == NAME_OK)
			add(h, name.text);
}

void hosts_update(struct hosts *h)
{
	char *line = NULL;
	size_t room = 0;
	if (!file_changed(HOSTS_PATH, &h->stamp))
		return;
	tdestroy(h->names, free);
	h->names = NULL;
	FILE *f = fopen(HOSTS_PATH, "re");
	while (f && getline(&line, &room, f) != -1)
		take_line(h, line);
	free(line);
	if (f)
		fclose(f);
}

bool hosts_have(const struct hosts *h, const struct name *n) { return tfind(n->text, &h->names, by_text) != NULL; }

void hosts_free(struct hosts *h)
{
	tdestroy(h->names, free);
	*h = (struct hosts){0};
}
