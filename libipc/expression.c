/* SPDX-License-Identifier: ISC */
/* POSIX extended regular expressions that only say yes or no: compiled to a small program, all of
 * whose states are followed at once, so that no expression takes more than steps times bytes.
 *
 * Jumps are relative, and lead out of a fragment to its very end only: so a fragment of the
 * program can be moved and copied as it is. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"

enum { STEPS_MAX = 8192, DEPTH_MAX = 64, SET_SIZE = UCHAR_MAX / 8 + 1 };

enum operation { BYTE, ANY, SET, BEGIN, END, SPLIT, JUMP, MATCH };

struct step {
	enum operation operation;
	int x, y;	/* the byte, the number of the set, or relative jumps */
};

struct ipc_expression {
	struct step *steps;
	int count;
	unsigned char (*sets)[SET_SIZE];
	int nsets;
	int *states;	/* two lists of them, a stack and marks, for match */
};

struct parser {
	struct ipc_expression *to;
	const char *at;
	int depth;
};

/* --- making the program ------------------------------------------------------------------- */

/* Room for COUNT steps at PLACE; what stands there moves behind them. */
static int insert(struct parser *p, int place, int count)
{
	struct ipc_expression *to = p->to;
	struct step *steps;

	if (count > STEPS_MAX - to->count)
		return errno = E2BIG, -1;
	steps = realloc(to->steps, (to->count + count) * sizeof *steps);
	if (!steps)
		return -1;
	memmove(steps + place + count, steps + place, (to->count - place) * sizeof *steps);
	to->steps = steps;
	to->count += count;
	return 0;
}

static int put(struct parser *p, int place, enum operation operation, int x, int y)
{
	if (insert(p, place, 1))
		return -1;
	p->to->steps[place] = (struct step){ operation, x, y };
	return 0;
}

static int emit(struct parser *p, enum operation operation, int x, int y)
{
	return put(p, p->to->count, operation, x, y);
}

/* Append a copy of the LENGTH steps at FROM. */
static int copy(struct parser *p, int from, int length)
{
	int to = p->to->count;

	if (insert(p, to, length))
		return -1;
	memcpy(p->to->steps + to, p->to->steps + from, length * sizeof *p->to->steps);
	return 0;
}

static int star(struct parser *p, int start)
{
	int length = p->to->count - start;

	return put(p, start, SPLIT, 1, length + 2) || emit(p, JUMP, -length - 1, 0);
}

static int maybe(struct parser *p, int start)
{
	return put(p, start, SPLIT, 1, p->to->count - start + 1);
}

/* The fragment from START on, at least LEAST and at most MOST times; -1 is any number. */
static int repeat(struct parser *p, int start, int least, int most)
{
	int length = p->to->count - start, last = start;

	if (!most) {
		p->to->count = start;
		return 0;
	}
	for (int i = 1; i < least || (i < most && most > 0) || (i == least && most < 0); i++) {
		last = p->to->count;
		if (copy(p, start, length))
			return -1;
		if (i >= least && most > 0 && maybe(p, last))
			return -1;
	}
	if (most < 0)
		return star(p, last);
	return least ? 0 : maybe(p, start);
}

/* --- brackets ----------------------------------------------------------------------------- */

static int wrong(void)
{
	return errno = EINVAL, -1;
}

static int class(struct parser *p, unsigned char *set)
{
	static const struct {
		char name[8];
		int (*is)(int);
	} classes[] = {
		{ "alpha:]", isalpha }, { "digit:]", isdigit }, { "alnum:]", isalnum },
		{ "upper:]", isupper }, { "lower:]", islower }, { "space:]", isspace },
		{ "blank:]", isblank }, { "punct:]", ispunct }, { "print:]", isprint },
		{ "graph:]", isgraph }, { "cntrl:]", iscntrl }, { "xdigit:", isxdigit },
	};

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		if (strncmp(p->at, classes[i].name, 7))
			continue;
		p->at += 7;
		if (classes[i].is == isxdigit && *p->at++ != ']')
			return wrong();
		for (int c = 1; c < 128; c++)
			if (classes[i].is(c))
				set[c / 8] |= 1 << c % 8;
		return 0;
	}
	return wrong();
}

/* One end of a range, "[.x.]" and "[=x=]" included. Returns the byte. */
static int element(struct parser *p)
{
	unsigned char c = *p->at++;

	if (c == '[' && (*p->at == '.' || *p->at == '=')) {
		char kind = *p->at++;

		c = *p->at++;
		if (!c || p->at[0] != kind || p->at[1] != ']')
			return wrong();
		p->at += 2;
	}
	return c ? c : wrong();
}

static int range(struct parser *p, unsigned char *set)
{
	int low = element(p), high = low;

	if (low < 0)
		return -1;
	if (p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
		p->at++;
		high = element(p);
	}
	if (high < low)
		return wrong();
	for (int c = low; c <= high; c++)
		set[c / 8] |= 1 << c % 8;
	return 0;
}

static int bracket(struct parser *p)
{
	struct ipc_expression *to = p->to;
	unsigned char (*sets)[SET_SIZE] = realloc(to->sets, (to->nsets + 1) * sizeof *sets), *set;
	int negate = *p->at == '^';

	if (!sets)
		return -1;
	to->sets = sets;
	set = memset(sets[to->nsets], 0, sizeof *sets);
	p->at += negate;
	do {
		if (!*p->at)
			return wrong();
		if (p->at[0] == '[' && p->at[1] == ':') {
			p->at += 2;
			if (class(p, set))
				return -1;
		} else if (range(p, set)) {
			return -1;
		}
	} while (*p->at != ']');
	p->at++;
	for (int i = 0; negate && i < SET_SIZE; i++)
		set[i] = ~set[i];
	return emit(p, SET, to->nsets++, 0);
}

/* --- the rest of the language --------------------------------------------------------------- */

static int alternatives(struct parser *p);

static int count(struct parser *p, int *value)
{
	if (!isdigit((unsigned char)*p->at))
		return wrong();
	for (*value = 0; isdigit((unsigned char)*p->at); p->at++)
		if ((*value = *value * 10 + *p->at - '0') > 255)
			return wrong();
	return 0;
}

static int interval(struct parser *p, int start)
{
	int least, most;

	if (count(p, &least))
		return -1;
	most = least;
	if (*p->at == ',') {
		most = -1;
		if (*++p->at != '}' && count(p, &most))
			return -1;
	}
	if (*p->at++ != '}' || (most >= 0 && most < least))
		return wrong();
	return repeat(p, start, least, most);
}

static int group(struct parser *p)
{
	if (++p->depth > DEPTH_MAX)
		return wrong();
	if (alternatives(p))
		return -1;
	p->depth--;
	return *p->at++ == ')' ? 0 : wrong();
}

static int atom(struct parser *p)
{
	unsigned char c = *p->at++;

	switch (c) {
	case '(': return group(p);
	case '[': return bracket(p);
	case '.': return emit(p, ANY, 0, 0);
	case '^': return emit(p, BEGIN, 0, 0);
	case '$': return emit(p, END, 0, 0);
	case '*': case '+': case '?': case '{':
		return wrong();
	case '\\':
		c = *p->at++;
		/* what other libraries may give a meaning must not get another one here */
		if (!ispunct(c) || strchr("<>`'", c))
			return wrong();
		/* fall through */
	default:
		return emit(p, BYTE, c, 0);
	}
}

static int branch(struct parser *p)
{
	while (*p->at && *p->at != '|' && *p->at != ')') {
		int start = p->to->count, anchor = *p->at == '^' || *p->at == '$', failed = atom(p);

		while (!failed && *p->at && strchr("*+?{", *p->at)) {
			if (anchor)
				return wrong();
			switch (*p->at++) {
			case '*': failed = star(p, start); break;
			case '+': failed = repeat(p, start, 1, -1); break;
			case '?': failed = maybe(p, start); break;
			case '{': failed = interval(p, start); break;
			}
		}
		if (failed)
			return -1;
	}
	return 0;
}

static int alternatives(struct parser *p)
{
	int start = p->to->count, middle;

	if (branch(p))
		return -1;
	while (*p->at == '|') {
		p->at++;
		if (put(p, start, SPLIT, 1, p->to->count - start + 2) || emit(p, JUMP, 0, 0))
			return -1;
		middle = p->to->count;
		if (branch(p))
			return -1;
		p->to->steps[middle - 1].x = p->to->count - middle + 1;
	}
	return 0;
}

struct ipc_expression *ipc_expression_compile(const char *text)
{
	struct parser p = { .at = text };
	int error;

	p.to = calloc(1, sizeof *p.to);
	if (!p.to)
		return NULL;
	errno = EINVAL;
	if (!alternatives(&p) && !*p.at && !emit(&p, MATCH, 0, 0)) {
		p.to->states = calloc(4 * p.to->count, sizeof *p.to->states);
		if (p.to->states)
			return p.to;
	}
	error = errno;
	ipc_expression_free(p.to);
	errno = error;
	return NULL;
}

void ipc_expression_free(struct ipc_expression *expression)
{
	if (!expression)
		return;
	free(expression->steps);
	free(expression->sets);
	free(expression->states);
	free(expression);
}

/* --- matching ------------------------------------------------------------------------------- */

struct run {
	const struct ipc_expression *e;
	int *stack, *marks;
	const char *text, *at;
};

/* Add to the list of COUNT states all that STATE leads to without a byte. Returns how many there
 * are then, or -1: a match. MARK tells what is in the list. */
static int follow(struct run *run, int *list, int count, int state, int mark)
{
	int depth = 0;

	run->stack[depth++] = state;
	if (run->marks[state] == mark)
		return count;
	run->marks[state] = mark;
	while (depth) {
		const struct step *step = &run->e->steps[state = run->stack[--depth]];
		int next[2] = { -1, -1 };

		switch (step->operation) {
		case MATCH: return -1;
		case SPLIT: next[1] = state + step->y; /* fall through */
		case JUMP: next[0] = state + step->x; break;
		case BEGIN: next[0] = run->at == run->text ? state + 1 : -1; break;
		case END: next[0] = *run->at ? -1 : state + 1; break;
		default: list[count++] = state;
		}
		for (int i = 0; i < 2; i++)
			if (next[i] >= 0 && run->marks[next[i]] != mark) {
				run->marks[next[i]] = mark;
				run->stack[depth++] = next[i];
			}
	}
	return count;
}

static int accepts(const struct ipc_expression *e, const struct step *step, unsigned char byte)
{
	switch (step->operation) {
	case BYTE: return step->x == byte;
	case SET: return e->sets[step->x][byte / 8] >> byte % 8 & 1;
	default: return 1;
	}
}

int ipc_expression_match(struct ipc_expression *e, const char *text)
{
	int *now = e->states, *next = now + e->count, *swap, count = 0, mark = 1;
	struct run run = { e, next + e->count, next + 2 * e->count, text, text };

	memset(run.marks, 0, e->count * sizeof *run.marks);
	/* a match may begin anywhere */
	for (count = follow(&run, now, 0, 0, mark); count >= 0 && *run.at; ) {
		unsigned char byte = *run.at++;
		int more = 0;

		mark++;
		for (int i = 0; i < count && more >= 0; i++)
			if (accepts(e, &e->steps[now[i]], byte))
				more = follow(&run, next, more, now[i] + 1, mark);
		if (more >= 0)
			more = follow(&run, next, more, 0, mark);
		count = more;
		swap = now;
		now = next;
		next = swap;
	}
	return count < 0;
}
