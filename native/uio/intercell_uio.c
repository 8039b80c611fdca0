// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "intercell_uio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* MAX_UIO_MAPS of Linux, include/linux/uio_driver.h. */
#define MAX_MAPS	5

/* The name that uio_ivshmem gives its devices is this and a PCI address. */
#define NAME_PREFIX	"uio_ivshmem["

/* Reads the first line of a file in a folder of sysfs, without its end. */
static int read_line(const char *folder, const char *name, char *line,
		     size_t size)
{
	char path[PATH_MAX];
	ssize_t count;
	int fd, err;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	count = read(fd, line, size - 1);
	err = count < 0 ? -errno : 0;
	close(fd);
	if (!err) {
		line[count] = 0;
		line[strcspn(line, "\n")] = 0;
	}
	return err;
}

static int read_number(const char *folder, const char *name, uint64_t *value)
{
	char line[32], *end;
	int err = read_line(folder, name, line, sizeof(line));

	if (err)
		return err;
	errno = 0;
	*value = strtoull(line, &end, 0);
	return errno || end == line || *end ? -EPROTO : 0;
}

static struct intercell_uio_map *find_map(struct intercell_uio_maps *maps,
					  const char *name)
{
	const struct {
		const char *name;
		struct intercell_uio_map *map;
	} all[] = {
		{ "registers", &maps->registers },
		{ "state_table", &maps->state_table },
		{ "rw_section", &maps->rw_section },
		{ "input_sections", &maps->input_sections },
		{ "output_section", &maps->output_section },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(name, all[i].name))
			return all[i].map;
	return NULL;
}

/* Returns 1 if there is no map of this index. */
static int read_map(const char *folder, uint32_t index,
		    struct intercell_uio_maps *maps)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	struct intercell_uio_map *map;
	uint64_t bytes = 0, offset = 0;
	char place[PATH_MAX], name[64];
	int err;

	if ((size_t)snprintf(place, sizeof(place), "%s/maps/map%u", folder,
			     index) >= sizeof(place))
		return -ENAMETOOLONG;
	err = read_line(place, "name", name, sizeof(name));
	if (err)
		return err == -ENOENT ? 1 : err;
	map = find_map(maps, name);
	if (!map)
		return 0;
	err = read_number(place, "size", &bytes);
	if (!err)
		err = read_number(place, "offset", &offset);
	if (err)
		return err;
	if (!bytes || bytes % page_bytes || offset || bytes > SIZE_MAX)
		return -EINVAL;
	map->index = index;
	map->bytes = (size_t)bytes;
	return 0;
}

int intercell_uio_describe(const char *folder, struct intercell_uio_maps *maps)
{
	uint64_t class_word = 0;
	uint32_t index;
	char name[64];
	int err;

	memset(maps, 0, sizeof(*maps));
	err = read_line(folder, "name", name, sizeof(name));
	if (err)
		return err == -ENOENT ? -ENODEV : err;
	if (strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)))
		return -ENODEV;
	err = read_number(folder, "device/class", &class_word);
	for (index = 0; index < MAX_MAPS && !err; index++)
		err = read_map(folder, index, maps);
	if (err < 0)
		return err;
	maps->protocol = class_word & 0xffff;
	if (!maps->registers.bytes || !maps->state_table.bytes ||
	    !maps->input_sections.bytes != !maps->output_section.bytes)
		return -EPROTO;
	return 0;
}

static void unmap(const volatile void *memory, size_t bytes)
{
	if (memory)
		munmap((void *)memory, bytes);
}

static void clear(struct intercell_uio *uio)
{
	memset(uio, 0, sizeof(*uio));
	uio->event_fd = -1;
}

/* From here on the page is not touched: that would be SIGBUS. */
static void forget_registers(struct intercell_uio *uio)
{
	unmap(uio->registers, uio->register_bytes);
	uio->registers = NULL;
}

static void release(struct intercell_uio *uio)
{
	forget_registers(uio);
	unmap(uio->state_table, uio->state_table_bytes);
	unmap(uio->rw, uio->rw_bytes);
	unmap(uio->inputs[0], uio->max_peers * uio->output_bytes);
	unmap(uio->output, uio->output_bytes);
	if (uio->event_fd >= 0)
		close(uio->event_fd);
	clear(uio);
}

/* Leaves the pointer alone if there is no such map. */
static int map(int fd, const struct intercell_uio_map *map, int protection,
	       void *pointer)
{
	off_t place = (off_t)map->index * sysconf(_SC_PAGESIZE);
	void *memory;

	if (!map->bytes)
		return 0;
	memory = mmap(NULL, map->bytes, protection, MAP_SHARED, fd, place);
	if (memory == MAP_FAILED)
		return -errno;
	memcpy(pointer, &memory, sizeof(memory));
	return 0;
}

/* Takes the identity from the registers, which must be what sysfs tells. */
static int identify(struct intercell_uio *uio,
		    const struct intercell_uio_maps *maps)
{
	uint32_t max_peers = intercell_uio_read(uio, INTERCELL_UIO_MAX_PEERS_REG);
	uint32_t peer = intercell_uio_read(uio, INTERCELL_UIO_ID);

	if (max_peers < 1 || max_peers > INTERCELL_UIO_MAX_PEERS ||
	    peer >= max_peers || maps->state_table.bytes < 4 * max_peers ||
	    maps->input_sections.bytes / max_peers !=
		    maps->output_section.bytes ||
	    maps->input_sections.bytes % max_peers)
		return -EPROTO;
	uio->peer = peer;
	uio->max_peers = max_peers;
	uio->protocol = maps->protocol;
	uio->state_table_bytes = maps->state_table.bytes;
	uio->rw_bytes = maps->rw_section.bytes;
	uio->output_bytes = maps->output_section.bytes;
	return 0;
}

static int map_all(struct intercell_uio *uio,
		   const struct intercell_uio_maps *maps)
{
	const int write = PROT_READ | PROT_WRITE;
	int fd = uio->event_fd;
	uint32_t i;
	int err;

	uio->register_bytes = maps->registers.bytes;
	err = map(fd, &maps->registers, write, &uio->registers);
	if (!err)
		err = identify(uio, maps);
	if (!err)
		err = map(fd, &maps->state_table, PROT_READ, &uio->state_table);
	if (!err)
		err = map(fd, &maps->rw_section, write, &uio->rw);
	if (!err)
		err = map(fd, &maps->output_section, write, &uio->output);
	if (!err)
		err = map(fd, &maps->input_sections, PROT_READ, &uio->inputs[0]);
	for (i = 1; i < uio->max_peers && !err && uio->output_bytes; i++)
		uio->inputs[i] = (const unsigned char *)uio->inputs[i - 1] +
				 uio->output_bytes;
	return err;
}

int intercell_uio_open(struct intercell_uio *uio, const char *path,
		       unsigned int flags)
{
	struct intercell_uio_maps maps;
	uint64_t events = 0;
	struct stat node;
	char folder[64];
	int err;

	clear(uio);
	if (stat(path, &node) < 0)
		return -errno;
	if (!S_ISCHR(node.st_mode))
		return -ENODEV;
	snprintf(folder, sizeof(folder), "/sys/dev/char/%u:%u",
		 major(node.st_rdev), minor(node.st_rdev));
	err = intercell_uio_describe(folder, &maps);
	if (!err && !(flags & INTERCELL_UIO_FORCE))
		err = intercell_uio_holder(path);
	if (err)
		return err > 0 ? -EBUSY : err;
	uio->event_fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (uio->event_fd < 0)
		return -errno;
	err = map_all(uio, &maps);
	if (!err) {
		/* What the last owner armed must not count as ours. */
		intercell_uio_write(uio, INTERCELL_UIO_INT_CONTROL, 0);
		err = read_number(folder, "event", &events);
		uio->events = (uint32_t)events;
	}
	if (err)
		release(uio);
	return err;
}

/* Asks the kernel, as the page says nothing before it faults. */
static bool is_gone(const struct intercell_uio *uio)
{
	struct pollfd device = { .fd = uio->event_fd };

	return !uio->registers ||
	       (poll(&device, 1, 0) > 0 && device.revents & (POLLERR | POLLHUP));
}

/*
 * The hypervisor traps the page and knows plain integer loads and stores only:
 * an access must stay one aligned 32-bit instruction. The fences order it with
 * accesses to shared memory.
 */
uint32_t intercell_uio_read(struct intercell_uio *uio, uint32_t offset)
{
	uint32_t value;

	if (is_gone(uio)) {
		forget_registers(uio);
		return UINT32_MAX;
	}
	value = uio->registers[offset / 4];
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return value;
}

void intercell_uio_write(struct intercell_uio *uio, uint32_t offset,
			 uint32_t value)
{
	if (is_gone(uio)) {
		forget_registers(uio);
		return;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uio->registers[offset / 4] = value;
}

int intercell_uio_wait(struct intercell_uio *uio, int timeout_ms)
{
	struct pollfd ready = { .fd = uio->event_fd, .events = POLLIN };
	uint32_t count, merged;
	int polled;

	polled = poll(&ready, 1, timeout_ms);
	if (polled <= 0)
		return polled ? -errno : 0;
	if (ready.revents & (POLLERR | POLLHUP | POLLNVAL)) {
		forget_registers(uio);
		return -ESHUTDOWN;
	}
	if (read(uio->event_fd, &count, sizeof(count)) < 0) {
		if (errno != EIO)
			return errno == EAGAIN ? 0 : -errno;
		forget_registers(uio);
		return -ESHUTDOWN;
	}
	merged = count - uio->events;
	uio->events = count;
	return merged > INT_MAX ? INT_MAX : (int)merged;
}

void intercell_uio_close(struct intercell_uio *uio)
{
	if (!uio->state_table)
		return;
	intercell_uio_write(uio, INTERCELL_UIO_STATE, 0);
	release(uio);
}
