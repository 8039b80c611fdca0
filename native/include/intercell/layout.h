/* SPDX-License-Identifier: MIT */
/* How this side divides its own output section. A peer takes the numbers from the section, so this is local policy. */
#ifndef INTERCELL_LAYOUT_H
#define INTERCELL_LAYOUT_H

#include "status.h"
#include "wire.h"

/* Peers are kept as bits of a u32; Jailhouse has at most 12 (IVSHMEM_MAX_PEERS). */
#define INTERCELL_MAX_PEERS 32u
/* As an option: take the default of docs/wire-protocol.md. */
#define INTERCELL_DEFAULT 0xffffffffu

struct intercell_layout_options {
	uint32_t section_size; /* bytes, of an output section */
	uint16_t max_peers;
	uint16_t id;              /* this side's peer id */
	uint32_t peers;           /* bit j: serve peer j; INTERCELL_DEFAULT serves all others */
	uint32_t broadcast_bytes; /* 0, a power of two from 256, or INTERCELL_DEFAULT */
	uint32_t latest_bytes;    /* at least this much; INTERCELL_DEFAULT leaves size / 8 */
};

struct intercell_layout {
	uint32_t section_size;
	uint16_t max_peers;
	uint16_t id;
	uint32_t peers;
	uint32_t control_offset; /* of the first served peer; the next is 384 further */
	uint32_t ring_offset;    /* of the first served peer; the next is @ring_capacity further */
	uint32_t ring_capacity;
	uint32_t broadcast_control; /* 0 if there is no broadcast ring, as are the next two */
	uint32_t broadcast_ring;
	uint32_t broadcast_capacity;
	uint32_t latest_offset; /* 0 if there is no such region */
	uint32_t latest_size;
};

INTERCELL_FN uint32_t intercell_power_of_two_below(uint32_t value)
{
	uint32_t power = INTERCELL_CAPACITY_MAX;

	while (power > value && power > 1u)
		power >>= 1;
	return power;
}

INTERCELL_FN bool intercell_capacity_valid(uint32_t capacity)
{
	return capacity >= INTERCELL_CAPACITY_MIN && capacity <= INTERCELL_CAPACITY_MAX &&
	       (capacity & (capacity - 1u)) == 0;
}

INTERCELL_FN uint32_t intercell_peer_count(uint32_t peers)
{
	uint32_t count = 0;

	for (; peers != 0; peers &= peers - 1u)
		count++;
	return count;
}

/* The peers asked for, without those that do not exist and without oneself. */
INTERCELL_FN uint32_t intercell_layout_peers(const struct intercell_layout_options *options)
{
	uint32_t all = options->max_peers >= 32u ? 0xffffffffu : (1u << options->max_peers) - 1u;

	return options->peers & all & ~(1u << options->id);
}

INTERCELL_FN bool intercell_layout_options_valid(const struct intercell_layout_options *options)
{
	uint32_t peers;

	if (options->max_peers < 2 || options->max_peers > INTERCELL_MAX_PEERS || options->id >= options->max_peers)
		return false;
	if (options->section_size % INTERCELL_LINE != 0)
		return false;
	if (options->broadcast_bytes != INTERCELL_DEFAULT && options->broadcast_bytes != 0 &&
	    !intercell_capacity_valid(options->broadcast_bytes))
		return false;
	peers = intercell_layout_peers(options);
	return peers != 0 && (options->peers == INTERCELL_DEFAULT || options->peers == peers);
}

/*
 * Divides a section: header, heartbeat, directory, control blocks by peer id, rings by peer id, broadcast control line
 * and ring, latest values. By default the broadcast ring is the largest power of two up to an eighth of the section,
 * the rings are the largest power of two with which an eighth of the section stays for latest values, and these take
 * the rest.
 *
 * Returns 0, INTERCELL_EINVAL for options that make no sense, INTERCELL_ENOSPC if the section is too small for them.
 */
INTERCELL_COLD int intercell_layout_plan(const struct intercell_layout_options *options,
                                         struct intercell_layout *layout)
{
	uint32_t size = options->section_size;
	uint32_t broadcast = options->broadcast_bytes;
	uint32_t latest = options->latest_bytes == INTERCELL_DEFAULT ? size / 8u : options->latest_bytes;
	uint32_t at, count, room, capacity;

	if (!intercell_layout_options_valid(options))
		return INTERCELL_EINVAL;
	if (broadcast == INTERCELL_DEFAULT)
		broadcast = size / 8u < INTERCELL_CAPACITY_MIN ? 0 : intercell_power_of_two_below(size / 8u);
	layout->section_size = size;
	layout->max_peers = options->max_peers;
	layout->id = options->id;
	layout->peers = intercell_layout_peers(options);
	count = intercell_peer_count(layout->peers);
	layout->control_offset = intercell_directory_end(options->max_peers);
	at = layout->control_offset + count * INTERCELL_CONTROL_SIZE;
	layout->ring_offset = at;
	if (broadcast != 0)
		at += INTERCELL_LINE;
	if (at >= size || size - at < broadcast || size - at - broadcast < latest)
		return INTERCELL_ENOSPC;
	room = size - at - broadcast - latest;
	/* Shifted, not divided, as a 32-bit core may have no divider. */
	capacity = intercell_power_of_two_below(room);
	while (capacity > INTERCELL_CAPACITY_MIN && (uint64_t)capacity * count > room)
		capacity >>= 1;
	if ((uint64_t)capacity * count > room || capacity < INTERCELL_CAPACITY_MIN)
		return INTERCELL_ENOSPC;
	layout->ring_capacity = capacity;
	at = layout->ring_offset + count * capacity;
	layout->broadcast_control = broadcast != 0 ? at : 0;
	layout->broadcast_ring = broadcast != 0 ? at + INTERCELL_LINE : 0;
	layout->broadcast_capacity = broadcast;
	if (broadcast != 0)
		at += INTERCELL_LINE + broadcast;
	layout->latest_size = options->latest_bytes == 0 ? 0 : (size - at) & ~(INTERCELL_LINE - 1u);
	layout->latest_offset = layout->latest_size != 0 ? at : 0;
	return INTERCELL_OK;
}

/* Place of a served peer among the control blocks and the rings. */
INTERCELL_FN uint32_t intercell_layout_index(const struct intercell_layout *layout, uint32_t peer)
{
	return intercell_peer_count(layout->peers & ((1u << peer) - 1u));
}

#endif
