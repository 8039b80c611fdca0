/* SPDX-License-Identifier: MIT */
/* Two ends of ivshmem-net over plain memory of one process, for the C tests. */
#ifndef TEST_NET_WORLD_H
#define TEST_NET_WORLD_H

#include "intercell/net.h"

#include "check.h"

#include <string.h>

#define NET_SECTION_MAX 0x7f000u
#define NET_FRAME_MAX 2048u

struct net_end {
	uint32_t id;
	struct intercell_platform platform;
	struct intercell_net net;
	/* Exactly as large as it must be, so that the sanitizers see what goes beyond. */
	unsigned char *frame;
	uint32_t rung;
	uint32_t vector; /* of the last doorbell */
	uint32_t armed;
	uint32_t ups, downs, lost, faults, fault;
	uint32_t arrived;
	uint32_t length;       /* of the frame that arrived last */
	uint32_t expected;     /* first byte of the frame that must arrive next */
	bool in_order;         /* check that */
	bool hold;
};

static unsigned char *net_sections[2];
static uint32_t net_states[2];
static struct net_end net_ends[2];

static uint32_t net_read_register(void *context, uint32_t offset)
{
	(void)context;
	(void)offset;
	return 0;
}

static void net_write_register(void *context, uint32_t offset, uint32_t value)
{
	struct net_end *end = context;

	if (offset == INTERCELL_REGISTER_STATE)
		net_states[end->id] = value;
	if (offset == INTERCELL_REGISTER_INT_CONTROL)
		end->armed += value;
	if (offset == INTERCELL_REGISTER_DOORBELL) {
		CHECK_EQUAL(value >> 16, 1u - end->id);
		end->vector = value & 0xffffu;
		end->rung++;
	}
}

static int net_take_frame(void *context, const unsigned char *frame, uint32_t length)
{
	struct net_end *end = context;
	uint32_t i;

	if (end->hold)
		return INTERCELL_HOLD;
	if (end->in_order)
		for (i = 0; i < length; i++)
			CHECK_EQUAL(frame[i], (end->expected + i) & 0xffu);
	end->expected++;
	end->arrived++;
	end->length = length;
	return INTERCELL_OK;
}

static void net_take_event(void *context, uint32_t event, uint32_t detail)
{
	struct net_end *end = context;

	if (event == INTERCELL_NET_EVENT_UP)
		end->ups++;
	if (event == INTERCELL_NET_EVENT_DOWN) {
		end->downs++;
		end->lost += detail;
	}
	if (event == INTERCELL_NET_EVENT_FAULT) {
		end->faults++;
		end->fault = detail;
	}
}

static struct intercell_net_options net_options(uint32_t id, uint32_t section, uint32_t frame_size)
{
	struct net_end *end = &net_ends[id];
	struct intercell_net_options options = { 0 };

	free(end->frame);
	memset(end, 0, sizeof(*end));
	end->id = id;
	end->frame = aligned_alloc(8, (frame_size + 7u) & ~7u);
	end->platform.read_register = net_read_register;
	end->platform.write_register = net_write_register;
	end->platform.context = end;
	options.platform = &end->platform;
	options.state_table = net_states;
	options.output = net_sections[id];
	options.input = net_sections[1u - id];
	options.section_size = section;
	options.id = id;
	options.vectors = 2;
	options.frame = end->frame;
	options.frame_size = frame_size;
	options.on_frame = net_take_frame;
	options.on_event = net_take_event;
	options.context = end;
	return options;
}

/* A section of its own allocation, so that the sanitizers see what goes beyond. */
static void net_sections_make(uint32_t section)
{
	for (unsigned i = 0; i < 2; i++) {
		free(net_sections[i]);
		net_sections[i] = aligned_alloc(4096, section);
		memset(net_sections[i], 0xaa, section);
		net_states[i] = 0;
	}
}

/* Sends a frame whose bytes count up from @first. */
static int net_send_counting(struct net_end *end, uint32_t first, uint32_t length)
{
	static unsigned char frame[NET_FRAME_MAX];

	for (uint32_t i = 0; i < length && i < sizeof(frame); i++)
		frame[i] = (unsigned char)(first + i);
	return intercell_net_send(&end->net, frame, length);
}

#endif
