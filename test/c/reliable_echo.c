/* SPDX-License-Identifier: MIT */
/* An inmate that sends each record and datagram of its peer back in a session over Ethernet, and holds what finds no room. */
#define _GNU_SOURCE
#include "net_sim.h"

#include "intercell/reliable.h"

#define WINDOW 16u

static struct intercell_reliable session;
static unsigned char frames[(WINDOW + 1) * NET_SIM_FRAME];
static uint32_t lengths[WINDOW];

static int on_record(void *context, uint8_t kind, const unsigned char *record, uint32_t length)
{
	int error = intercell_reliable_send(&session, kind, record, length);

	(void)context;
	return error == INTERCELL_ENOBUFS ? INTERCELL_HOLD : INTERCELL_OK;
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

static void open_session(void)
{
	struct intercell_reliable_options options = { 0 };
	int error;

	options.platform = &net_sim_platform;
	options.address[0] = 2;
	options.address[5] = 0x77;
	options.ether_type = INTERCELL_RELIABLE_ETHER_TYPE;
	options.window = WINDOW;
	options.frame_size = NET_SIM_FRAME;
	options.frames = frames;
	options.lengths = lengths;
	options.seed = net_sim_clock(NULL);
	options.keep_alive_ms = 100;
	options.timeout_ms = 1000;
	options.transmit = transmit;
	options.on_record = on_record;
	options.on_datagram = on_datagram;
	options.on_event = on_session;
	error = intercell_reliable_init(&session, &options);
	if (error < 0)
		net_sim_fail("cannot have a session", error);
}

int main(void)
{
	uint32_t due;

	open_session();
	net_sim_open(on_frame);
	do {
		while (intercell_net_poll(&net, 64) > 0)
			;
		if (intercell_reliable_room(&session) > 0)
			intercell_reliable_resume(&session);
		intercell_reliable_poll(&session);
		intercell_net_flush(&net);
		due = intercell_reliable_due(&session);
		/* What is due at once and was not sent found no room. */
	} while (net_sim_sleep(due == 0 ? 1 : due > 1000 ? 1000 : (int)due));
	return 0;
}
