/*
 * scribble: what a hostile or broken process can do to a table it may write.
 *
 *	scribble FILE HOW COUNT [SEED]
 *
 *	whole    every byte of the file
 *	tail     every byte after the first page
 *	head     eight words of the first page
 *	words    sixty-four words anywhere: random, tiny, or all ones
 *	shuffle  sixty-four words copied from elsewhere in the file: each one plausible
 *
 * In place: the file is never truncated and its length never changes. COUNT
 * overwrites, a millisecond apart at least, so that its users get to read each.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_WORDS = 4096 / 8 };

static uint64_t state;

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Small numbers and all ones reach code that a uniform draw never does. */
static uint64_t odd_word(void)
{
	switch (draw() % 4) {
	case 0: return draw() % 256;
	case 1: return UINT64_MAX;
	case 2: return draw() & 0xffffffff;
	default: return draw();
	}
}

static void overwrite(volatile uint64_t *w, size_t n, const char *how)
{
	if (strcmp(how, "whole") == 0 || strcmp(how, "tail") == 0) {
		for (size_t i = how[0] == 't' ? PAGE_WORDS : 0; i < n; i++)
			w[i] = draw();
	} else if (strcmp(how, "head") == 0) {
		for (int i = 0; i < 8; i++)
			w[draw() % PAGE_WORDS] = odd_word();
	} else if (strcmp(how, "words") == 0) {
		for (int i = 0; i < 64; i++)
			w[draw() % n] = odd_word();
	} else {
		for (int i = 0; i < 64; i++)
			w[draw() % n] = w[draw() % n];
	}
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	int fd = open(argv[1], O_RDWR);
	struct stat st;
	if (fd == -1 || fstat(fd, &st) == -1) {
		perror(argv[1]);
		return 1;
	}
	state = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	state = state ? state : 88172645463325252u;
	volatile uint64_t *words = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	long count = strtol(argv[3], NULL, 10);
	for (long i = 0; i < count; i++) {
		overwrite(words, (size_t)st.st_size / 8, argv[2]);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	printf("%ld overwrites of %s\n", count, argv[2]);
	return 0;
}
