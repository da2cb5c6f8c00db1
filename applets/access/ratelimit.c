/* ratelimit: refuse a client whose user connects too often
 *
 * SPDX-License-Identifier: ISC

config RATELIMIT
	bool "ipcratelimit"
	default y
	help
	  usage: ipcratelimit [-a] -r N[/s|/m|/h] [-b BURST] [-n USERS] [-v LEVEL] PROG...

	  Allow each user N connections in a second, minute or hour, and BURST of them at once;
	  refuse the others. It remembers users from one client to the next, so it works inside
	  ipcserverd only, as one of the first words of its program.

	  -a        all users together: a limit for the whole service
	  -r N      connections in a second; N/m in a minute, N/h in an hour
	  -b BURST  connections that may come at once after a rest; without it, N
	  -n USERS  how many users are remembered, 1024 if not given; of more than that, the one
	            who has been away longest is forgotten
	  -v LEVEL  0: log nothing; 1: the first refusal after an allowed connection (the
	            default); 2: refusals, at most one a second for each user, then their
	            number
*/
#include <limits.h>
#include <time.h>

#include "gate.h"

enum { RATE_MAX = 1000000, BURST_MAX = 1000000, USERS_MAX = 1 << 20, NOBODY = -1 };

/* A bucket that fills with time needs no more than the moment at which it is full again. The
 * buckets are in two lists: those with the same hash, and all in the order of their last use. */
struct bucket {
	long long full;		/* ns of CLOCK_MONOTONIC */
	uid_t uid;
	int refused;		/* since the last connection that was allowed */
	int next;		/* with the same hash */
	int older, newer;
};

struct ratelimit {
	long long interval;	/* ns in which the bucket gets one connection */
	long long depth;	/* ns to fill it from empty */
	unsigned verbosity;
	int all;		/* one bucket for everybody */
	int users, used;
	unsigned mask;
	int oldest, newest;
	int first;		/* the last judgement was the first refusal */
	const char *rate;
	int *heads;		/* by hash */
	struct bucket *buckets;
};

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* --- the table --------------------------------------------------------------------------- */

static int *head(struct ratelimit *limit, uid_t uid)
{
	return &limit->heads[(uid * 2654435769u >> 8) & limit->mask];
}

static void unlink_use(struct ratelimit *limit, int at)
{
	struct bucket *bucket = &limit->buckets[at];

	*(bucket->older == NOBODY ? &limit->oldest : &limit->buckets[bucket->older].newer) =
		bucket->newer;
	*(bucket->newer == NOBODY ? &limit->newest : &limit->buckets[bucket->newer].older) =
		bucket->older;
}

static void link_newest(struct ratelimit *limit, int at)
{
	struct bucket *bucket = &limit->buckets[at];

	bucket->older = limit->newest;
	bucket->newer = NOBODY;
	*(limit->newest == NOBODY ? &limit->oldest : &limit->buckets[limit->newest].newer) = at;
	limit->newest = at;
}

/* A place for a new user: an unused one, else that of the user who has been away longest. */
static int take(struct ratelimit *limit)
{
	int at, *link;

	if (limit->used < limit->users)
		return limit->used++;
	at = limit->oldest;
	for (link = head(limit, limit->buckets[at].uid); *link != at;)
		link = &limit->buckets[*link].next;
	*link = limit->buckets[at].next;
	unlink_use(limit, at);
	return at;
}

/* The bucket of UID, now the newest; it is new and full if there was none. */
static struct bucket *find(struct ratelimit *limit, uid_t uid)
{
	int *first = head(limit, uid), at = *first;

	while (at != NOBODY && limit->buckets[at].uid != uid)
		at = limit->buckets[at].next;
	if (at != NOBODY) {
		unlink_use(limit, at);
	} else {
		at = take(limit);
		limit->buckets[at] = (struct bucket){ .uid = uid, .next = *first };
		*first = at;
	}
	link_newest(limit, at);
	return &limit->buckets[at];
}

/* --- the gate ---------------------------------------------------------------------------- */

static enum judgement judge(void *data, const struct client *client, struct grant *grant)
{
	struct ratelimit *limit = data;
	struct bucket *bucket = find(limit, limit->all ? 0 : client->peer.uid);
	long long now = now_ns(), full = bucket->full > now ? bucket->full : now;

	limit->first = 0;
	if (full + limit->interval - now <= limit->depth) {
		if (!client->silent)
			bucket->full = full + limit->interval;
		bucket->refused = 0;
		return GATE_ALLOW;
	}
	limit->first = !bucket->refused;
	bucket->refused = 1;
	snprintf(grant->reason, sizeof grant->reason, "over %s%s", limit->rate,
		 limit->all ? " of all users" : "");
	return GATE_DENY;
}

static void report(void *data, const char *name, const struct client *client,
		   enum judgement judgement, const char *reason, pid_t pid)
{
	const struct ratelimit *limit = data;

	if (judgement == GATE_DENY && limit->verbosity >= (limit->first ? 1 : 2))
		gate_say_denied(name, "info", client, pid, reason);
}

/* N, N/s, N/m or N/h; returns N and sets the interval. */
static unsigned parse_rate(struct ratelimit *limit, char *text)
{
	char *slash = strchr(text, '/');
	long long period = 1000000000;
	unsigned count;

	if (slash && slash[1] && !slash[2] && strchr("smh", slash[1]))
		period *= slash[1] == 's' ? 1 : slash[1] == 'm' ? 60 : 3600;
	else if (slash)
		usage("-r needs N/s, N/m or N/h: %s", text);
	limit->rate = strdup(text);
	if (slash)
		*slash = 0;
	count = number("-r", text, RATE_MAX);
	if (!count)
		usage("-r must be at least 1");
	limit->interval = period / count;
	return count;
}

static void allocate(struct ratelimit *limit)
{
	limit->mask = 1;
	while (limit->mask < (unsigned)limit->users)
		limit->mask = limit->mask * 2 + 1;
	limit->heads = malloc((limit->mask + 1) * sizeof *limit->heads);
	limit->buckets = calloc(limit->users, sizeof *limit->buckets);
	if (!limit->heads || !limit->buckets || !limit->rate)
		die(EXIT_TEMPORARY, "unable to remember %d users:", limit->users);
	memset(limit->heads, -1, (limit->mask + 1) * sizeof *limit->heads);
	limit->oldest = limit->newest = NOBODY;
}

static char **prepare(int argc, char **argv, void **data)
{
	struct ratelimit *limit = calloc(1, sizeof *limit);
	unsigned count = 0, burst = 0;
	int letter, given = 0;

	if (!limit)
		die(EXIT_TEMPORARY, "unable to prepare:");
	limit->users = 1024;
	limit->verbosity = 1;
	while ((letter = option(argc, argv, "ar:b:n:v:", NULL)) != -1) {
		switch (letter) {
		case 'a': limit->all = 1; break;
		case 'r': count = parse_rate(limit, optarg); break;
		case 'b': burst = number("-b", optarg, BURST_MAX); given = 1; break;
		case 'n': limit->users = number("-n", optarg, USERS_MAX); break;
		case 'v': limit->verbosity = number("-v", optarg, UINT_MAX); break;
		}
	}
	if (!count)
		usage("-r is missing");
	if ((given && !burst) || !limit->users)
		usage("%s must be at least 1", limit->users ? "-b" : "-n");
	limit->depth = limit->interval * (given ? burst : count);
	allocate(limit);
	*data = limit;
	return operands(argc, argv, 1);
}

GATE(ratelimit, "ratelimit") = {
	.needs = GATE_PEER | GATE_SERVER, .prepare = prepare, .judge = judge, .report = report,
};
