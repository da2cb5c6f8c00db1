/* SPDX-License-Identifier: ISC */
/* libFuzzer: a message to NOTIFY_SOCKET of any bytes */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_notice notice;
	const char *text = (const char *)data;
	volatile char sum = 0;

	ipc_notice_parse(text, size, &notice);
	for (size_t i = 0; i < notice.status_length; i++)
		sum += notice.status[i];
	if (notice.status && (notice.status < text || notice.status + notice.status_length > text + size ||
			      memchr(notice.status, '\n', notice.status_length)))
		abort();
	if (notice.mainpid < 0 || notice.extend < 0 ||
	    (notice.what & IPC_NOTICE_MAINPID) != (notice.mainpid ? IPC_NOTICE_MAINPID : 0))
		abort();
	return 0;
}
