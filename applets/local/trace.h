/* SPDX-License-Identifier: ISC */
/* a record of what passes a relay: as text for people, as packets for wireshark and tcpdump */
#ifndef TRACE_H
#define TRACE_H

#include "applet.h"

struct trace {
	int text, packets;	/* descriptors of the records, -1 for none */
};

/* One connection, as the records call it. */
struct traced {
	unsigned number;	/* among those of this process */
	struct ipc_peer peer;
	unsigned long long bytes[2];	/* that have gone each way */
};

/* Descriptor of the record FILE, "-" for OWN; what is in it already stays. Dies if it cannot. */
int trace_open(const char *file, int own);

/* Begin a file of packets, unless somebody has. Dies if it cannot. */
int trace_open_packets(const char *file, int own);

int tracing(const struct trace *trace);

void trace_begin(struct trace *trace, const struct traced *traced);

/* LENGTH bytes go the way WAY, in one message with COUNT descriptors. */
void trace_data(struct trace *trace, const struct traced *traced, int way, const char *data,
		size_t length, const int *fds, size_t count);

/* Nothing more goes this way. */
void trace_end(struct trace *trace, const struct traced *traced, int way);

#endif
