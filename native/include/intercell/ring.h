/* SPDX-License-Identifier: MIT */
/*
 * Records in a ring: placing and writing them in one's own section, and checking them in a private copy of what a peer
 * committed. Pure: knows no session and no doorbell.
 */
#ifndef INTERCELL_RING_H
#define INTERCELL_RING_H

#include "status.h"
#include "wire.h"

/* The writing end of a ring in one's own section. Cursors run freely modulo 2^32. */
struct intercell_writer {
	unsigned char *ring;
	uint32_t capacity;
	uint32_t committed; /* what the peer may read up to */
	uint32_t tail;      /* what is written up to; beyond @committed it is queued */
	uint32_t head;      /* the peer's acknowledgement as seen last */
	uint32_t sequence;  /* of the next record */
};

/* A record that passed the checks; @payload lies in private memory, 8-aligned. */
struct intercell_record {
	uint32_t length; /* of the payload, bytes */
	uint32_t sequence;
	uint16_t channel;
	uint16_t message;
	uint8_t kind;
	const unsigned char *payload;
};

/* The bytes a record with that payload takes in a ring. */
INTERCELL_FN uint32_t intercell_record_size(uint32_t length)
{
	return intercell_align(INTERCELL_RECORD_HEADER + length, 8);
}

/* The bytes of pad needed before a record of @size bytes at @cursor, as a record does not cross the wrap. */
INTERCELL_FN uint32_t intercell_ring_pad(uint32_t cursor, uint32_t size, uint32_t capacity)
{
	uint32_t to_wrap = capacity - (cursor & (capacity - 1u));

	return size > to_wrap ? to_wrap : 0;
}

INTERCELL_FN void intercell_ring_write_pad(unsigned char *ring, uint32_t capacity, uint32_t cursor, uint32_t pad)
{
	uint32_t place = cursor & (capacity - 1u);

	intercell_store(ring, place, pad);
	intercell_store(ring, place + 4u, INTERCELL_KIND_PAD);
}

/* Writes a record's header at @cursor and returns the place of its payload. */
INTERCELL_FN unsigned char *intercell_ring_write_header(unsigned char *ring, uint32_t place, uint32_t length,
                                                        uint32_t kind, uint32_t channel)
{
	intercell_store(ring, place, INTERCELL_RECORD_HEADER + length);
	intercell_store(ring, place + 4u, kind | channel << 16);
	return ring + place + INTERCELL_RECORD_HEADER;
}

/* The largest payload that this ring can carry. */
INTERCELL_FN uint32_t intercell_ring_payload_max(uint32_t capacity)
{
	return capacity / 2u - INTERCELL_RECORD_HEADER;
}

INTERCELL_FN void intercell_writer_reset(struct intercell_writer *writer)
{
	writer->committed = 0;
	writer->tail = 0;
	writer->head = 0;
	writer->sequence = 0;
}

/* True if a payload of @length bytes has room by the acknowledgement seen last. */
INTERCELL_FN bool intercell_writer_fits(const struct intercell_writer *writer, uint32_t length)
{
	uint32_t size = intercell_record_size(length);
	uint32_t need = size + intercell_ring_pad(writer->tail, size, writer->capacity);

	return need <= writer->capacity - (writer->tail - writer->head);
}

/* Where the payload of the next record of @length bytes will lie. It must fit. */
INTERCELL_FN unsigned char *intercell_writer_place(const struct intercell_writer *writer, uint32_t length)
{
	uint32_t pad = intercell_ring_pad(writer->tail, intercell_record_size(length), writer->capacity);

	return writer->ring + ((writer->tail + pad) & (writer->capacity - 1u)) + INTERCELL_RECORD_HEADER;
}

/*
 * Queues the record whose payload was written at intercell_writer_place(@room); @length may be smaller than @room. The
 * place is chosen by @room, so a pad that only @room needs is written all the same. Returns the record's sequence.
 */
INTERCELL_FN uint32_t intercell_writer_append(struct intercell_writer *writer, uint32_t room, uint32_t length,
                                              uint32_t kind, uint32_t channel, uint32_t message)
{
	uint32_t pad = intercell_ring_pad(writer->tail, intercell_record_size(room), writer->capacity);
	uint32_t place;

	if (pad != 0)
		intercell_ring_write_pad(writer->ring, writer->capacity, writer->tail, pad);
	place = (writer->tail + pad) & (writer->capacity - 1u);
	intercell_ring_write_header(writer->ring, place, length, kind, channel);
	intercell_store(writer->ring, place + 8u, writer->sequence);
	intercell_store(writer->ring, place + 12u, message);
	writer->tail += pad + intercell_record_size(length);
	return writer->sequence++;
}

/*
 * The records between @head (the peer's acknowledgement) and what is written, counted by the sequence in the first of
 * them. Reads one's own ring only; a @head that is no record's start gives at most what the bytes could hold.
 */
INTERCELL_COLD uint32_t intercell_writer_unacknowledged(const struct intercell_writer *writer, uint32_t head)
{
	uint32_t used = writer->tail - head;
	uint32_t mask = writer->capacity - 1u;
	uint32_t count;

	if (used > writer->capacity || (used & 7u) != 0) {
		head = writer->head;
		used = writer->tail - head;
	}
	if (used == 0)
		return 0;
	if ((intercell_load(writer->ring, (head & mask) + 4u) & 0xffu) == INTERCELL_KIND_PAD)
		head += writer->capacity - (head & mask);
	if (writer->tail - head - 1u >= used)
		return 0;
	count = writer->sequence - intercell_load(writer->ring, (head & mask) + 8u);
	return count <= used / INTERCELL_RECORD_HEADER ? count : used / INTERCELL_RECORD_HEADER;
}

/* Copies @length bytes at @cursor out of a peer's ring, across the wrap if need be. All are multiples of 8. */
INTERCELL_FN void intercell_ring_copy(void *to, const unsigned char *ring, uint32_t capacity, uint32_t cursor,
                                      uint32_t length)
{
	uint32_t place = cursor & (capacity - 1u);
	uint32_t first = length < capacity - place ? length : capacity - place;

	INTERCELL_COPY_IN(to, ring + place, first);
	if (length > first)
		INTERCELL_COPY_IN((unsigned char *)to + first, ring, length - first);
}

/* The least payload of a record of that kind (section 4 of the page). */
INTERCELL_FN uint32_t intercell_kind_payload_min(uint32_t kind)
{
	switch (kind) {
	case INTERCELL_KIND_REPLY:
	case INTERCELL_KIND_CANCEL:
		return INTERCELL_REPLY_HEADER;
	case INTERCELL_KIND_ERROR:
		return INTERCELL_ERROR_HEADER;
	case INTERCELL_KIND_ANNOUNCE:
		return INTERCELL_ANNOUNCE_HEADER;
	default:
		return 0;
	}
}

/* Checks a pad record that starts at @cursor. Returns its size, or 0 with @finding filled in. */
INTERCELL_FN uint32_t intercell_pad_check(const intercell_u32 *words, uint32_t cursor, uint32_t capacity,
                                          uint32_t committed, struct intercell_finding *finding)
{
	uint32_t to_wrap = capacity - (cursor & (capacity - 1u));

	if (words[0] != to_wrap || words[0] > committed) {
		intercell_find(finding, INTERCELL_FAULT_LENGTH, to_wrap, words[0]);
		return 0;
	}
	if (words[1] != 0) {
		intercell_find(finding, INTERCELL_FAULT_RESERVED, 0, words[1]);
		return 0;
	}
	return words[0];
}

/*
 * Checks the record or pad that starts at @cursor and whose first bytes lie in private memory at @words; @copied bytes
 * of it are there, @committed bytes lie before the tail that was observed. The sequence is left to the caller.
 *
 * Returns the bytes the record takes in the ring, with @record->kind 0 for a pad; or 0 with @finding filled in. The
 * payload is there only if the result is at most @copied.
 */
INTERCELL_FN uint32_t intercell_record_check(const intercell_u32 *words, uint32_t cursor, uint32_t capacity,
                                             uint32_t copied, uint32_t committed, struct intercell_record *record,
                                             struct intercell_finding *finding)
{
	uint32_t length = words[0];
	uint32_t kind = words[1] & 0xffu;
	uint32_t size;

	record->kind = (uint8_t)kind;
	if (kind == INTERCELL_KIND_PAD)
		return intercell_pad_check(words, cursor, capacity, committed, finding);
	if (length < INTERCELL_RECORD_HEADER || length > capacity / 2u) {
		intercell_find(finding, INTERCELL_FAULT_LENGTH, capacity / 2u, length);
		return 0;
	}
	size = intercell_align(length, 8);
	if (size > committed || size > capacity - (cursor & (capacity - 1u))) {
		intercell_find(finding, INTERCELL_FAULT_LENGTH, committed, length);
		return 0;
	}
	length -= INTERCELL_RECORD_HEADER;
	if (kind > INTERCELL_KIND_CANCEL || length < intercell_kind_payload_min(kind)) {
		intercell_find(finding, INTERCELL_FAULT_KIND, INTERCELL_KIND_CANCEL, kind);
		return 0;
	}
	if ((words[1] & 0xff00u) != 0 || (copied >= INTERCELL_RECORD_HEADER && (words[3] >> 16) != 0)) {
		intercell_find(finding, INTERCELL_FAULT_RESERVED, 0, words[1]);
		return 0;
	}
	record->length = length;
	record->channel = (uint16_t)(words[1] >> 16);
	if (copied < INTERCELL_RECORD_HEADER)
		return size;
	record->sequence = words[2];
	record->message = (uint16_t)words[3];
	record->payload = (const unsigned char *)(words + 4);
	return size;
}

#endif
