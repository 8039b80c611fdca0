/* SPDX-License-Identifier: MIT */
/*
 * An inmate that sends each Ethernet frame back to where it came from, over the network device of a simulated machine. It
 * sleeps between frames, and holds what finds no room.
 */
#include "intercell/net.h"
#include "intercell_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MTU 1500u
#define FRAME (MTU + INTERCELL_NET_HEADER)

static struct intercell_sim sim;
static struct intercell_net net;
static _Alignas(8) unsigned char frame[(FRAME + 7u) & ~7u];

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

static int echo(void *context, const unsigned char *received, uint32_t length)
{
	static unsigned char answer[FRAME];

	(void)context;
	memcpy(answer, received + 6, 6);
	memcpy(answer + 6, received, 6);
	memcpy(answer + 12, received + 12, length - 12);
	return intercell_net_send(&net, answer, length) == INTERCELL_ENOBUFS ? INTERCELL_HOLD : INTERCELL_OK;
}

static void report(void *context, uint32_t event, uint32_t detail)
{
	(void)context;
	printf("[\"event\", %u, %u]\n", event, detail);
	fflush(stdout);
}

static void fail(const char *what, int error)
{
	fprintf(stderr, "net_echo: %s: %s\n", what, strerror(-error));
	exit(1);
}

int main(void)
{
	static struct intercell_platform platform = { read_register, write_register, NULL, NULL };
	struct intercell_net_options options = { 0 };
	int result = intercell_sim_open(&sim, NULL, INTERCELL_SIM_OF_PROTOCOL(INTERCELL_NET_PROTOCOL), -1);

	if (result < 0)
		fail("cannot join the machine", result);
	options.platform = &platform;
	options.state_table = (const void *)sim.state_table;
	options.output = sim.output;
	options.input = sim.inputs[1 - sim.peer];
	options.section_size = (uint32_t)sim.output_bytes;
	options.id = sim.peer;
	options.vectors = sim.vectors == 0 ? 1 : sim.vectors;
	options.interrupts = true;
	options.frame = frame;
	options.frame_size = FRAME;
	options.on_frame = echo;
	options.on_event = report;
	result = intercell_net_init(&net, &options);
	if (result < 0)
		fail("cannot be an endpoint", result);
	intercell_net_start(&net);
	for (;;) {
		while (intercell_net_poll(&net, 64) > 0)
			;
		if (intercell_net_prepare_sleep(&net)) {
			result = intercell_sim_wait(&sim, 1000);
			if (result < 0)
				return 0;
		}
		intercell_net_wake(&net);
	}
}
