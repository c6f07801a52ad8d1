/*
 * clock.h: the table's time in the hands of the test.
 *
 * Stands before libc's clock_gettime in programs that include it: the coarse
 * monotonic clock, which policy/ reads, stands still until clock_after() moves it.
 * Other clocks are the kernel's.
 */
#ifndef STICKYDNS_TEST_CLOCK_H
#define STICKYDNS_TEST_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ns = UINT64_C(1000000) * 1000000000;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = (time_t)(clock_ns / 1000000000);
	ts->tv_nsec = (long)(clock_ns % 1000000000);
	return 0;
}

static inline void clock_after(double seconds) { clock_ns += (uint64_t)(seconds * 1e9); }

#endif
