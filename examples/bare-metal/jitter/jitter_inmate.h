/* SPDX-License-Identifier: MIT */
/*
 * An inmate that measures the jitter of a 10 Hz timer and sends each measurement to the root cell, over a channel that
 * TypeScript opens with the protocol of src/cli/jitter-protocol.ts. This is all of it but the machine: where the
 * sections lie, how a register is written, what time it is and how to wait. A port says that and runs the loop:
 *
 *	jitter_start(&inmate, &machine);
 *	for (;;) {
 *		uint64_t wait_ns = jitter_run(&inmate);
 *
 *		if (intercell_node_prepare_sleep(&inmate.node))
 *			wait for an interrupt, at most wait_ns
 *		intercell_node_wake(&inmate.node);
 *	}
 *
 * Ports: linux (a process on the simulated machine), aarch64 (freestanding), jailhouse (with Jailhouse's inmate library).
 */
#ifndef JITTER_INMATE_H
#define JITTER_INMATE_H

#include "generated/jitter.h"

#define JITTER_ROOT_CELL 0u
/* The device may have up to 12 (IVSHMEM_MAX_PEERS of Jailhouse); a cell of 64 KiB has no memory to spare for them. */
#ifndef JITTER_PEERS_MAX
#define JITTER_PEERS_MAX 4u
#endif
/* The timer of Jailhouse's demo inmate fires at 10 Hz. */
#define JITTER_PERIOD_NS UINT64_C(100000000)
/* How often the inmate looks by itself: covers a doorbell that was lost, and keeps the heartbeat going. */
#define JITTER_POLL_NS UINT64_C(50000000)
#define JITTER_HEARTBEAT_MS 100u
/* Channels of the root cell that can be known; the others are counted. */
#define JITTER_REMOTES 2u
#define JITTER_SCRATCH_BYTES 2048u

/* What a port tells of its machine. */
struct jitter_machine {
	struct intercell_platform platform;
	/* Nanoseconds since any moment; gets the platform's context. */
	uint64_t (*now_ns)(void *context);
	const void *state_table;
	void *output;
	/* All output sections in one piece; or, if it is NULL, one pointer for each peer in @sections. */
	const void *inputs;
	const void *const *sections;
	uint32_t output_bytes; /* of each section */
	uint32_t epoch_seed;   /* preferably random */
	bool interrupts;       /* false for a port that only polls: then no peer rings */
};

struct jitter_inmate {
	const struct jitter_machine *machine;
	struct intercell_node node;
	struct intercell_hub hub;
	struct intercell_link links[JITTER_PEERS_MAX];
	struct intercell_hub_link hub_links[JITTER_PEERS_MAX];
	struct intercell_remote remotes[JITTER_PEERS_MAX * JITTER_REMOTES];
	struct intercell_channel channel;
	struct jitter_handlers handlers;
	struct jitter_statistics statistics;
	uint64_t deadline_ns;
	uint32_t unsent;
	bool ticking; /* the root cell was there once */
	uint64_t scratch[JITTER_SCRATCH_BYTES / 8u];
};

/*
 * Shows the inmate to the root cell. @inmate is all zero, and it and @machine stay where they are. Returns 0;
 * INTERCELL_ENOSPC for a device of more than JITTER_PEERS_MAX peers; or what intercell_layout_plan(),
 * intercell_node_init() and jitter_open() return.
 */
int jitter_start(struct jitter_inmate *inmate, const struct jitter_machine *machine);

/* Does all there is to do. Returns the nanoseconds after which it wants to be called again, whatever happens. */
uint64_t jitter_run(struct jitter_inmate *inmate);

#endif
