/* SPDX-License-Identifier: MIT */
/*
 * The two rings of ivshmem-net: frames that this side sends, and those of the peer. The peer may rewrite its section at
 * any moment: each of its fields is loaded once and checked, and a frame is copied before anybody looks at it. Pure:
 * knows no state and no doorbell.
 */
#ifndef INTERCELL_NET_RING_H
#define INTERCELL_NET_RING_H

#include "net_geometry.h"

/* As INTERCELL_OBSERVE and the like in platform.h, for 16 bits. */
#ifndef INTERCELL_OBSERVE16
#define INTERCELL_OBSERVE16(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#endif
#ifndef INTERCELL_PUBLISH16
#define INTERCELL_PUBLISH16(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#endif

typedef uint16_t __attribute__((may_alias)) intercell_u16;

/* What used[].len is of a frame that was taken. */
#define INTERCELL_NET_TAKEN 1u

/* What the peer did that the protocol does not allow; a fault's number. */
#define INTERCELL_NET_FAULT_AVAIL 1u      /* its avail index jumped */
#define INTERCELL_NET_FAULT_DESCRIPTOR 2u /* it announced a descriptor that does not exist */
#define INTERCELL_NET_FAULT_FRAME 3u      /* a descriptor says an address or length outside of the frames */
#define INTERCELL_NET_FAULT_USED 4u       /* its used index jumped */
#define INTERCELL_NET_FAULT_COMPLETION 5u /* it acknowledged another frame than the oldest, or with another length */

/* The rings of one side. Indices of frames are free-running u16. */
struct intercell_net_ring {
	struct intercell_net_geometry geometry;
	unsigned char *own;
	const unsigned char *peer;
	uint32_t head; /* where the next frame begins, and where the oldest that is not acknowledged does */
	uint32_t tail;
	uint16_t next;         /* frame to send next */
	uint16_t published;    /* ... to show to the peer next */
	uint16_t completed;    /* ... that the peer acknowledges next */
	uint16_t taken;        /* frame of the peer's to take next */
	uint16_t acknowledged; /* ... to acknowledge next */
	uint32_t fault;        /* why INTERCELL_EPROTO was returned */
};

INTERCELL_ACCESS uint16_t intercell_net_observe(const unsigned char *base, uint32_t offset)
{
	return INTERCELL_OBSERVE16((const volatile intercell_u16 *)(const void *)(base + offset));
}

INTERCELL_ACCESS void intercell_net_publish(unsigned char *base, uint32_t offset, uint16_t value)
{
	INTERCELL_PUBLISH16((volatile intercell_u16 *)(void *)(base + offset), value);
}

/* Whether an index that steps from @previous to @next passes @event (virtio 1.x, vring_need_event). */
INTERCELL_FN bool intercell_net_passes(uint16_t event, uint16_t next, uint16_t previous)
{
	return (uint16_t)(next - event - 1) < (uint16_t)(next - previous);
}

INTERCELL_FN uint32_t intercell_net_descriptor(const struct intercell_net_ring *ring, uint16_t index)
{
	return index & (ring->geometry.queue_length - 1u);
}

/* Frames that the peer has not acknowledged. */
INTERCELL_FN uint32_t intercell_net_outstanding(const struct intercell_net_ring *ring)
{
	return (uint16_t)(ring->next - ring->completed);
}

/* Clears the own section; what is sent and received begins anew. */
INTERCELL_COLD void intercell_net_ring_reset(struct intercell_net_ring *ring)
{
	uint32_t i;

	intercell_zero_words(ring->own, 0, ring->geometry.section_size);
	/* As Linux's list of free descriptors begins. */
	for (i = 0; i < ring->geometry.queue_length - 1u; i++)
		intercell_net_publish(ring->own, INTERCELL_NET_DESCRIPTOR * i + 14u, (uint16_t)(i + 1u));
	ring->head = ring->geometry.data;
	ring->tail = ring->geometry.data;
	ring->next = 0;
	ring->published = 0;
	ring->completed = 0;
	ring->taken = 0;
	ring->acknowledged = 0;
}

/* Where a slot fits, or 0. Where it does not fit before the end it goes to the begin of the frames. */
INTERCELL_FN uint32_t intercell_net_place(struct intercell_net_ring *ring, uint32_t slot)
{
	const struct intercell_net_geometry *geometry = &ring->geometry;
	uint32_t limit = geometry->section_size;

	if (ring->next == ring->completed)
		ring->tail = ring->head;
	else if (ring->head <= ring->tail)
		return ring->tail - ring->head >= slot ? ring->head : 0;
	else
		limit = ring->tail;
	if (geometry->section_size - ring->head >= slot)
		return ring->head;
	return limit - geometry->data >= slot ? geometry->data : 0;
}

/* Copies a frame into the own section, to be published later. Returns false if there is no room. */
INTERCELL_FN bool intercell_net_append(struct intercell_net_ring *ring, const void *frame, uint32_t length)
{
	uint32_t slot = intercell_net_slot(length);
	uint32_t descriptor = intercell_net_descriptor(ring, ring->next);
	uint32_t place;

	if (intercell_net_outstanding(ring) >= ring->geometry.queue_length)
		return false;
	place = intercell_net_place(ring, slot);
	if (place == 0)
		return false;
	INTERCELL_COPY_OUT(ring->own + place, frame, length);
	intercell_store(ring->own, INTERCELL_NET_DESCRIPTOR * descriptor, place);
	intercell_store(ring->own, INTERCELL_NET_DESCRIPTOR * descriptor + 4u, 0);
	intercell_store(ring->own, INTERCELL_NET_DESCRIPTOR * descriptor + 8u, length);
	intercell_net_publish(ring->own, ring->geometry.avail + 4u + 2u * descriptor, (uint16_t)descriptor);
	ring->head = place + slot;
	ring->next++;
	return true;
}

/* Shows the peer what was appended. Returns whether it wants to be rung for that. */
INTERCELL_FN bool intercell_net_show(struct intercell_net_ring *ring)
{
	uint16_t previous = ring->published;

	intercell_net_publish(ring->own, ring->geometry.avail + 2u, ring->next);
	ring->published = ring->next;
	/* The peer stores the event, then looks at the index; here it is the other way round. */
	INTERCELL_FENCE();
	return intercell_net_passes(intercell_net_observe(ring->peer, ring->geometry.avail_event), ring->next,
	                            previous);
}

INTERCELL_FN int intercell_net_breach(struct intercell_net_ring *ring, uint32_t fault)
{
	ring->fault = fault;
	return INTERCELL_EPROTO;
}

/* Frees what the peer has acknowledged. Returns the number of frames, or INTERCELL_EPROTO. */
INTERCELL_FN int intercell_net_reclaim(struct intercell_net_ring *ring)
{
	uint16_t index = intercell_net_observe(ring->peer, ring->geometry.used + 2u);
	uint16_t count = (uint16_t)(index - ring->completed);
	uint16_t i;

	if (count > (uint16_t)(ring->published - ring->completed))
		return intercell_net_breach(ring, INTERCELL_NET_FAULT_USED);
	for (i = 0; i < count; i++) {
		uint32_t descriptor = intercell_net_descriptor(ring, ring->completed);
		uint32_t element = ring->geometry.used + 4u + INTERCELL_NET_ELEMENT * descriptor;
		uint32_t id = intercell_load(ring->peer, element);
		uint32_t length = intercell_load(ring->peer, element + 4u);

		if (id != descriptor || length != INTERCELL_NET_TAKEN)
			return intercell_net_breach(ring, INTERCELL_NET_FAULT_COMPLETION);
		/* The own descriptor is what this side wrote: the peer cannot write there. */
		ring->tail = intercell_load(ring->own, INTERCELL_NET_DESCRIPTOR * descriptor) +
		             intercell_net_slot(intercell_load(ring->own, INTERCELL_NET_DESCRIPTOR * descriptor + 8u));
		ring->completed++;
	}
	return count;
}

/* Asks to be rung once the peer has acknowledged half of what it has. intercell_net_reclaim() must follow. */
INTERCELL_FN void intercell_net_request_room(struct intercell_net_ring *ring)
{
	uint16_t half = (uint16_t)((uint16_t)(ring->published - ring->completed) >> 1);

	intercell_net_publish(ring->own, ring->geometry.used_event, (uint16_t)(ring->completed + half));
	INTERCELL_FENCE();
}

/* Copies from the peer's section, each byte once. @to has room for the length rounded up to 8. */
INTERCELL_FN void intercell_net_copy_in(void *to, const unsigned char *from, uint32_t length)
{
	volatile unsigned char *target = (volatile unsigned char *)to;
	const volatile unsigned char *source = from;
	uint32_t i;

	if (((uintptr_t)from & 7u) == 0) {
		/* Sections end on a page, so the rest of the last word lies within. */
		INTERCELL_COPY_IN(to, from, (length + 7u) & ~7u);
		return;
	}
	for (i = 0; i < length; i++)
		target[i] = source[i];
}

/*
 * Looks at the frame that is next and copies it to @frame if it is no longer than @size. Returns its length, which may
 * be more or less than a frame can have, INTERCELL_EAGAIN if there is none, or INTERCELL_EPROTO. It stays in the ring
 * until intercell_net_take(), which wants @descriptor.
 */
INTERCELL_FN int intercell_net_peek(struct intercell_net_ring *ring, void *frame, uint32_t size, uint16_t *descriptor)
{
	const struct intercell_net_geometry *geometry = &ring->geometry;
	uint16_t pending = (uint16_t)(intercell_net_observe(ring->peer, geometry->avail + 2u) - ring->taken);
	uint32_t slot = intercell_net_descriptor(ring, ring->taken);
	uint32_t address, high, length;

	if (pending == 0)
		return INTERCELL_EAGAIN;
	if (pending > geometry->queue_length)
		return intercell_net_breach(ring, INTERCELL_NET_FAULT_AVAIL);
	*descriptor = intercell_net_observe(ring->peer, geometry->avail + 4u + 2u * slot);
	if (*descriptor >= geometry->queue_length)
		return intercell_net_breach(ring, INTERCELL_NET_FAULT_DESCRIPTOR);
	address = intercell_load(ring->peer, INTERCELL_NET_DESCRIPTOR * *descriptor);
	high = intercell_load(ring->peer, INTERCELL_NET_DESCRIPTOR * *descriptor + 4u);
	length = intercell_load(ring->peer, INTERCELL_NET_DESCRIPTOR * *descriptor + 8u);
	if (high != 0 || address < geometry->data || address > geometry->section_size ||
	    length > geometry->section_size - address)
		return intercell_net_breach(ring, INTERCELL_NET_FAULT_FRAME);
	if (length <= size)
		intercell_net_copy_in(frame, ring->peer + address, length);
	return (int)length;
}

/* The frame that was looked at is taken, to be acknowledged later. */
INTERCELL_FN void intercell_net_take(struct intercell_net_ring *ring, uint16_t descriptor)
{
	uint32_t slot = intercell_net_descriptor(ring, ring->taken);
	uint32_t element = ring->geometry.used + 4u + INTERCELL_NET_ELEMENT * slot;

	intercell_store(ring->own, element, descriptor);
	intercell_store(ring->own, element + 4u, INTERCELL_NET_TAKEN);
	ring->taken++;
}

/* Lets the peer reuse what was taken. Returns whether it wants to be rung for that. */
INTERCELL_FN bool intercell_net_acknowledge(struct intercell_net_ring *ring)
{
	uint16_t previous = ring->acknowledged;

	intercell_net_publish(ring->own, ring->geometry.used + 2u, ring->taken);
	ring->acknowledged = ring->taken;
	INTERCELL_FENCE();
	return intercell_net_passes(intercell_net_observe(ring->peer, ring->geometry.used_event), ring->taken,
	                            previous);
}

/* Asks to be rung for the next frame. Returns whether it is there already. */
INTERCELL_FN bool intercell_net_arm(struct intercell_net_ring *ring)
{
	intercell_net_publish(ring->own, ring->geometry.avail_event, ring->taken);
	INTERCELL_FENCE();
	return intercell_net_observe(ring->peer, ring->geometry.avail + 2u) != ring->taken;
}

#endif
