/* SPDX-License-Identifier: MIT */
/*
 * Says in JSON what native/uio does: owner <what> <path>.
 *
 *	describe	the maps of a device, by its folder in sysfs
 *	holder		the process that has a node
 *	hold		1 if this process is found to have a file that it only maps
 *	open		[result, event_fd] of an attempt that is closed twice
 *	force		the same with INTERCELL_UIO_FORCE
 *	look		what an open device is
 *	store-input, store-state	look, after a store that is not allowed
 *	serve		answers each doorbell of peer 0 by adding 1 to the first
 *			word of its output section and ringing back, until that
 *			word is 0xffffffff (exit code 0) or the device is gone (3)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "intercell_uio.h"

#define STOP 0xffffffffu

static void print_map(const char *name, const struct intercell_uio_map *map)
{
	printf(",\"%s\":[%u,%zu]", name, map->index, map->bytes);
}

static int describe(const char *folder)
{
	struct intercell_uio_maps maps;
	int err = intercell_uio_describe(folder, &maps);

	if (err)
		return printf("%d\n", err) < 0;
	printf("{\"protocol\":%u", maps.protocol);
	print_map("registers", &maps.registers);
	print_map("state_table", &maps.state_table);
	print_map("rw_section", &maps.rw_section);
	print_map("input_sections", &maps.input_sections);
	print_map("output_section", &maps.output_section);
	return puts("}") < 0;
}

static int open_and_close(const char *path, unsigned int flags)
{
	struct intercell_uio uio;
	int err = intercell_uio_open(&uio, path, flags);

	intercell_uio_close(&uio);
	intercell_uio_close(&uio);
	return printf("[%d,%d]\n", err, uio.event_fd) < 0;
}

static int hold(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *memory = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return 2;
	close(fd);
	return printf("%d\n", intercell_uio_holder(path) == getpid()) < 0;
}

static uint32_t load(const volatile void *word)
{
	return __atomic_load_n((const volatile uint32_t *)word, __ATOMIC_ACQUIRE);
}

static void store(volatile void *word, uint32_t value)
{
	__atomic_store_n((volatile uint32_t *)word, value, __ATOMIC_RELEASE);
}

static int serve(struct intercell_uio *uio)
{
	int count;

	intercell_uio_write(uio, INTERCELL_UIO_INT_CONTROL, 1);
	intercell_uio_write(uio, INTERCELL_UIO_STATE, 1);
	for (;;) {
		count = intercell_uio_wait(uio, -1);
		if (count < 0)
			break;
		intercell_uio_write(uio, INTERCELL_UIO_INT_CONTROL, 1);
		if (load(uio->inputs[0]) == STOP)
			break;
		store(uio->output, load(uio->inputs[0]) + 1);
		intercell_uio_write(uio, INTERCELL_UIO_DOORBELL, 0 << 16);
	}
	/* Harmless also when the registers are gone. */
	if (count < 0 && intercell_uio_read(uio, INTERCELL_UIO_ID) != UINT32_MAX)
		return 4;
	intercell_uio_close(uio);
	return count == -ESHUTDOWN ? 3 : 0;
}

/* The interrupt that this side rings for comes once, as the device is one-shot. */
static int look(struct intercell_uio *uio)
{
	int idle = intercell_uio_wait(uio, 0), first, second;

	intercell_uio_write(uio, INTERCELL_UIO_INT_CONTROL, 1);
	intercell_uio_write(uio, INTERCELL_UIO_DOORBELL, uio->peer << 16);
	first = intercell_uio_wait(uio, 10000);
	intercell_uio_write(uio, INTERCELL_UIO_DOORBELL, uio->peer << 16);
	second = intercell_uio_wait(uio, 20);
	printf("{\"id\":%" PRIu32 ",\"maxPeers\":%" PRIu32 ",\"peer\":%" PRIu32
	       ",\"peers\":%" PRIu32 ",\"protocol\":%" PRIu32
	       ",\"stateTableBytes\":%zu,\"rwBytes\":%zu,\"outputBytes\":%zu"
	       ",\"rw\":%d,\"output\":%d,\"interrupts\":[%d,%d,%d]}\n",
	       intercell_uio_read(uio, INTERCELL_UIO_ID),
	       intercell_uio_read(uio, INTERCELL_UIO_MAX_PEERS_REG), uio->peer,
	       uio->max_peers, uio->protocol, uio->state_table_bytes,
	       uio->rw_bytes, uio->output_bytes, uio->rw != NULL,
	       uio->output != NULL, idle, first, second);
	intercell_uio_close(uio);
	return 0;
}

static int own(const char *what, const char *path)
{
	struct intercell_uio uio;

	if (intercell_uio_open(&uio, path, 0))
		return 2;
	if (!strcmp(what, "serve"))
		return serve(&uio);
	if (!strcmp(what, "store-input"))
		store((void *)uio.inputs[uio.peer], 1);
	if (!strcmp(what, "store-state"))
		store((volatile uint32_t *)uio.state_table, 1);
	return look(&uio);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "describe"))
		return describe(argv[2]);
	if (!strcmp(argv[1], "holder"))
		return printf("%d\n", intercell_uio_holder(argv[2])) < 0;
	if (!strcmp(argv[1], "hold"))
		return hold(argv[2]);
	if (!strcmp(argv[1], "open") || !strcmp(argv[1], "force"))
		return open_and_close(argv[2], *argv[1] == 'f');
	return own(argv[1], argv[2]);
}
