/* SPDX-License-Identifier: ISC */
/* what an access rule says to a holder of descriptors */
#ifndef IPC_HOLDER_RULE_H
#define IPC_HOLDER_RULE_H

#include "ipc.h"

#define HOLDER_STORE "S6_FDHOLDER_STORE_REGEX"
#define HOLDER_RETRIEVE "S6_FDHOLDER_RETRIEVE_REGEX"
#define HOLDER_QUOTA "IPCFDHOLDER_QUOTA"

/* The number in HOLDER_QUOTA; *QUOTA stays as it is if ENV does not set it. Errors: those of
 * ipc_number. */
int ipc_holder_quota(const struct ipc_edits *env, unsigned *quota);

/* The first of these variables whose value makes no sense, with that in *VALUE and the reason in
 * errno; NULL if there is none. */
const char *ipc_holder_mistake(const struct ipc_edits *env, const char **value);

#endif
