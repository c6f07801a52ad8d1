/*
 * herd.h: many processes over one table, and the memory they report in.
 *
 * Children are forked from the test, so they share its mapping of the table and
 * of what herd_share() gave. A child that breaks an invariant says so with
 * herd_blame() and goes on; the parent's check sees the count.
 */
#ifndef STICKYDNS_HERD_H
#define STICKYDNS_HERD_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/check.h"
#include "tests/unit/lab.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HERD_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HERD_SLOW 1
#endif
#endif
#ifndef HERD_SLOW
#define HERD_SLOW 0
#endif

enum { HERD_MAX = 64, HERD_BLAMES = 8 };

struct herd {
	pthread_barrier_t barrier;
	_Atomic bool stop;
	_Atomic uint64_t slowest_ns;	/* of the operations timed with herd_timed() */
	_Atomic uint32_t blames;
	char blame[HERD_BLAMES][256];
};

static inline void *herd_share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(2, "mmap");
	return p;
}

/* For `n` processes that meet at its barrier; 0: they never do. */
static inline struct herd *herd_new(unsigned n)
{
	struct herd *h = herd_share(sizeof *h);
	pthread_barrierattr_t attr;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (n && pthread_barrier_init(&h->barrier, &attr, n) != 0)
		errx(2, "pthread_barrier_init");
	return h;
}

static inline void herd_free(struct herd *h) { munmap(h, sizeof *h); }

/* Notes what was wrong; the first few in words. */
__attribute__((format(printf, 2, 3))) static inline void herd_blame(struct herd *h, const char *format, ...)
{
	uint32_t i = atomic_fetch_add(&h->blames, 1);
	va_list ap;
	if (i >= HERD_BLAMES)
		return;
	va_start(ap, format);
	vsnprintf(h->blame[i], sizeof h->blame[i], format, ap);
	va_end(ap);
}

/* In the row that is open: was anybody blamed? */
static inline void herd_judge(struct herd *h)
{
	uint32_t n = atomic_load(&h->blames);
	for (uint32_t i = 0; i < n && i < HERD_BLAMES; i++)
		check_bad("in a process", "nothing", h->blame[i]);
	check_number("complaints", 0, n);
	atomic_store(&h->blames, 0);
}

static inline uint64_t herd_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/*
 * The time that this thread has had of a CPU. What it waits for a CPU does not count, so a busy machine makes no operation
 * slow; one that spins for a killed process is, and one that sleeps for it never ends.
 */
static inline uint64_t herd_cpu_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Notes how long what began at `from`, of herd_cpu_ns(), took. */
static inline void herd_timed(struct herd *h, uint64_t from)
{
	uint64_t took = herd_cpu_ns() - from, slowest = atomic_load(&h->slowest_ns);
	while (took > slowest && !atomic_compare_exchange_weak(&h->slowest_ns, &slowest, took))
		;
}

/* Forks a child that runs `work` and exits; it ends with its parent. */
static inline pid_t herd_fork(void (*work)(void *arg, unsigned i), void *arg, unsigned i)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == -1)
		err(2, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(arg, i);
		_exit(0);
	}
	return pid;
}

/* Waits for a child; false if it did not exit with 0. `killed`: SIGKILL is fine too. */
static inline bool herd_wait(pid_t pid, bool killed)
{
	int status;
	if (waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		printf("process %d: signal %d\n", (int)pid, WTERMSIG(status));
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || (killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Runs `n` processes to their end. False if one of them failed. */
static inline bool herd_run(void (*work)(void *arg, unsigned i), void *arg, unsigned n)
{
	pid_t pids[HERD_MAX];
	bool fine = true;
	for (unsigned i = 0; i < n; i++)
		pids[i] = herd_fork(work, arg, i);
	for (unsigned i = 0; i < n; i++)
		fine &= herd_wait(pids[i], false);
	return fine;
}

struct herd_thread {
	pthread_t id;
	void (*work)(void *arg, unsigned i);
	void *arg;
	unsigned i;
};

static inline void *herd_thread_main(void *p)
{
	const struct herd_thread *t = p;
	t->work(t->arg, t->i);
	return NULL;
}

/* Starts `n` threads; herd_join() waits for them. */
static inline void herd_start(void (*work)(void *arg, unsigned i), void *arg, unsigned n, struct herd_thread *threads)
{
	for (unsigned i = 0; i < n; i++) {
		threads[i] = (struct herd_thread){.work = work, .arg = arg, .i = i};
		if (pthread_create(&threads[i].id, NULL, herd_thread_main, &threads[i]) != 0)
			errx(2, "pthread_create");
	}
}

static inline void herd_join(unsigned n, struct herd_thread *threads)
{
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i].id, NULL);
}

/* Seconds to run: $STRESS_SECONDS, else `usual`; a fraction of that under a sanitizer. */
static inline unsigned herd_seconds(unsigned usual)
{
	const char *text = getenv("STRESS_SECONDS");
	if (text && atoi(text) > 0)
		return (unsigned)atoi(text);
	return HERD_SLOW ? (usual + 3) / 4 : usual;
}

/* A small generator; each process seeds its own. Never 0. */
static inline uint64_t herd_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

#endif
