/*
 * mapping.h: what opening and making a table's file share. Private to file.c and create.c.
 */
#ifndef STICKYDNS_FILE_H
#define STICKYDNS_FILE_H

#include "policy/table/file.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23		/* Linux 5.14 */
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25		/* Linux 6.1 */
#endif

/* The kernel's id of this boot (random(4)); zeros when it cannot be read. */
void file_boot_id(uint64_t out[static 2]);

/* errno of a failed call on the file, as a status. */
enum store_status file_status(void);

/* store_open() of a file that is open. */
enum store_status file_open(int fd, bool writable, bool any_owner, struct table *t);

/* mmap(2) of a whole table; of a huge one where huge pages can back it. MAP_FAILED and errno as there. */
void *file_map(int fd, int prot, const struct layout *l);

#endif
