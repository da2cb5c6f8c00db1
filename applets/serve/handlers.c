/* SPDX-License-Identifier: ISC */
/* the processes that serve clients: found by index, counted by user, timed in order of start */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "map.h"
#include "queue.h"
#include "serve.h"

enum stage { UNTIMED, BEFORE_TERM, BEFORE_KILL };

struct handler {
	pid_t pid;
	int pidfd;
	uid_t uid, gid;
	enum stage stage;
	long long due;			/* when the stage ends */
	unsigned long number;		/* of its client */
	struct link link;		/* in the queue of its stage; next also in the free list */
};

/* Index 0 is nobody. Handlers from fresh on have never been used, so that idle tables cost no
 * memory. */
static struct handler *handlers;
static unsigned fresh = 1, unused;
/* The time limit is the same for all, so each stage is a queue in the order in which it ends. */
static struct queue queues[3];
static struct map users, pids;

/* Where messages are handed on, the connections are not the programs'. */
static int watches_connections(void)
{
	return settings.idle && !settings.messages;
}

void handlers_init(void)
{
	handlers = spawn_memory((settings.max + (size_t)1) * sizeof *handlers);
	if (!handlers)
		die(EXIT_TEMPORARY, "unable to make a table for %u handlers:", settings.max);
	map_init(&users, settings.max);
	if (!have_pidfds)
		map_init(&pids, settings.max);
	if (watches_connections())
		idle_init();
}

int handlers_full(void)
{
	return clients_now() >= settings.max;
}

unsigned clients_now(void)
{
	return counters.live + counters.given;
}

unsigned clients_of(uid_t uid)
{
	return *map_at(&users, uid);
}

void client_came(uid_t uid)
{
	++*map_at(&users, uid);
}

void client_left(uid_t uid)
{
	unsigned *count = map_at(&users, uid);

	if (!--*count)
		map_remove(&users, count);
}

static void enqueue(unsigned index, enum stage stage, int ms, long long now)
{
	handlers[index].stage = stage;
	handlers[index].due = now + ms;
	queue_put(&queues[stage], LINKS(handlers, link), index);
}

static void dequeue(unsigned index)
{
	struct handler *handler = &handlers[index];

	if (handler->stage == UNTIMED)
		return;
	queue_cut(&queues[handler->stage], LINKS(handlers, link), index);
	handler->stage = UNTIMED;
}

/* It can be ended while it does well, and all that it has started with it. */
static int leads_group(void)
{
	return settings.deadline || watches_connections();
}

static void send_signal(const struct handler *handler, int signal)
{
	/* it is our child and not reaped, so the number is still its own; it may not have got as
	 * far as leading a group */
	if (!leads_group() || kill(-handler->pid, signal))
		kill(handler->pid, signal);
}

static void end_handler(unsigned index, long long now, const char *why)
{
	if (settings.verbosity >= 2) {
		tell_about(handlers[index].number);
		info("stop pid %d: %s", handlers[index].pid, why);
		tell_about(0);
	}
	dequeue(index);
	send_signal(&handlers[index], SIGTERM);
	send_signal(&handlers[index], SIGCONT);
	enqueue(index, BEFORE_KILL, KILL_GRACE, now);
}

pid_t handler_pid(unsigned index)
{
	return handlers[index].pid;
}

int handlers_tick(long long now)
{
	int next = -1;
	unsigned idle;

	while ((idle = idle_next(now)))
		if (handlers[idle].stage != BEFORE_KILL)
			end_handler(idle, now, "its connection is idle");
	next = idle_wait(now);
	for (enum stage stage = BEFORE_TERM; stage <= BEFORE_KILL; stage++) {
		unsigned index;

		while ((index = queues[stage].first) && handlers[index].due <= now) {
			if (stage == BEFORE_TERM) {
				end_handler(index, now, "its time is over");
				continue;
			}
			dequeue(index);
			send_signal(&handlers[index], SIGKILL);
		}
		if (index)
			next = sooner(next, handlers[index].due - now);
	}
	return next;
}

pid_t handler_start(int connection, char **argv, char **envp, const struct client *client)
{
	unsigned index = unused ? unused : fresh;
	struct handler *handler = &handlers[index];
	struct spawn how = {
		.argv = argv, .envp = envp, .in = connection,
		.out = settings.messages ? 1 : connection, .keep = now.pidfd,
		.group = leads_group(),
		/* the program of a rule replaces all that follows the gate */
		.changes = settings.changes,
		.changes_count = argv == settings.prog ? settings.changes_count : 0,
		.files = settings.files_raised ? &settings.files : NULL,
		.pidfd = have_pidfds ? &handler->pidfd : NULL
	};
	pid_t pid;

	if (watches_connections() && idle_begin(index, connection))
		return -1;
	pid = spawn(&how);
	if (pid >= 0 && have_pidfds)
		pid = watch_end(pid, handler->pidfd, FROM_HANDLER, index);
	if (pid < 0 && watches_connections())
		idle_end(index);
	if (pid < 0)
		return -1;
	if (unused)
		unused = handler->link.next;
	else
		fresh++;
	handler->pid = pid;
	handler->uid = client->peer.uid;
	handler->gid = client->peer.gid;
	handler->number = now.number;
	handler->stage = UNTIMED;
	if (settings.deadline)
		enqueue(index, BEFORE_TERM, settings.deadline, now_ms());
	client_came(handler->uid);
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
	char uid[16] = "?";

	dequeue(index);
	if (watches_connections())
		idle_end(index);
	client_left(handler->uid);
	counters.live--;
	if (!settings.no_lookup)
		snprintf(uid, sizeof uid, "%u", handler->uid);
	tell_about(handler->number);
	log_end(uid, handler->pid, status);
	handler->pid = 0;
	handler->link.next = unused;
	unused = index;
	if (settings.verbosity >= 2)
		info("status: %u/%u", counters.live, settings.max);
	tell_about(0);
}

void handler_ended(unsigned index)
{
	int status;

	if (handlers[index].pid && spawn_ended(handlers[index].pidfd, &status))
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
