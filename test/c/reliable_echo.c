/* SPDX-License-Identifier: MIT */
/* An inmate that sends each record and datagram of its peer back, over the network device of a simulated machine. */
#define _GNU_SOURCE
#include "intercell/net.h"
#include "intercell/reliable.h"
#include "intercell_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAME 1518u
#define WINDOW 16u

static struct intercell_sim sim;
static struct intercell_net net;
static struct intercell_reliable session;
static _Alignas(8) unsigned char frame[(FRAME + 7u) & ~7u];
static unsigned char frames[(WINDOW + 1) * FRAME];
static uint32_t lengths[WINDOW];

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

static uint32_t clock_ms(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void fail(const char *what, int error)
{
	fprintf(stderr, "reliable_echo: %s: %s\n", what, strerror(-error));
	exit(1);
}

static int on_record(void *context, uint8_t kind, const unsigned char *record, uint32_t length)
{
	(void)context;
	return intercell_reliable_send(&session, kind, record, length) == INTERCELL_ENOBUFS ? INTERCELL_HOLD :
											      INTERCELL_OK;
}

static void on_datagram(void *context, uint8_t kind, const unsigned char *datagram, uint32_t length)
{
	(void)context;
	(void)intercell_reliable_send_datagram(&session, kind, datagram, length);
}

static void on_session(void *context, uint32_t event, uint32_t lost)
{
	(void)context;
	printf("session: event %u, %u lost\n", event, lost);
}

static int on_frame(void *context, const unsigned char *received, uint32_t length)
{
	(void)context;
	intercell_reliable_receive(&session, received, length);
	return INTERCELL_OK;
}

static int transmit(void *context, const unsigned char *sent, uint32_t length)
{
	(void)context;
	return intercell_net_send(&net, sent, length);
}

static const struct intercell_platform platform = { read_register, write_register, clock_ms, NULL };

static void make_net(void)
{
	struct intercell_net_options options = { 0 };
	int error;

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
	options.on_frame = on_frame;
	error = intercell_net_init(&net, &options);
	if (error < 0)
		fail("cannot be an endpoint", error);
}

static void make_session(void)
{
	struct intercell_reliable_options options = { 0 };
	int error;

	options.platform = &platform;
	options.address[0] = 2;
	options.address[5] = 0x77;
	options.ether_type = INTERCELL_RELIABLE_ETHER_TYPE;
	options.window = WINDOW;
	options.frame_size = FRAME;
	options.frames = frames;
	options.lengths = lengths;
	options.seed = clock_ms(NULL);
	options.keep_alive_ms = 100;
	options.timeout_ms = 1000;
	options.transmit = transmit;
	options.on_record = on_record;
	options.on_datagram = on_datagram;
	options.on_event = on_session;
	error = intercell_reliable_init(&session, &options);
	if (error < 0)
		fail("cannot have a session", error);
}

int main(void)
{
	int result = intercell_sim_open(&sim, NULL, INTERCELL_SIM_OF_PROTOCOL(INTERCELL_NET_PROTOCOL), -1);

	if (result < 0)
		fail("cannot join the machine", result);
	make_net();
	make_session();
	intercell_net_start(&net);
	for (;;) {
		while (intercell_net_poll(&net, 64) > 0)
			;
		if (intercell_reliable_room(&session) > 0)
			intercell_reliable_resume(&session);
		intercell_reliable_poll(&session);
		intercell_net_flush(&net);
		if (intercell_net_prepare_sleep(&net)) {
			uint32_t due = intercell_reliable_due(&session);

			/* What is due at once and was not sent found no room. */
			result = intercell_sim_wait(&sim, due == 0 ? 1 : due > 1000 ? 1000 : (int)due);
			if (result < 0)
				return 0;
		}
		intercell_net_wake(&net);
	}
}
