/* talkers.c: see talkers.h. */
#include "tools/pinctl/talkers.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/pins/srv.h"
#include "policy/pins/view.h"
#include "tools/pinctl/holders.h"

enum { OTHERS_MAX = CANDIDATES * CANDIDATES };

/* Addresses that nobody should talk to any more; a port of 0 is any. */
struct others {
	struct endpoint e[OTHERS_MAX];
	size_t n;
};

/* A socket of the kernel's list that is connected to one of them. */
struct socket {
	uint64_t inode;
	struct endpoint to;
	bool claimed;			/* a process that has it was found */
};

struct sockets {
	struct socket *list;
	size_t n, room;
};

/* ---- which addresses ---- */

static void add_other(struct others *o, const struct address *a, uint16_t port)
{
	if (o->n < OTHERS_MAX)
		o->e[o->n++] = (struct endpoint){.addr = *a, .port = port};
}

static bool is_pin(const struct name_view *v, const struct address *a)
{
	for (unsigned f = 0; f < FAMILIES; f++)
		if (v->pin[f].present && address_equal(&v->pin[f].addr, a))
			return true;
	return false;
}

/* Those of a host that are not its pin, of the families that have one. */
static void others_of_host(const struct name_view *v, uint16_t port, struct others *o)
{
	for (size_t i = 0; i < v->n_candidates && i < CANDIDATES; i++) {
		const struct address *a = &v->candidates[i].addr;
		if (!address_is_target(a) && v->pin[address_family(a)].present && !is_pin(v, a))
			add_other(o, a, port);
	}
}

static bool view_of_target(const struct table *t, const struct address *target, struct name_view *v)
{
	struct name_ref ref;
	struct name host;
	return target_host(t, target, &ref, &host) && pins_view(t, ref, v);
}

/* Of a service: all addresses of the other targets, and of the pinned one those that are not its host's pin. */
static void others_of_service(const struct table *t, const struct name_view *v, struct others *o)
{
	struct name_view host;
	if (!v->pin[FAMILY_SRV].present)
		return;
	for (size_t i = 0; i < v->n_candidates && i < CANDIDATES; i++) {
		const struct address *target = &v->candidates[i].addr;
		if (!address_is_target(target) || !view_of_target(t, target, &host))
			continue;
		if (is_pin(v, target))
			others_of_host(&host, target_port(target), o);
		else
			for (size_t k = 0; k < host.n_candidates && k < CANDIDATES; k++)
				add_other(o, &host.candidates[k].addr, target_port(target));
	}
}

static bool is_other(const struct others *o, const struct endpoint *e)
{
	for (size_t i = 0; i < o->n; i++)
		if (address_equal(&o->e[i].addr, &e->addr) && (o->e[i].port == 0 || o->e[i].port == e->port))
			return true;
	return false;
}

/* ---- which sockets ---- */

static bool add_socket(struct sockets *s, uint64_t inode, const struct endpoint *to)
{
	if (s->n == s->room) {
		const size_t room = s->room ? 2 * s->room : 64;
		struct socket *more = realloc(s->list, room * sizeof *more);
		if (!more)
			return false;
		s->list = more;
		s->room = room;
	}
	s->list[s->n++] = (struct socket){.inode = inode, .to = *to};
	return true;
}

/* "0100007F:13C4": the address in words of 8 digits, each as this machine reads its 4 bytes. */
static bool parse_endpoint(const char *text, struct endpoint *out)
{
	const size_t words = strcspn(text, ":") / 8;
	uint32_t word[4];
	unsigned port;
	for (size_t i = 0; i < words && i < 4; i++)
		if (sscanf(text + 8 * i, "%8" SCNx32, &word[i]) != 1)
			return false;
	if ((words != 1 && words != 4) || sscanf(text + 8 * words, ":%4x", &port) != 1)
		return false;
	out->port = (uint16_t)port;
	return address_from_bytes(words == 1 ? AF_INET : AF_INET6, word, &out->addr);
}

/* One line of /proc/net/tcp and its kin: "sl: local remote state queues timer retransmits uid timeout inode". */
static bool parse_line(const char *line, struct endpoint *to, unsigned *state, uint64_t *inode)
{
	char remote[64];
	return sscanf(line, " %*d: %*63s %63s %x %*s %*s %*s %*u %*u %" SCNu64, remote, state, inode) == 3 &&
	       parse_endpoint(remote, to);
}

static bool read_sockets(const char *path, uint8_t transport, const struct others *o, struct sockets *out)
{
	enum { ESTABLISHED = 1, SYN_SENT = 2 };	/* tcp(7); a connected UDP socket is the former */
	char line[512];
	bool whole = true;
	FILE *f = fopen(path, "re");
	while (f && whole && fgets(line, sizeof line, f)) {
		struct endpoint to = {.transport = transport};
		unsigned state;
		uint64_t inode;
		if (parse_line(line, &to, &state, &inode) && (state == ESTABLISHED || state == SYN_SENT) && is_other(o, &to))
			whole = add_socket(out, inode, &to);
	}
	if (f)
		fclose(f);
	return whole;
}

static bool find_sockets(const struct others *o, struct sockets *out)
{
	return read_sockets("/proc/net/tcp", TRANSPORT_TCP, o, out) && read_sockets("/proc/net/tcp6", TRANSPORT_TCP, o, out) &&
	       read_sockets("/proc/net/udp", TRANSPORT_UDP, o, out) && read_sockets("/proc/net/udp6", TRANSPORT_UDP, o, out);
}

static int by_inode(const void *a, const void *b)
{
	const struct socket *x = a, *y = b;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* ---- which processes ---- */

static bool same_talk(const struct talker *t, pid_t pid, const struct endpoint *to)
{
	return t->pid == pid && t->to.port == to->port && t->to.transport == to->transport &&
	       address_equal(&t->to.addr, &to->addr);
}

static bool add_talker(struct talkers *t, pid_t pid, const struct endpoint *to)
{
	for (size_t i = 0; i < t->n; i++)
		if (same_talk(&t->list[i], pid, to))
			return true;
	struct talker *more = realloc(t->list, (t->n + 1) * sizeof *more);
	if (!more)
		return false;
	t->list = more;
	more[t->n] = (struct talker){.to = *to, .pid = pid};
	if (pid)
		proc_comm(pid, more[t->n].comm);
	t->n++;
	return true;
}

/* The socket behind the descriptor, if it is one of ours: a link to "socket:[inode]". */
static struct socket *socket_behind(int dir, const char *fd, const struct sockets *s)
{
	char link[64];
	struct socket key = {0};
	ssize_t n = readlinkat(dir, fd, link, sizeof link - 1);
	if (n <= 0)
		return NULL;
	link[n] = '\0';
	if (sscanf(link, "socket:[%" SCNu64 "]", &key.inode) != 1)
		return NULL;
	return bsearch(&key, s->list, s->n, sizeof *s->list, by_inode);
}

/* A process that ends meanwhile, or another user's, has no descriptors to be seen. */
static bool look_into(pid_t pid, const struct sockets *s, struct talkers *out)
{
	char path[64];
	bool whole = true;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *fds = opendir(path);
	for (struct dirent *d; fds && whole && (d = readdir(fds)) != NULL;) {
		struct socket *found = socket_behind(dirfd(fds), d->d_name, s);
		if (!found)
			continue;
		found->claimed = true;
		whole = add_talker(out, pid, &found->to);
	}
	if (fds)
		closedir(fds);
	return whole;
}

static bool find_owners(const struct sockets *s, struct talkers *out)
{
	bool whole = true;
	DIR *proc = opendir("/proc");
	for (struct dirent *d; proc && whole && (d = readdir(proc)) != NULL;)
		if (isdigit((unsigned char)d->d_name[0]))
			whole = look_into((pid_t)atoi(d->d_name), s, out);
	if (proc)
		closedir(proc);
	for (size_t i = 0; i < s->n && whole; i++)
		if (!s->list[i].claimed)
			whole = add_talker(out, 0, &s->list[i].to);
	return whole;
}

static int by_pid(const void *a, const void *b)
{
	const struct talker *x = a, *y = b;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* ---- all of it ---- */

bool talkers_find(const struct table *t, const struct name_view *v, struct talkers *out)
{
	struct others o = {.n = 0};
	struct sockets s = {0};
	bool whole = true;
	*out = (struct talkers){0};
	if (name_is_service(&v->name))
		others_of_service(t, v, &o);
	else
		others_of_host(v, 0, &o);
	if (o.n)
		whole = find_sockets(&o, &s);
	if (s.n) {
		qsort(s.list, s.n, sizeof *s.list, by_inode);
		whole = find_owners(&s, out) && whole;
	}
	if (out->n)
		qsort(out->list, out->n, sizeof *out->list, by_pid);
	free(s.list);
	return whole;
}

void talkers_free(struct talkers *t)
{
	free(t->list);
	*t = (struct talkers){0};
}
