/* SPDX-License-Identifier: ISC */
/* the variables of ucspi-unix; see unixvars.h */
#include "applet.h"
#include "unixvars.h"

void unix_variables(int fd, const char *path)
{
	static const char remote[][16] = { "UNIXREMOTEEUID", "UNIXREMOTEEGID", "UNIXREMOTEPID" };
	struct ipc_peer peer;

	set_variable("PROTO", "UNIX");
	set_variable("UNIXLOCALPATH", path);
	set_number("UNIXLOCALUID", getuid());
	set_number("UNIXLOCALGID", getgid());
	set_number("UNIXLOCALPID", getpid());
	for (int i = 0; i < 3; i++)
		set_variable(remote[i], NULL);
	if (ipc_peer(fd, &peer))
		return;
	set_number(remote[0], peer.uid);
	set_number(remote[1], peer.gid);
	set_number(remote[2], peer.pid);
}
