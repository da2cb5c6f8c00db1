/* SPDX-License-Identifier: ISC */
/* gates inside a server; see gates.h */
#include "gates.h"

static void check_needs(const char *name, unsigned missing)
{
	if (missing & GATE_PEER)
		usage("%s needs what -P leaves out", name);
	if (missing & GATE_CONNNUM)
		usage("%s needs the number of connections, which is not known here", name);
}

char **gates_take(struct gates *gates, char **prog, unsigned missing)
{
	const struct applet *applet;

	while (ENABLED(CONFIG_SERVER_GATES) && prog[0] && !strchr(prog[0], '/') &&
	       (applet = applet_find(prog[0])) && applet->kind == KIND_GATE) {
		int i = gates->count;

		if (i == MOST_GATES)
			usage("more than %d gates", MOST_GATES);
		gates->list[i].name = prog[0];
		gates->list[i].gate = applet->run.gate;
		prog = gate_prepare(applet, prog, &gates->list[i].data);
		check_needs(gates->list[i].name, applet->run.gate->needs & missing);
		gates->count++;
	}
	return prog;
}

int gates_pass(struct gates *gates, const struct client *client, struct grant *grant)
{
	grant->env.length = 0;
	grant->prog = NULL;
	grant->reason[0] = 0;
	grant->message_length = 0;
	for (int i = 0; i < gates->count; i++) {
		const struct gate *gate = gates->list[i].gate;
		enum judgement judgement = gate->judge(gates->list[i].data, client, grant);

		if (judgement == GATE_ALLOW)
			continue;
		gates->list[i].denied++;
		if (gate->report)
			gate->report(gates->list[i].data, gates->list[i].name, client, judgement,
				     grant->reason, 0);
		return 0;
	}
	return 1;
}

void gates_allowed(const struct gates *gates, const struct client *client,
		   const struct grant *grant, pid_t pid)
{
	for (int i = 0; i < gates->count; i++)
		if (gates->list[i].gate->report)
			gates->list[i].gate->report(gates->list[i].data, gates->list[i].name,
						    client, GATE_ALLOW, grant->reason, pid);
}
