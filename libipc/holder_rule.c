/* SPDX-License-Identifier: ISC */
/* what an access rule says to a holder of descriptors, checked before anybody comes */
#include <limits.h>
#include <stddef.h>

#include "holder_rule.h"
#include "text.h"

int ipc_holder_quota(const struct ipc_edits *env, unsigned *quota)
{
	const char *value;

	if (ipc_edits_find(env, HOLDER_QUOTA, &value) != IPC_EDIT_SET)
		return 0;
	return ipc_number(value, 10, INT_MAX, quota);
}

const char *ipc_holder_mistake(const struct ipc_edits *env, const char **value)
{
	static const char *const names[] = { HOLDER_STORE, HOLDER_RETRIEVE };
	unsigned quota;

	for (int i = 0; i < 2; i++) {
		struct ipc_expression *expression;

		if (ipc_edits_find(env, names[i], value) != IPC_EDIT_SET)
			continue;
		expression = ipc_expression_compile(*value);
		if (!expression)
			return names[i];
		ipc_expression_free(expression);
	}
	*value = NULL;
	ipc_edits_find(env, HOLDER_QUOTA, value);
	return ipc_holder_quota(env, &quota) ? HOLDER_QUOTA : NULL;
}
