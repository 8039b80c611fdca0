/* SPDX-License-Identifier: MIT */
/*
 * Lets a C program run as a cell of a simulated Jailhouse machine: the code of
 * an inmate as an ordinary process. Build intercell_sim.c along; it needs
 * POSIX and Linux, nothing else.
 *
 *	struct intercell_sim sim;
 *	int err = intercell_sim_open(&sim, NULL, 0, -1);
 */
#ifndef INTERCELL_SIM_H
#define INTERCELL_SIM_H

#include <stddef.h>
#include <stdint.h>

#define INTERCELL_SIM_MAX_PEERS	12

/* Register offsets of the ivshmem v2 specification. */
#define INTERCELL_SIM_ID		0x00u
#define INTERCELL_SIM_MAX_PEERS_REG	0x04u
#define INTERCELL_SIM_INT_CONTROL	0x08u
#define INTERCELL_SIM_DOORBELL		0x0cu
#define INTERCELL_SIM_STATE		0x10u

/*
 * One device of the machine as one of its peers sees it. What is read-only on
 * the real machine is mapped read-only: a store to it is SIGSEGV.
 */
struct intercell_sim {
	uint32_t peer;
	uint32_t max_peers;
	/* 0 for INTx, which has vector 0 only, or the number of MSI-X vectors. */
	uint32_t vectors;
	uint32_t protocol;
	size_t state_table_bytes;
	/* 0 if there is no R/W section; rw is NULL then. */
	size_t rw_bytes;
	/* Of each output section; 0 if there are none, the pointers are NULL then. */
	size_t output_bytes;

	/* One word for each peer, written by the hypervisor only. */
	const volatile uint32_t *state_table;
	void *rw;
	/* The output section of each peer, the own one included. */
	const void *inputs[INTERCELL_SIM_MAX_PEERS];
	void *output;
	/* Readable with an interrupt: a u64 count, for poll() of one's own. */
	int event_fd;

	/* Private from here on. */
	int socket_fd;
	int event_fds[INTERCELL_SIM_MAX_PEERS];
	void *hypervisor;
	void *hypervisor_states;
};

/* In place of an index: the first device of a protocol, such as 1, a network. */
#define INTERCELL_SIM_OF_PROTOCOL(protocol)	(0x80000000u + (protocol))

/*
 * Joins a machine. machine NULL takes the name from the environment variable
 * INTERCELL_SIM, peer -1 the id from INTERCELL_PEER; Machine.startCell() sets
 * both. Interrupts are masked and the state is 0 until the caller writes
 * INT_CONTROL and STATE.
 *
 * Returns 0, -ENOENT if the environment does not name a machine or peer,
 * -ECONNREFUSED if there is no such machine, -EBUSY if the peer is in use,
 * -ENODEV or -EINVAL if the machine has no such device or peer, -ESHUTDOWN if
 * the cell has failed or was destroyed, or another -errno. *sim needs no close
 * then.
 */
int intercell_sim_open(struct intercell_sim *sim, const char *machine,
		       unsigned int device, int peer);

/* A register access; offset is one of the five above, others do nothing. */
uint32_t intercell_sim_read(struct intercell_sim *sim, uint32_t offset);
void intercell_sim_write(struct intercell_sim *sim, uint32_t offset,
			 uint32_t value);

/*
 * Waits for interrupts, at most timeout_ms (-1: for ever). The device is
 * one-shot: write 1 to INT_CONTROL afterwards, and only then look at memory.
 *
 * Returns how many interrupts were merged, 0 when the time has passed,
 * -ESHUTDOWN if the machine is gone or the cell is to stop, or another -errno
 * (-EINTR after a signal).
 */
int intercell_sim_wait(struct intercell_sim *sim, int timeout_ms);

/* State 0, unmap, close; idempotent. */
void intercell_sim_close(struct intercell_sim *sim);

#endif
