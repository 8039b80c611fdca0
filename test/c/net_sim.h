/* SPDX-License-Identifier: MIT */
/* The network device of a simulated machine, for inmates of the tests that are processes. */
#ifndef TEST_NET_SIM_H
#define TEST_NET_SIM_H

#include "intercell/net.h"
#include "intercell_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NET_SIM_FRAME 1518u

static struct intercell_sim sim;
static struct intercell_net net;

static uint32_t net_sim_read(void *context, uint32_t offset)
{
	(void)context;
	return intercell_sim_read(&sim, offset);
}

static void net_sim_write(void *context, uint32_t offset, uint32_t value)
{
	(void)context;
	intercell_sim_write(&sim, offset, value);
}

static uint32_t net_sim_clock(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static const struct intercell_platform net_sim_platform = { net_sim_read, net_sim_write, net_sim_clock, NULL };

static void net_sim_fail(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-error));
	exit(1);
}

/* Joins the machine that the environment names, and makes net an endpoint of its network. */
static void net_sim_open(int (*on_frame)(void *context, const unsigned char *frame, uint32_t length))
{
	static _Alignas(8) unsigned char frame[(NET_SIM_FRAME + 7u) & ~7u];
	struct intercell_net_options options = { 0 };
	int error = intercell_sim_open(&sim, NULL, INTERCELL_SIM_OF_PROTOCOL(INTERCELL_NET_PROTOCOL), -1);

	if (error < 0)
		net_sim_fail("cannot join the machine", error);
	options.platform = &net_sim_platform;
	options.state_table = (const void *)sim.state_table;
	options.output = sim.output;
	options.input = sim.inputs[1 - sim.peer];
	options.section_size = (uint32_t)sim.output_bytes;
	options.id = sim.peer;
	options.vectors = sim.vectors == 0 ? 1 : sim.vectors;
	options.interrupts = true;
	options.frame = frame;
	options.frame_size = NET_SIM_FRAME;
	options.on_frame = on_frame;
	error = intercell_net_init(&net, &options);
	if (error < 0)
		net_sim_fail("cannot be an endpoint", error);
	intercell_net_start(&net);
}

/* Sleeps until something happens, at most so long, unless it has happened. Returns false if the machine is gone. */
static bool net_sim_sleep(int timeout_ms)
{
	bool goes_on = !intercell_net_prepare_sleep(&net) || intercell_sim_wait(&sim, timeout_ms) >= 0;

	intercell_net_wake(&net);
	return goes_on;
}

#endif
