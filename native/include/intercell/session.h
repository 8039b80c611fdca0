/* SPDX-License-Identifier: MIT */
/*
 * The session with one peer (section 3 of the page): accept, open, receive, end, refuse. Each function makes a bounded
 * number of steps whatever the peer does, and may run callbacks of the layer above, which may close the link: a caller
 * compares @session afterwards.
 */
#ifndef INTERCELL_SESSION_H
#define INTERCELL_SESSION_H

#include "geometry.h"

/* Takes the next epoch and stores the counter before it is used, so that it is never given out twice. */
INTERCELL_COLD uint32_t intercell_node_take_epoch(struct intercell_node *node)
{
	node->epoch_counter++;
	if (node->epoch_counter == 0)
		node->epoch_counter = 1;
	intercell_store(node->output, INTERCELL_HEADER_EPOCH_COUNTER, node->epoch_counter);
	INTERCELL_FENCE();
	return node->epoch_counter;
}

/* True if the peer's magic and its entry for this side are those this session began with. */
INTERCELL_COLD bool intercell_link_same_geometry(const struct intercell_link *link)
{
	const struct intercell_geometry *geometry = &link->peer_geometry;

	return intercell_load(link->section, INTERCELL_HEADER_MAGIC) == INTERCELL_MAGIC &&
	       intercell_entry_names(link->section, link->node->layout.id, geometry->control, geometry->ring,
	                             geometry->capacity);
}

/* Closes the session, counts what is lost with it, and tells of @kind if the session had been open or is refused. */
INTERCELL_COLD void intercell_link_finish(struct intercell_link *link, enum intercell_event_kind kind, uint32_t epoch,
                                          const struct intercell_finding *finding)
{
	bool open = link->phase >= INTERCELL_PHASE_OPEN;
	struct intercell_event event;

	event.kind = kind;
	event.epoch = epoch;
	event.lost = 0;
	event.code = finding->code;
	event.wanted = finding->wanted;
	event.found = finding->found;
	if (open) {
		uint32_t head = intercell_link_peer_word(link, INTERCELL_CONTROL_HEAD);

		INTERCELL_FENCE();
		if (!intercell_link_same_geometry(link))
			head = link->tx.head;
		event.lost = intercell_writer_unacknowledged(&link->tx, head);
		link->statistics.lost += event.lost;
	}
	intercell_publish(link->control, INTERCELL_CONTROL_OPEN, 0);
	intercell_publish(link->control, INTERCELL_CONTROL_ECHO, 0);
	intercell_writer_reset(&link->tx);
	link->phase = INTERCELL_PHASE_WAITING;
	link->spent = link->peer_epoch;
	link->session++;
	link->away = false;
	link->stalled = false;
	link->held = false;
	link->starved = false;
	link->held_over = false;
	link->suspicion.code = 0;
	intercell_link_ring(link);
	if (!open && kind != INTERCELL_EVENT_FAULT)
		return;
	if (link->node->layer.ended)
		link->node->layer.ended(link->node->layer.context, link);
	intercell_link_emit(link, &event);
}

/*
 * Gives the records in the first @copied bytes of the scratch buffer to the layer above, where @committed bytes lie
 * before the tail that was observed. A fault is left in @finding.
 */
INTERCELL_FN void intercell_link_consume(struct intercell_link *link, uint32_t copied, uint32_t committed,
                                         struct intercell_finding *finding)
{
	const struct intercell_layer *layer = &link->node->layer;
	uint32_t session = link->session;
	uint32_t at = 0;

	link->held = false;
	while (at < copied) {
		const intercell_u32 *words = (const intercell_u32 *)((const unsigned char *)link->node->scratch + at);
		struct intercell_record record;
		uint32_t size = intercell_record_check(words, link->head, link->peer_geometry.capacity, copied - at,
		                                       committed - at, &record, finding);
		int status = INTERCELL_OK;

		if (size == 0 || (record.kind != INTERCELL_KIND_PAD && size > copied - at && at != 0))
			return;
		if (record.kind != INTERCELL_KIND_PAD) {
			if (record.sequence != link->sequence) {
				intercell_find(finding, INTERCELL_FAULT_SEQUENCE, link->sequence, record.sequence);
				return;
			}
			if (size > copied - at)
				link->statistics.oversize++;
			else if (layer->record)
				status = layer->record(layer->context, link, &record, finding);
			if (link->session != session || status == INTERCELL_EPROTO)
				return;
			if (status == INTERCELL_HOLD) {
				link->held = true;
				return;
			}
			link->sequence++;
			link->statistics.received++;
			link->node->delivered++;
		}
		link->head += size;
		at += size;
	}
}

/*
 * Copies the next bytes of the peer's ring to the scratch buffer, of @used that the peer says are there. Returns how
 * many; or 0 if @used makes no sense.
 */
INTERCELL_COLD uint32_t intercell_link_fetch(const struct intercell_link *link, uint32_t used)
{
	const struct intercell_node *node = link->node;
	uint32_t capacity = link->peer_geometry.capacity;
	uint32_t copied = used < node->scratch_size ? used : node->scratch_size;

	if (used > capacity || (used & 7u) != 0)
		return 0;
	intercell_ring_copy(node->scratch, link->section + link->peer_geometry.ring, capacity, link->head, copied);
	INTERCELL_FENCE();
	return copied;
}

/*
 * Takes what an ended session left in the peer's ring, up to the tail that is there, as long as its geometry stands.
 * Returns false if the layer above holds a record back or closed the link meanwhile.
 */
INTERCELL_COLD bool intercell_link_drain(struct intercell_link *link)
{
	uint32_t tail = intercell_link_peer_word(link, INTERCELL_CONTROL_TAIL);
	uint32_t session = link->session;

	/* What was held back may be there no longer, as the section is the peer's. */
	link->held = false;
	while (tail != link->head) {
		struct intercell_finding finding;
		uint32_t used = tail - link->head;
		uint32_t copied = intercell_link_fetch(link, used);

		finding.code = 0;
		if (copied != 0 && intercell_link_same_geometry(link))
			intercell_link_consume(link, copied, used, &finding);
		else
			finding.code = INTERCELL_FAULT_CURSOR;
		if (link->session != session || link->held)
			return false;
		if (finding.code != 0) {
			link->statistics.torn++;
			return true;
		}
	}
	return true;
}

/* Reports that the peer refuses this side's epoch, once for each word that says so. */
INTERCELL_COLD void intercell_link_hear(struct intercell_link *link)
{
	uint32_t word = intercell_link_peer_word(link, INTERCELL_CONTROL_FAULT);
	uint32_t code = word & 0xffu;

	if (code == 0 || word == link->told || word != intercell_fault_word(code, link->epoch))
		return;
	link->told = word;
	intercell_link_report(link, INTERCELL_EVENT_REFUSED, 0, code);
}

/* The session is over on the peer's side: takes what is left, then closes it on this side. */
INTERCELL_COLD void intercell_link_end(struct intercell_link *link)
{
	uint32_t session = link->session;
	uint32_t epoch;

	if (link->phase >= INTERCELL_PHASE_OPEN && !intercell_link_drain(link)) {
		link->held_over = link->session == session;
		return;
	}
	epoch = intercell_link_peer_epoch(link);
	if (epoch == link->peer_epoch)
		intercell_link_hear(link);
	if (link->session != session)
		return;
	intercell_link_finish(link,
	                      epoch != 0 && epoch != link->peer_epoch ? INTERCELL_EVENT_RESTARTED
	                                                              : INTERCELL_EVENT_DOWN,
	                      epoch, &intercell_nothing_found);
}

/* Refuses the peer until its epoch changes; if it changed already, the finding is about a peer that restarted. */
INTERCELL_COLD void intercell_link_refuse(struct intercell_link *link, const struct intercell_finding *finding)
{
	bool again = finding->code <= INTERCELL_FAULT_RESERVED || finding->code == INTERCELL_FAULT_ACKNOWLEDGEMENT;

	if (again && intercell_link_peer_epoch(link) != link->peer_epoch) {
		intercell_link_end(link);
		return;
	}
	link->statistics.faults++;
	intercell_publish(link->control, INTERCELL_CONTROL_FAULT,
	                  intercell_fault_word(finding->code, link->peer_epoch));
	intercell_link_finish(link, INTERCELL_EVENT_FAULT, link->peer_epoch, finding);
}

/* Accepts the peer if it is there, is not refused, and is done with this side's previous life. */
INTERCELL_COLD void intercell_link_accept(struct intercell_link *link)
{
	struct intercell_snapshot snapshot;
	struct intercell_finding finding;
	uint32_t epoch, echo;

	if (intercell_load(link->node->state_table, link->peer * 4u) == 0)
		return;
	epoch = intercell_link_peer_epoch(link);
	if (epoch == 0 || epoch == link->spent)
		return;
	intercell_snapshot_take(&snapshot, link);
	if (snapshot.header[INTERCELL_HEADER_MAGIC] != INTERCELL_MAGIC)
		return;
	intercell_snapshot_check(&snapshot, link, &finding);
	INTERCELL_FENCE();
	if (intercell_link_peer_epoch(link) != epoch)
		return;
	link->peer_epoch = epoch;
	if (finding.code != 0) {
		/* All that is kept of a geometry that failed is where the peer is to be rung to hear of it. */
		link->peer_geometry.vector = snapshot.header[INTERCELL_HEADER_PEERS_VECTOR / 4u] >> 16;
		intercell_link_refuse(link, &finding);
		return;
	}
	intercell_geometry_from_snapshot(&link->peer_geometry, &snapshot);
	echo = intercell_link_peer_word(link, INTERCELL_CONTROL_ECHO);
	if (echo != 0 && echo != link->epoch)
		return;
	intercell_writer_reset(&link->tx);
	link->head = 0;
	link->sequence = 0;
	link->rang = 0;
	intercell_store(link->control, INTERCELL_CONTROL_TAIL, 0);
	intercell_store(link->control, INTERCELL_CONTROL_HEAD, 0);
	intercell_store(link->control, INTERCELL_CONTROL_FAULT, 0);
	intercell_publish(link->control, INTERCELL_CONTROL_ECHO, epoch);
	link->phase = INTERCELL_PHASE_ACCEPTED;
	intercell_link_ring(link);
}

/* Opens an accepted session when the peer has accepted too, and makes it ready when the peer has opened. */
INTERCELL_COLD void intercell_link_advance(struct intercell_link *link)
{
	const struct intercell_layer *layer = &link->node->layer;
	uint32_t session = link->session;

	if (link->phase == INTERCELL_PHASE_ACCEPTED) {
		intercell_link_hear(link);
		if (link->session != session)
			return;
		if (intercell_link_peer_word(link, INTERCELL_CONTROL_ECHO) != link->epoch)
			return;
		intercell_publish(link->control, INTERCELL_CONTROL_OPEN, link->peer_epoch);
		link->phase = INTERCELL_PHASE_OPEN;
		intercell_link_ring(link);
		if (layer->opened)
			layer->opened(layer->context, link);
	}
	if (link->phase == INTERCELL_PHASE_OPEN &&
	    intercell_link_peer_word(link, INTERCELL_CONTROL_OPEN) == link->epoch) {
		link->phase = INTERCELL_PHASE_READY;
		intercell_link_report(link, INTERCELL_EVENT_UP, 0, 0);
		if (link->session == session && layer->ready)
			layer->ready(layer->context, link);
	}
}

/* Reads the peer's ring once: at most one scratch buffer full. */
INTERCELL_FN void intercell_link_receive(struct intercell_link *link)
{
	uint32_t used = intercell_link_peer_word(link, INTERCELL_CONTROL_TAIL) - link->head;
	uint32_t copied;
	uint32_t session = link->session;
	uint32_t head = link->head;
	struct intercell_finding finding;

	if (used == 0)
		return;
	copied = intercell_link_fetch(link, used);
	if (copied == 0) {
		intercell_find(&finding, INTERCELL_FAULT_CURSOR, link->peer_geometry.capacity, used);
		intercell_link_refuse(link, &finding);
		return;
	}
	if (intercell_link_is_over(link)) {
		intercell_link_end(link);
		return;
	}
	finding.code = 0;
	intercell_link_consume(link, copied, used, &finding);
	if (link->session != session)
		return;
	if (link->head != head) {
		intercell_publish(link->control, INTERCELL_CONTROL_HEAD, link->head);
		INTERCELL_FENCE();
		intercell_link_ring_for(link, INTERCELL_WAKE_ACKNOWLEDGE);
	}
	if (finding.code != 0)
		intercell_link_refuse(link, &finding);
}

/* Reads the peer's acknowledgement anew. Returns INTERCELL_EPROTO if it makes no sense: the next poll refuses it. */
INTERCELL_FN int intercell_link_refresh(struct intercell_link *link)
{
	uint32_t head = intercell_link_peer_word(link, INTERCELL_CONTROL_HEAD);

	if (head - link->tx.head > link->tx.committed - link->tx.head || (head & 7u) != 0)
		return intercell_link_suspect(link, INTERCELL_FAULT_ACKNOWLEDGEMENT, link->tx.committed, head);
	link->tx.head = head;
	return INTERCELL_OK;
}

/* Looks after one link: everything but its heartbeat. */
INTERCELL_FN void intercell_link_poll(struct intercell_link *link)
{
	const struct intercell_layer *layer = &link->node->layer;

	if (link->phase >= INTERCELL_PHASE_ACCEPTED && intercell_link_is_over(link)) {
		intercell_link_end(link);
	} else if (link->suspicion.code != 0) {
		struct intercell_finding finding = link->suspicion;

		link->suspicion.code = 0;
		if (link->phase >= INTERCELL_PHASE_OPEN)
			intercell_link_refuse(link, &finding);
	}
	if (link->phase == INTERCELL_PHASE_WAITING)
		intercell_link_accept(link);
	if (link->phase == INTERCELL_PHASE_ACCEPTED || link->phase == INTERCELL_PHASE_OPEN)
		intercell_link_advance(link);
	if (link->phase >= INTERCELL_PHASE_OPEN && !link->held_over) {
		if (layer->before)
			layer->before(layer->context, link);
		if (link->phase >= INTERCELL_PHASE_OPEN)
			intercell_link_receive(link);
	}
	if (link->phase >= INTERCELL_PHASE_OPEN && layer->after)
		layer->after(layer->context, link);
}

#endif
