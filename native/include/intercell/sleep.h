/* SPDX-License-Identifier: MIT */
/*
 * Sleeping until something happens (section 5 of the page). The loop of an inmate with interrupts:
 *
 *	for (;;) {
 *		while (intercell_node_poll(&node) > 0)
 *			;
 *		disable_interrupts();
 *		if (intercell_node_prepare_sleep(&node))
 *			wait_for_interrupt();	// wakes with interrupts masked
 *		enable_interrupts();
 *		intercell_node_wake(&node);
 *	}
 *
 * The handler has nothing to do for the library. A timer of 10 to 100 ms that ends the wait as well covers a doorbell
 * that was lost, and keeps heartbeats and timeouts going.
 */
#ifndef INTERCELL_SLEEP_H
#define INTERCELL_SLEEP_H

#include "node.h"

/* True if a poll would find something to do for the link. */
INTERCELL_FN bool intercell_link_pending(const struct intercell_link *link)
{
	const struct intercell_node *node = link->node;
	uint32_t state = intercell_load(node->state_table, link->peer * 4u);
	uint32_t epoch = intercell_link_peer_epoch(link);

	if (link->phase == INTERCELL_PHASE_WAITING) {
		uint32_t echo;

		if (state == 0 || epoch == 0 || epoch == link->spent ||
		    intercell_load(link->section, INTERCELL_HEADER_MAGIC) != INTERCELL_MAGIC)
			return false;
		if (epoch != link->peer_epoch)
			return true;
		echo = intercell_link_peer_word(link, INTERCELL_CONTROL_ECHO);
		return echo == 0 || echo == link->epoch;
	}
	if (link->held_over)
		return false;
	if (intercell_link_is_over(link))
		return true;
	if (link->phase == INTERCELL_PHASE_ACCEPTED)
		return intercell_link_peer_word(link, INTERCELL_CONTROL_ECHO) == link->epoch;
	if (link->phase == INTERCELL_PHASE_OPEN &&
	    intercell_link_peer_word(link, INTERCELL_CONTROL_OPEN) == link->epoch)
		return true;
	if (link->phase == INTERCELL_PHASE_READY && link->away != (state == 0))
		return true;
	if (!link->held && intercell_link_peer_word(link, INTERCELL_CONTROL_TAIL) != link->head)
		return true;
	if (link->starved && intercell_link_peer_word(link, INTERCELL_CONTROL_HEAD) != link->tx.head)
		return true;
	return link->suspicion.code != 0;
}

/* Clears what the peers should ring for, once this side is awake. */
INTERCELL_COLD void intercell_node_disarm(struct intercell_node *node)
{
	uint32_t peer;

	for (peer = 0; peer < node->layout.max_peers; peer++) {
		struct intercell_link *link = &node->links[peer];

		if ((link->wake & INTERCELL_WAKE_BITS) == 0 || link->phase == INTERCELL_PHASE_CLOSED)
			continue;
		link->wake &= ~INTERCELL_WAKE_BITS;
		intercell_store(link->control, INTERCELL_CONTROL_WAKE, link->wake);
	}
}

/*
 * Asks all peers to ring, then looks once more. Returns true if the caller may sleep; false if there is something to
 * poll for, with the peers told not to ring. Call it with interrupts masked.
 */
INTERCELL_COLD bool intercell_node_prepare_sleep(struct intercell_node *node)
{
	const struct intercell_layer *layer = &node->layer;
	uint32_t peer, bits;

	for (peer = 0; peer < node->layout.max_peers; peer++) {
		struct intercell_link *link = &node->links[peer];

		if (link->phase == INTERCELL_PHASE_CLOSED)
			continue;
		bits = INTERCELL_WAKE_COMMIT | (link->starved ? INTERCELL_WAKE_ACKNOWLEDGE : 0u);
		link->wake = ((link->wake & ~INTERCELL_WAKE_BITS) + INTERCELL_WAKE_STEP) | bits;
		intercell_publish(link->control, INTERCELL_CONTROL_WAKE, link->wake);
	}
	INTERCELL_FENCE();
	for (peer = 0; peer < node->layout.max_peers; peer++) {
		struct intercell_link *link = &node->links[peer];

		if (link->phase == INTERCELL_PHASE_CLOSED)
			continue;
		if (intercell_link_pending(link) || (layer->pending && layer->pending(layer->context, link))) {
			intercell_node_disarm(node);
			return false;
		}
	}
	return true;
}

/*
 * After a sleep: arms the one-shot interrupt first, so that what comes from here on interrupts again, then tells the
 * peers not to ring. A poll follows. Harmless if nothing happened.
 */
INTERCELL_COLD void intercell_node_wake(struct intercell_node *node)
{
	uint32_t peer;

	if (node->interrupts && node->running)
		node->platform->write_register(node->platform->context, INTERCELL_REGISTER_INT_CONTROL, 1);
	intercell_node_disarm(node);
	for (peer = 0; peer < node->layout.max_peers; peer++)
		node->links[peer].starved = false;
}

#endif
