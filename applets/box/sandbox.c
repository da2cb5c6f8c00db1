/* SPDX-License-Identifier: ISC */
/* filters of system calls; see sandbox.h */
#include <elf.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>

#include "kernel.h"
#include "sandbox.h"

/* Messages, memory, time, signals, connections, and what closer.c does. A libc has several names for
 * most, by architecture and kernel. socketcall is all that some have for sockets. */
static const char common[] =
	CALL(ppoll) CALL(ppoll_time64) CALL(poll) CALL(recvmsg) CALL(sendmsg) CALL(read) CALL(readv)
	CALL(write) CALL(writev) CALL(close) CALL(fcntl) CALL(fcntl64) CALL(ioctl)
	CALL(accept4) CALL(accept) CALL(recvfrom) CALL(sendto) CALL(shutdown)
	CALL(getsockopt) CALL(setsockopt) CALL(getsockname) CALL(getpeername) CALL(socketcall)
	CALL(brk) CALL(mmap) CALL(mmap2) CALL(munmap) CALL(mremap) CALL(madvise) CALL(mprotect)
	CALL(clock_gettime) CALL(clock_gettime32) CALL(clock_gettime64)
	CALL(gettimeofday) CALL(gettimeofday_time32)
	CALL(nanosleep) CALL(clock_nanosleep) CALL(clock_nanosleep_time32)
	CALL(clock_nanosleep_time64) CALL(restart_syscall) CALL(setitimer)
	CALL(rt_sigprocmask) CALL(rt_sigaction) CALL(rt_sigreturn) CALL(sigreturn)
	CALL(getpid) CALL(getppid) CALL(kill) CALL(wait4) CALL(clone) CALL(prctl)
	CALL(pipe2) CALL(pipe) CALL(lseek) CALL(_llseek) CALL(futex) CALL(exit) CALL(exit_group);

/* What somebody may want who has got hold of a daemon: for the message. */
#define NAMED(name) CALL(name) #name "\n"
static const char known[] =
	NAMED(execve) NAMED(execveat) NAMED(fork) NAMED(vfork) NAMED(clone3) NAMED(socket)
	NAMED(connect) NAMED(bind) NAMED(listen) NAMED(open) NAMED(openat) NAMED(openat2)
	NAMED(unlink) NAMED(unlinkat) NAMED(rename) NAMED(renameat) NAMED(renameat2)
	NAMED(ptrace) NAMED(process_vm_readv) NAMED(process_vm_writev) NAMED(setuid)
	NAMED(setresuid) NAMED(chroot) NAMED(mount) NAMED(unshare) NAMED(setns) NAMED(bpf)
	NAMED(io_uring_setup) NAMED(userfaultfd) NAMED(keyctl) NAMED(getuid) NAMED(getuid32);

/* struct sock_filter and struct sock_fprog of <linux/filter.h>, which a libc does not have */
struct instruction {
	unsigned short code;
	unsigned char yes, no;	/* so many instructions are left out */
	unsigned value;
};

struct program {
	unsigned short length;
	const struct instruction *code;
};

enum {
	LOAD = 0x20, EQUAL = 0x15, RETURN = 0x06,
	NUMBER = 0, ARCH = 4,			/* in struct seccomp_data */
	ALLOW = 0x7fff0000, TRAP = 0x00030000,
	MOST_CODE = 400,
	FILTER = 2,				/* mode of PR_SET_SECCOMP */
	CHANGES = 0x1ff3	/* of <linux/landlock.h>: all but to read files and directories */
};

/* The next entry of a table, NULL at the end; *NUMBER is -1 if there is no such call here. */
static const char *next_call(const char *at, const char *after, int *number)
{
	char *end;

	if (!*at)
		return NULL;
	*number = strtol(at, &end, 10);
	if (end == at)
		*number = -1;
	return at + strcspn(at, after) + 1;
}

static int name_length(int number, const char **name)
{
	const char *at = known, *next;
	int one;

	for (; (next = next_call(at, "\n", &one)); at = next)
		if (one == number) {
			*name = strchr(at, ' ') + 1;
			return next - 1 - *name;
		}
	return 0;
}

static void violated(int signal, siginfo_t *info, void *context)
{
	const char *name = "";
	int length = name_length(info->si_syscall, &name);

	(void)signal;
	(void)context;
	say(applet_name, "fatal", "system call %d%s%.*s%s is not allowed", info->si_syscall,
	    length ? " (" : "", length, name, length ? ")" : "");
	_exit(EXIT_TEMPORARY);
}

static size_t allow(struct instruction *code, size_t count, const char *calls)
{
	int number;

	while ((calls = next_call(calls, " ", &number)) && count + 3 <= MOST_CODE) {
		if (number < 0)
			continue;
		code[count++] = (struct instruction){ EQUAL, 0, 1, number };
		code[count++] = (struct instruction){ RETURN, 0, 0, ALLOW };
	}
	return count;
}

/* AUDIT_ARCH_... of the kernel: the machine that our own file is for, and what is known of it. */
static unsigned architecture(void)
{
	extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));
	unsigned arch = __ehdr_start.e_machine;

	if (__ehdr_start.e_ident[EI_CLASS] == ELFCLASS64)
		arch |= 0x80000000;
	if (__ehdr_start.e_ident[EI_DATA] == ELFDATA2LSB)
		arch |= 0x40000000;
	return arch;
}

static void install_filter(const char *calls)
{
	struct instruction code[MOST_CODE] = {
		{ LOAD, 0, 0, ARCH },
		{ EQUAL, 1, 0, architecture() },
		{ RETURN, 0, 0, TRAP },		/* a call of another kind has other numbers */
		{ LOAD, 0, 0, NUMBER },
		{ EQUAL, 0, 1, -1 },		/* a tracer, as strace, has taken the call away */
		{ RETURN, 0, 0, ALLOW }
	};
	size_t count = allow(code, allow(code, 6, common), calls);
	struct sigaction action = { .sa_sigaction = violated, .sa_flags = SA_SIGINFO };
	struct program filter = { count + 1, code };

	code[count] = (struct instruction){ RETURN, 0, 0, TRAP };
	sigaction(SIGSYS, &action, NULL);
	prctl(PR_SET_SECCOMP, FILTER, &filter, 0, 0);
}

/* A filter does not see how open(2) opens. Reading is allowed everywhere: a directory of rules may be
 * replaced by another one. */
static void only_read(void)
{
	static const uint64_t handled = CHANGES;
	int rules = syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);

	if (rules < 0)
		return;		/* before 5.13, or not in this kernel */
	syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
}

void sandbox_bound(void)
{
	int capability = 0;

	while (!prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
		capability++;
}

void sandbox_enter(const char *calls)
{
	sandbox_bound();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!ENABLED(CONFIG_SANDBOX))
		return;
	only_read();
	install_filter(calls);
}
