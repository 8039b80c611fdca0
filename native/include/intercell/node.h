/* SPDX-License-Identifier: MIT */
/*
 * One side of the device: start, stop, poll, sleep. All functions belong to one context (a thread, or the main loop)
 * and are not called from an interrupt handler, except where it is said. None waits, and each is bounded: a poll makes
 * at most one pass over the links and copies at most one scratch buffer from each, or what its ring still holds when the
 * session ended.
 */
#ifndef INTERCELL_NODE_H
#define INTERCELL_NODE_H

#include "session.h"

/* What intercell_node_init() needs; every member is set by the caller, as there are no hidden defaults in C. */
struct intercell_node_options {
	const struct intercell_platform *platform;
	const void *state_table;
	void *output;                   /* this side's output section, writable, 128-aligned */
	const void *inputs;             /* all output sections in the order of peer ids; see intercell_node_place() */
	struct intercell_layout layout; /* from intercell_layout_plan() */
	struct intercell_link *links;   /* layout.max_peers of them */
	void *scratch;                  /* 8-aligned; as large as the largest ring to read, for the fewest steps */
	uint32_t scratch_size;          /* at least 256; larger records than this are left out and counted */
	uint32_t epoch_seed;            /* where epochs begin if the section holds none; preferably random */
	uint32_t heartbeat_ms;          /* the poll is called at least this often; 0 to promise nothing */
	uint16_t vector;                /* on which to be rung; 0 with INTx */
	bool interrupts;                /* arm IntControl at start and in intercell_node_wake() */
	void (*on_event)(void *context, struct intercell_link *link, const struct intercell_event *event);
	void *context;
};

INTERCELL_STATIC_ASSERT(sizeof(struct intercell_node_options) % sizeof(intercell_word) == 0,
                        "the options are copied word by word");
INTERCELL_STATIC_ASSERT(offsetof(struct intercell_node_options, layout) == offsetof(struct intercell_node, layout),
                        "a node begins as its options do");
INTERCELL_STATIC_ASSERT(offsetof(struct intercell_node_options, vector) == offsetof(struct intercell_node, vector),
                        "a node begins as its options do");
INTERCELL_STATIC_ASSERT(offsetof(struct intercell_node_options, context) == offsetof(struct intercell_node, context),
                        "a node begins as its options do");

/* Checks the options and fills in the node; touches no shared memory. Returns 0 or INTERCELL_EINVAL. */
INTERCELL_COLD int intercell_node_init(struct intercell_node *node, const struct intercell_node_options *options)
{
	uint32_t peer, index;

	if (!options->platform || !options->platform->write_register || !options->state_table || !options->output ||
	    !options->inputs || !options->links || !options->scratch || options->scratch_size < INTERCELL_CAPACITY_MIN)
		return INTERCELL_EINVAL;
	if (((uintptr_t)options->output & 7u) != 0 || ((uintptr_t)options->inputs & 7u) != 0 ||
	    ((uintptr_t)options->scratch & 7u) != 0)
		return INTERCELL_EINVAL;
	intercell_zero(node, (uint32_t)sizeof(*node));
	intercell_copy_words(node, options, (uint32_t)sizeof(*options));
	node->scratch_size &= ~7u;
	for (peer = 0; peer < node->layout.max_peers; peer++) {
		struct intercell_link *link = &node->links[peer];

		intercell_zero(link, (uint32_t)sizeof(*link));
		link->node = node;
		link->peer = (uint16_t)peer;
		link->session = 1;
		link->section = node->inputs + (size_t)peer * node->layout.section_size;
		if (!intercell_node_serves(node, peer))
			continue;
		index = intercell_layout_index(&node->layout, peer);
		link->control = node->output + node->layout.control_offset + index * INTERCELL_CONTROL_SIZE;
		link->tx.ring = node->output + node->layout.ring_offset + index * node->layout.ring_capacity;
		link->tx.capacity = node->layout.ring_capacity;
	}
	return INTERCELL_OK;
}

/*
 * Tells where a peer's output section lies, for a machine on which the sections are not mapped in one piece. Call it
 * after intercell_node_init() and before intercell_node_start().
 */
INTERCELL_FN void intercell_node_place(struct intercell_node *node, uint32_t peer, const void *section)
{
	node->links[peer].section = (const unsigned char *)section;
}

/* The link to a peer, or NULL if that peer is not served. */
INTERCELL_FN struct intercell_link *intercell_node_link(struct intercell_node *node, uint32_t peer)
{
	return intercell_node_serves(node, peer) ? &node->links[peer] : NULL;
}

INTERCELL_FN uint32_t intercell_node_now(const struct intercell_node *node)
{
	return node->platform->clock_ms ? node->platform->clock_ms(node->platform->context) : 0;
}

INTERCELL_COLD void intercell_node_write_header(struct intercell_node *node)
{
	const struct intercell_layout *layout = &node->layout;
	unsigned char *output = node->output;

	intercell_store(output, INTERCELL_HEADER_VERSION_ID, INTERCELL_WIRE_VERSION | (uint32_t)layout->id << 16);
	intercell_store(output, INTERCELL_HEADER_SECTION_SIZE, layout->section_size);
	intercell_store(output, INTERCELL_HEADER_FLAGS, 0);
	intercell_store(output, INTERCELL_HEADER_EPOCH_COUNTER, node->epoch_counter);
	intercell_store(output, INTERCELL_HEADER_PEERS_VECTOR, layout->max_peers | (uint32_t)node->vector << 16);
	intercell_store(output, INTERCELL_HEADER_LATEST_OFFSET, layout->latest_offset);
	intercell_store(output, INTERCELL_HEADER_LATEST_SIZE, layout->latest_size);
	intercell_store(output, INTERCELL_HEADER_BROADCAST_CONTROL, layout->broadcast_control);
	intercell_store(output, INTERCELL_HEADER_BROADCAST_RING, layout->broadcast_ring);
	intercell_store(output, INTERCELL_HEADER_BROADCAST_CAPACITY, layout->broadcast_capacity);
	intercell_store(output, INTERCELL_HEADER_HEARTBEAT_MS, node->heartbeat_ms);
	intercell_zero_words(output, INTERCELL_HEADER_ZERO, INTERCELL_LINE - INTERCELL_HEADER_ZERO);
	intercell_store(output, INTERCELL_HEADER_MAGIC, INTERCELL_MAGIC);
}

/* Writes the directory entry for a peer, epoch 0. Returns true if the places in it were these already. */
INTERCELL_COLD bool intercell_node_write_entry(struct intercell_node *node, uint32_t peer)
{
	unsigned char *entry = node->output + intercell_entry(peer);
	uint32_t index = intercell_layout_index(&node->layout, peer);
	uint32_t control = node->layout.control_offset + index * INTERCELL_CONTROL_SIZE;
	uint32_t capacity = node->layout.ring_capacity;
	uint32_t ring = node->layout.ring_offset + index * capacity;
	bool same;

	if (!intercell_node_serves(node, peer))
		control = ring = capacity = 0;
	same = intercell_entry_names(node->output, peer, control, ring, capacity);
	intercell_store(entry, INTERCELL_ENTRY_CONTROL, control);
	intercell_store(entry, INTERCELL_ENTRY_RING, ring);
	intercell_store(entry, INTERCELL_ENTRY_CAPACITY, capacity);
	return same;
}

/* Resets a control block; the cursors stay if a peer may still be copying this side's last records by them. */
INTERCELL_COLD void intercell_node_reset_control(unsigned char *control, bool keep_cursors)
{
	uint32_t tail = keep_cursors ? intercell_load(control, INTERCELL_CONTROL_TAIL) : 0;
	uint32_t head = keep_cursors ? intercell_load(control, INTERCELL_CONTROL_HEAD) : 0;

	intercell_store(control, INTERCELL_CONTROL_TAIL, tail);
	intercell_zero_words(control, INTERCELL_CONTROL_TAIL + 4u, INTERCELL_LINE - 4u);
	intercell_store(control, INTERCELL_CONTROL_HEAD, head);
	intercell_zero_words(control, INTERCELL_CONTROL_HEAD + 4u, INTERCELL_LINE - 4u);
	intercell_zero_words(control, INTERCELL_CONTROL_WAKE, INTERCELL_LINE);
}

/* Publishes an epoch for a peer, so that it may accept this side. */
INTERCELL_COLD void intercell_link_offer(struct intercell_link *link)
{
	link->epoch = intercell_node_take_epoch(link->node);
	link->phase = INTERCELL_PHASE_WAITING;
	link->peer_epoch = 0;
	link->spent = 0;
	link->told = 0;
	link->wake = 0;
	intercell_publish(link->node->output, intercell_entry(link->peer) + INTERCELL_ENTRY_EPOCH, link->epoch);
}

/*
 * Writes the section and shows this side to its peers (Start, section 3 of the page). Restarting after
 * intercell_node_stop(), or after the cell was killed, is the same call. Returns 0, or INTERCELL_EBUSY if it runs.
 */
INTERCELL_COLD int intercell_node_start(struct intercell_node *node)
{
	const struct intercell_platform *platform = node->platform;
	unsigned char *output = node->output;
	bool known = intercell_load(output, INTERCELL_HEADER_MAGIC) == INTERCELL_MAGIC &&
	             intercell_load(output, INTERCELL_HEADER_SECTION_SIZE) == node->layout.section_size;
	uint32_t same = 0;
	uint32_t peer;

	if (node->running)
		return INTERCELL_EBUSY;
	node->epoch_counter = known ? intercell_load(output, INTERCELL_HEADER_EPOCH_COUNTER) : node->epoch_seed;
	for (peer = 0; peer < node->layout.max_peers; peer++)
		intercell_publish(output, intercell_entry(peer) + INTERCELL_ENTRY_EPOCH, 0);
	INTERCELL_FENCE();
	intercell_node_write_header(node);
	for (peer = 0; peer < node->layout.max_peers; peer++)
		if (intercell_node_write_entry(node, peer) && known)
			same |= 1u << peer;
	INTERCELL_FENCE();
	for (peer = 0; peer < node->layout.max_peers; peer++)
		if (intercell_node_serves(node, peer))
			intercell_node_reset_control(node->links[peer].control, (same >> peer & 1u) != 0);
	if (node->layout.broadcast_control != 0)
		intercell_zero_words(output, node->layout.broadcast_control, INTERCELL_LINE);
	if (node->layer.started)
		node->layer.started(node->layer.context);
	INTERCELL_FENCE();
	for (peer = 0; peer < node->layout.max_peers; peer++)
		if (intercell_node_serves(node, peer))
			intercell_link_offer(&node->links[peer]);
	INTERCELL_FENCE();
	node->running = true;
	node->beat_at = intercell_node_now(node);
	if (node->interrupts)
		platform->write_register(platform->context, INTERCELL_REGISTER_INT_CONTROL, 1);
	platform->write_register(platform->context, INTERCELL_REGISTER_STATE, node->epoch_counter);
	return INTERCELL_OK;
}

/*
 * Leaves one peer in good order. Records it has not acknowledged are lost: wait for intercell_link_unacknowledged() to
 * be 0 first if they matter. Doing it twice does nothing.
 */
INTERCELL_COLD void intercell_link_close(struct intercell_link *link)
{
	if (link->phase == INTERCELL_PHASE_CLOSED)
		return;
	intercell_publish(link->node->output, intercell_entry(link->peer) + INTERCELL_ENTRY_EPOCH, 0);
	INTERCELL_FENCE();
	link->epoch = 0;
	intercell_link_finish(link, INTERCELL_EVENT_DOWN, link->peer_epoch, &intercell_nothing_found);
	if (link->phase == INTERCELL_PHASE_WAITING)
		link->phase = INTERCELL_PHASE_CLOSED;
}

/* Offers a link to the peer again after intercell_link_close(). Returns 0, or INTERCELL_EBUSY if it is offered. */
INTERCELL_COLD int intercell_link_open(struct intercell_link *link)
{
	if (!link->node->running || link->phase != INTERCELL_PHASE_CLOSED)
		return INTERCELL_EBUSY;
	intercell_node_reset_control(link->control, true);
	INTERCELL_FENCE();
	intercell_link_offer(link);
	intercell_link_ring(link);
	return INTERCELL_OK;
}

/* Leaves all peers, then shows state 0. Doing it twice does nothing. */
INTERCELL_COLD void intercell_node_stop(struct intercell_node *node)
{
	uint32_t peer;

	if (!node->running)
		return;
	for (peer = 0; peer < node->layout.max_peers; peer++)
		if (intercell_node_serves(node, peer))
			intercell_link_close(&node->links[peer]);
	node->running = false;
	node->platform->write_register(node->platform->context, INTERCELL_REGISTER_STATE, 0);
}

/* Records written to the peer that it has not acknowledged, queued ones included. */
INTERCELL_COLD uint32_t intercell_link_unacknowledged(const struct intercell_link *link)
{
	if (link->phase != INTERCELL_PHASE_READY)
		return 0;
	return intercell_writer_unacknowledged(&link->tx, intercell_link_peer_word(link, INTERCELL_CONTROL_HEAD));
}

/* Reports a peer whose state word is 0 or whose heartbeat stands still, and one that is back. */
INTERCELL_FN void intercell_link_watch(struct intercell_link *link, uint32_t now)
{
	bool usable = intercell_link_writable(link);
	uint32_t interval = link->peer_geometry.heartbeat_ms;
	uint32_t beat;

	if (link->phase != INTERCELL_PHASE_READY)
		return;
	link->away = intercell_load(link->node->state_table, link->peer * 4u) == 0;
	if (interval != 0 && interval < 0x10000000u && link->node->platform->clock_ms) {
		beat = intercell_load(link->section, INTERCELL_HEARTBEAT);
		if (beat != link->heartbeat || link->beat_session != link->session) {
			link->heartbeat = beat;
			link->beat_session = link->session;
			link->heartbeat_at = now;
		}
		link->stalled = now - link->heartbeat_at > 4u * interval;
	}
	if (usable && !intercell_link_writable(link))
		intercell_link_report(link, link->away ? INTERCELL_EVENT_AWAY : INTERCELL_EVENT_STALLED, 0, 0);
	else if (!usable && intercell_link_writable(link))
		intercell_link_report(link, INTERCELL_EVENT_BACK, 0, 0);
}

/*
 * Looks at everything once: handshakes, records, heartbeats. Returns the number of records delivered, so that a caller
 * without interrupts can poll again at once if there were some; INTERCELL_EBUSY from inside a callback;
 * INTERCELL_ENOTCONN if the node does not run.
 */
INTERCELL_FN int intercell_node_poll(struct intercell_node *node)
{
	uint32_t delivered = node->delivered;
	uint32_t now = intercell_node_now(node);
	uint32_t peer;

	if (!node->running)
		return INTERCELL_ENOTCONN;
	if (node->busy)
		return INTERCELL_EBUSY;
	node->busy = true;
	if (!node->platform->clock_ms || now - node->beat_at >= (node->heartbeat_ms + 1u) / 2u) {
		node->beat_at = now;
		intercell_store(node->output, INTERCELL_HEARTBEAT, ++node->beat);
	}
	for (peer = 0; peer < node->layout.max_peers; peer++) {
		struct intercell_link *link = &node->links[peer];

		if (link->phase == INTERCELL_PHASE_CLOSED)
			continue;
		intercell_link_poll(link);
		intercell_link_watch(link, now);
	}
	node->busy = false;
	return (int)((node->delivered - delivered) & 0x7fffffffu);
}

/*
 * Commits what was queued for a peer with one store, and rings the peer if it sleeps. Returns 0, or
 * INTERCELL_ENOTCONN if there is no session.
 */
INTERCELL_FN int intercell_link_flush(struct intercell_link *link)
{
	if (link->phase != INTERCELL_PHASE_READY)
		return INTERCELL_ENOTCONN;
	if (link->tx.committed == link->tx.tail)
		return INTERCELL_OK;
	intercell_publish(link->control, INTERCELL_CONTROL_TAIL, link->tx.tail);
	link->tx.committed = link->tx.tail;
	INTERCELL_FENCE();
	intercell_link_ring_for(link, INTERCELL_WAKE_COMMIT);
	return INTERCELL_OK;
}

/*
 * Makes room for one record of up to @length bytes of payload and points @payload at it, in one's own ring and
 * 8-aligned. No other record may be written to this link before it is appended.
 *
 * Returns 0; INTERCELL_ENOBUFS if the ring is full; INTERCELL_EMSGSIZE if the ring never has that much room;
 * INTERCELL_ENOTCONN if the peer is not there; INTERCELL_ETIMEDOUT if it is stalled; INTERCELL_EPROTO if its
 * acknowledgement makes no sense.
 */
INTERCELL_FN int intercell_link_reserve(struct intercell_link *link, uint32_t length, unsigned char **payload)
{
	bool fresh = false;

	if (!intercell_link_writable(link))
		return link->phase == INTERCELL_PHASE_READY && link->stalled ? INTERCELL_ETIMEDOUT : INTERCELL_ENOTCONN;
	if (length > intercell_ring_payload_max(link->tx.capacity))
		return INTERCELL_EMSGSIZE;
	while (!intercell_writer_fits(&link->tx, length)) {
		if (fresh) {
			link->starved = true;
			link->statistics.full++;
			return INTERCELL_ENOBUFS;
		}
		if (intercell_link_refresh(link) < 0)
			return INTERCELL_EPROTO;
		fresh = true;
	}
	*payload = intercell_writer_place(&link->tx, length);
	return INTERCELL_OK;
}

/* Queues the record whose payload was written into a reserve of @room bytes. Returns its sequence. */
INTERCELL_FN uint32_t intercell_link_append(struct intercell_link *link, uint32_t room, uint32_t length, uint32_t kind,
                                            uint32_t channel, uint32_t message)
{
	link->statistics.sent++;
	return intercell_writer_append(&link->tx, room, length, kind, channel, message);
}

#endif
