/* SPDX-License-Identifier: MIT */
/* The weather station as an inmate in C: a process that is a cell of the machine that the environment names. */
#define _POSIX_C_SOURCE 199309L
#include "weather.h"

#include "intercell_sim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DISPLAY 0u
#define PERIOD_MS 500u
/* The peer's channels that are remembered: the one of this protocol, and one to spare. */
#define REMOTES 2

static struct intercell_sim sim;
static struct intercell_node node;
static struct intercell_hub hub;
static struct intercell_link links[INTERCELL_SIM_MAX_PEERS];
static struct intercell_hub_link hub_links[INTERCELL_SIM_MAX_PEERS];
static struct intercell_remote remotes[INTERCELL_SIM_MAX_PEERS * REMOTES];
static struct intercell_channel channel;
static uint64_t scratch[0x2000 / sizeof(uint64_t)];
static double offset;

static uint32_t read_register(void *context, uint32_t at)
{
	(void)context;
	return intercell_sim_read(&sim, at);
}

static void write_register(void *context, uint32_t at, uint32_t value)
{
	(void)context;
	intercell_sim_write(&sim, at, value);
}

static uint32_t now_ms(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_sec * 1000u + (uint32_t)(now.tv_nsec / 1000000);
}

/* What differs from platform to platform. On bare metal registers are device memory, and the clock is a timer. */
static const struct intercell_platform platform = {
	.read_register = read_register,
	.write_register = write_register,
	.clock_ms = now_ms,
};

static int on_calibrate(struct intercell_channel *from, const struct intercell_request *request,
			const struct weather_calibrate *wish)
{
	struct weather_calibrated reply = { .before = offset };
	int status = weather_reply_calibrate(from, request, &reply);

	/* Without room for the reply the request is given again later. */
	if (status == INTERCELL_ENOBUFS)
		return INTERCELL_HOLD;
	offset = wish->offset;
	return INTERCELL_OK;
}

static struct weather_handlers handlers = { .on_request_calibrate = on_calibrate };

/* Divides the own section, starts the node on it, and opens the channel. Returns 0 or an INTERCELL_E*. */
static int start(void)
{
	struct intercell_layout_options layout = {
		.section_size = (uint32_t)sim.output_bytes,
		.max_peers = (uint16_t)sim.max_peers,
		.id = (uint16_t)sim.peer,
		.peers = 1u << DISPLAY,
		.latest_bytes = WEATHER_LATEST_BYTES,
	};
	struct intercell_node_options options = {
		.platform = &platform,
		.state_table = (const void *)sim.state_table,
		.output = sim.output,
		.inputs = sim.inputs[0],
		.links = links,
		.scratch = scratch,
		.scratch_size = sizeof(scratch),
		.epoch_seed = now_ms(NULL),
		.heartbeat_ms = 100,
		.interrupts = true,
	};
	int status = intercell_layout_plan(&layout, &options.layout);

	if (status == 0)
		status = intercell_node_init(&node, &options);
	/* On the real machine the sections lie one behind the other from @inputs on; here each has a place of its own. */
	for (uint32_t peer = 0; status == 0 && peer < sim.max_peers; peer++)
		intercell_node_place(&node, peer, sim.inputs[peer]);
	if (status == 0)
		status = intercell_hub_init(&hub, &node, hub_links, remotes, REMOTES);
	if (status == 0)
		status = weather_open(&hub, &channel, "weather", &handlers);
	return status == 0 ? intercell_node_start(&node) : status;
}

int main(void)
{
	int status = intercell_sim_open(&sim, NULL, 0, -1);
	uint32_t due;

	if (status < 0) {
		fprintf(stderr, "Cannot join the machine that INTERCELL_SIM names: %s\n", strerror(-status));
		return 1;
	}
	status = start();
	if (status < 0) {
		fprintf(stderr, "Cannot start on the device: error %d of intercell/status.h\n", status);
		return 1;
	}
	due = now_ms(NULL);
	do {
		int32_t left;

		while (intercell_node_poll(&node) > 0)
			;
		left = (int32_t)(due - now_ms(NULL));
		if (left <= 0) {
			struct weather_temperature value = { .sensor = 1, .celsius = 20.0 + offset };

			/* Fails while nobody listens or the ring is full: the next one will do. */
			(void)weather_send_temperature(&channel, DISPLAY, &value);
			due += PERIOD_MS;
			left = (int32_t)PERIOD_MS;
		}
		status = 0;
		/* No longer than the node needs for its heartbeat and a doorbell that was lost. */
		if (intercell_node_prepare_sleep(&node))
			status = intercell_sim_wait(&sim, left < 50 ? left : 50);
		intercell_node_wake(&node);
	} while (status >= 0 || status == -EINTR);
	intercell_sim_close(&sim);
	/* The machine was stopped. */
	return status == -ESHUTDOWN ? 0 : 1;
}
