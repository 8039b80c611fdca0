/* SPDX-License-Identifier: MIT */
/*
 * Latest-value slots: the newest value of one topic, written without waiting and read without stopping the writer
 * (section 6 of the page).
 *
 * +0  | u32 sequence | u32 length | u32 zero | u32 zero |
 * +16 | value, up to the topic's size |
 */
#ifndef INTERCELL_LATEST_H
#define INTERCELL_LATEST_H

#include "link.h"

/* How often a read is tried while the writer writes. */
#ifndef INTERCELL_LATEST_TRIES
#define INTERCELL_LATEST_TRIES 8u
#endif

/* The bytes a slot for values of that size takes. */
INTERCELL_FN uint32_t intercell_slot_size(uint32_t size)
{
	return intercell_align(INTERCELL_SLOT_VALUE + size, INTERCELL_SLOT_ALIGN);
}

/* Writes a value into one's own slot. The caller has checked the length. Bounded by the copy. */
INTERCELL_FN void intercell_slot_write(unsigned char *slot, const void *value, uint32_t length)
{
	uint32_t sequence = intercell_load(slot, INTERCELL_SLOT_SEQUENCE);

	intercell_store(slot, INTERCELL_SLOT_SEQUENCE, sequence + 1u);
	INTERCELL_FENCE();
	intercell_store(slot, INTERCELL_SLOT_LENGTH, length);
	INTERCELL_COPY_OUT(slot + INTERCELL_SLOT_VALUE, value, length);
	sequence += 2u;
	intercell_publish(slot, INTERCELL_SLOT_SEQUENCE, sequence != 0 ? sequence : 2u);
}

/*
 * Copies a peer's value of at most @size bytes to @value, 8-aligned and with room for @size rounded up to 8.
 *
 * Returns its length; INTERCELL_ENOENT if there is no value; INTERCELL_EAGAIN if the writer was in the way or told a
 * length beyond @size in each of the tries, or the peer's session ended. The buffer holds nothing to rely on unless a
 * length is returned: keep the value read before.
 */
INTERCELL_FN int intercell_slot_read(struct intercell_link *link, uint32_t offset, uint32_t size, void *value)
{
	const unsigned char *slot = link->section + offset;
	uint32_t tries, sequence, length;

	for (tries = 0; tries < INTERCELL_LATEST_TRIES; tries++) {
		sequence = intercell_observe(slot, INTERCELL_SLOT_SEQUENCE);
		if (sequence == 0)
			return INTERCELL_ENOENT;
		length = intercell_load(slot, INTERCELL_SLOT_LENGTH);
		if ((sequence & 1u) != 0 || length > size)
			continue;
		INTERCELL_COPY_IN(value, slot + INTERCELL_SLOT_VALUE, intercell_align(length, 8));
		INTERCELL_FENCE();
		if (intercell_load(slot, INTERCELL_SLOT_SEQUENCE) != sequence)
			continue;
		return intercell_link_is_over(link) ? INTERCELL_EAGAIN : (int)length;
	}
	return INTERCELL_EAGAIN;
}

#endif
