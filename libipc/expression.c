/* SPDX-License-Identifier: ISC */
/* POSIX extended regular expressions that only say yes or no, without regcomp(3), which brings 55 KB
 * into a static binary of musl and has no bound on its time: compiled to a small program, all of
 * whose states are followed at once, so that no expression takes more than steps times bytes.
 *
 * Jumps are relative, and lead out of a fragment to its very end only: so a fragment of the
 * program can be moved and copied as it is. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { STEPS_MAX = 8192, DEPTH_MAX = 64, SET_SIZE = UCHAR_MAX + 1 };

/* The first three take a byte; the others lead to the step X further on, SPLIT to Y as well. EDGE
 * does if Y has the bit of what stands around: 2 if there is a byte of a word before, plus 1 if
 * there is one behind. */
enum operation { BYTE, SET, ANY, BEGIN, END, EDGE, JUMP, SPLIT, MATCH };

struct step {
	short operation;
	short x, y;	/* the byte, the number of the set, bits, or relative jumps */
};

struct ipc_expression {
	struct step *steps;
	int count;
	char (*sets)[SET_SIZE];		/* 1 for each byte that is in it */
	int nsets;
	int *states;	/* two lists of them, a stack and marks, for match */
};

struct parser {
	struct ipc_expression *to;
	const char *at;
	int depth;
	int error;	/* the first; AT is at an end since then */
};

static void fail(struct parser *p, int error)
{
	if (!p->error)
		p->error = error;
	p->at = "";
}

/* --- making the program ------------------------------------------------------------------- */

/* Room for COUNT steps at PLACE; what stands there moves behind them. */
static struct step *insert(struct parser *p, int place, int count)
{
	struct ipc_expression *to = p->to;
	struct step *at = to->steps + place;

	if (count > STEPS_MAX - to->count) {
		fail(p, E2BIG);
		return to->steps;
	}
	memmove(at + count, at, (to->count - place) * sizeof *at);
	to->count += count;
	return at;
}

static void put(struct parser *p, int place, enum operation operation, int x, int y)
{
	struct step *step = insert(p, place, 1);

	step->operation = operation;
	step->x = x;
	step->y = y;
}

static void emit(struct parser *p, enum operation operation, int x)
{
	put(p, p->to->count, operation, x, 0);
}

/* The fragment from START on, at least LEAST and at most MOST times; -1 is any number. */
static void repeat(struct parser *p, int start, int least, int most)
{
	int length = p->to->count - start, last = start;

	if (!most)
		p->to->count = start;
	for (int i = 1; i < (most < 0 ? least + 1 : most) && !p->error; i++) {
		last = p->to->count;
		memmove(insert(p, last, length), p->to->steps + start,
			length * sizeof *p->to->steps);
		if (most > 0 && i >= least)
			put(p, last, SPLIT, 1, length + 1);
	}
	if (most < 0) {
		put(p, last, SPLIT, 1, length + 2);
		emit(p, JUMP, -length - 1);
	} else if (most && !least) {
		put(p, start, SPLIT, 1, length + 1);
	}
}

/* --- brackets ----------------------------------------------------------------------------- */

/* The class whose name stands behind "[:" at *AT. */
static void class(struct parser *p, char *set, const char **at)
{
	const char *range = ipc_class(at);

	if (!range)
		fail(p, EINVAL);
	for (; range && *range; range += 2)
		memset(set + range[0], 1, range[1] - range[0] + 1);
}

/* A step for a new set, which is empty; NULL if there is no room for it. */
static char *new_set(struct parser *p)
{
	struct ipc_expression *to = p->to;
	char (*sets)[SET_SIZE] = realloc(to->sets, (to->nsets + 1) * sizeof *sets);

	if (!sets) {
		fail(p, ENOMEM);
		return NULL;
	}
	to->sets = sets;
	emit(p, SET, to->nsets);
	/* where it stood is forgotten then, and nothing may be read on from there */
	if (p->error)
		return NULL;
	return memset(sets[to->nsets++], 0, sizeof *sets);
}

static void negate(char *set)
{
	for (int i = 0; i < SET_SIZE; i++)
		set[i] = !set[i];
}

/* One end of a range, "[.x.]" and "[=x=]" included. Returns the byte. */
static int element(struct parser *p)
{
	unsigned char c = *p->at++;

	if (c == '[' && (*p->at == '.' || *p->at == '=')) {
		char kind = *p->at++;

		c = *p->at++;
		if (c && (p->at[0] != kind || p->at[1] != ']'))
			c = 0;
		p->at += 2;
	}
	if (!c)
		fail(p, EINVAL);
	return c;
}

static void range(struct parser *p, char *set)
{
	int low = element(p), high = low;

	if (p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
		p->at++;
		high = element(p);
	}
	if (high < low)
		fail(p, EINVAL);
	else
		memset(set + low, 1, high - low + 1);
}

static void bracket(struct parser *p)
{
	int others = *p->at == '^';
	char *set = new_set(p);

	if (!set)
		return;
	p->at += others;
	do {
		if (p->at[0] == '[' && p->at[1] == ':') {
			p->at += 2;
			class(p, set, &p->at);
		} else {
			range(p, set);
		}
	} while (*p->at != ']' && !p->error);
	p->at += !p->error;
	if (others)
		negate(set);
}

/* --- the rest of the language --------------------------------------------------------------- */

static void alternatives(struct parser *p);

static int number(struct parser *p)
{
	int value = 0;

	if (!isdigit((unsigned char)*p->at))
		fail(p, EINVAL);
	while (isdigit((unsigned char)*p->at) && value <= 255)
		value = value * 10 + *p->at++ - '0';
	if (value > 255)
		fail(p, EINVAL);
	return value;
}

/* "N}", "N,}", "N,M}" or ",M}" */
static void interval(struct parser *p, int *least, int *most)
{
	*least = *most = p->at[0] == ',' && p->at[1] != '}' ? 0 : number(p);
	if (*p->at == ',')
		*most = *++p->at == '}' ? -1 : number(p);
	if (*p->at++ != '}' || (*most >= 0 && *most < *least))
		fail(p, EINVAL);
}

static const char edges[] = "bB<>";	/* behind a backslash */

/* What stands behind a backslash: a character that means itself, or one of those that the libcs
 * agree about. What some of them give a meaning must not get another one here. */
static void escape(struct parser *p)
{
	static const char bits[] = { 1 << 1 | 1 << 2, 1 << 0 | 1 << 3, 1 << 1, 1 << 2 };
	unsigned char c = *p->at++;
	const char *edge = strchr(edges, c), *of = tolower(c) == 'w' ? "alnum:]" : "space:]";
	char *set;

	if (c && edge) {
		put(p, p->to->count, EDGE, 1, bits[edge - edges]);
	} else if (c && strchr("wWsS", c)) {
		set = new_set(p);
		if (!set)
			return;
		class(p, set, &of);
		set['_'] = tolower(c) == 'w';
		if (isupper(c))
			negate(set);
	} else if (ispunct(c) && c != '`' && c != '\'') {
		emit(p, BYTE, c);
	} else {
		fail(p, EINVAL);
	}
}

static void atom(struct parser *p)
{
	static const char simple[] = ".^$";
	unsigned char c = *p->at++;
	const char *found = strchr(simple, c);

	if (found) {
		emit(p, ANY + (found - simple), 1);
	} else if (c == '[') {
		bracket(p);
	} else if (c == '(') {
		if (++p->depth > DEPTH_MAX)
			fail(p, EINVAL);
		alternatives(p);
		p->depth--;
		if (*p->at++ != ')')
			fail(p, EINVAL);
	} else if (c == '\\') {
		escape(p);
	} else {
		if (strchr("*+?{", c))
			fail(p, EINVAL);
		emit(p, BYTE, c);
	}
}

/* Does AT begin with what matches a place and no byte? That cannot be repeated. */
static int is_anchor(const char *at)
{
	return *at == '^' || *at == '$' || (at[0] == '\\' && at[1] && strchr(edges, at[1]));
}

static void branch(struct parser *p)
{
	while (*p->at && *p->at != '|' && *p->at != ')') {
		int start = p->to->count, anchor = is_anchor(p->at);

		atom(p);
		while (*p->at && strchr("*+?{", *p->at)) {
			char c = *p->at++;
			int least = c == '+', most = c == '?' ? 1 : -1;

			if (c == '{')
				interval(p, &least, &most);
			if (anchor)
				fail(p, EINVAL);
			repeat(p, start, least, most);
		}
	}
}

static void alternatives(struct parser *p)
{
	int start = p->to->count, middle;

	branch(p);
	while (*p->at == '|') {
		p->at++;
		put(p, start, SPLIT, 1, p->to->count - start + 2);
		emit(p, JUMP, 0);
		middle = p->to->count;
		branch(p);
		p->to->steps[middle - 1].x = p->to->count - middle + 1;
	}
}

struct ipc_expression *ipc_expression_compile(const char *text)
{
	struct ipc_expression *to = calloc(1, sizeof *to);
	struct parser p = { .to = to, .at = text };
	struct step *steps;

	if (!to)
		return NULL;
	to->steps = malloc(STEPS_MAX * sizeof *to->steps);
	if (!to->steps)
		goto failed;
	alternatives(&p);
	if (*p.at)
		fail(&p, EINVAL);
	emit(&p, MATCH, 0);
	errno = p.error;
	if (p.error)
		goto failed;
	steps = realloc(to->steps, to->count * sizeof *to->steps);
	if (steps)
		to->steps = steps;
	to->states = malloc(4 * to->count * sizeof *to->states);
	if (to->states)
		return to;
failed:
	ipc_expression_free(to);
	return NULL;
}

void ipc_expression_free(struct ipc_expression *expression)
{
	int error = errno;

	if (!expression)
		return;
	free(expression->steps);
	free(expression->sets);
	free(expression->states);
	free(expression);
	errno = error;
}

/* --- matching ------------------------------------------------------------------------------- */

struct run {
	const struct ipc_expression *e;
	const char *text, *at;
	int *list, *stack, *marks;
	int count, depth, mark, matches;
};

static void push(struct run *run, int state)
{
	if (run->marks[state] == run->mark)
		return;
	run->marks[state] = run->mark;
	run->stack[run->depth++] = state;
}

static int is_word(unsigned char c)
{
	return isalnum(c) || c == '_';
}

/* May one go on here, without a byte? */
static int passes(const struct run *run, const struct step *step)
{
	int before;

	switch (step->operation) {
	case BEGIN: return run->at == run->text;
	case END: return !*run->at;
	case EDGE:
		before = run->at > run->text && is_word(run->at[-1]);
		return step->y >> (2 * before + is_word(*run->at)) & 1;
	default: return 1;
	}
}

/* Add to the list all that STATE leads to without a byte. The mark tells what is in the list. */
static void follow(struct run *run, int state)
{
	push(run, state);
	while (run->depth) {
		const struct step *step = &run->e->steps[state = run->stack[--run->depth]];

		if (step->operation <= ANY)
			run->list[run->count++] = state;
		else if (step->operation == MATCH)
			run->matches = 1;
		else if (passes(run, step))
			push(run, state + step->x);
		if (step->operation == SPLIT)
			push(run, state + step->y);
	}
}

static int accepts(const struct ipc_expression *e, const struct step *step, unsigned char byte)
{
	if (step->operation == SET)
		return e->sets[step->x][byte];
	return step->operation == ANY || step->x == byte;
}

int ipc_expression_match(struct ipc_expression *e, const char *text)
{
	int *now = e->states, *swap, count = 0;
	struct run run = { .e = e, .text = text, .at = text, .list = now + e->count,
			   .stack = now + 2 * e->count, .marks = now + 3 * e->count };

	memset(run.marks, 0, e->count * sizeof *run.marks);
	for (;; run.at++) {
		run.mark++;
		run.count = 0;
		follow(&run, 0);	/* a match may begin anywhere */
		for (int i = 0; i < count; i++)
			if (accepts(e, &e->steps[now[i]], run.at[-1]))
				follow(&run, now[i] + 1);
		if (run.matches || !*run.at)
			return run.matches;
		swap = now;
		now = run.list;
		run.list = swap;
		count = run.count;
	}
}
