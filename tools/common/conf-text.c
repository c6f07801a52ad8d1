/* conf-text.c: stickydns.conf as text. See conf-text.h. */
#include "tools/common/conf-text.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ---- */

/* A regular file, or /dev/null: a FIFO without a writer would hold us for ever. */
static FILE *open_regular(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)))
		return fdopen(fd, "r");
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	int error = errno;
	close(fd);
	errno = error;
	return NULL;
}

char *conf_text_read(const struct context *c, const char *path)
{
	char *text = malloc(CONF_BYTES + 1);
	FILE *f = text ? open_regular(path) : NULL;
	size_t n = f ? fread(text, 1, CONF_BYTES + 1, f) : 0;
	bool bad = !f || ferror(f);
	int error = errno;
	if (f)
		fclose(f);
	if (bad)
		complain(c, "%s: %s", path, error == EINVAL ? "not a regular file" : strerror(error));
	else if (n > CONF_BYTES)
		bad = true, complain(c, "%s: larger than %d bytes", path, CONF_BYTES);
	else if ((text[n] = '\0', strlen(text) < n))
		bad = true, complain(c, "%s:%d: a NUL byte", path, conf_text_line(text, text + strlen(text)));
	if (!bad)
		return text;
	free(text);
	return NULL;
}

int conf_text_line(const char *text, const char *at)
{
	int line = 1;
	for (const char *p = text; p < at; p++)
		line += *p == '\n';
	return line;
}

/* ---- absent = grace TIME ---- */

char *conf_text_parted(const char *text)
{
#define TIME "([0-9][0-9a-z]*)"
	static const char pattern[] = "absent[ \t]*=[ \t]*(grace[ \t]+" TIME "|[\"']grace[ \t]+" TIME "[\"']|"
				      "\\{[ \t]*grace[ \t]*,[ \t]*" TIME "[ \t]*\\})";
#undef TIME
	regex_t grace;
	regmatch_t m[5];
	char *out = NULL;
	size_t size;
	if (regcomp(&grace, pattern, REG_EXTENDED) != 0)
		return NULL;
	FILE *f = open_memstream(&out, &size);
	for (; f && regexec(&grace, text, 5, m, 0) == 0; text += m[0].rm_eo) {
		const regmatch_t *time = m[2].rm_so != -1 ? &m[2] : m[3].rm_so != -1 ? &m[3] : &m[4];
		fprintf(f, "%.*sabsent = grace grace = %.*s ", (int)m[0].rm_so, text, (int)(time->rm_eo - time->rm_so),
			text + time->rm_so);
	}
	if (f) {
		fputs(text, f);
		fclose(f);
	}
	regfree(&grace);
	return out;
}

/* ---- what is left open ---- */

/* The end of a quoted string that begins at p; of an unfinished one, the end of the text. */
static const char *skip_quoted(const char *p)
{
	const char quote = *p++;
	while (*p && *p != quote)
		p += *p == '\\' && p[1] ? 2 : 1;
	return *p ? p + 1 : p;
}

/* The end of a comment that begins at p, p itself if none does, NULL if it has no end. */
static const char *skip_comment(const char *p)
{
	if (*p == '#' || (*p == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	if (*p != '/' || p[1] != '*')
		return p;
	const char *end = strstr(p + 2, "*/");
	return end ? end + 2 : NULL;
}

int conf_text_open(const char *text, const char **what)
{
	const char *block = NULL, *p = text;
	int depth = 0;
	while (*p) {
		const char *next = *p == '"' || *p == '\'' ? skip_quoted(p) : skip_comment(p);
		if (!next) {
			*what = "a comment without its end";
			return conf_text_line(text, p);
		}
		if (next == p) {
			if (*p == '{' && depth++ == 0)
				block = p;
			if (*p == '}' && depth > 0)
				depth--;
			next++;
		}
		p = next;
	}
	*what = "a block without its '}'";
	return depth > 0 ? conf_text_line(text, block) : 0;
}
