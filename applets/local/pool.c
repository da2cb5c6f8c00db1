/* SPDX-License-Identifier: ISC */
/* the worker pool: programs that live on and are handed judged connections, one packet each, over
 * one socket that they all read, so that the kernel picks who is free (docs/protocol.md) */
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "serve.h"

enum {
	FIRST_PAUSE = 100,	/* ms before a worker that ended is started again */
	LONGEST_PAUSE = 5000,	/* doubled each time up to this */
	LONG_LIFE = 10000,	/* a worker that lived so long starts again with the first */
	SEND_BUFFER = 512 * 1024
};

struct worker {
	pid_t pid;		/* 0: not running */
	int pidfd;
	long long started, due;
	int pause;
};

static struct worker *workers;
static int ours = -1, theirs = -1;
static char **environment;
static unsigned live;
static int wanted;

unsigned pool_live(void)
{
	return live;
}

static void wait_longer(struct worker *worker, long long now)
{
	worker->due = now + worker->pause;
	worker->pause = worker->pause * 2 < LONGEST_PAUSE ? worker->pause * 2 : LONGEST_PAUSE;
}

static void worker_start(unsigned index)
{
	struct worker *worker = &workers[index];
	struct spawn how = {
		.argv = settings.prog, .envp = environment,
		.in = settings.messages ? theirs : settings.nothing,
		.out = settings.messages ? 1 : settings.nothing,
		.keep = settings.messages ? -1 : theirs, .identity = settings.identity,
		.files = settings.files_raised ? &settings.files : NULL,
		.pidfd = have_pidfds ? &worker->pidfd : NULL
	};

	worker->started = now_ms();
	worker->pid = spawn(&how);
	if (worker->pid < 0) {
		warn("unable to start the worker %s:", settings.prog[0]);
		counters.spawn_failures++;
		worker->pid = 0;
		wait_longer(worker, worker->started);
		return;
	}
	live++;
	if (have_pidfds && watch(worker->pidfd, FROM_WORKER, index, EPOLLIN | EPOLLONESHOT))
		die(EXIT_TEMPORARY, "unable to watch a worker:");
}

/* The workers' environment: ours, and where to read. */
static void make_environment(void)
{
	extern char **environ;
	char text[32];
	struct ipc_edits edits = { .text = malloc(sizeof text), .size = sizeof text };
	int count = 0;

	while (environ[count])
		count++;
	environment = malloc((count + 3) * sizeof *environment);
	ipc_format(text, sizeof text, "%d", theirs);
	if (!environment || !edits.text ||
	    (!settings.messages && ipc_edits_add(&edits, "IPCWORKERFD", text)) ||
	    ipc_edits_merge(&edits, 1, environ, environment, count + 3) < 0)
		die(EXIT_TEMPORARY, "unable to make the environment of the workers:");
}

void pool_init(void)
{
	int pair[2];

	workers = calloc(settings.workers, sizeof *workers);
	if (!workers)
		die(EXIT_TEMPORARY, "unable to make a table for %u workers:", settings.workers);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die(EXIT_TEMPORARY, "unable to make the socket of the workers:");
	ours = pair[0];
	theirs = pair[1];
	/* a long message with its facts is one packet */
	setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof(int));
	/* only our side must not wait */
	fcntl(ours, F_SETFL, O_NONBLOCK);
	make_environment();
	if (watch(ours, FROM_POOL, 0, 0))
		die(EXIT_TEMPORARY, "unable to watch the socket of the workers:");
	for (unsigned i = 0; i < settings.workers; i++) {
		workers[i].pause = FIRST_PAUSE;
		worker_start(i);
	}
}

int pool_give(int connection, const struct ipc_edits *env)
{
	return ipc_fds_send(ours, env->text, env->length, &connection, connection >= 0) < 0 ? -1 : 0;
}

void pool_want_room(int want)
{
	if (wanted != want)
		rewatch(ours, FROM_POOL, want ? EPOLLOUT : 0);
	wanted = want;
}

static void worker_gone(struct worker *worker, int status)
{
	long long now = now_ms();

	log_end("worker", worker->pid, status);
	if (now - worker->started >= LONG_LIFE)
		worker->pause = FIRST_PAUSE;
	worker->pid = 0;
	wait_longer(worker, now);
	live--;
}

void worker_ended(unsigned index)
{
	int status;

	if (spawn_ended(workers[index].pidfd, &status))
		worker_gone(&workers[index], status);
}

int worker_ended_pid(pid_t pid, int status)
{
	for (unsigned i = 0; i < settings.workers; i++)
		if (workers[i].pid == pid)
			return worker_gone(&workers[i], status), 1;
	return 0;
}

int pool_tick(long long now)
{
	int next = -1;

	if (ours < 0 || live == settings.workers)
		return -1;
	for (unsigned i = 0; i < settings.workers; i++) {
		if (workers[i].pid)
			continue;
		if (workers[i].due <= now) {
			worker_start(i);
			counters.restarts++;
		}
		if (!workers[i].pid && (next < 0 || workers[i].due - now < next))
			next = workers[i].due > now ? workers[i].due - now : 0;
	}
	return next;
}

void pool_signal(int signal)
{
	for (unsigned i = 0; i < settings.workers; i++)
		if (workers && workers[i].pid)
			kill(workers[i].pid, signal);
}

void pool_close(void)
{
	if (ours >= 0) {
		close(ours);
		close(theirs);
	}
	ours = theirs = -1;
}
