/* SPDX-License-Identifier: ISC */
/* wayland serve: a server of the least that shows a picture, and says what is in it
 * wayland draw: a client that says what the keys are, and shows a picture
 * The keys go to the client and the picture to the server in the memory of a descriptor. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>
#include <wayland-server.h>

enum { SIZE = 8 };

static int memory(const char text[SIZE])
{
	int fd = memfd_create("wayland", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, SIZE) != SIZE)
		exit(111);
	return fd;
}

/* --- the server --- */

static struct wl_resource *shown;

static void attach(struct wl_client *client, struct wl_resource *surface,
		   struct wl_resource *buffer, int x, int y)
{
	(void)client, (void)surface, (void)x, (void)y;
	shown = buffer;
}

static void commit(struct wl_client *client, struct wl_resource *surface)
{
	struct wl_shm_buffer *buffer = shown ? wl_shm_buffer_get(shown) : NULL;

	(void)client, (void)surface;
	if (buffer)
		printf("server: %.*s\n", SIZE, (char *)wl_shm_buffer_get_data(buffer));
	fflush(stdout);
}

static const struct wl_surface_interface surface = { .attach = attach, .commit = commit };

static void create_surface(struct wl_client *client, struct wl_resource *compositor, unsigned id)
{
	(void)compositor;
	wl_resource_set_implementation(wl_resource_create(client, &wl_surface_interface, 1, id),
				       &surface, NULL, NULL);
}

static const struct wl_compositor_interface compositor = { .create_surface = create_surface };

static void get_keyboard(struct wl_client *client, struct wl_resource *seat, unsigned id)
{
	int keys = memory("the keys");

	wl_keyboard_send_keymap(wl_resource_create(client, &wl_keyboard_interface,
						   wl_resource_get_version(seat), id),
				WL_KEYBOARD_KEYMAP_FORMAT_NO_KEYMAP, keys, SIZE);
	close(keys);
}

static const struct wl_seat_interface seat = { .get_keyboard = get_keyboard };

static void bind_compositor(struct wl_client *client, void *data, unsigned version, unsigned id)
{
	(void)data;
	wl_resource_set_implementation(wl_resource_create(client, &wl_compositor_interface,
							  version, id), &compositor, NULL, NULL);
}

static void bind_seat(struct wl_client *client, void *data, unsigned version, unsigned id)
{
	struct wl_resource *resource = wl_resource_create(client, &wl_seat_interface, version, id);

	(void)data;
	wl_resource_set_implementation(resource, &seat, NULL, NULL);
	wl_seat_send_capabilities(resource, WL_SEAT_CAPABILITY_KEYBOARD);
}

static int serve(void)
{
	struct wl_display *display = wl_display_create();

	if (!wl_global_create(display, &wl_compositor_interface, 1, NULL, bind_compositor) ||
	    !wl_global_create(display, &wl_seat_interface, 4, NULL, bind_seat) ||
	    wl_display_init_shm(display) || wl_display_add_socket(display, "wayland"))
		return 111;
	wl_display_run(display);
	return 0;
}

/* --- the client --- */

static struct wl_compositor *a_compositor;
static struct wl_seat *a_seat;
static struct wl_shm *shm;

static void found(void *data, struct wl_registry *registry, unsigned id, const char *interface,
		  unsigned version)
{
	(void)data, (void)version;
	if (!strcmp(interface, "wl_compositor"))
		a_compositor = wl_registry_bind(registry, id, &wl_compositor_interface, 1);
	else if (!strcmp(interface, "wl_seat"))
		a_seat = wl_registry_bind(registry, id, &wl_seat_interface, 1);
	else if (!strcmp(interface, "wl_shm"))
		shm = wl_registry_bind(registry, id, &wl_shm_interface, 1);
}

static void keymap(void *data, struct wl_keyboard *keyboard, unsigned format, int fd, unsigned size)
{
	char text[SIZE];

	(void)data, (void)keyboard, (void)format, (void)size;
	if (pread(fd, text, SIZE, 0) == SIZE)
		printf("client: %.*s\n", SIZE, text);
	close(fd);
}

static int draw(void)
{
	static const struct wl_registry_listener globals = { .global = found };
	static const struct wl_keyboard_listener keys = { .keymap = keymap };
	struct wl_display *display = wl_display_connect(NULL);
	struct wl_surface *picture;

	if (!display)
		return 111;
	wl_registry_add_listener(wl_display_get_registry(display), &globals, NULL);
	wl_display_roundtrip(display);
	wl_keyboard_add_listener(wl_seat_get_keyboard(a_seat), &keys, NULL);
	picture = wl_compositor_create_surface(a_compositor);
	wl_surface_attach(picture, wl_shm_pool_create_buffer(
				  wl_shm_create_pool(shm, memory("a pixel."), SIZE),
				  0, 2, 1, SIZE, WL_SHM_FORMAT_ARGB8888), 0, 0);
	wl_surface_commit(picture);
	return wl_display_roundtrip(display) < 0;
}

int main(int argc, char **argv)
{
	return argc == 2 && !strcmp(argv[1], "serve") ? serve() : draw();
}
