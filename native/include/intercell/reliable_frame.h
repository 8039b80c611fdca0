/* SPDX-License-Identifier: MIT */
/*
 * Frames of the reliable layer over Ethernet (docs/ivshmem-net-ethernet.md, "The wire"):
 *
 *  0 destination, 6 source, 12 EtherType (big-endian); from here on little-endian
 * 14 u8 magic | u8 version << 4, type | u16 bytes behind this header
 * 18 u32 epoch | u32 echo | u32 sequence | u32 acknowledged
 * 34 u16 window | u8 flags | u8 kind
 * 38 record or datagram
 */
#ifndef INTERCELL_RELIABLE_FRAME_H
#define INTERCELL_RELIABLE_FRAME_H

#include "platform.h"
#include "status.h"

#define INTERCELL_RELIABLE_HEADER 38u /* bytes before a record, with the Ethernet header */
#define INTERCELL_RELIABLE_ETHER_TYPE 0x88b5u
#define INTERCELL_RELIABLE_MAGIC 0x1cu
#define INTERCELL_RELIABLE_VERSION 1u

#define INTERCELL_RELIABLE_HELLO 0u
#define INTERCELL_RELIABLE_DATA 1u
#define INTERCELL_RELIABLE_ACK 2u
#define INTERCELL_RELIABLE_DATAGRAM 3u
#define INTERCELL_RELIABLE_BYE 4u

#define INTERCELL_RELIABLE_AGAIN 1u /* flag: send again from the acknowledged record on */

struct intercell_reliable_header {
	uint32_t length;
	uint32_t epoch;
	uint32_t echo;
	uint32_t sequence;
	uint32_t acknowledged;
	uint16_t window;
	uint8_t type;
	uint8_t flags;
	uint8_t kind;
};

INTERCELL_FN void intercell_reliable_put(unsigned char *to, uint32_t value, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		((volatile unsigned char *)to)[i] = (unsigned char)(value >> 8u * i);
}

INTERCELL_FN uint32_t intercell_reliable_get(const unsigned char *from, uint32_t bytes)
{
	uint32_t value = 0;
	uint32_t i;

	for (i = 0; i < bytes; i++)
		value |= (uint32_t)((const volatile unsigned char *)from)[i] << 8u * i;
	return value;
}

/* Copies an address of Ethernet. */
INTERCELL_FN void intercell_reliable_address(unsigned char *to, const unsigned char *from)
{
	uint32_t i;

	for (i = 0; i < 6u; i++)
		((volatile unsigned char *)to)[i] = from[i];
}

INTERCELL_FN bool intercell_reliable_same(const unsigned char *one, const unsigned char *other)
{
	uint32_t i;

	for (i = 0; i < 6u; i++)
		if (one[i] != other[i])
			return false;
	return true;
}

/* Writes what is behind the Ethernet header. */
INTERCELL_FN void intercell_reliable_encode(unsigned char *frame, const struct intercell_reliable_header *header)
{
	intercell_reliable_put(frame + 14, INTERCELL_RELIABLE_MAGIC, 1);
	intercell_reliable_put(frame + 15, INTERCELL_RELIABLE_VERSION << 4 | header->type, 1);
	intercell_reliable_put(frame + 16, header->length, 2);
	intercell_reliable_put(frame + 18, header->epoch, 4);
	intercell_reliable_put(frame + 22, header->echo, 4);
	intercell_reliable_put(frame + 26, header->sequence, 4);
	intercell_reliable_put(frame + 30, header->acknowledged, 4);
	intercell_reliable_put(frame + 34, header->window, 2);
	intercell_reliable_put(frame + 36, header->flags, 1);
	intercell_reliable_put(frame + 37, header->kind, 1);
}

/* Reads the same of a frame in private memory. Returns false if it is none of this protocol. */
INTERCELL_FN bool intercell_reliable_decode(const unsigned char *frame, uint32_t length,
                                            struct intercell_reliable_header *header)
{
	uint32_t version;

	if (length < INTERCELL_RELIABLE_HEADER || frame[14] != INTERCELL_RELIABLE_MAGIC)
		return false;
	version = (uint32_t)frame[15] >> 4;
	header->type = frame[15] & 0xfu;
	header->length = intercell_reliable_get(frame + 16, 2);
	header->epoch = intercell_reliable_get(frame + 18, 4);
	header->echo = intercell_reliable_get(frame + 22, 4);
	header->sequence = intercell_reliable_get(frame + 26, 4);
	header->acknowledged = intercell_reliable_get(frame + 30, 4);
	header->window = (uint16_t)intercell_reliable_get(frame + 34, 2);
	header->flags = frame[36];
	header->kind = frame[37];
	return version == INTERCELL_RELIABLE_VERSION && header->type <= INTERCELL_RELIABLE_BYE && header->epoch != 0 &&
	       header->length <= length - INTERCELL_RELIABLE_HEADER;
}

#endif
