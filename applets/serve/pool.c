/* SPDX-License-Identifier: ISC */
/* the worker pool: programs that live on and are handed judged connections, one packet each, over
 * one socket that they all read, so that the kernel picks who is free (docs/protocol.md) */
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "serve.h"

enum {
	FIRST_PAUSE = 100,	/* ms before a worker that ended is started again */
	LONGEST_PAUSE = 5000,	/* doubled each time up to this */
	LONG_LIFE = 10000,	/* a worker that lived so long starts again with the first */
	SEND_BUFFER = 512 * 1024,
	RECORD = 5,		/* bytes: what happened, and to which client */
	NUMBERS = 1 << 17,	/* the rest of a number is the index of the client in the table */
	MOST_UNHEARD = 64,	/* clients; two packets for each fit into the socket */
	SILENCE = 1000,		/* ms after which a worker has not told that it took a client */
	FIRST_SILENCE = 100	/* the same as long as no worker has told anything */
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
static int wanted, awake;	/* polled for: room in the queue; what workers tell */

/* A client whom a worker has got, or will get: in the queue until one tells that it took him. */
static struct given {
	unsigned number;	/* by which workers know him */
	uid_t uid;
	pid_t taker;		/* 0: nobody yet */
	int counts;		/* this place is used */
	unsigned long long end;	/* of his packet, among all bytes that were sent */
	unsigned next, previous;	/* in the queue; next also in the free list */
} *given;

static unsigned fresh = 1, unused, first, last;	/* index 0 is nobody */
static int told, silent;	/* workers tell; they do not */
static int counted = 1;		/* anything depends on it */
static unsigned long long sent, read_before;
static long long look;		/* when to look who has been read */

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
		.keep = settings.messages ? -1 : theirs,
		.changes = settings.changes, .changes_count = settings.changes_count,
		.files = settings.files_raised ? &settings.files : NULL,
		.pidfd = have_pidfds ? &worker->pidfd : NULL
	};

	worker->started = now_ms();
	worker->pid = spawn(&how);
	if (worker->pid >= 0 && have_pidfds)
		worker->pid = watch_end(worker->pid, worker->pidfd, FROM_WORKER, index);
	if (worker->pid < 0) {
		warning("unable to start the worker %s:", settings.prog[0]);
		counters.spawn_failures++;
		worker->pid = 0;
		wait_longer(worker, worker->started);
		return;
	}
	live++;
}

/* --- clients ------------------------------------------------------------------------------- */

int pool_tells(void)
{
	return counted && !silent;
}

/* Telling costs both sides system calls for each client, so it is not asked for without need. */
static void choose_counting(void)
{
	counted = settings.user_max < settings.max;
	for (int i = 0; i < gates.count; i++)
		counted |= (gates.list[i].gate->needs & GATE_CONNNUM) != 0;
}

static void unqueue(unsigned index)
{
	struct given *client = &given[index];

	*(client->previous ? &given[client->previous].next : &first) = client->next;
	*(client->next ? &given[client->next].previous : &last) = client->previous;
}

static void note(unsigned index, uid_t uid)
{
	struct given *client = &given[index];

	if (unused)
		unused = client->next;
	else
		fresh++;
	client->uid = uid;
	client->taker = 0;
	client->counts = 1;
	client->end = sent;
	client->next = 0;
	client->previous = last;
	*(last ? &given[last].next : &first) = index;
	last = index;
	counters.given++;
	client_came(uid);
}

static void forget(unsigned index)
{
	struct given *client = &given[index];

	if (!client->taker)
		unqueue(index);
	client->counts = 0;
	client->next = unused;
	unused = index;
	counters.given--;
	client_left(client->uid);
}

int pool_give_client(int connection, struct ipc_edits *env, uid_t uid)
{
	unsigned index = !pool_tells() ? 0 : unused ? unused : fresh;
	size_t length = env->length;
	char text[16];
	ssize_t n;

	given[index].number = index | (given[index].number + NUMBERS) / NUMBERS * NUMBERS;
	snprintf(text, sizeof text, "%u", given[index].number);
	if (counted && ipc_edits_add(env, "IPCWORKERCLIENT", text))
		return -1;
	n = ipc_fds_send(ours, env->text, env->length, &connection, 1);
	env->length = length;
	if (n < 0)
		return -1;
	sent += n;
	if (index)
		note(index, uid);
	return 0;
}

/* One record of a worker. A number may be old, or wrong. */
static void hear(const unsigned char *record, pid_t worker)
{
	unsigned number = (unsigned)record[1] << 24 | record[2] << 16 | record[3] << 8 | record[4];
	unsigned index = number % NUMBERS;
	struct given *client = &given[index];

	told = 1;
	silent = 0;
	if (!index || index >= fresh || !client->counts || client->number != number)
		return;
	if (*record == 'D') {
		forget(index);
	} else if (*record == 'T' && !client->taker) {
		unqueue(index);
		client->taker = worker;
	}
}

void pool_hear(void)
{
	unsigned char records[64 * RECORD];
	struct ipc_peer from;
	ssize_t n = 0;

	while (ours >= 0 && !settings.messages) {
		n = ipc_fds_receive_from(ours, records, sizeof records, NULL, NULL, &from);
		if (!n || (n < 0 && errno != EPROTO && errno != EMSGSIZE))
			return;
		for (ssize_t i = 0; i + RECORD <= n; i += RECORD)
			hear(records + i, from.pid);
	}
}

/* Those that a worker took with it. It may have been the parent of the one that took them. */
static void give_back(pid_t worker)
{
	pool_hear();
	for (unsigned i = 1; i < fresh; i++)
		if (given[i].counts && given[i].taker &&
		    (given[i].taker == worker || (kill(given[i].taker, 0) && errno == ESRCH)))
			forget(i);
}

/* A client who was read a while ago, and nobody has told: the worker died before it could, or it
 * never tells. Returns ms until we look again, -1 if there is no need. */
static int find_untold(long long now)
{
	int unread;

	if (!first || ours < 0)
		return -1;
	if (now >= look) {
		pool_hear();
		for (; first && given[first].end <= read_before; silent = !told)
			forget(first);
		if (!ioctl(theirs, FIONREAD, &unread))
			read_before = sent - unread;
		look = now + (told ? SILENCE : FIRST_SILENCE);
	}
	return first ? look - now : -1;
}

/* --- workers ------------------------------------------------------------------------------- */

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
	snprintf(text, sizeof text, "%d", theirs);
	if (!environment || !edits.text ||
	    (!settings.messages && ipc_edits_add(&edits, "IPCWORKERFD", text)) ||
	    ipc_edits_merge(&edits, 1, environ, environment, count + 3) < 0)
		die(EXIT_TEMPORARY, "unable to make the environment of the workers:");
}

void pool_init(void)
{
	int pair[2];

	workers = calloc(settings.workers, sizeof *workers);
	choose_counting();
	given = spawn_memory((settings.max + (size_t)1) * sizeof *given);
	if (!workers || !given)
		die(EXIT_TEMPORARY, "unable to make a table for %u workers:", settings.workers);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die(EXIT_TEMPORARY, "unable to make the socket of the workers:");
	ours = pair[0];
	theirs = pair[1];
	/* a long message with its facts is one packet */
	setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof(int));
	/* who tells something, by the kernel's word */
	setsockopt(ours, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int));
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

int pool_give(const struct ipc_edits *packet)
{
	return ipc_fds_send(ours, packet->text, packet->length, NULL, 0) < 0 ? -1 : 0;
}

static void rewatch_pool(void)
{
	rewatch(ours, FROM_POOL, (wanted ? EPOLLOUT : 0) | (awake ? EPOLLIN : 0));
}

int pool_want_room(int want)
{
	int before = wanted;

	wanted = want;
	if (before != want)
		rewatch_pool();
	return before;
}

/* To be woken by each client's end costs more than all else that we do for him. What workers tell
 * is read before the next client is counted; only if somebody may wait for a place, or if it could
 * become too much for the socket, is it waited for. */
static void choose_sleep(void)
{
	int before = awake;

	/* while none tells, one that begins to must not fill the socket */
	awake = (counted && silent) || counters.given > MOST_UNHEARD ||
		(counters.given && clients_now() >= settings.max - settings.kept);
	if (ours >= 0 && awake != before)
		rewatch_pool();
}

static void worker_gone(struct worker *worker, int status)
{
	long long now = now_ms();

	log_end("worker", worker->pid, status);
	give_back(worker->pid);
	if (now - worker->started >= LONG_LIFE)
		worker->pause = FIRST_PAUSE;
	worker->pid = 0;
	wait_longer(worker, now);
	live--;
}

void worker_ended(unsigned index)
{
	int status;

	if (workers[index].pid && spawn_ended(workers[index].pidfd, &status))
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
	int next = find_untold(now);

	choose_sleep();
	if (ours < 0 || live == settings.workers)
		return next;
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
		/* what is left unread would be an error for those who read on */
		shutdown(ours, SHUT_RDWR);
		pool_hear();
		close(ours);
		close(theirs);
	}
	ours = theirs = -1;
}
