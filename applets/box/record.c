/* SPDX-License-Identifier: ISC */
/* messages for machines; see record.h. The same messages as for people: their formats tell which part
 * of the text is a value, and the words around it what it is. */
#include <ctype.h>
#include <time.h>

#include "record.h"

enum {
	LONGEST = 4096,		/* bytes of a line: a pipe takes them at once */
	END = 8,		/* of these, for what closes it */
	MOST_VALUES = 32,
	LONGEST_VALUE = 2000,
	LONGEST_FORMAT = 511,
	KEY = 48,
	NUMBER_SIZE = 32	/* of its digits */
};

struct record {
	char line[LONGEST];
	size_t length;
	int logfmt;
};

enum kind { NUMBER, DIGITS, TEXT };	/* DIGITS are a number if they are digits */

/* A value in the text of a message. */
struct value {
	const char *before;	/* what the format has in front of it, of so many bytes */
	int length;
	const char *after;
	unsigned from, to;	/* in the text */
	enum kind kind;
	char is_count;		/* a number that stands in a status line itself */
	char is_named;		/* well enough to need no place in the event */
	char key[KEY];		/* "": it is a part of the event */
};

/* Words in front of a value that name it; after those of the first two the event does without it. */
static const char numbers[] = " pid PID uid gid fd count start signal exitcode exit status time ";
static const char texts[] = " rule command letters path ";
static const char things[] = " user group process descriptor program variable value ";
static const char paths[] = " to in at from open create mkdir rename ";
static const char programs[] = " exec spawn start run worker ";
/* Words behind a value that name it, with one of those in front of it. */
static const char units[] = " bytes messages descriptors closed ms seconds lines more connections ";
static const char ways[] = " in out ";

static int is_one_of(const char *list, const char *word, int length)
{
	for (const char *at = list + 1; length && *at; at = strchr(at, ' ') + 1)
		if (!strncmp(at, word, length) && at[length] == ' ')
			return 1;
	return 0;
}

/* --- writing ------------------------------------------------------------------------------- */

/* Returns 0 if there is no room. */
static int put(struct record *record, const char *text)
{
	size_t length = strlen(text);

	if (record->length + length > LONGEST - END)
		return 0;
	memcpy(record->line + record->length, text, length);
	record->length += length;
	return 1;
}

/* What is no UTF-8 becomes the character with the number of the byte. */
static void put_text(struct record *record, const char *text, size_t length)
{
	size_t step, most = record->length + LONGEST_VALUE;

	put(record, "\"");
	for (; length && record->length < most; text += step, length -= step) {
		int control = ipc_is_control(text, length, &step);
		unsigned char byte = text[step - 1];
		char one[8];

		if (control || (step == 1 && byte >= 0x80))
			snprintf(one, sizeof one, "\\u%04x", byte);
		else
			snprintf(one, sizeof one, byte == '"' || byte == '\\' ? "\\%.*s" : "%.*s",
				 (int)step, text);
		if (!put(record, one))
			break;
	}
	record->line[record->length++] = '"';
}

/* Room for the key, its signs and a number, or there is no field. */
static int put_key(struct record *record, const char *key)
{
	if (record->length + strlen(key) + 8 + NUMBER_SIZE > LONGEST - END)
		return 0;
	if (record->length > 1)
		put(record, record->logfmt ? " " : ",");
	put(record, record->logfmt ? "" : "\"");
	put(record, key);
	put(record, record->logfmt ? "=" : "\":");
	return 1;
}

static void put_field(struct record *record, const char *key, const char *text)
{
	if (put_key(record, key))
		put_text(record, text, strlen(text));
}

/* As JSON has it: with no zero in front. */
static int is_number(const char *text, enum kind kind)
{
	return kind != TEXT && *text && !(text[0] == '0' && isdigit(text[1])) &&
	       (kind == NUMBER || !text[strspn(text, "0123456789")]);
}

static void put_value(struct record *record, const struct value *value, const char *text)
{
	size_t length = value->to - value->from;
	char number[NUMBER_SIZE];

	for (text += value->from; length && *text == ' '; text++)
		length--;
	if (!put_key(record, value->key))
		return;
	snprintf(number, sizeof number, "%.*s", (int)length, text);
	if (length < sizeof number && is_number(number, value->kind))
		put(record, number);
	else
		put_text(record, text, length);
}

static int is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 || year % 400 == 0);
}

static unsigned days_of(unsigned month, unsigned year)
{
	if (month == 2)
		return 28 + is_leap(year);
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Without gmtime(3), which is 800 bytes in musl. */
static void put_time(struct record *record)
{
	struct timespec now;
	unsigned year = 1970, month = 1, days, second;
	char text[96];

	clock_gettime(CLOCK_REALTIME, &now);
	second = now.tv_sec % (24 * 60 * 60);
	for (days = now.tv_sec / (24 * 60 * 60); days >= 365U + is_leap(year); year++)
		days -= 365 + is_leap(year);
	for (; days >= days_of(month, year); month++)
		days -= days_of(month, year);
	snprintf(text, sizeof text, "%u-%02u-%02uT%02u:%02u:%02u.%06luZ", year, month, days + 1,
		 second / 3600, second / 60 % 60, second % 60, now.tv_nsec / 1000UL);
	put_field(record, "time", text);
}

/* --- values -------------------------------------------------------------------------------- */

/* The length of the value of FORMAT at AT, 0 if there is none. */
static size_t value_at(const char *format, const char *at)
{
	if (*at == '%')
		return strcspn(at, "diouxcs") + 1;
	if (at == format || strncmp(format, "status", 6) || !strchr(" /", at[-1]))
		return 0;
	return strspn(at, "0123456789");
}

/* How much text the first LENGTH bytes of FORMAT make. */
static size_t made_by(const char *format, size_t length, va_list args)
{
	char head[LONGEST_FORMAT + 1];
	va_list copy;
	int made;

	memcpy(head, format, length);
	head[length] = 0;
	va_copy(copy, args);
	made = vsnprintf(NULL, 0, head, copy);
	va_end(copy);
	return made;
}

/* The values that FORMAT makes in a text of SIZE bytes. */
static int find_values(struct value *values, const char *format, va_list args, size_t size)
{
	const char *before = format;
	size_t made = 0, length;
	int count = 0;

	for (const char *at = format; *at; at += length ? length : 1) {
		int more = count && (at == before || (at == before + 1 && *before == '.'));
		struct value *value = &values[count - more];

		length = value_at(format, at);
		if (!length)
			continue;
		if (at + length - format > LONGEST_FORMAT || (count == MOST_VALUES && !more))
			break;
		/* what has nothing or a point between is one value */
		if (!more)
			*value = (struct value){ .before = before, .length = at - before,
						 .from = made + (at - before),
						 .is_count = *at != '%' };
		made = made_by(format, at + length - format, args);
		value->to = made;
		if (!strchr("du0123456789", at[length - 1]))
			value->kind = TEXT;
		value->after = before = at + length;
		count += !more;
	}
	for (int i = 0; i < count; i++) {
		values[i].from = values[i].from < size ? values[i].from : size;
		values[i].to = values[i].to < size ? values[i].to : size;
	}
	return count;
}

/* --- their names --------------------------------------------------------------------------- */

/* Its key, of WAY and the LENGTH bytes of KEY. So many bytes come OFF the end of what is in front of it. */
static void name(struct value *value, const char *way, const char *key, int length, int off)
{
	snprintf(value->key, sizeof value->key, "%s%s%.*s", way, *way ? "_" : "", length, key);
	for (char *at = value->key; *at; at++)
		*at = *at == '-' ? '_' : tolower(*at);
	value->length -= off;
	value->is_named |= off > 0;
}

/* By the unit behind it, which the value in front of the next one takes along. */
static int name_by_unit(struct value *value, const char *word, int length, const char **way)
{
	const char *unit = value->after + 1;
	int size = *value->after == ' ' ? strcspn(unit, " ,;:") : 0;

	if (!is_one_of(units, unit, size)) {
		*way = "";
		return 0;
	}
	if (length)
		*way = !is_one_of(ways, word, length) ? "" : length == 2 ? "in" : "out";
	name(value, *way, unit, size, **way ? length + (length > 0) : 0);
	value->is_named |= !length;
	/* "7 lines lost" needs it */
	if (value->is_named && value->length + length)
		value->after += size + 1;
	return 1;
}

static void name_number(struct value *value, const char *key, int length, int off)
{
	name(value, "", key, length, off);
	if (value->kind == TEXT)
		value->kind = DIGITS;
}

static int name_by_word(struct value *value, const char *word, int length, int gap)
{
	if (value->kind == TEXT && is_one_of(paths, word, length))
		name(value, "", "path", 4, 0);
	else if (*value->after == ':' && value->kind == TEXT && is_one_of(programs, word, length))
		name(value, "", "program", 7, 0);
	else if (is_one_of(things, word, length))
		name(value, "", word, length, 0);
	else if (is_one_of(numbers, word, length))
		name_number(value, word, length, gap == 2 ? 0 : length + gap);
	else if (is_one_of(texts, word, length) || (value->is_count && length))
		name(value, "", word, length, length + gap);
	else
		return 0;
	/* "time" is when; and "status: 3/40" is of those that live */
	if (!strcmp(value->key, "time") || (!strcmp(value->key, "status") && value->kind == NUMBER))
		snprintf(value->key, sizeof value->key, *value->key == 't' ? "seconds" : "live");
	return 1;
}

/* By the signs around it. */
static void name_by_signs(struct value *values, int i, int gap)
{
	struct value *value = &values[i];
	const char *end = value->before + value->length;

	if (value->after[0] == ':' && value->after[1] == '%' && gap) {
		name_number(value, "uid", 3, 1);
	} else if (value->length == 1 && end[-1] == ':' && i && !strcmp(values[i - 1].key, "uid")) {
		name_number(value, "gid", 3, 1);
	} else if (value->length == 1 && end[-1] == '/') {
		name(value, "", "limit", 5, 1);
	} else if (value->length && end[-1] == '$') {
		name(value, "", "variable", 8, 0);
	} else if (i || value->length || value->kind != TEXT || *value->after == ':') {
		name(value, "", gap == 2 ? "reason" : "object", 6, 0);
	}
}

/* The second one of a key is KEY_2. */
static void number_key(struct value *values, int i)
{
	size_t length = strlen(values[i].key);
	int same = 1;

	for (int k = 0; k < i; k++)
		same += !strncmp(values[k].key, values[i].key, length) &&
			(!values[k].key[length] || isdigit(values[k].key[length + 1]));
	if (same > 1 && length)
		snprintf(values[i].key + length, sizeof values[i].key - length, "_%d", same);
}

static void name_all(struct value *values, int count)
{
	const char *way = "";

	for (int i = 0; i < count; i++) {
		struct value *value = &values[i];
		const char *end = value->before + value->length, *word;
		int gap = 0, length;

		/* what is in front of it may be the unit of the one before */
		if (i && values[i - 1].after > value->before) {
			value->length -= values[i - 1].after - value->before;
			value->before = values[i - 1].after;
		}
		while (gap < value->length && gap < 2 && end[-gap - 1] == (gap ? ':' : ' '))
			gap++;
		for (word = end - gap; word > value->before && (isalnum(word[-1]) || word[-1] == '-');)
			word--;
		length = end - gap - word;
		if (!name_by_unit(value, word, length, &way) &&
		    !name_by_word(value, word, length, gap))
			name_by_signs(values, i, gap);
		number_key(values, i);
	}
}

/* --- the event ----------------------------------------------------------------------------- */

struct event {
	char text[256];
	size_t length;
};

static void add(struct event *event, const char *text, size_t length)
{
	for (; length--; text++) {
		char *last = &event->text[event->length] - 1;
		int blank = !event->length || *last == ' ';

		if (blank && strchr(":,;", *text) && event->length)
			*last = *text;
		else if (!(blank && strchr(" :,;", *text)) && event->length < sizeof event->text)
			event->text[event->length++] = *text;
	}
}

/* The words of the message, with a '*' for each value in between that has no name of its own. Where
 * there are no words, "rules: user/carol: no such user", the last value says what it is about. */
static void make_event(struct event *event, const struct value *values, int count,
		       const char *format, const char *text)
{
	const char *rest = count ? values[count - 1].after : format;

	event->length = 0;
	for (int i = 0; i < count; i++) {
		add(event, values[i].before, values[i].length);
		if (!*values[i].key)
			add(event, text + values[i].from, values[i].to - values[i].from);
		else if (!values[i].is_named && (i || values[i].length || *values[i].after != ':'))
			add(event, "*", 1);
	}
	add(event, rest, strlen(rest));
	while (event->length && strchr(" :,;*", event->text[event->length - 1]))
		event->length--;
	if (event->length > 3 && !memcmp(event->text + event->length - 3, " of", 3))
		event->length -= 3;
	if (!event->length && count)
		add(event, text + values[count - 1].from, values[count - 1].to - values[count - 1].from);
}

/* --- the record ---------------------------------------------------------------------------- */

void record_write(const struct message *message, int logfmt, const char *format, va_list args)
{
	struct record record = { .logfmt = logfmt };
	struct value values[MOST_VALUES];
	struct event event;
	int count = find_values(values, format, args, strlen(message->text));

	name_all(values, count);
	make_event(&event, values, count, format, message->text);
	put(&record, logfmt ? "" : "{");
	put_time(&record);
	put_field(&record, "tool", message->name);
	put_field(&record, "level", message->level);
	if (message->connection)
		put_field(&record, "conn", message->connection);
	if (put_key(&record, "event"))
		put_text(&record, event.text, event.length);
	if (message->error)
		put_field(&record, "error", strerror(message->error));
	for (int i = 0; i < count; i++)
		if (*values[i].key)
			put_value(&record, &values[i], message->text);
	if (message->usage)
		put_field(&record, "usage", message->usage);
	record.line[record.length++] = logfmt ? '\n' : '}';
	if (!logfmt)
		record.line[record.length++] = '\n';
	if (write(2, record.line, record.length) < 0) { /* nobody is left to tell */ }
}
