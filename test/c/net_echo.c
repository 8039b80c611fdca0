/* SPDX-License-Identifier: MIT */
/*
 * An inmate that sends each Ethernet frame back to where it came from. It sleeps between frames, and holds what finds no
 * room.
 */
#define _GNU_SOURCE
#include "net_sim.h"

static int echo(void *context, const unsigned char *received, uint32_t length)
{
	static unsigned char answer[NET_SIM_FRAME];

	(void)context;
	memcpy(answer, received + 6, 6);
	memcpy(answer + 6, received, 6);
	memcpy(answer + 12, received + 12, length - 12);
	return intercell_net_send(&net, answer, length) == INTERCELL_ENOBUFS ? INTERCELL_HOLD : INTERCELL_OK;
}

int main(void)
{
	net_sim_open(echo);
	do
		while (intercell_net_poll(&net, 64) > 0)
			;
	while (net_sim_sleep(1000));
	return 0;
}
