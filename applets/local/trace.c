/* SPDX-License-Identifier: ISC */
/* a record of what passes a relay; see trace.h */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "trace.h"

enum { ROW = 16, PIECE = 32768 };

/* of IPv4 and TCP */
enum { HEADERS = 40, FIN = 1, SYN = 2, PSH = 8, ACK = 16, TCP = 6, UDP = 17 };

static char text[8192];
static size_t used;

static struct timespec now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

/* What cannot be written ends the record, not the connections. */
static void lost(int *fd)
{
	warning("unable to write the record:");
	*fd = -1;
}

/* --- text --- */

static void flush(struct trace *trace)
{
	if (trace->text >= 0 && ipc_write_all(trace->text, text, used))
		lost(&trace->text);
	used = 0;
}

__attribute__((format(printf, 2, 3)))
static void add(struct trace *trace, const char *format, ...)
{
	va_list args;

	if (sizeof text - used < 512)
		flush(trace);
	va_start(args, format);
	used += vsnprintf(text + used, 512, format, args);
	va_end(args);
}

/* The first line of an entry. Several processes may write to one file, an entry at a time. */
static void begin_entry(struct trace *trace, const struct traced *traced, const char *mark)
{
	struct timespec at = now();

	flock(trace->text, LOCK_EX);
	add(trace, "%02d:%02d:%02d.%06ld %d.%u %s ", (int)(at.tv_sec / 3600 % 24),
	    (int)(at.tv_sec / 60 % 60), (int)(at.tv_sec % 60), at.tv_nsec / 1000, (int)getpid(),
	    traced->number, mark);
}

static void end_entry(struct trace *trace)
{
	int fd = trace->text;

	flush(trace);
	flock(fd, LOCK_UN);
}

static void add_row(struct trace *trace, const unsigned char *data, size_t at, size_t length)
{
	char hex[3 * ROW + 2] = "", plain[ROW + 1] = "";
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		n += snprintf(hex + n, sizeof hex - n, "%s%02x", i == ROW / 2 ? "  " : " ", data[i]);
		plain[i] = data[i] >= ' ' && data[i] < 0x7f ? data[i] : '.';
	}
	add(trace, "  %06zx %-49s  %s\n", at, hex, plain);
}

static const char *describe(int fd, struct ipc_description *to)
{
	ipc_describe(fd, to);
	to->address[ipc_make_plain(to->address, strlen(to->address))] = 0;
	return to->kind;
}

static void add_data(struct trace *trace, const struct traced *traced, int way, const char *data,
		     size_t length, const int *fds, size_t count)
{
	struct ipc_description what;

	begin_entry(trace, traced, way ? "<" : ">");
	add(trace, count ? "%zu bytes, %zu descriptors\n" : "%zu bytes\n", length, count);
	for (size_t i = 0; i < count; i++)
		add(trace, "  %s %s\n", describe(fds[i], &what), what.address);
	for (size_t at = 0; at < length; at += ROW)
		add_row(trace, (const unsigned char *)data + at, at,
			length - at < ROW ? length - at : ROW);
	end_entry(trace);
}

/* --- packets: the programs that read them know no local sockets, so each connection is one of TCP
 * from 10.x.y.z, the number of the client's process, and a port of its own --- */

static void put16(unsigned char *to, unsigned value)
{
	to[0] = value >> 8;
	to[1] = value;
}

static void put32(unsigned char *to, unsigned value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

static unsigned sum(unsigned total, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++)
		total += i & 1 ? bytes[i] : bytes[i] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return total;
}

static void write_packet(struct trace *trace, unsigned char *packet, size_t header,
			 const char *data, size_t length)
{
	struct timespec at = now();
	uint32_t record[] = { at.tv_sec, at.tv_nsec / 1000, header + length, header + length };
	struct iovec parts[] = { { record, sizeof record }, { packet, header },
				 { (char *)data, length } };
	size_t check = packet[9] == TCP ? 36 : 26;

	put16(packet + 2, header + length);
	if (packet[9] == UDP)
		put16(packet + 24, header + length - 20);
	put16(packet + 10, ~sum(0, packet, 20));
	/* addresses, protocol and length are summed, too */
	put16(packet + check, ~sum(sum(packet[9] + header + length - 20, packet + 12, header - 12),
				   data, length));
	if (trace->packets >= 0 && writev(trace->packets, parts, 3) < 0)
		lost(&trace->packets);
}

static void start_packet(unsigned char *packet, const struct traced *traced, int way, int protocol)
{
	unsigned port = 1024 + traced->number % 64000;

	memset(packet, 0, HEADERS);
	packet[0] = 0x45;
	packet[8] = 64;
	packet[9] = protocol;
	put32(packet + (way ? 16 : 12), 10U << 24 | ((unsigned)traced->peer.pid & 0xffffff));
	put32(packet + (way ? 12 : 16), 10U << 24);
	put16(packet + 20, way ? 1 : port);
	put16(packet + 22, way ? port : 1);
}

/* The sequence begins with 0; the first byte is number 1. */
static void write_segment(struct trace *trace, const struct traced *traced, int way, int flags,
			  unsigned long long at, const char *data, size_t length)
{
	unsigned char packet[HEADERS];

	start_packet(packet, traced, way, TCP);
	put32(packet + 24, at);
	put32(packet + 28, flags & ACK ? traced->bytes[!way] + 1 : 0);
	packet[32] = 5 << 4;
	packet[33] = flags;
	put16(packet + 34, 65535);
	write_packet(trace, packet, HEADERS, data, length);
}

/* A descriptor is a datagram of text to port 9, right before the bytes that it came with. */
static void write_descriptor(struct trace *trace, const struct traced *traced, int way, int fd)
{
	unsigned char packet[HEADERS];
	struct ipc_description what;
	char line[sizeof what + 32];
	int length = snprintf(line, sizeof line, "descriptor: %s %s\n", describe(fd, &what),
			      what.address);

	start_packet(packet, traced, way, UDP);
	put16(packet + 22, 9);
	write_packet(trace, packet, 28, line, length);
}

static void write_data(struct trace *trace, const struct traced *traced, int way, const char *data,
		       size_t length, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_descriptor(trace, traced, way, fds[i]);
	for (size_t at = 0; at < length; at += PIECE) {
		size_t n = length - at < PIECE ? length - at : PIECE;

		write_segment(trace, traced, way, at + n == length ? PSH | ACK : ACK,
			      traced->bytes[way] + 1 + at, data + at, n);
	}
}

/* --- both --- */

/* What passes may be secret: nobody else can read a file that we make. */
int trace_open(const char *file, int own)
{
	int fd = strcmp(file, "-") ? open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY,
					  0600) : own;

	if (fd < 0)
		die(EXIT_TEMPORARY, "unable to open %s:", file);
	/* a limit of its size ends the record alone, too */
	signal(SIGXFSZ, SIG_IGN);
	return fd;
}

int trace_open_packets(const char *file, int own)
{
	/* version 2.4, packets of at most 65535 bytes that begin with an IP header */
	static const uint32_t head[] = { 0xa1b2c3d4, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ?
					 2 << 16 | 4 : 4 << 16 | 2, 0, 0, 65535, 101 };
	int fd = trace_open(file, own);
	struct stat st;

	flock(fd, LOCK_EX);
	if (fstat(fd, &st) || (!st.st_size && ipc_write_all(fd, head, sizeof head)))
		die(EXIT_TEMPORARY, "unable to write to %s:", file);
	flock(fd, LOCK_UN);
	return fd;
}

int tracing(const struct trace *trace)
{
	return trace->text >= 0 || trace->packets >= 0;
}

void trace_begin(struct trace *trace, const struct traced *traced)
{
	if (trace->text >= 0) {
		begin_entry(trace, traced, "+");
		add(trace, "pid %d uid %u gid %u\n", (int)traced->peer.pid, traced->peer.uid,
		    traced->peer.gid);
		end_entry(trace);
	}
	if (trace->packets >= 0) {
		write_segment(trace, traced, 0, SYN, 0, "", 0);
		write_segment(trace, traced, 1, SYN | ACK, 0, "", 0);
		write_segment(trace, traced, 0, ACK, 1, "", 0);
	}
}

void trace_data(struct trace *trace, const struct traced *traced, int way, const char *data,
		size_t length, const int *fds, size_t count)
{
	if (trace->text >= 0)
		add_data(trace, traced, way, data, length, fds, count);
	if (trace->packets >= 0)
		write_data(trace, traced, way, data, length, fds, count);
}

void trace_end(struct trace *trace, const struct traced *traced, int way)
{
	if (trace->text >= 0) {
		begin_entry(trace, traced, way ? "<" : ">");
		add(trace, "end\n");
		end_entry(trace);
	}
	if (trace->packets >= 0)
		write_segment(trace, traced, way, FIN | ACK, traced->bytes[way] + 1, "", 0);
}
