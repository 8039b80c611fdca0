/* SPDX-License-Identifier: MIT */
/*
 * One end of the network between two cells: what Linux's driver ivshmem-net does, for an inmate (docs/ivshmem-net.md).
 * Ethernet frames go in and out; what is in them is up to the caller. Not part of intercell.h: include it by itself.
 *
 *	intercell_net_init(&net, &options);
 *	intercell_net_start(&net);
 *	for (;;) {
 *		while (intercell_net_poll(&net, 64) > 0)
 *			;
 *		disable_interrupts();
 *		if (intercell_net_prepare_sleep(&net))
 *			wait_for_interrupt();	// wakes with interrupts masked
 *		enable_interrupts();
 *		intercell_net_wake(&net);
 *	}
 *
 * Everything belongs to one context. Callbacks run inside intercell_net_poll(), and may send but not poll.
 */
#ifndef INTERCELL_NET_H
#define INTERCELL_NET_H

#include "net_ring.h"
#include "wire.h"

/* The states of one side, as they stand in its state word (Linux, IVSHM_NET_STATE_*). */
#define INTERCELL_NET_RESET 0u
#define INTERCELL_NET_INIT 1u
#define INTERCELL_NET_READY 2u
#define INTERCELL_NET_RUN 3u

/* Steps of the state machine in one poll, so that a peer whose state flaps cannot hold this side up. */
#define INTERCELL_NET_STEPS 8u

#define INTERCELL_NET_EVENT_UP 1u
#define INTERCELL_NET_EVENT_DOWN 2u  /* @detail: frames that were on their way */
#define INTERCELL_NET_EVENT_FAULT 3u /* the peer broke the protocol and the link was reset; @detail: the fault */

/* Counted since init, modulo 2^32. */
struct intercell_net_statistics {
	uint32_t tx_frames;
	uint32_t tx_refused; /* sends that found the link down or the ring full */
	uint32_t tx_lost;    /* in the ring and not acknowledged when the link went down */
	uint32_t rx_frames;
	uint32_t rx_oversized; /* longer than frame_size, and shorter than an Ethernet header */
	uint32_t rx_runts;
	uint32_t doorbells_rung;
	uint32_t doorbells_saved;
	uint32_t ups;
	uint32_t faults;
};

struct intercell_net_options {
	const struct intercell_platform *platform; /* the clock is not used */
	const void *state_table;
	void *output;      /* the own section, and the peer's; both begin on a page */
	const void *input;
	uint32_t section_size;
	uint32_t id;       /* 0 or 1, as in the device's ID register */
	uint32_t vectors;  /* of the device: 1 with INTx */
	bool interrupts;   /* switch them on, and again after each sleep */
	void *frame;       /* 8-aligned, of frame_size rounded up to 8: holds one frame that arrives */
	uint32_t frame_size; /* longest frame either way: the MTU and INTERCELL_NET_HEADER */
	/*
	 * A frame, valid during the call. INTERCELL_HOLD leaves it in the ring and keeps the caller from sleeping: the
	 * next poll offers it again.
	 */
	int (*on_frame)(void *context, const unsigned char *frame, uint32_t length);
	void (*on_event)(void *context, uint32_t event, uint32_t detail); /* may be NULL */
	void *context;
};

struct intercell_net {
	struct intercell_net_options options INTERCELL_ALIGNED;
	struct intercell_net_ring ring;
	struct intercell_net_statistics statistics;
	uint32_t state;
	bool running;
	bool starved; /* a send found no room */
};

INTERCELL_FN bool intercell_net_up(const struct intercell_net *net)
{
	return net->state == INTERCELL_NET_RUN;
}

/*
 * Takes over what @options name; touches no memory that is shared. Returns 0, INTERCELL_EINVAL if they make no sense, or
 * INTERCELL_ENOSPC if the sections are too small.
 */
INTERCELL_COLD int intercell_net_init(struct intercell_net *net, const struct intercell_net_options *options)
{
	int error = intercell_net_plan(options->section_size, &net->ring.geometry);

	if (error < 0)
		return error;
	if (options->id > 1u || options->on_frame == NULL || options->frame_size < INTERCELL_NET_FRAME_MIN ||
	    options->frame_size > net->ring.geometry.mtu_max + INTERCELL_NET_HEADER ||
	    (((uintptr_t)options->frame | (uintptr_t)options->output | (uintptr_t)options->input) & 7u) != 0 ||
	    (options->section_size & 7u) != 0)
		return INTERCELL_EINVAL;
	intercell_copy_words(&net->options, options, (uint32_t)sizeof(net->options));
	net->ring.own = (unsigned char *)options->output;
	net->ring.peer = (const unsigned char *)options->input;
	net->ring.next = 0;
	net->ring.completed = 0;
	net->ring.fault = 0;
	intercell_zero(&net->statistics, (uint32_t)sizeof(net->statistics));
	net->state = INTERCELL_NET_RESET;
	net->running = false;
	net->starved = false;
	return INTERCELL_OK;
}

INTERCELL_FN void intercell_net_write(const struct intercell_net *net, uint32_t offset, uint32_t value)
{
	net->options.platform->write_register(net->options.platform->context, offset, value);
}

INTERCELL_FN void intercell_net_tell(struct intercell_net *net, uint32_t event, uint32_t detail)
{
	if (net->options.on_event)
		net->options.on_event(net->options.context, event, detail);
}

INTERCELL_FN void intercell_net_ring_if(struct intercell_net *net, bool wanted)
{
	uint32_t vector = net->options.vectors > 1u ? 1u : 0u;

	if (!wanted) {
		net->statistics.doorbells_saved++;
		return;
	}
	net->statistics.doorbells_rung++;
	intercell_net_write(net, INTERCELL_REGISTER_DOORBELL, (1u - net->options.id) << 16 | vector);
}

/* Lets the link go; the state word is left to the caller. */
INTERCELL_COLD void intercell_net_leave(struct intercell_net *net)
{
	bool was_up = intercell_net_up(net);
	uint32_t fault = net->ring.fault;
	uint32_t lost;

	net->state = INTERCELL_NET_RESET;
	net->starved = false;
	if (!was_up)
		return;
	/* What was acknowledged before, as far as it makes sense. */
	(void)intercell_net_reclaim(&net->ring);
	net->ring.fault = fault;
	lost = intercell_net_outstanding(&net->ring);
	net->statistics.tx_lost += lost;
	intercell_net_tell(net, INTERCELL_NET_EVENT_DOWN, lost);
}

INTERCELL_COLD void intercell_net_fail(struct intercell_net *net)
{
	net->statistics.faults++;
	intercell_net_leave(net);
	intercell_net_write(net, INTERCELL_REGISTER_STATE, INTERCELL_NET_RESET);
	intercell_net_tell(net, INTERCELL_NET_EVENT_FAULT, net->ring.fault);
}

/* Interrupts are on, if they are wanted, and the link comes up with the polls that follow. */
INTERCELL_COLD void intercell_net_start(struct intercell_net *net)
{
	net->running = true;
	if (net->options.interrupts)
		intercell_net_write(net, INTERCELL_REGISTER_INT_CONTROL, 1);
	intercell_net_write(net, INTERCELL_REGISTER_STATE, INTERCELL_NET_RESET);
}

/* The peer sees that this side is gone. Idempotent; intercell_net_start() brings it back. */
INTERCELL_COLD void intercell_net_stop(struct intercell_net *net)
{
	if (!net->running)
		return;
	net->running = false;
	intercell_net_leave(net);
	intercell_net_write(net, INTERCELL_REGISTER_STATE, INTERCELL_NET_RESET);
}

/* The state that follows for one side, given the other's. */
INTERCELL_COLD uint32_t intercell_net_following(uint32_t own, uint32_t peer)
{
	if (own == INTERCELL_NET_RESET)
		return peer < INTERCELL_NET_READY ? INTERCELL_NET_INIT : own;
	if (own == INTERCELL_NET_INIT)
		return peer > INTERCELL_NET_RESET ? INTERCELL_NET_READY : own;
	if (own == INTERCELL_NET_RUN)
		return peer < INTERCELL_NET_READY ? INTERCELL_NET_RESET : own;
	if (peer >= INTERCELL_NET_READY)
		return INTERCELL_NET_RUN;
	return peer == INTERCELL_NET_RESET ? INTERCELL_NET_RESET : own;
}

INTERCELL_FN uint32_t intercell_net_peer_state(const struct intercell_net *net)
{
	return intercell_observe(net->options.state_table, (1u - net->options.id) * 4u);
}

/* A stray program has zeroed the own state word: the peer has let the link go. */
INTERCELL_FN bool intercell_net_is_erased(const struct intercell_net *net)
{
	return intercell_observe(net->options.state_table, net->options.id * 4u) != net->state;
}

INTERCELL_COLD void intercell_net_follow(struct intercell_net *net)
{
	uint32_t step, next;

	if (intercell_net_is_erased(net))
		intercell_net_leave(net);
	for (step = 0; step < INTERCELL_NET_STEPS; step++) {
		next = intercell_net_following(net->state, intercell_net_peer_state(net));
		if (next == net->state)
			return;
		if (next == INTERCELL_NET_READY)
			intercell_net_ring_reset(&net->ring);
		if (next == INTERCELL_NET_RESET)
			intercell_net_leave(net);
		net->state = next;
		/* The state says that the section is clear. */
		INTERCELL_FENCE();
		intercell_net_write(net, INTERCELL_REGISTER_STATE, next);
		if (next == INTERCELL_NET_RUN) {
			net->statistics.ups++;
			intercell_net_tell(net, INTERCELL_NET_EVENT_UP, 0);
		}
	}
}

/* Shows the peer what was sent, and rings it if it asked for that. */
INTERCELL_FN void intercell_net_flush(struct intercell_net *net)
{
	if (intercell_net_up(net) && net->ring.next != net->ring.published)
		intercell_net_ring_if(net, intercell_net_show(&net->ring));
}

/* Frees what was acknowledged; resets the link if that makes no sense. Returns frames, or INTERCELL_EPROTO. */
INTERCELL_FN int intercell_net_tidy(struct intercell_net *net)
{
	int freed = intercell_net_reclaim(&net->ring);

	if (freed < 0)
		intercell_net_fail(net);
	else if (freed > 0)
		net->starved = false;
	return freed;
}

/* Frees what was acknowledged and appends; asks the peer to ring if that is not enough. Returns false without room. */
INTERCELL_COLD bool intercell_net_make_room(struct intercell_net *net, const void *frame, uint32_t length)
{
	int freed;

	intercell_net_flush(net);
	freed = intercell_net_tidy(net);
	if (freed > 0 && intercell_net_append(&net->ring, frame, length))
		return true;
	/* What is acknowledged meanwhile may be past what was asked for, and not be enough: then it is asked anew. */
	while (freed >= 0) {
		intercell_net_request_room(&net->ring);
		freed = intercell_net_tidy(net);
		if (freed <= 0)
			break;
		if (intercell_net_append(&net->ring, frame, length))
			return true;
	}
	net->starved = freed == 0;
	return false;
}

/*
 * Copies a frame into the ring, from the destination address to the end of the payload, without checksum. The peer sees
 * it at the end of the poll that runs, or at intercell_net_flush(). Returns 0, INTERCELL_EMSGSIZE if it is no frame or
 * longer than frame_size, INTERCELL_ENOTCONN if the link is not up, or INTERCELL_ENOBUFS if there is no room.
 */
INTERCELL_COLD int intercell_net_send(struct intercell_net *net, const void *frame, uint32_t length)
{
	if (length < INTERCELL_NET_FRAME_MIN || length > net->options.frame_size)
		return INTERCELL_EMSGSIZE;
	if (intercell_net_up(net) && !intercell_net_append(&net->ring, frame, length) &&
	    !intercell_net_make_room(net, frame, length)) {
		net->statistics.tx_refused++;
		return intercell_net_up(net) ? INTERCELL_ENOBUFS : INTERCELL_ENOTCONN;
	}
	if (!intercell_net_up(net)) {
		net->statistics.tx_refused++;
		return INTERCELL_ENOTCONN;
	}
	net->statistics.tx_frames++;
	return INTERCELL_OK;
}

/* Takes one frame out of the ring. Returns false if there is none, it was not taken, or the link is down. */
INTERCELL_FN bool intercell_net_deliver(struct intercell_net *net)
{
	uint16_t descriptor;
	int length = intercell_net_peek(&net->ring, net->options.frame, net->options.frame_size, &descriptor);

	if (length == INTERCELL_EPROTO)
		intercell_net_fail(net);
	if (length < 0)
		return false;
	if ((uint32_t)length > net->options.frame_size) {
		net->statistics.rx_oversized++;
	} else if ((uint32_t)length < INTERCELL_NET_FRAME_MIN) {
		net->statistics.rx_runts++;
	} else {
		if (net->options.on_frame(net->options.context, (const unsigned char *)net->options.frame,
		                          (uint32_t)length) == INTERCELL_HOLD)
			return false;
		/* It may have sent, and found the peer at fault. */
		if (!intercell_net_up(net))
			return false;
		net->statistics.rx_frames++;
	}
	intercell_net_take(&net->ring, descriptor);
	return true;
}

/*
 * Looks once at what the peer did: follows its state, frees what it acknowledged, hands on up to @budget of its frames,
 * and shows it what was sent. Returns the number of frames that it took out of the ring.
 */
INTERCELL_COLD int intercell_net_poll(struct intercell_net *net, uint32_t budget)
{
	uint32_t count = 0;

	if (!net->running)
		return 0;
	intercell_net_follow(net);
	if (!intercell_net_up(net) || intercell_net_tidy(net) < 0)
		return 0;
	while (count < budget && intercell_net_deliver(net))
		count++;
	if (intercell_net_up(net) && net->ring.taken != net->ring.acknowledged)
		intercell_net_ring_if(net, intercell_net_acknowledge(&net->ring));
	intercell_net_flush(net);
	return (int)count;
}

/*
 * Asks the peer to ring, then looks once more. Returns true if the caller may sleep, false if there is something to poll
 * for. Call it with interrupts masked.
 */
INTERCELL_COLD bool intercell_net_prepare_sleep(struct intercell_net *net)
{
	if (!net->running)
		return true;
	if (intercell_net_up(net)) {
		intercell_net_flush(net);
		if (intercell_net_arm(&net->ring))
			return false;
		if (net->starved &&
		    intercell_net_observe(net->ring.peer, net->ring.geometry.used + 2u) != net->ring.completed)
			return false;
	}
	return !intercell_net_is_erased(net) &&
	       intercell_net_following(net->state, intercell_net_peer_state(net)) == net->state;
}

/* After a sleep: arms the interrupt again, before the poll that follows. Harmless if nothing happened. */
INTERCELL_COLD void intercell_net_wake(struct intercell_net *net)
{
	if (net->options.interrupts && net->running)
		intercell_net_write(net, INTERCELL_REGISTER_INT_CONTROL, 1);
}

#endif
