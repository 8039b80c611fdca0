/* SPDX-License-Identifier: MIT */
/* The jitter inmate as a Linux process: a cell of a simulated machine, which the environment names. */
#define _GNU_SOURCE
#include "../jitter_inmate.h"

#include "intercell_sim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)
/* poll() counts whole milliseconds and the kernel wakes late: within this time of the deadline the loop spins. */
#define SPIN_NS (2 * NS_PER_MS)

static struct intercell_sim sim;
static struct jitter_machine machine;
static struct jitter_inmate inmate;

static uint32_t read_register(void *context, uint32_t offset)
{
	(void)context;
	return intercell_sim_read(&sim, offset);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	(void)context;
	intercell_sim_write(&sim, offset, value);
}

static uint64_t monotonic_ns(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

static uint32_t monotonic_ms(void *context)
{
	return (uint32_t)(monotonic_ns(context) / NS_PER_MS);
}

static int fail(const char *wanted, int error)
{
	fprintf(stderr, "jitter inmate: Cannot %s: %s\n", wanted, strerror(-error));
	return 1;
}

int main(void)
{
	int error = intercell_sim_open(&sim, NULL, 0, -1);

	if (error < 0)
		return fail("join the machine that INTERCELL_SIM names", error);
	machine.platform.read_register = read_register;
	machine.platform.write_register = write_register;
	machine.platform.clock_ms = monotonic_ms;
	machine.now_ns = monotonic_ns;
	/* Volatile is how the stub says that the broker stores there; the library loads these words once each, too. */
	machine.state_table = (const void *)sim.state_table;
	machine.output = sim.output;
	machine.sections = sim.inputs;
	machine.output_bytes = (uint32_t)sim.output_bytes;
	machine.epoch_seed = (uint32_t)monotonic_ns(NULL) ^ (uint32_t)getpid() << 16;
	machine.interrupts = true;
	error = jitter_start(&inmate, &machine);
	if (error < 0)
		return fail("start on the device", error);
	do {
		uint64_t wait_ns = jitter_run(&inmate);

		error = 0;
		if (intercell_node_prepare_sleep(&inmate.node))
			error = intercell_sim_wait(&sim, wait_ns > SPIN_NS ? (int)((wait_ns - SPIN_NS) / NS_PER_MS) + 1 : 0);
		intercell_node_wake(&inmate.node);
	} while (error >= 0 || error == -EINTR);
	intercell_sim_close(&sim);
	return error == -ESHUTDOWN ? 0 : fail("wait for interrupts", error);
}
