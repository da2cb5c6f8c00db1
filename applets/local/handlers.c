/* SPDX-License-Identifier: ISC */
/* the processes that serve clients: found by index, counted by user, timed in order of start */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "map.h"
#include "serve.h"

enum stage { UNTIMED, BEFORE_TERM, BEFORE_KILL };

struct handler {
	pid_t pid;
	int pidfd;
	uid_t uid, gid;
	enum stage stage;
	long long due;			/* when the stage ends */
	unsigned next, previous;	/* in the queue of its stage; next also in the free list */
};

/* The time limit is the same for all, so each stage is a queue in the order in which it ends. */
struct queue {
	unsigned first, last;
};

/* Index 0 is nobody. Handlers from fresh on have never been used, so that idle tables cost no
 * memory. */
static struct handler *handlers;
static unsigned fresh = 1, unused;
static struct queue queues[3];
static struct map users, pids;

void handlers_init(void)
{
	handlers = calloc(settings.max + 1, sizeof *handlers);
	if (!handlers)
		die(EXIT_TEMPORARY, "unable to make a table for %u handlers:", settings.max);
	map_init(&users, settings.max);
	if (!have_pidfds)
		map_init(&pids, settings.max);
}

int handlers_full(void)
{
	return counters.live >= settings.max;
}

unsigned handlers_of(uid_t uid)
{
	return *map_at(&users, uid);
}

static void enqueue(unsigned index, enum stage stage, int ms, long long now)
{
	struct queue *queue = &queues[stage];
	struct handler *handler = &handlers[index];

	handler->stage = stage;
	handler->due = now + ms;
	handler->next = 0;
	handler->previous = queue->last;
	*(queue->last ? &handlers[queue->last].next : &queue->first) = index;
	queue->last = index;
}

static void dequeue(unsigned index)
{
	struct handler *handler = &handlers[index];
	struct queue *queue = &queues[handler->stage];

	if (handler->stage == UNTIMED)
		return;
	*(handler->previous ? &handlers[handler->previous].next : &queue->first) = handler->next;
	*(handler->next ? &handlers[handler->next].previous : &queue->last) = handler->previous;
	handler->stage = UNTIMED;
}

static void send_signal(const struct handler *handler, int signal)
{
	/* it is our child and not reaped, so the number is still its own; it may not have got as
	 * far as leading a group */
	if (!settings.deadline || kill(-handler->pid, signal))
		kill(handler->pid, signal);
}

int handlers_tick(long long now)
{
	static const int signals[] = { [BEFORE_TERM] = SIGTERM, [BEFORE_KILL] = SIGKILL };
	int next = -1;

	for (enum stage stage = BEFORE_TERM; stage <= BEFORE_KILL; stage++) {
		unsigned index;

		while ((index = queues[stage].first) && handlers[index].due <= now) {
			dequeue(index);
			send_signal(&handlers[index], signals[stage]);
			if (stage == BEFORE_TERM) {
				send_signal(&handlers[index], SIGCONT);
				enqueue(index, BEFORE_KILL, KILL_GRACE, now);
			}
		}
		if (index && (next < 0 || handlers[index].due - now < next))
			next = handlers[index].due - now;
	}
	return next;
}

/* A process that we could not watch would never be reaped. */
static int abandon(struct handler *handler, pid_t pid)
{
	int error = errno;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(handler->pidfd);
	return errno = error, -1;
}

pid_t handler_start(int connection, char **argv, char **envp, const struct client *client)
{
	unsigned index = unused ? unused : fresh;
	struct handler *handler = &handlers[index];
	struct spawn how = {
		.argv = argv, .envp = envp, .in = connection,
		.out = settings.messages ? 1 : connection, .keep = -1,
		.group = settings.deadline > 0,
		/* the program of a rule replaces all that follows the gate */
		.identity = argv == settings.prog ? settings.identity : NULL,
		.files = settings.files_raised ? &settings.files : NULL,
		.pidfd = have_pidfds ? &handler->pidfd : NULL
	};
	pid_t pid = spawn(&how);

	if (pid < 0)
		return -1;
	if (have_pidfds && watch(handler->pidfd, FROM_HANDLER, index, EPOLLIN | EPOLLONESHOT))
		return abandon(handler, pid);
	if (unused)
		unused = handler->next;
	else
		fresh++;
	handler->pid = pid;
	handler->uid = client->peer.uid;
	handler->gid = client->peer.gid;
	handler->stage = UNTIMED;
	if (settings.deadline)
		enqueue(index, BEFORE_TERM, settings.deadline, now_ms());
	++*map_at(&users, handler->uid);
	if (!have_pidfds)
		*map_at(&pids, pid) = index;
	if (++counters.live > counters.peak)
		counters.peak = counters.live;
	return pid;
}

void log_end(const char *uid, pid_t pid, int status)
{
	if (settings.verbosity < 2)
		return;
	if (WIFSIGNALED(status))
		info("end pid %d uid %s signal %d", pid, uid, WTERMSIG(status));
	else
		info("end pid %d uid %s exitcode %d", pid, uid, WEXITSTATUS(status));
}

static void forget(unsigned index, int status)
{
	struct handler *handler = &handlers[index];
	unsigned *count = map_at(&users, handler->uid);
	char uid[16] = "?";

	dequeue(index);
	if (!--*count)
		map_remove(&users, count);
	counters.live--;
	if (!settings.no_lookup)
		ipc_format(uid, sizeof uid, "%u", handler->uid);
	log_end(uid, handler->pid, status);
	handler->pid = 0;
	handler->next = unused;
	unused = index;
	if (settings.verbosity >= 2)
		info("status: %u/%u", counters.live, settings.max);
}

void handler_ended(unsigned index)
{
	int status;

	if (spawn_ended(handlers[index].pidfd, &status))
		forget(index, status);
}

int handler_ended_pid(pid_t pid, int status)
{
	unsigned *index = map_at(&pids, pid), found = *index;

	if (!found)
		return 0;
	map_remove(&pids, index);
	forget(found, status);
	return 1;
}

void handlers_signal(int signal)
{
	for (unsigned i = 1; i < fresh; i++)
		if (handlers[i].pid)
			send_signal(&handlers[i], signal);
}
