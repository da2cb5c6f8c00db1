/* SPDX-License-Identifier: ISC */
/* how what is held outlives the process that holds it: by an exec, or at a successor's */
#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "closer.h"
#include "fdholderd.h"

extern char **environ;

/* "MEMFD,NOTIFY,GUEST..." in numbers of descriptors; NOTIFY may be NONE */
#define STATE "IPCFDHOLDERD_STATE"

enum { NONE = INT_MAX, ANSWER = 10000, TRIAL = 5 };

/* The file that we were executed from, or what stands there now. */
static int binary_path(char *path, size_t size)
{
	static const char gone[] = " (deleted)";
	ssize_t length = readlink("/proc/self/exe", path, size - 1);

	if (length < 0)
		return -1;
	path[length] = 0;
	length -= sizeof gone - 1;
	if (length > 0 && !strcmp(path + length, gone))
		path[length] = 0;
	return 0;
}

/* A binary that cannot even print its help must not get what we hold. */
static int try_binary(const char *path)
{
	static const struct itimerval limit = { .it_value.tv_sec = TRIAL };
	char *argv[] = { "ipcfdholderd", "--help", NULL };
	int status = -1;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		setitimer(ITIMER_REAL, &limit, NULL);
		execve(path, argv, environ);
		_exit(EXIT_NOEXEC);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? (errno = ENOEXEC, -1) : 0;
}

static void inherit(struct holder *holder, int memory, int yes)
{
	int flag = yes ? 0 : FD_CLOEXEC;

	ipc_holder_table_inherit(holder->table, yes);
	fcntl(memory, F_SETFD, flag);
	fcntl(0, F_SETFD, flag);
	if (holder->notify >= 0)
		fcntl(holder->notify, F_SETFD, flag);
	for (unsigned i = 0; i < holder->count; i++)
		fcntl(holder->guests[i]->fd, F_SETFD, flag);
}

/* To the one who executes the binary. */
static int export(struct holder *holder, int memory)
{
	size_t size = STATE_SIZE, length;
	char *state = malloc(size);
	int failed;

	if (!state)
		return -1;
	length = snprintf(state, size, "%d,%d", memory,
			  holder->notify < 0 ? NONE : holder->notify);
	for (unsigned i = 0; i < holder->count; i++)
		length += snprintf(state + length, size - length, ",%d",
				   holder->guests[i]->fd);
	failed = holder->state < 0 ? setenv(STATE, state, 1)
				   : ipc_write_all(holder->state, state, length + 1);
	free(state);
	return failed;
}

int restart_binary(char *path, size_t size)
{
	return binary_path(path, size) || try_binary(path) ? -1 : 0;
}

void restart_from(const struct holder *holder, const char *text)
{
	char path[PATH_MAX];

	if (!setenv(STATE, text, 1)) {
		if (!restart_binary(path, sizeof path))
			execve(path, holder->argv, environ);
		warning("unable to restart, will go on:");
		execve("/proc/self/exe", holder->argv, environ);
	}
	die(EXIT_TEMPORARY, "unable to go on:");
}

void restart(struct holder *holder)
{
	char path[PATH_MAX];
	int memory = ipc_holder_table_save(holder->table), guarded = holder->state >= 0;

	if (memory >= 0 && (guarded || !restart_binary(path, sizeof path)) &&
	    !export(holder, memory)) {
		closers_end(-1);
		inherit(holder, memory, 1);
		refused_flush();
		if (guarded)
			_exit(0);
		execve(path, holder->argv, environ);
		inherit(holder, memory, 0);
	}
	warning("unable to restart, will go on:");
	unsetenv(STATE);
	if (memory >= 0)
		close(memory);
}

int resume(struct holder *holder)
{
	const char *state = getenv(STATE);
	gid_t fds[MOST_FDS];	/* any unsigned numbers with commas */
	int count;

	if (!state)
		return 0;
	count = ipc_groups_parse(state, fds, MOST_FDS);
	if (count < 2)
		die(EXIT_USAGE, "invalid $%s", STATE);
	holder->table = ipc_holder_table_restore(fds[0], holder->max_fds);
	if (!holder->table)
		die(EXIT_TEMPORARY, "unable to resume:");
	close(fds[0]);
	if (fds[1] != NONE)
		holder->notify = own_fd(fds[1]);
	for (int i = 2; i < count && !guests_full(holder); i++)
		guest_adopt(holder, own_fd(fds[i]));
	unsetenv(STATE);
	return 1;
}

/* --- taking over ---------------------------------------------------------------------------- */

static struct ipc_holder *call(const char *path)
{
	struct ipc_connect how = { .timeout = ANSWER };
	int fd = ipc_connect(path, &how);

	return fd < 0 ? NULL : ipc_holder_open(fd);
}

static void hang_up(struct ipc_holder *client)
{
	int fd = ipc_holder_fd(client);

	ipc_holder_close(client);
	close(fd);
}

static void add(struct holder *holder, const struct ipc_holder_entry *entry)
{
	struct ipc_holder_entry full = *entry;

	if (!full.stored.label)
		full.stored = ipc_instant_in(0);
	if (ipc_holder_table_add(holder->table, &full))
		die(EXIT_TEMPORARY, "unable to hold %s:", entry->name);
}

/* Receive a dump or a take-over into the table. Returns -1, with nothing in the table, if the
 * other holder hangs up or refuses. */
static int receive_all(struct holder *holder, struct ipc_holder *client,
		       enum ipc_holder_request request)
{
	struct ipc_holder_reply reply;

	if (ipc_holder_ask(client, request, NULL, -1, NULL) ||
	    ipc_holder_wait(client, &reply, ANSWER))
		return -1;
	if (reply.error)
		return errno = reply.error, -1;
	/* its clients become ours, and if we have no socket of our own, those who will come, too */
	if (reply.count && !holder->has_listener)
		copy_fd(reply.entries[0].fd, 0);
	for (unsigned i = 1; i < reply.count && !guests_full(holder); i++) {
		guest_adopt(holder, reply.entries[i].fd);
		reply.entries[i].fd = -1;
	}
	while (reply.more) {
		if (ipc_holder_wait(client, &reply, ANSWER))
			die(EXIT_TEMPORARY, "unable to receive the dump:");
		for (unsigned i = 0; i < reply.count; i++)
			add(holder, &reply.entries[i]);
	}
	return 0;
}

/* Returns -1 if nobody is there. */
static int copy_from(struct holder *holder, const char *path, enum ipc_holder_request request)
{
	struct ipc_holder *client = call(path);
	struct ipc_holder_reply reply;
	int failed;

	if (!client)
		return -1;
	failed = receive_all(holder, client, request);
	if (failed && request == IPC_HOLDER_TAKEOVER && errno != EPERM) {
		/* it does not speak so; a dump is what any holder understands */
		hang_up(client);
		return copy_from(holder, path, IPC_HOLDER_GETDUMP);
	}
	if (failed)
		die(errno == ETIMEDOUT ? EXIT_TEMPORARY : EXIT_DENIED, "unable to get dump of %s:",
		    path);
	/* it is gone when it answers, or hangs up */
	if (request == IPC_HOLDER_TAKEOVER &&
	    !ipc_holder_ask(client, IPC_HOLDER_DONE, NULL, -1, NULL))
		ipc_holder_wait(client, &reply, ANSWER);
	hang_up(client);
	return 0;
}

void take_over(struct holder *holder)
{
	const char *path = holder->takeover ? holder->takeover : holder->copy;

	if (!path)
		return;
	if (!copy_from(holder, path, holder->takeover ? IPC_HOLDER_TAKEOVER : IPC_HOLDER_GETDUMP))
		return;
	if ((errno != ENOENT && errno != ECONNREFUSED) || !holder->has_listener)
		die(EXIT_TEMPORARY, "unable to connect to the holder at %s:", path);
	if (holder->verbosity)
		warning("no holder at %s, nothing to take over", path);
}

/* --- a new binary --------------------------------------------------------------------------- */

int watch_binary(void)
{
	char path[PATH_MAX], *slash;
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 || binary_path(path, sizeof path))
		die(EXIT_TEMPORARY, "unable to watch the binary:");
	slash = strrchr(path, '/');
	slash[slash == path] = 0;
	if (inotify_add_watch(fd, path, IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE) < 0)
		die(EXIT_TEMPORARY, "unable to watch %s:", path);
	return fd;
}

int binary_replaced(int fd)
{
	char path[PATH_MAX];
	struct stat here, there;
	union {
		struct inotify_event event;
		char bytes[4096];
	} events;

	while (read(fd, &events, sizeof events) > 0)
		;
	return !binary_path(path, sizeof path) && !stat("/proc/self/exe", &here) &&
	       !stat(path, &there) && there.st_mode & S_IXUSR && there.st_size &&
	       (here.st_dev != there.st_dev || here.st_ino != there.st_ino);
}
