/*
 * session.h: this process and its table.
 *
 * The constructor attaches to it, since programs give up root afterwards. When the table was
 * replaced, the first call of the program that notices attaches again. Without a table the
 * program runs as without us. The mapping of a replaced table stays readable for long, since
 * other threads may be reading it.
 */
#ifndef STICKYDNS_SESSION_H
#define STICKYDNS_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "policy/table/names.h"
#include "shim/core/export.h"

extern HIDDEN _Atomic(struct table *) session_current;

/* Reads the environment and attaches. Once, from the constructor. */
void session_start(void);

/*
 * The table, or NULL. For lookups: once a second they also ask whether there is another one that this program should
 * use, as the system's, which was made after the program had begun. It takes along what it knows.
 */
struct table *session_table(void);

/* Attaches to what replaced the table; the new one, or NULL: not there yet, or a sealed program (session_prctl). */
struct table *session_again(void);

/* The table, or NULL, for all other calls. No system call, unless it was replaced. */
static inline struct table *session_table_here(void)
{
	struct table *t = atomic_load_explicit(&session_current, memory_order_acquire);
	if (t && __builtin_expect(store_retired(t), 0))
		return session_again();
	return t;
}

/*
 * prctl(2) was called with this operation. A program that seals itself (seccomp(2)) may die of system calls that it did
 * not expect: from then on it keeps to its table, and has none once that was replaced.
 */
void session_prctl(int operation);

bool session_is_sealed(void);

enum { DNS_PORT = 53 };

/* Is DNS spoken on this port (host order): 53, or one of the dns-ports of stickydns.conf? */
bool dns_port(uint16_t port);

/* How many bytes of tables are mapped. */
size_t session_size(void);

/* Lets go of all tables, for good. Nobody may be using one: the process has one thread, and that is in none of our calls. */
void session_let_go(void);

/* Takes mlockall(2)'s lock off the table. */
void session_unlock(void);

/* getpid(2) without the system call: a child after fork finds it anew, one after vfork takes its parent's. */
pid_t session_pid(void);

/* Is the name one that this program's user wants touched (STICKYDNS_NAMES)? */
bool session_wants(const struct name *n);

/* Are there names that it does not want? */
bool session_chooses(void);

/* ---- what this process looked up of late ---- */

enum { RECENT = 64 };

/* Notes a lookup. Safe from any thread and from signal handlers. */
void recent_note(struct name_ref ref);

/* The same for a service and its SRV records. */
void recent_note_service(struct name_ref ref);

/* Is the name a target of a service that was looked up? Nearly free where none was. */
bool recent_target(const struct table *t, const struct name *n);

/* Was the name looked up by this process, at any time? Sometimes true though it was not, the more often the more were. */
bool recent_asked(struct name_ref ref);

/* Another number whenever a name was noted that was not there. */
unsigned recent_count(void);

/* The names looked up in the last RECENT_S; returns how many. Entries may be out of date, as any name_ref. */
size_t recent_names(struct name_ref out[static RECENT]);

#endif
