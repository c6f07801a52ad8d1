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
 * In place: the file is never truncated and its length never changes. When
 * another file takes its name (a program made a new table), that one is next.
 * COUNT overwrites, a millisecond apart at least, so that its users get to
 * read each.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_WORDS = 4096 / 8 };

struct file {
	volatile uint64_t *words;
	size_t count;
	ino_t inode;
};

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

/* The file that has the name now; the one before stays mapped, as its users may be on it still. */
static bool map_again(const char *path, struct file *f)
{
	struct stat st;
	if (stat(path, &st) == -1 || (f->words && st.st_ino == f->inode))
		return f->words != NULL;
	int fd = open(path, O_RDWR);
	void *at = fd == -1 ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return false;
	*f = (struct file){ at, (size_t)st.st_size / 8, st.st_ino };
	return true;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	state = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	state = state ? state : 88172645463325252u;
	struct file f = { 0 };
	long count = strtol(argv[3], NULL, 10);
	for (long i = 0; i < count; i++) {
		if (!map_again(argv[1], &f)) {
			perror(argv[1]);
			return 1;
		}
		overwrite(f.words, f.count, argv[2]);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	printf("%ld overwrites of %s\n", count, argv[2]);
	return 0;
}
