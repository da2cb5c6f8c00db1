/* SPDX-License-Identifier: ISC */
/* floor: the least that a server can ask of the kernel, to compare servers with
 *
 *	floor spawn PATH PROG...	accept, vfork, exec
 *	floor close PATH		accept, SO_PEERCRED, close
 */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listener(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) ||
	    listen(fd, SOMAXCONN))
		_exit(111);
	return fd;
}

static void spawn(int fd, char **argv)
{
	if (vfork())
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	execve(argv[0], argv, environ);
	_exit(111);
}

int main(int argc, char **argv)
{
	struct ucred peer;
	socklen_t length;
	int server, fd;

	if (argc < 3)
		return 100;
	server = listener(argv[2]);
	signal(SIGCHLD, SIG_IGN);
	while ((fd = accept4(server, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		length = sizeof peer;
		if (argv[3])
			spawn(fd, argv + 3);
		else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
			return 111;
		close(fd);
	}
	return 111;
}
