/* SPDX-License-Identifier: ISC */
/* busclient ADDRESS: two clients of a bus; one sends a descriptor to the other and gets one back */
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

static sd_bus *join(const char *address)
{
	sd_bus *bus = NULL;

	if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 ||
	    sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0)
		return NULL;
	return bus;
}

/* Write through the descriptor, and answer with the same. */
static int called(sd_bus_message *message, void *data, sd_bus_error *error)
{
	int fd;

	(void)data;
	(void)error;
	if (!sd_bus_message_is_method_call(message, "x.Y", "Take"))
		return 0;
	if (sd_bus_message_read(message, "h", &fd) < 0 || write(fd, "hello ", 6) != 6)
		return -1;
	return sd_bus_reply_method_return(message, "h", fd);
}

static int answered(sd_bus_message *message, void *data, sd_bus_error *error)
{
	int fd;

	(void)error;
	*(int *)data = sd_bus_message_read(message, "h", &fd) < 0 || write(fd, "again\n", 6) != 6 ?
		       -1 : 1;
	return 0;
}

int main(int argc, char **argv)
{
	sd_bus *one = argc > 1 ? join(argv[1]) : NULL, *other = one ? join(argv[1]) : NULL;
	const char *name;
	int done = 0, n = 0;

	if (!other || sd_bus_get_unique_name(other, &name) < 0 ||
	    sd_bus_add_filter(other, NULL, called, NULL) < 0 ||
	    sd_bus_call_method_async(one, NULL, name, "/x", "x.Y", "Take", answered, &done, "h", 1) < 0)
		return 1;
	while (!done && n >= 0) {
		n = sd_bus_process(one, NULL) | sd_bus_process(other, NULL);
		if (!n)
			usleep(1000);
	}
	sd_bus_flush_close_unref(one);
	sd_bus_flush_close_unref(other);
	return done != 1;
}
