/* SPDX-License-Identifier: MIT */
/*
 * Offsets and numbers of the intercell wire, version 1 (docs/wire-protocol.md), and of the ivshmem v2 registers
 * (Jailhouse, Documentation/ivshmem-v2-specification.md). The version of the wire is apart from the library's.
 */
#ifndef INTERCELL_WIRE_H
#define INTERCELL_WIRE_H

#include "platform.h"

#define INTERCELL_WIRE_VERSION 1u
#define INTERCELL_MAGIC 0x4c454349u /* "ICEL" */
#define INTERCELL_LINE 128u

/* Registers of the device. */
#define INTERCELL_REGISTER_ID 0x00u
#define INTERCELL_REGISTER_MAX_PEERS 0x04u
#define INTERCELL_REGISTER_INT_CONTROL 0x08u
#define INTERCELL_REGISTER_DOORBELL 0x0cu
#define INTERCELL_REGISTER_STATE 0x10u

/*
 * Header line
 *
 *       0        1        2        3        4        5        6        7
 * 0x00 | magic 49 43 45 4C ("ICEL")        | version         | peer id         |
 * 0x08 | section size                      | flags = 0                         |
 * 0x10 | epoch counter                     | max peers       | doorbell vector |
 * 0x18 | latest offset                     | latest size                       |
 * 0x20 | broadcast control offset          | broadcast ring offset             |
 * 0x28 | broadcast ring capacity           | heartbeat interval, milliseconds  |
 * 0x30 | zero ...                                                       0x7f   |
 */
#define INTERCELL_HEADER_MAGIC 0x00u
#define INTERCELL_HEADER_VERSION_ID (INTERCELL_HEADER_MAGIC + 4u)
#define INTERCELL_HEADER_SECTION_SIZE (INTERCELL_HEADER_VERSION_ID + 4u)
#define INTERCELL_HEADER_FLAGS (INTERCELL_HEADER_SECTION_SIZE + 4u)
#define INTERCELL_HEADER_EPOCH_COUNTER (INTERCELL_HEADER_FLAGS + 4u)
#define INTERCELL_HEADER_PEERS_VECTOR (INTERCELL_HEADER_EPOCH_COUNTER + 4u)
#define INTERCELL_HEADER_LATEST_OFFSET (INTERCELL_HEADER_PEERS_VECTOR + 4u)
#define INTERCELL_HEADER_LATEST_SIZE (INTERCELL_HEADER_LATEST_OFFSET + 4u)
#define INTERCELL_HEADER_BROADCAST_CONTROL (INTERCELL_HEADER_LATEST_SIZE + 4u)
#define INTERCELL_HEADER_BROADCAST_RING (INTERCELL_HEADER_BROADCAST_CONTROL + 4u)
#define INTERCELL_HEADER_BROADCAST_CAPACITY (INTERCELL_HEADER_BROADCAST_RING + 4u)
#define INTERCELL_HEADER_HEARTBEAT_MS (INTERCELL_HEADER_BROADCAST_CAPACITY + 4u)
#define INTERCELL_HEADER_ZERO (INTERCELL_HEADER_HEARTBEAT_MS + 4u)

#define INTERCELL_HEARTBEAT INTERCELL_LINE
#define INTERCELL_DIRECTORY (2u * INTERCELL_LINE)
#define INTERCELL_DIRECTORY_ENTRY 16u

/* Directory entry: | control offset | ring offset | ring capacity | epoch |, all u32 */
#define INTERCELL_ENTRY_CONTROL 0u
#define INTERCELL_ENTRY_RING 4u
#define INTERCELL_ENTRY_CAPACITY 8u
#define INTERCELL_ENTRY_EPOCH 12u

/*
 * Control block, three lines
 *
 * +0x000 | u32 tail  | zero ...
 * +0x080 | u32 head  | zero ...
 * +0x100 | u32 wake  | u32 echo | u32 open | u32 fault | zero ... 0x17f |
 */
#define INTERCELL_CONTROL_TAIL 0u
#define INTERCELL_CONTROL_HEAD INTERCELL_LINE
#define INTERCELL_CONTROL_WAKE (2u * INTERCELL_LINE)
#define INTERCELL_CONTROL_ECHO (INTERCELL_CONTROL_WAKE + 4u)
#define INTERCELL_CONTROL_OPEN (INTERCELL_CONTROL_ECHO + 4u)
#define INTERCELL_CONTROL_FAULT (INTERCELL_CONTROL_OPEN + 4u)
#define INTERCELL_CONTROL_SIZE (3u * INTERCELL_LINE)

/* Broadcast control line: | u32 intent | u32 tail | u32 latest | u32 next sequence | zero ... | */
#define INTERCELL_BROADCAST_INTENT 0u
#define INTERCELL_BROADCAST_TAIL 4u
#define INTERCELL_BROADCAST_LATEST 8u
#define INTERCELL_BROADCAST_NEXT 12u

#define INTERCELL_CAPACITY_MIN 256u
#define INTERCELL_CAPACITY_MAX 0x40000000u

/*
 * Record, at a multiple of 8
 *
 * +0  | u32 length | u8 kind | u8 flags = 0 | u16 channel |
 * +8  | u32 sequence | u16 message | u16 zero |
 * +16 | payload |
 */
#define INTERCELL_RECORD_HEADER 16u
#define INTERCELL_PAD_HEADER 8u

#define INTERCELL_KIND_PAD 0u
#define INTERCELL_KIND_DATA 1u
#define INTERCELL_KIND_REQUEST 2u
#define INTERCELL_KIND_REPLY 3u
#define INTERCELL_KIND_ERROR 4u
#define INTERCELL_KIND_ANNOUNCE 5u
#define INTERCELL_KIND_WITHDRAW 6u
#define INTERCELL_KIND_CANCEL 7u

/* Reply and cancel: | u32 sequence | u32 zero |; error: | u32 sequence | u32 code | u16 length | text | */
#define INTERCELL_REPLY_HEADER 8u
#define INTERCELL_ERROR_HEADER 10u
#define INTERCELL_ERROR_TEXT_MAX 200u

/* Announce: | u64 hash | u32 latest offset | u32 latest size | u8 n | u8 p | u16 zero | names | */
#define INTERCELL_ANNOUNCE_HEADER 20u
#define INTERCELL_NAME_MAX 32u

/* Codes in a record of kind error. */
#define INTERCELL_ERROR_FAILED 1u
#define INTERCELL_ERROR_NO_HANDLER 2u
#define INTERCELL_ERROR_UNDECODABLE 3u
#define INTERCELL_ERROR_CANCELLED 4u
#define INTERCELL_ERROR_BUSY 5u /* too many requests are being handled */

/* Latest-value slot: | u32 sequence | u32 length | u32 zero | u32 zero | value |, at a multiple of 64 */
#define INTERCELL_SLOT_SEQUENCE 0u
#define INTERCELL_SLOT_LENGTH 4u
#define INTERCELL_SLOT_VALUE 16u
#define INTERCELL_SLOT_ALIGN 64u

/* Wake word: bits 1..0 say what to ring for, bits 31..2 count. */
#define INTERCELL_WAKE_COMMIT 1u
#define INTERCELL_WAKE_ACKNOWLEDGE 2u
#define INTERCELL_WAKE_BITS 3u
#define INTERCELL_WAKE_STEP 4u

/*
 * What a fault word says (section 7 of the page): the code in bits 7..0, the low 24 bits of the refused epoch above.
 */
#define INTERCELL_FAULT_CURSOR 1u
#define INTERCELL_FAULT_LENGTH 2u
#define INTERCELL_FAULT_KIND 3u
#define INTERCELL_FAULT_SEQUENCE 4u
#define INTERCELL_FAULT_RESERVED 5u
#define INTERCELL_FAULT_ANNOUNCE 6u
#define INTERCELL_FAULT_GEOMETRY 7u
#define INTERCELL_FAULT_ACKNOWLEDGEMENT 8u
#define INTERCELL_FAULT_VERSION 9u

INTERCELL_STATIC_ASSERT(INTERCELL_HEADER_EPOCH_COUNTER == 0x10u, "the epoch counter is at 0x10");
INTERCELL_STATIC_ASSERT(INTERCELL_HEADER_ZERO == 0x30u, "the header ends at 0x30");
INTERCELL_STATIC_ASSERT(INTERCELL_HEARTBEAT == 0x80u, "the heartbeat is at 0x80");
INTERCELL_STATIC_ASSERT(INTERCELL_DIRECTORY == 0x100u, "the directory is at 0x100");
INTERCELL_STATIC_ASSERT(INTERCELL_CONTROL_FAULT == 0x10cu, "the fault word is at +0x10c");
INTERCELL_STATIC_ASSERT(INTERCELL_CONTROL_SIZE == 0x180u, "a control block takes 384 bytes");

INTERCELL_ACCESS uint32_t intercell_align(uint32_t value, uint32_t unit)
{
	return (value + unit - 1u) & ~(unit - 1u);
}

/* Offset of the first byte after the directory of a device with that many peers. */
INTERCELL_FN uint32_t intercell_directory_end(uint32_t max_peers)
{
	return INTERCELL_DIRECTORY + intercell_align(max_peers * INTERCELL_DIRECTORY_ENTRY, INTERCELL_LINE);
}

INTERCELL_ACCESS uint32_t intercell_entry(uint32_t peer)
{
	return INTERCELL_DIRECTORY + peer * INTERCELL_DIRECTORY_ENTRY;
}

/* True if a section's entry for @peer names these places. */
INTERCELL_COLD bool intercell_entry_names(const unsigned char *section, uint32_t peer, uint32_t control, uint32_t ring,
                                          uint32_t capacity)
{
	const unsigned char *entry = section + intercell_entry(peer);

	return intercell_load(entry, INTERCELL_ENTRY_CONTROL) == control &&
	       intercell_load(entry, INTERCELL_ENTRY_RING) == ring &&
	       intercell_load(entry, INTERCELL_ENTRY_CAPACITY) == capacity;
}

/* The fault word that refuses an epoch for @code. */
INTERCELL_ACCESS uint32_t intercell_fault_word(uint32_t code, uint32_t epoch)
{
	return code | epoch << 8;
}

/* A finding about what a peer wrote: @code is 0 if all is well, else a fault. */
struct intercell_finding {
	uint32_t code;
	uint32_t wanted;
	uint32_t found;
};

static const struct intercell_finding intercell_nothing_found = { 0, 0, 0 };

INTERCELL_COLD void intercell_find(struct intercell_finding *finding, uint32_t code, uint32_t wanted, uint32_t found)
{
	finding->code = code;
	finding->wanted = wanted;
	finding->found = found;
}

#endif
