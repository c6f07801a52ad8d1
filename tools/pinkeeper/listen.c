/* listen.c: see listen.h. */
#include "tools/pinkeeper/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/base/endpoint.h"
#include "tools/common/format.h"

enum { BACKLOG = 16, MODE = 0660 };

static int new_socket(int family) { return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

/* Is the path free, or only a dead one's? It is removed then. 0, or errno. */
static int free_path(const struct sockaddr_un *at)
{
	struct stat st;
	if (lstat(at->sun_path, &st) == -1)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISSOCK(st.st_mode))
		return EEXIST;
	const int fd = new_socket(AF_UNIX);
	if (fd == -1)
		return errno;
	const int error = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 ? EADDRINUSE : errno;
	close(fd);
	if (error == EAGAIN)			/* unix(7): its queue is full, so somebody listens */
		return EADDRINUSE;
	if (error != ECONNREFUSED)
		return error;
	return unlink(at->sun_path) == 0 ? 0 : errno;
}

static bool bind_path(int fd, const char *path, struct listening *out)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct stat st;
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	errno = free_path(&at);
	/* Nobody else may connect, not even before the mode is set: bind(2) gives the file the socket's mode, less the umask. */
	if (errno != 0 || fchmod(fd, MODE) == -1 || bind(fd, (const struct sockaddr *)&at, sizeof at) == -1 || chmod(path, MODE) == -1 ||
	    lstat(path, &st) == -1)
		return false;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	return true;
}

static bool bind_endpoint(int fd, const struct endpoint *e, int family)
{
	struct sockaddr_storage at = {.ss_family = (sa_family_t)family};
	const int on = 1;
	endpoint_to_sockaddr(e, (struct sockaddr *)&at);
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	       bind(fd, (const struct sockaddr *)&at, family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) == 0;
}

int listen_at(const char *place, struct listening *out)
{
	struct endpoint e = {.port = 0};
	*out = (struct listening){.inode = 0};
	snprintf(out->place, sizeof out->place, "%s", place);
	if (*place != '/' && !endpoint_parse(place, 0, &e))
		return errno = EINVAL, -1;
	const int family = *place == '/' ? AF_UNIX : address_family(&e.addr) == FAMILY_V4 ? AF_INET : AF_INET6;
	const int fd = new_socket(family);
	if (fd == -1)
		return -1;
	if ((family == AF_UNIX ? bind_path(fd, place, out) : bind_endpoint(fd, &e, family)) && listen(fd, BACKLOG) == 0)
		return fd;
	const int error = errno;
	close(fd);
	return errno = error, -1;
}

void listen_end(const struct listening *l)
{
	struct stat st;
	if (*l->place == '/' && lstat(l->place, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode)
		unlink(l->place);
}
