/* SPDX-License-Identifier: MIT */
/*
 * Lets a C program of a Linux cell own an ivshmem device through the driver
 * uio_ivshmem, with the same face as a cell of the simulated machine has in
 * intercell_sim.h. Build intercell_uio.c and uio_holder.c along; they need POSIX
 * and Linux, nothing else.
 *
 *	struct intercell_uio uio;
 *	int err = intercell_uio_open(&uio, "/dev/uio0", 0);
 */
#ifndef INTERCELL_UIO_H
#define INTERCELL_UIO_H

#include <stddef.h>
#include <stdint.h>

#define INTERCELL_UIO_MAX_PEERS	12

/* Register offsets of the ivshmem v2 specification. */
#define INTERCELL_UIO_ID		0x00u
#define INTERCELL_UIO_MAX_PEERS_REG	0x04u
#define INTERCELL_UIO_INT_CONTROL	0x08u
#define INTERCELL_UIO_DOORBELL		0x0cu
#define INTERCELL_UIO_STATE		0x10u

/* Flag of intercell_uio_open(): open the device though a process has it. */
#define INTERCELL_UIO_FORCE	1u

/* A map of a UIO device. Its index tells its place for mmap(). */
struct intercell_uio_map {
	uint32_t index;
	/* 0 if there is no such map. */
	size_t bytes;
};

/* What sysfs tells of a device. */
struct intercell_uio_maps {
	/* Of the PCI class word, 0 to 0xffff. */
	uint32_t protocol;
	struct intercell_uio_map registers;
	struct intercell_uio_map state_table;
	struct intercell_uio_map rw_section;
	struct intercell_uio_map input_sections;
	struct intercell_uio_map output_section;
};

/*
 * One device as its owner sees it. A store to what is mapped for reading is
 * SIGSEGV.
 */
struct intercell_uio {
	uint32_t peer;
	uint32_t max_peers;
	uint32_t protocol;
	size_t state_table_bytes;
	/* 0 if there is no R/W section; rw is NULL then. */
	size_t rw_bytes;
	/* Of each output section; 0 if there are none, the pointers are NULL then. */
	size_t output_bytes;

	/* One word for each peer, written by the hypervisor only. */
	const volatile uint32_t *state_table;
	void *rw;
	/*
	 * The output section of each peer, the own one included. They lie one
	 * behind the other.
	 */
	const void *inputs[INTERCELL_UIO_MAX_PEERS];
	void *output;
	/* Readable with an interrupt, for poll() of one's own. */
	int event_fd;

	/* Private from here on. */
	volatile uint32_t *registers;
	size_t register_bytes;
	uint32_t events;
};

/*
 * Reads the maps of a device, found by their names, from its folder in sysfs,
 * such as /sys/class/uio/uio0. Opens no device.
 *
 * Returns 0, -ENODEV if this is no device of uio_ivshmem, -EINVAL if a map does
 * not fill whole pages of this kernel, -EPROTO if a map is missing or their
 * sizes contradict each other, or the -errno of a file in sysfs.
 */
int intercell_uio_describe(const char *folder, struct intercell_uio_maps *maps);

/*
 * Looks for a process that has the device node open or mapped, the caller
 * included, without opening it. Processes of other users show to root only.
 *
 * Returns its id, 0 if there is none, or the -errno of stat() or /proc.
 */
int intercell_uio_holder(const char *path);

/*
 * Opens a device node and takes the device over: interrupts are masked and the
 * state is 0 until the caller writes INT_CONTROL and STATE. A device has one
 * owner, as the kernel writes state 0 whenever anyone closes it.
 *
 * Returns 0, -EBUSY if a process has it, unless flags has INTERCELL_UIO_FORCE,
 * -ENOENT if there is no such node, -EACCES if this user may not open it,
 * -EPROTO if the registers contradict sysfs, another result of
 * intercell_uio_describe(), or another -errno. *uio needs no close then.
 */
int intercell_uio_open(struct intercell_uio *uio, const char *path,
		       unsigned int flags);

/*
 * A register access, one aligned 32-bit load or store; offset is one of the five
 * above. Once the driver is gone, reads give 0xffffffff and writes do nothing.
 */
uint32_t intercell_uio_read(struct intercell_uio *uio, uint32_t offset);
void intercell_uio_write(struct intercell_uio *uio, uint32_t offset,
			 uint32_t value);

/*
 * Waits for interrupts, at most timeout_ms (-1: for ever). The device is
 * one-shot: write 1 to INT_CONTROL afterwards, and only then look at memory.
 *
 * Returns how many interrupts were merged, 0 when the time has passed,
 * -ESHUTDOWN if Jailhouse was disabled or the driver unbound, or another -errno
 * (-EINTR after a signal).
 */
int intercell_uio_wait(struct intercell_uio *uio, int timeout_ms);

/* State 0, unmap, close; idempotent. */
void intercell_uio_close(struct intercell_uio *uio);

#endif
