/* unixserver: serve a local socket as unixserver of ucspi-unix does
 *
 * SPDX-License-Identifier: ISC

config UNIXSERVER
	bool "ipcunixserver"
	default y
	depends on SOCKETBINDER && APPLYUIDGID && SERVERD && UNIXENV
	help
	  usage: ipcunixserver [-q|-Q|-v] [-d|-D] [-u UID] [-g GID] [-U] [-o UID] [-r GID] [-O] [-p PERMS]
	         [-m MASK] [-c MAX] [-b BACKLOG] [-B BANNER] PATH PROG...

	  For each client of the socket PATH, run PROG with the connection as descriptors 0 and 1
	  and the variables of ucspi-unix, see ipcunixenv. Becomes

	      ipcsocketbinder PATH ipcapplyuidgid ipcserverd ipcunixenv PROG...

	  -q -Q -v    messages: errors only, normal, each client
	  -d -D       at the end, leave the socket, or remove it if our rights allow; default -D
	  -u UID      run as this user; 0 is no change
	  -g GID      run as this group; 0 is no change
	  -U          with those of the variables UID and GID
	  -o UID      owner of the socket
	  -r GID      group of the socket
	  -O          those of the variables SOCKET_UID and SOCKET_GID
	  -p PERMS    permissions of the socket, octal
	  -m MASK     without -p, permissions that nobody gets, octal; default 0
	  -c MAX      at most MAX clients at a time, the others wait; default 10. The last eighth of the
	              places is for root and UID, see ipcserverd
	  -b BACKLOG  so many clients may wait to be accepted
	  -B BANNER   write BANNER to each client first

	  Users and groups are numbers or names. A live socket is not replaced.
*/
#include <limits.h>

#include "applet.h"

/* What the options say; NULL is none. */
struct service {
	const char *level, *user, *group, *owner, *owner_group, *backlog, *max, *banner;
	unsigned mode, mask;
	int has_mode, keeps;
};

enum { OWN_WORDS = 32 };

static void parse_option(struct service *service, int letter)
{
	switch (letter) {
	case 'q': service->level = "-v0"; break;
	case 'Q': service->level = "-v1"; break;
	case 'v': service->level = "-v2"; break;
	case 'd': service->keeps = 1; break;
	case 'D': service->keeps = 0; break;
	case 'u': service->user = optarg; break;
	case 'g': service->group = optarg; break;
	case 'U':
		service->user = variable("UID");
		service->group = variable("GID");
		break;
	case 'o': service->owner = optarg; break;
	case 'r': service->owner_group = optarg; break;
	case 'O':
		service->owner = variable("SOCKET_UID");
		service->owner_group = variable("SOCKET_GID");
		break;
	case 'p':
		service->mode = octal("-p", optarg);
		service->has_mode = 1;
		break;
	case 'm': service->mask = octal("-m", optarg); break;
	case 'c': number("-c", service->max = optarg, INT_MAX); break;
	case 'b':
		/* to the binder 0 is not to listen */
		service->backlog = number("-b", optarg, INT_MAX) ? optarg : "1";
		break;
	case 'B': service->banner = optarg; break;
	}
}

/* The words of the links, behind *END. */
static void word(char ***end, const char *text)
{
	*(*end)++ = (char *)text;
}

static void valued(char ***end, const char *name, const char *value)
{
	if (!value)
		return;
	word(end, name);
	word(end, value);
}

/* An id as a number, in memory of ours: a mistake shows before anything is bound. */
static const char *id(const char *name, const char *text, int is_group)
{
	char *number;

	if (!text)
		return NULL;
	if (asprintf(&number, "%u", is_group ? group_number(name, text)
					     : user_number(name, text)) < 0)
		die(EXIT_TEMPORARY, "unable to build the command:");
	return number;
}

static void binder(char ***end, const struct service *service, const char *path)
{
	const char *user = id("-o", service->owner, 0), *group = id("-r", service->owner_group, 1);
	static char owner[24], mode[12];

	snprintf(owner, sizeof owner, group ? "%s:%s" : "%s", user ? user : "", group);
	snprintf(mode, sizeof mode, "%o",
		 (service->has_mode ? service->mode : ~service->mask) & 0777);
	word(end, "ipcsocketbinder");
	valued(end, "-o", user || group ? owner : NULL);
	valued(end, "-a", mode);
	valued(end, "-b", service->backlog);
	word(end, "--");
	word(end, path);
}

CHAIN(unixserver, "unixserver")
{
	struct service service = { .level = "-v1", .max = "10" };
	char **line, **end;
	int letter;

	while ((letter = option(argc, argv, "qQvdDu:g:Uo:r:Op:m:c:b:B:", NULL)) != -1)
		parse_option(&service, letter);
	argv = operands(argc, argv, 2);
	chain_check(argv[1], 0);
	line = end = malloc((OWN_WORDS + argc) * sizeof *line);
	if (!line)
		die(EXIT_TEMPORARY, "unable to build the command:");
	binder(&end, &service, *argv);
	if (service.user || service.group) {
		word(&end, "ipcapplyuidgid");
		valued(&end, "-u", id("-u", service.user, 0));
		valued(&end, "-g", id("-g", service.group, 1));
		word(&end, "--");
		reach_supervisor();
	}
	word(&end, "ipcserverd");
	word(&end, service.level);
	/* one user may have all places, as there, but those that are kept for root and ourselves */
	valued(&end, "-c", service.max);
	valued(&end, "-C", service.max);
	if (!service.keeps)
		word(&end, "-x");
	word(&end, "--");
	word(&end, "ipcunixenv");
	valued(&end, "-B", service.banner);
	word(&end, "--");
	while (*++argv)
		word(&end, *argv);
	*end = NULL;
	return line;
}
