/* SPDX-License-Identifier: MIT */
/*
 * Where the parts of a section of ivshmem-net lie (docs/ivshmem-net.md, "The wire"), for either side alike. A split
 * virtqueue of n descriptors lies at its begin, and frames fill the rest:
 *
 * 0                | desc[n]: u64 address | u32 length | u16 flags | u16 next
 * avail            | u16 flags | u16 idx | u16 ring[n] | u16 used_event
 * used, 64-aligned | u16 flags | u16 idx | { u32 id | u32 length }[n] | u16 avail_event
 * data, 64-aligned | frames, each in a slot
 *
 * desc and avail announce what the section's owner sends; used acknowledges what it received.
 */
#ifndef INTERCELL_NET_GEOMETRY_H
#define INTERCELL_NET_GEOMETRY_H

#include "platform.h"
#include "status.h"

#define INTERCELL_NET_PROTOCOL 1u /* bits 15..0 of the class code of such a device */
#define INTERCELL_NET_ALIGN 64u
#define INTERCELL_NET_DESCRIPTOR 16u
#define INTERCELL_NET_ELEMENT 8u
#define INTERCELL_NET_QUEUE_MAX 4096u
#define INTERCELL_NET_QUEUE_MIN 32u
#define INTERCELL_NET_MTU_MIN 68u
#define INTERCELL_NET_FRAME_MIN 14u /* an Ethernet header */
#define INTERCELL_NET_HEADER 18u    /* the same with a VLAN tag: a frame is longer than its payload by at most that */
#define INTERCELL_NET_SPARE 18u     /* bytes of a slot that no frame uses, as in Linux */

/* Offsets in bytes from the begin of a section. */
struct intercell_net_geometry {
	uint32_t section_size;
	uint32_t queue_length; /* a power of two */
	uint32_t avail;
	uint32_t used_event;
	uint32_t used;
	uint32_t avail_event;
	uint32_t data;
	uint32_t mtu_default; /* what Linux's driver sets, and the most that it takes */
	uint32_t mtu_max;
};

INTERCELL_FN uint32_t intercell_net_align(uint32_t length)
{
	return (length + INTERCELL_NET_ALIGN - 1u) & ~(INTERCELL_NET_ALIGN - 1u);
}

/* Bytes that a frame of @length takes of its sender's section. */
INTERCELL_FN uint32_t intercell_net_slot(uint32_t length)
{
	return intercell_net_align(INTERCELL_NET_SPARE + length);
}

INTERCELL_FN uint32_t intercell_net_used(uint32_t queue_length)
{
	return intercell_net_align((INTERCELL_NET_DESCRIPTOR + 2u) * queue_length + 6u);
}

/*
 * Divides a section as the drivers of Linux and Zephyr do: where no queue above 32 takes less than an eighth of it, the
 * queue has 32, and the frames begin where they would behind one of 64. Returns 0, or INTERCELL_ENOSPC if there is no
 * room for four of the smallest packets.
 */
INTERCELL_COLD int intercell_net_plan(uint32_t section_size, struct intercell_net_geometry *geometry)
{
	uint32_t length = INTERCELL_NET_QUEUE_MAX;
	uint32_t data = 0;
	uint32_t frames;

	for (; length > INTERCELL_NET_QUEUE_MIN; length >>= 1) {
		data = intercell_net_align(intercell_net_used(length) + INTERCELL_NET_ELEMENT * length + 6u);
		if (data < section_size >> 3)
			break;
	}
	if (section_size < data + 4u * INTERCELL_NET_MTU_MIN)
		return INTERCELL_ENOSPC;
	frames = section_size - data;
	geometry->section_size = section_size;
	geometry->queue_length = length;
	geometry->avail = INTERCELL_NET_DESCRIPTOR * length;
	geometry->used_event = geometry->avail + 4u + 2u * length;
	geometry->used = intercell_net_used(length);
	geometry->avail_event = geometry->used + 4u + INTERCELL_NET_ELEMENT * length;
	geometry->data = data;
	geometry->mtu_default = frames >> 4 < 16384u ? frames >> 4 : 16384u;
	geometry->mtu_max = frames >> 2 < 65535u ? frames >> 2 : 65535u;
	return INTERCELL_OK;
}

#endif
