/* SPDX-License-Identifier: ISC */
/* lines about refusals, of which one client could cause any number: a line a second for each user,
 * then "N more refused" */
#include <limits.h>

#include "second.h"

static struct seconds refused;

static void tell(const struct writer *user)
{
	char whose[SECOND_TEXT];
	const char *connection = connection_name;

	/* whatever somebody else's connection is at */
	connection_name = NULL;
	if (second_is_known(&refused, user))
		info("%u more refused of uid %u", user->more, user->uid);
	else
		info("%u more refused%s", user->more, second_whose(&refused, user, whose));
	connection_name = connection;
}

int refused_tick(void)
{
	struct writer *user;
	long long now;

	if (!refused.first)
		return -1;
	now = now_ms();
	while ((user = second_over(&refused, now))) {
		/* one who goes on has no line of his own, but a number each second */
		user->lines = user->more > 0;
		if (user->more) {
			tell(user);
			second_begin(&refused, user, user->uid, now);
		}
	}
	return second_wait(&refused, now);
}

void refused_flush(void)
{
	struct writer *user;

	while ((user = second_over(&refused, LLONG_MAX))) {
		if (user->more)
			tell(user);
		user->lines = 0;
	}
}

/* Nothing is lost at the end of whoever counted; what its children have is a copy. */
static pid_t counting;

static void at_end(void)
{
	if (counting == getpid())
		refused_flush();
}

static void begin(void)
{
	if (counting == getpid())
		return;
	if (!counting)
		atexit(at_end);
	counting = getpid();
	memset(&refused, 0, sizeof refused);
}

void say_refused(uid_t uid, const char *name, const char *level, const char *format, ...)
{
	struct writer *user;
	va_list args;
	int error = errno;

	begin();
	refused_tick();
	user = second_find(&refused, uid);
	if (user->lines) {
		user->more++;
		return;
	}
	second_begin(&refused, user, uid, now_ms());
	va_start(args, format);
	errno = error;
	vsay(name, level, format, args);
	va_end(args);
}
