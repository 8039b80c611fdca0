/* SPDX-License-Identifier: MIT */
/*
 * The broadcast ring: one writer, read by all peers, never waiting for any of them (section 6 of the page).
 *
 * control line: | u32 intent | u32 tail | u32 latest | u32 next sequence | zero ... |
 */
#ifndef INTERCELL_BROADCAST_H
#define INTERCELL_BROADCAST_H

#include "link.h"

/* How often a reader looks for a tail and the sequence that belongs to it while the writer writes. */
#ifndef INTERCELL_BROADCAST_TRIES
#define INTERCELL_BROADCAST_TRIES 4u
#endif

struct intercell_broadcast_writer {
	unsigned char *control; /* NULL if the section has no broadcast ring */
	unsigned char *ring;
	uint32_t capacity;
	uint32_t tail;
	uint32_t sequence;
};

/* Where one reader is in a peer's broadcast ring. */
struct intercell_broadcast_reader {
	uint32_t cursor;
	uint32_t limit;    /* the tail observed before the link's ring was read */
	uint32_t sequence; /* expected next */
	uint32_t missed;   /* records that were overwritten before they were read */
};

INTERCELL_COLD void intercell_broadcast_attach(struct intercell_broadcast_writer *writer,
                                               const struct intercell_node *node)
{
	const struct intercell_layout *layout = &node->layout;

	intercell_zero(writer, (uint32_t)sizeof(*writer));
	if (layout->broadcast_control == 0)
		return;
	writer->control = node->output + layout->broadcast_control;
	writer->ring = node->output + layout->broadcast_ring;
	writer->capacity = layout->broadcast_capacity;
}

/* Writes and publishes one record. The caller has checked that the ring is there and the length fits. */
INTERCELL_FN void intercell_broadcast_write(struct intercell_broadcast_writer *writer, uint32_t channel,
                                            uint32_t message, const void *data, uint32_t length)
{
	uint32_t size = intercell_record_size(length);
	uint32_t pad = intercell_ring_pad(writer->tail, size, writer->capacity);
	uint32_t cursor = writer->tail + pad;
	uint32_t place = cursor & (writer->capacity - 1u);
	unsigned char *payload;

	intercell_publish(writer->control, INTERCELL_BROADCAST_INTENT, cursor + size);
	INTERCELL_FENCE();
	if (pad != 0)
		intercell_ring_write_pad(writer->ring, writer->capacity, writer->tail, pad);
	payload = intercell_ring_write_header(writer->ring, place, length, INTERCELL_KIND_DATA, channel);
	intercell_store(writer->ring, place + 8u, writer->sequence++);
	intercell_store(writer->ring, place + 12u, message);
	INTERCELL_COPY_OUT(payload, data, length);
	intercell_store(writer->control, INTERCELL_BROADCAST_LATEST, cursor);
	intercell_store(writer->control, INTERCELL_BROADCAST_NEXT, writer->sequence);
	writer->tail = cursor + size;
	intercell_publish(writer->control, INTERCELL_BROADCAST_TAIL, writer->tail);
}

INTERCELL_FN uint32_t intercell_broadcast_word(const struct intercell_link *link, uint32_t offset)
{
	return intercell_observe(link->section, link->peer_geometry.broadcast_control + offset);
}

/* Copies @length bytes at @cursor to the scratch buffer. Returns false if the writer may have overwritten them. */
INTERCELL_FN bool intercell_broadcast_copy(struct intercell_link *link, uint32_t cursor, uint32_t length)
{
	const struct intercell_geometry *geometry = &link->peer_geometry;

	intercell_ring_copy(link->node->scratch, link->section + geometry->broadcast_ring, geometry->broadcast_capacity,
	                    cursor, length);
	INTERCELL_FENCE();
	return intercell_broadcast_word(link, INTERCELL_BROADCAST_INTENT) - cursor <= geometry->broadcast_capacity;
}

/*
 * Begins at the tail that is there, with the sequence that is to come there. A tail that lies between two places of records
 * shows as a fault when it is held against the next one.
 */
INTERCELL_COLD void intercell_broadcast_open(struct intercell_broadcast_reader *reader,
                                             const struct intercell_link *link)
{
	uint32_t tries;

	intercell_zero(reader, (uint32_t)sizeof(*reader));
	if (link->peer_geometry.broadcast_control == 0)
		return;
	for (tries = 0; tries < INTERCELL_BROADCAST_TRIES; tries++) {
		reader->cursor = intercell_broadcast_word(link, INTERCELL_BROADCAST_TAIL);
		reader->sequence = intercell_broadcast_word(link, INTERCELL_BROADCAST_NEXT);
		if (intercell_broadcast_word(link, INTERCELL_BROADCAST_TAIL) == reader->cursor)
			break;
	}
	reader->cursor &= ~7u;
	reader->limit = reader->cursor;
}

/* Notes how far the ring may be read after the link's own ring, so that announcements come before what uses them. */
INTERCELL_FN void intercell_broadcast_limit(struct intercell_broadcast_reader *reader,
                                            const struct intercell_link *link)
{
	if (link->peer_geometry.broadcast_control != 0)
		reader->limit = intercell_broadcast_word(link, INTERCELL_BROADCAST_TAIL);
}

/*
 * Takes the next record up to the limit into the scratch buffer.
 *
 * Returns 1 with @record filled in; 0 if there is none, or the writer is too fast for this reader just now; or
 * INTERCELL_EPROTO with @finding filled in. What was overwritten is counted in @reader->missed.
 */
INTERCELL_FN int intercell_broadcast_next(struct intercell_broadcast_reader *reader, struct intercell_link *link,
                                          struct intercell_record *record, struct intercell_finding *finding)
{
	uint32_t capacity = link->peer_geometry.broadcast_capacity;
	const intercell_u32 *words = (const intercell_u32 *)link->node->scratch;
	uint32_t used = reader->limit - reader->cursor;
	uint32_t copied = used < INTERCELL_RECORD_HEADER ? used : INTERCELL_RECORD_HEADER;
	uint32_t size;

	if (used == 0)
		return 0;
	if ((used & 7u) != 0) {
		intercell_find(finding, INTERCELL_FAULT_CURSOR, capacity, used);
		return INTERCELL_EPROTO;
	}
	if (used <= capacity && intercell_broadcast_copy(link, reader->cursor, copied)) {
		size = intercell_align(words[0] & 0x7fffffffu, 8);
		if (size > copied && size <= used && size <= link->node->scratch_size)
			copied = size;
	}
	if (used > capacity || !intercell_broadcast_copy(link, reader->cursor, copied)) {
		reader->cursor = intercell_broadcast_word(link, INTERCELL_BROADCAST_LATEST) & ~7u;
		return 0;
	}
	size = intercell_record_check(words, reader->cursor, capacity, copied, used, record, finding);
	if (size == 0)
		return INTERCELL_EPROTO;
	reader->cursor += size;
	if (record->kind == INTERCELL_KIND_PAD)
		return 1;
	if (record->kind != INTERCELL_KIND_DATA) {
		intercell_find(finding, INTERCELL_FAULT_KIND, INTERCELL_KIND_DATA, record->kind);
		return INTERCELL_EPROTO;
	}
	/* The first expectation runs ahead if the writer never rested while it was taken: that is no gap. */
	if (record->sequence - reader->sequence <= 0x7fffffffu)
		reader->missed += record->sequence - reader->sequence;
	reader->sequence = record->sequence + 1u;
	if (size > copied) {
		link->statistics.oversize++;
		record->kind = INTERCELL_KIND_PAD;
	}
	return 1;
}

#endif
