/* SPDX-License-Identifier: ISC */
/* system calls and nothing else: musl's functions of these names also serve many threads and
 * kernels older than 2.6.27. Only where the kernel's structures and numbers are known to be those
 * of the C library. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
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

int getrlimit(int resource, struct rlimit *limit)
{
	return prlimit(0, resource, NULL, limit);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return syscall(SYS_wait4, pid, status, options, NULL);
}

/* a function that is its system call */
#define CALL(type, name, parameters, ...) \
	type name parameters { return syscall(SYS_##name, __VA_ARGS__); }

CALL(int, clock_gettime, (clockid_t clock, struct timespec *now), clock, now)
CALL(int, waitid, (idtype_t kind, id_t id, siginfo_t *info, int options), kind, id, info, options,
     NULL)
CALL(int, munmap, (void *at, size_t size), at, size)
CALL(ssize_t, getrandom, (void *data, size_t size, unsigned flags), data, size, flags)

/* --- files -------------------------------------------------------------------------------- */

CALL(int, close, (int fd), fd)
CALL(ssize_t, read, (int fd, void *data, size_t size), fd, data, size)
CALL(ssize_t, write, (int fd, const void *data, size_t size), fd, data, size)
CALL(int, fstat, (int fd, struct stat *st), fd, st)
CALL(int, fstatfs, (int fd, struct statfs *fs), fd, fs)
CALL(int, fchmod, (int fd, mode_t mode), fd, mode)
CALL(int, fchown, (int fd, uid_t uid, gid_t gid), fd, uid, gid)
CALL(int, fsync, (int fd), fd)
CALL(int, pipe2, (int ends[2], int flags), ends, flags)
CALL(ssize_t, readlinkat, (int dir, const char *path, char *target, size_t size), dir, path, target,
     size)

ssize_t readlink(const char *path, char *target, size_t size)
{
	return readlinkat(AT_FDCWD, path, target, size);
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

/* The argument that may come after LAST; nobody looks at it if it did not. */
#define ARGUMENT(last, argument) \
	va_list args; \
	va_start(args, last); \
	long argument = va_arg(args, long); \
	va_end(args)

int openat(int dir, const char *path, int flags, ...)
{
	ARGUMENT(flags, mode);
	return syscall(SYS_openat, dir, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	ARGUMENT(flags, mode);
	return openat(AT_FDCWD, path, flags, mode);
}

int fcntl(int fd, int command, ...)
{
	ARGUMENT(command, argument);
	return syscall(SYS_fcntl, fd, command, argument);
}

int ioctl(int fd, int command, ...)
{
	ARGUMENT(command, argument);
	return syscall(SYS_ioctl, fd, command, argument);
}

/* --- sockets ------------------------------------------------------------------------------ */

CALL(int, socket, (int domain, int type, int protocol), domain, type, protocol)
CALL(int, socketpair, (int domain, int type, int protocol, int ends[2]), domain, type, protocol,
     ends)
CALL(int, bind, (int fd, const struct sockaddr *address, socklen_t size), fd, address, size)
CALL(int, listen, (int fd, int backlog), fd, backlog)
CALL(int, connect, (int fd, const struct sockaddr *address, socklen_t size), fd, address, size)
CALL(int, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags), fd, address,
     size, flags)
CALL(int, shutdown, (int fd, int how), fd, how)
CALL(int, getsockname, (int fd, struct sockaddr *address, socklen_t *size), fd, address, size)
CALL(int, getpeername, (int fd, struct sockaddr *address, socklen_t *size), fd, address, size)
CALL(int, getsockopt, (int fd, int level, int option, void *value, socklen_t *size), fd, level,
     option, value, size)
CALL(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t size), fd, level,
     option, value, size)
/* what the kernel has a long for and we an int, with a hole beside it, was zero from the start */
CALL(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), fd, message, flags)

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	return syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
	return syscall(SYS_recvfrom, fd, data, size, flags, NULL, NULL);
}

/* --- events ------------------------------------------------------------------------------- */

CALL(int, epoll_create1, (int flags), flags)
CALL(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event), epoll,
     operation, fd, event)
CALL(int, timerfd_create, (int clock, int flags), clock, flags)
CALL(int, timerfd_settime, (int fd, int flags, const struct itimerspec *to, struct itimerspec *from),
     fd, flags, to, from)
CALL(int, inotify_init1, (int flags), flags)
CALL(int, inotify_add_watch, (int fd, const char *path, uint32_t events), fd, path, events)

int eventfd(unsigned count, int flags)
{
	return syscall(SYS_eventfd2, count, flags);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec left;	/* the kernel writes there */

	if (timeout)
		left = *timeout;
	return syscall(SYS_ppoll, fds, count, timeout ? &left : NULL, mask, SIGNALS_SIZE);
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
