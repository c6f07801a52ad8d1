/*
 * replay.h: a fuzz target without the fuzzer.
 *
 * Built with -DFUZZ and -fsanitize=fuzzer, libFuzzer drives the target. Built plainly,
 * main() gives it every file of its corpus (the directory CORPUS, or the files and
 * directories named), so that `make test` runs the corpora. A finding aborts.
 */
#ifndef STICKYDNS_REPLAY_H
#define STICKYDNS_REPLAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a target claims. */
#define claim(condition) ((condition) ? (void)0 : claim_failed(#condition, __func__, __LINE__))

__attribute__((noreturn)) static inline void claim_failed(const char *claim, const char *where, int line)
{
	fprintf(stderr, "FINDING %s:%d: not true: %s\n", where, line, claim);
	abort();
}

#ifndef FUZZ
#include <ftw.h>
#include <sys/stat.h>

enum { REPLAY_MAX = 1 << 20, REPLAY_FDS = 8 };

static unsigned replay_done;

static int replay_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)ftw;
	if (type != FTW_F)
		return 0;
	FILE *f = fopen(path, "rb");
	uint8_t *data = f ? malloc(REPLAY_MAX) : NULL;
	if (!data)
		return -1;
	size_t size = fread(data, 1, REPLAY_MAX, f);
	fclose(f);
	fprintf(stderr, "%s\n", path);		/* the last one printed is the one that failed */
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	replay_done++;
	return 0;
}

int main(int argc, char **argv)
{
	const char *corpus[] = {CORPUS};
	const char *const *path = argc > 1 ? (const char *const *)argv + 1 : corpus;
	unsigned failed = 0;
	for (int n = argc > 1 ? argc - 1 : 1; n > 0; n--, path++)
		if (nftw(*path, replay_file, REPLAY_FDS, FTW_PHYS) != 0) {
			printf("cannot read %s\n", *path);
			failed++;
		}
	failed += replay_done == 0 && failed == 0;
	printf("%u passed, %u failed\n", replay_done, failed);
	return failed ? 1 : 0;
}
#endif

#endif
