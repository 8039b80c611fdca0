/* SPDX-License-Identifier: MIT */
/* The C cell as a process of a simulated machine, which the environment names. */
#define _GNU_SOURCE
#include "probe_process.h"

#include <sys/mman.h>

#include "intercell_sim.h"

static void inmate_write_register(void *context, uint32_t offset, uint32_t value)
{
	intercell_sim_write(context, offset, value);
}

static int inmate_take_interrupts(void *context)
{
	return intercell_sim_wait(context, 0);
}

/* The library takes the sections as the device has them: one behind the other. */
static void *inmate_inputs(struct intercell_sim *sim)
{
	size_t size = sim->output_bytes;
	unsigned char *all = mmap(NULL, size * PROBE_PEERS, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *place = all;

	for (uint32_t i = 0; all != MAP_FAILED && i < PROBE_PEERS; i++, place += size) {
		sim->inputs[i] = mremap((void *)sim->inputs[i], size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place);
		if (sim->inputs[i] == MAP_FAILED)
			return NULL;
	}
	return all == MAP_FAILED ? NULL : all;
}

int main(void)
{
	static struct intercell_sim sim;
	struct probe_device device;

	if (intercell_sim_open(&sim, NULL, 0, -1) < 0)
		return 1;
	device.peer = sim.peer;
	device.output_bytes = (uint32_t)sim.output_bytes;
	device.state_table = (const void *)sim.state_table;
	device.inputs = inmate_inputs(&sim);
	device.output = sim.output;
	device.event_fd = sim.event_fd;
	device.write_register = inmate_write_register;
	device.take_interrupts = inmate_take_interrupts;
	device.context = &sim;
	return device.inputs ? probe_process(&device) : 1;
}
