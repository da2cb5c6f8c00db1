/* SPDX-License-Identifier: ISC */
/* system calls and nothing else: musl's functions of these names also serve many threads and
 * kernels older than 2.6.27. Only where the kernel's structures and numbers are known to be those
 * of the C library. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined CONFIG_SMALL_LIBC && !defined __GLIBC__ && \
	(defined __x86_64__ || (defined __aarch64__ && !defined __ILP32__))

enum { SIGNALS_SIZE = _NSIG / 8, RESTORER = 0x04000000 };

/* no handlers of pthread_atfork(3), no locks */
pid_t _Fork(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

pid_t fork(void)
{
	return _Fork();
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	return syscall(SYS_clock_gettime, clock, now);
}

int getrlimit(int resource, struct rlimit *limit)
{
	return prlimit(0, resource, NULL, limit);
}

/* --- files -------------------------------------------------------------------------------- */

int openat(int dir, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = va_arg(args, mode_t);	/* not looked at if it is not there */
	va_end(args);
	return syscall(SYS_openat, dir, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	return openat(AT_FDCWD, path, flags, mode);
}

int fcntl(int fd, int command, ...)
{
	va_list args;
	long argument;

	va_start(args, command);
	argument = va_arg(args, long);
	va_end(args);
	return syscall(SYS_fcntl, fd, command, argument);
}

int fstatat(int dir, const char *path, struct stat *st, int flags)
{
	return syscall(SYS_newfstatat, dir, path, st, flags);
}

int stat(const char *path, struct stat *st)
{
	return fstatat(AT_FDCWD, path, st, 0);
}

int lstat(const char *path, struct stat *st)
{
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *st)
{
	return syscall(SYS_fstat, fd, st);
}

int fchmod(int fd, mode_t mode)
{
	return syscall(SYS_fchmod, fd, mode);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return syscall(SYS_fchown, fd, uid, gid);
}

ssize_t readlinkat(int dir, const char *path, char *target, size_t size)
{
	return syscall(SYS_readlinkat, dir, path, target, size);
}

ssize_t readlink(const char *path, char *target, size_t size)
{
	return readlinkat(AT_FDCWD, path, target, size);
}

int pipe2(int ends[2], int flags)
{
	return syscall(SYS_pipe2, ends, flags);
}

/* --- sockets ------------------------------------------------------------------------------ */

int socket(int domain, int type, int protocol)
{
	return syscall(SYS_socket, domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int ends[2])
{
	return syscall(SYS_socketpair, domain, type, protocol, ends);
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	return syscall(SYS_accept4, fd, address, size, flags);
}

/* what the kernel has a long for and we an int, with a hole beside it, was zero from the start */
ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	return syscall(SYS_recvmsg, fd, message, flags);
}

/* --- events ------------------------------------------------------------------------------- */

int epoll_create1(int flags)
{
	return syscall(SYS_epoll_create1, flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	return syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
	return syscall(SYS_epoll_pwait, epoll, events, count, timeout, NULL, SIGNALS_SIZE);
}

int signalfd(int fd, const sigset_t *signals, int flags)
{
	return syscall(SYS_signalfd4, fd, signals, SIGNALS_SIZE, flags);
}

int sigprocmask(int how, const sigset_t *to, sigset_t *from)
{
	return syscall(SYS_rt_sigprocmask, how, to, from, SIGNALS_SIZE);
}

/* the kernel's struct sigaction */
struct action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

/* what a handler returns to: the libc has it, in assembly language */
void __restore_rt(void);

int sigaction(int number, const struct sigaction *to, struct sigaction *from)
{
	struct action new, old;

	if (to) {
		new = (struct action){ to->sa_handler, to->sa_flags | RESTORER,
					__restore_rt, 0 };
		memcpy(&new.mask, &to->sa_mask, sizeof new.mask);
	}
	if (syscall(SYS_rt_sigaction, number, to ? &new : NULL, &old, SIGNALS_SIZE))
		return -1;
	if (from) {
		from->sa_handler = old.handler;
		from->sa_flags = old.flags & ~RESTORER;
		memcpy(&from->sa_mask, &old.mask, sizeof old.mask);
	}
	return 0;
}

sighandler_t signal(int number, sighandler_t handler)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	return sigaction(number, &action, &action) ? SIG_ERR : action.sa_handler;
}

/* --- memory ------------------------------------------------------------------------------- */

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

void *mremap(void *at, size_t size, size_t to, int flags, ...)
{
	return (void *)syscall(SYS_mremap, at, size, to, flags, NULL);
}

#endif
