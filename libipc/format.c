/* SPDX-License-Identifier: ISC */
/* formatted text without floating point, wide characters and streams: printf(3) of a static libc
 * brings all three, and they would be an eighth of the binary */
#include <stdarg.h>
#include <string.h>

#include "ipc.h"

struct out {
	char *text;
	size_t size, length;
};

static void put(struct out *out, char byte)
{
	if (out->length + 1 < out->size)
		out->text[out->length] = byte;
	out->length++;
}

/* What stands between '%' and the conversion. */
struct spec {
	int left, zero, width, precision, longs;
};

static void put_field(struct out *out, const struct spec *spec, const char *text, int length)
{
	int fill = spec->width - length;

	if (spec->zero && !spec->left && length && *text == '-') {
		put(out, *text++);
		length--;
	}
	for (; !spec->left && fill > 0; fill--)
		put(out, spec->zero ? '0' : ' ');
	for (int i = 0; i < length; i++)
		put(out, text[i]);
	for (; fill > 0; fill--)
		put(out, ' ');
}

static void put_number(struct out *out, const struct spec *spec, unsigned long long value,
		       unsigned base, int negative)
{
	char digits[24], *at = digits + sizeof digits;

	do
		*--at = "0123456789abcdef"[value % base];
	while (value /= base);
	if (negative)
		*--at = '-';
	put_field(out, spec, at, digits + sizeof digits - at);
}

static int parse_count(const char **format, va_list *args)
{
	int count = 0;

	if (**format == '*') {
		++*format;
		return va_arg(*args, int);
	}
	while (**format >= '0' && **format <= '9')
		count = count * 10 + *(*format)++ - '0';
	return count;
}

static struct spec parse_spec(const char **format, va_list *args)
{
	struct spec spec = { .precision = -1 };

	for (; **format == '-' || **format == '0'; ++*format)
		*(**format == '-' ? &spec.left : &spec.zero) = 1;
	spec.width = parse_count(format, args);
	if (**format == '.') {
		++*format;
		spec.precision = parse_count(format, args);
	}
	for (; **format == 'l' || **format == 'z'; ++*format)
		spec.longs++;
	return spec;
}

static void put_unsigned(struct out *out, const struct spec *spec, unsigned base, va_list *args)
{
	unsigned long long value = spec->longs > 1 ? va_arg(*args, unsigned long long)
				 : spec->longs ? va_arg(*args, unsigned long)
				 : va_arg(*args, unsigned);

	put_number(out, spec, value, base, 0);
}

static void put_signed(struct out *out, const struct spec *spec, va_list *args)
{
	long long value = spec->longs > 1 ? va_arg(*args, long long)
			: spec->longs ? va_arg(*args, long) : va_arg(*args, int);

	put_number(out, spec, value < 0 ? -(unsigned long long)value : (unsigned long long)value,
		   10, value < 0);
}

static void convert(struct out *out, const char **format, va_list *args)
{
	struct spec spec = parse_spec(format, args);
	const char *text;
	char byte;

	switch (*(*format)++) {
	case 's':
		text = va_arg(*args, const char *);
		put_field(out, &spec, text, strnlen(text, spec.precision));
		break;
	case 'c':
		byte = va_arg(*args, int);
		put_field(out, &spec, &byte, 1);
		break;
	case 'd': put_signed(out, &spec, args); break;
	case 'u': put_unsigned(out, &spec, 10, args); break;
	case 'o': put_unsigned(out, &spec, 8, args); break;
	case 'x': put_unsigned(out, &spec, 16, args); break;
	case '%': put(out, '%'); break;
	default: --*format; /* not ours: the compiler's format check is stricter than this */
	}
}

size_t ipc_vformat(char *text, size_t size, const char *format, va_list list)
{
	struct out out = { .text = text, .size = size };
	va_list args;

	va_copy(args, list);
	while (*format) {
		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		format++;
		convert(&out, &format, &args);
	}
	va_end(args);
	if (size)
		text[out.length < size ? out.length : size - 1] = 0;
	return out.length;
}

size_t ipc_format(char *text, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = ipc_vformat(text, size, format, args);
	va_end(args);
	return length;
}
