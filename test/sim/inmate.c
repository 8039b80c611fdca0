/* SPDX-License-Identifier: MIT */
/*
 * An inmate in C for the tests. Without arguments it joins as the environment
 * says and serves: it copies what peer 0 has at offset 0 of its output section
 * to its own, publishes state 1, and answers each doorbell by adding 1 to that
 * word and ringing back, until peer 0 writes 0xffffffff or the machine ends.
 *
 * With arguments MACHINE DEVICE PEER it prints what it finds as JSON, or the
 * errno of a refusal, and leaves. A further argument makes it store to memory
 * that it may only read: "input" or "state_table".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intercell_sim.h"

#define STOP 0xffffffffu

static uint32_t load(const volatile void *word)
{
	return __atomic_load_n((const volatile uint32_t *)word,
			       __ATOMIC_ACQUIRE);
}

static void store(volatile void *word, uint32_t value)
{
	__atomic_store_n((volatile uint32_t *)word, value, __ATOMIC_RELEASE);
}

static int serve(void)
{
	struct intercell_sim sim;
	int count = intercell_sim_open(&sim, NULL, 0, -1);

	if (count)
		return -count;
	intercell_sim_write(&sim, INTERCELL_SIM_INT_CONTROL, 1);
	store(sim.output, load(sim.inputs[0]));
	intercell_sim_write(&sim, INTERCELL_SIM_STATE, 1);
	for (;;) {
		count = intercell_sim_wait(&sim, -1);
		if (count < 0)
			break;
		intercell_sim_write(&sim, INTERCELL_SIM_INT_CONTROL, 1);
		if (load(sim.inputs[0]) == STOP)
			break;
		store(sim.output, load(sim.inputs[0]) + 1);
		intercell_sim_write(&sim, INTERCELL_SIM_DOORBELL, 0 << 16);
	}
	intercell_sim_close(&sim);
	intercell_sim_close(&sim);
	return count == -ESHUTDOWN ? 3 : 0;
}

static void describe(struct intercell_sim *sim)
{
	printf("{\"id\":%" PRIu32 ",\"maxPeers\":%" PRIu32 ",\"peers\":%" PRIu32
	       ",\"vectors\":%" PRIu32 ",\"protocol\":%" PRIu32
	       ",\"stateTableBytes\":%zu,\"rwBytes\":%zu,\"outputBytes\":%zu"
	       ",\"rw\":%d,\"output\":%d,\"state\":%" PRIu32 ",\"timeout\":%d",
	       intercell_sim_read(sim, INTERCELL_SIM_ID),
	       intercell_sim_read(sim, INTERCELL_SIM_MAX_PEERS_REG),
	       sim->max_peers, sim->vectors, sim->protocol,
	       sim->state_table_bytes, sim->rw_bytes, sim->output_bytes,
	       sim->rw != NULL, sim->output != NULL,
	       intercell_sim_read(sim, INTERCELL_SIM_STATE),
	       intercell_sim_wait(sim, 0));
	intercell_sim_write(sim, INTERCELL_SIM_INT_CONTROL, 1);
	intercell_sim_write(sim, INTERCELL_SIM_DOORBELL, sim->peer << 16);
	printf(",\"self\":%d}\n", intercell_sim_wait(sim, 0));
}

int main(int argc, char **argv)
{
	struct intercell_sim sim;
	int err;

	if (argc < 4)
		return serve();
	err = intercell_sim_open(&sim, argv[1], (unsigned int)atoi(argv[2]),
				 atoi(argv[3]));
	if (err) {
		printf("%d\n", err);
		return 0;
	}
	if (argc > 4 && !strcmp(argv[4], "input"))
		store((void *)sim.inputs[sim.peer], 1);
	else if (argc > 4)
		store((volatile uint32_t *)sim.state_table, 1);
	describe(&sim);
	intercell_sim_close(&sim);
	return 0;
}
