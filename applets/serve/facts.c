/* SPDX-License-Identifier: ISC */
/* what -F exports of a client, beyond what every handler is told; asked for only then */
#include "process.h"
#include "rules.h"
#include "serve.h"

/* the first five are of the process, and of these the first four in /proc */
enum { CGROUP, COMM, EXE, START, PIDFD, LABEL, USER, GROUP, FACTS };

static const struct {
	char word[7], variable[16];
} names[FACTS] = {
	{ "cgroup", "IPCREMOTECGROUP" }, { "comm", "IPCREMOTECOMM" }, { "exe", "IPCREMOTEEXE" },
	{ "start", "IPCREMOTESTART" }, { "pidfd", "IPCREMOTEPIDFD" }, { "label", "IPCREMOTELABEL" },
	{ "user", "IPCREMOTEUSER" }, { "group", "IPCREMOTEGROUP" }
};

static unsigned wanted;		/* 1 << CGROUP... */
static uid_t unmapped_user;
static gid_t unmapped_group;

static int wants(int what)
{
	return wanted >> what & 1;
}

void facts_want(const char *list)
{
	while (*list) {
		size_t length = strcspn(list, ","), i = 0;

		while (i < FACTS && (strncmp(names[i].word, list, length) || names[i].word[length]))
			i++;
		if (i == FACTS)
			usage("-F: there is no fact %.*s", (int)length, list);
		wanted |= 1u << i;
		list += length + (list[length] == ',');
	}
	settings.facts = 1;
	settings.pidfds = wants(PIDFD);
	unmapped_user = ipc_unmapped_user();
	unmapped_group = ipc_unmapped_group();
}

void facts_forget(void)
{
	for (int i = 0; i < FACTS; i++)
		unsetenv(names[i].variable);
}

/* --- /proc --------------------------------------------------------------------------------- */

enum { TEXT = 4096 };

static void read_comm(const struct ipc_process *process, char *text)
{
	ssize_t length = proc_text(process->pid, "comm", text, TEXT);

	if (length > 0)
		text[length - 1] = 0;	/* the newline; others may be the name's */
}

static void read_exe(const struct ipc_process *process, char *text)
{
	char path[32];
	ssize_t length;

	snprintf(path, sizeof path, "/proc/%d/exe", (int)process->pid);
	length = readlink(path, text, TEXT - 1);
	text[length > 0 ? length : 0] = 0;
}

static void read_start(const struct ipc_process *process, char *text)
{
	proc_start(process->pid, text, TEXT);
}

static void read_cgroup(const struct ipc_process *process, char *text)
{
	if (ipc_process_cgroup(process, text, TEXT))
		*text = 0;
}

static void facts_of_process(void)
{
	static void (*const how[PIDFD])(const struct ipc_process *, char *) = {
		[CGROUP] = read_cgroup, [COMM] = read_comm, [EXE] = read_exe, [START] = read_start
	};
	size_t before = now.facts.length;
	struct ipc_process process;
	char text[TEXT];

	if (ipc_process_open(&process, now.fd, &now.client.peer))
		return;
	for (int i = 0; i < PIDFD; i++) {
		if (!wants(i))
			continue;
		how[i](&process, text);
		fact(names[i].variable, text);
	}
	if (!ipc_process_lives(&process)) {
		/* all of it may be somebody else's */
		now.facts.length = before;
	} else if (wants(PIDFD)) {
		snprintf(text, sizeof text, "%d", process.pidfd);
		fact(names[PIDFD].variable, text);
		now.pidfd = process.pidfd;
		return;
	}
	close(process.pidfd);
}

/* --- names --------------------------------------------------------------------------------- */

struct named {
	unsigned id;
	char name[256];
};

static int has_id(void *data, const char *name, unsigned id)
{
	struct named *named = data;

	if (id != named->id)
		return 0;
	snprintf(named->name, sizeof named->name, "%s", name);
	return 1;
}

static void fact_name(int what, const char *file, unsigned id, unsigned unmapped)
{
	struct named named = { .id = id };

	if (wants(what) && id != unmapped && ipc_account_walk(file, has_id, &named) > 0)
		fact(names[what].variable, named.name);
}

static void fact_label(void)
{
	char label[IPC_LABEL_MAX];

	if (!ipc_peer_label(now.fd, &now.client.peer, label, sizeof label))
		fact(names[LABEL].variable, label);
}

void facts_more(void)
{
	const struct ipc_peer *peer = &now.client.peer;

	/* what is asked for and not known is empty: what comes last counts */
	for (int i = 0; i < FACTS; i++)
		if (wants(i))
			fact(names[i].variable, "");
	if (wanted & ((1 << LABEL) - 1))
		facts_of_process();
	if (wants(LABEL))
		fact_label();
	fact_name(USER, "/etc/passwd", peer->uid, unmapped_user);
	fact_name(GROUP, "/etc/group", peer->gid, unmapped_group);
}
