/*
 * undisturbed.h: work that must be finished once begun, though the program's call may be given up at any point.
 *
 * A cancelled thread (pthread_cancel(3)) ends in the first call of ours that is a cancellation point (pthreads(7)),
 * even if the program's own call is none. A signal handler may jump out of it all (siglongjmp(3)). This takes system
 * calls, so use it only for what is rare.
 */
#ifndef STICKYDNS_UNDISTURBED_H
#define STICKYDNS_UNDISTURBED_H

#include <pthread.h>
#include <signal.h>

/* Puts cancelling off; what it was, for cancel_allow(). No system call, errno is kept. */
static inline int cancel_defer(void)
{
	int old;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	return old;
}

static inline void cancel_allow(int old) { pthread_setcancelstate(old, NULL); }

struct undisturbed {
	int cancel;
	sigset_t signals;
};

/* Puts off signals, too, but for those that an instruction raises: they must not wait. */
static inline struct undisturbed undisturbed_begin(void)
{
	static const int raised[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
	struct undisturbed u = {.cancel = cancel_defer()};
	sigset_t all;
	sigfillset(&all);
	for (unsigned i = 0; i < sizeof raised / sizeof *raised; i++)
		sigdelset(&all, raised[i]);
	sigprocmask(SIG_BLOCK, &all, &u.signals);
	return u;
}

static inline void undisturbed_end(const struct undisturbed *u)
{
	sigprocmask(SIG_SETMASK, &u->signals, NULL);
	cancel_allow(u->cancel);
}

#endif
