/* SPDX-License-Identifier: MIT */
/*
 * The node and its links: what one side knows of each peer, how a peer's header is checked, and doorbells. A node and
 * its links belong to one context; nothing here is called from an interrupt handler.
 */
#ifndef INTERCELL_LINK_H
#define INTERCELL_LINK_H

#include "layout.h"
#include "ring.h"
#include "status.h"
#include "wire.h"

/* How far the session with a peer is. */
enum intercell_phase {
	INTERCELL_PHASE_CLOSED,   /* this side does not offer a link */
	INTERCELL_PHASE_WAITING,  /* offered; the peer is absent, refused, or ends an older session */
	INTERCELL_PHASE_ACCEPTED, /* this side echoes the peer's epoch */
	INTERCELL_PHASE_OPEN,     /* the peer's ring may be read */
	INTERCELL_PHASE_READY     /* one's own ring may be written */
};

enum intercell_event_kind {
	INTERCELL_EVENT_UP,        /* the session is open both ways; epoch is the peer's */
	INTERCELL_EVENT_AWAY,      /* the peer's state word is 0; the session stands */
	INTERCELL_EVENT_STALLED,   /* the peer's heartbeat stands still; the session stands */
	INTERCELL_EVENT_BACK,      /* no longer away or stalled, in the same session */
	INTERCELL_EVENT_DOWN,      /* the session ended; lost is filled in */
	INTERCELL_EVENT_RESTARTED, /* the session ended as the peer has another epoch; epoch, lost are filled in */
	INTERCELL_EVENT_FAULT,     /* this side refuses the peer; code, wanted, found, lost are filled in */
	INTERCELL_EVENT_REFUSED    /* the peer refuses this side; code is filled in */
};

struct intercell_event {
	enum intercell_event_kind kind;
	uint32_t epoch; /* of the peer */
	uint32_t lost;  /* records written to the peer that it had not acknowledged */
	uint32_t code;  /* a fault of section 7 */
	uint32_t wanted;
	uint32_t found;
};

struct intercell_statistics {
	uint32_t sent;     /* records written to the peer, pads left out */
	uint32_t received; /* records delivered from the peer */
	uint32_t lost;     /* records the peer had not acknowledged when a session ended */
	uint32_t rung;     /* doorbells */
	uint32_t saved;    /* doorbells that the peer did not want */
	uint32_t faults;   /* sessions closed for a fault of the peer */
	uint32_t oversize; /* records left out as they were larger than the scratch buffer */
	uint32_t ignored;  /* records for a channel that is not open here, or does not take messages */
	uint32_t torn;     /* ended sessions whose last records could not all be taken */
	uint32_t full;     /* writes refused for want of room */
};

/* A peer's geometry towards this side, as taken when it was accepted; from @latest_offset on as in a header line. */
struct intercell_geometry {
	uint32_t control;
	uint32_t ring;
	uint32_t capacity;
	uint32_t vector;
	INTERCELL_ALIGNED uint32_t latest_offset;
	uint32_t latest_size;
	uint32_t broadcast_control;
	uint32_t broadcast_ring;
	uint32_t broadcast_capacity;
	uint32_t heartbeat_ms;
};

struct intercell_node;
struct intercell_link;

/* What the layer above the links does; each member may be NULL. */
struct intercell_layer {
	/* The section is written, and no peer can accept this side yet. */
	void (*started)(void *context);
	/* Takes a record: INTERCELL_OK, INTERCELL_HOLD, or INTERCELL_EPROTO with @finding filled in. */
	int (*record)(void *context, struct intercell_link *link, const struct intercell_record *record,
	              struct intercell_finding *finding);
	/* The peer's ring may be read; the link is ready to be written; the session ended. */
	void (*opened)(void *context, struct intercell_link *link);
	void (*ready)(void *context, struct intercell_link *link);
	void (*ended)(void *context, struct intercell_link *link);
	/* Before and after the ring of an open link is read; after also while a record of an ended session is held. */
	void (*before)(void *context, struct intercell_link *link);
	void (*after)(void *context, struct intercell_link *link);
	/* True if there is something to do for the link besides its ring. */
	bool (*pending)(void *context, struct intercell_link *link);
	void *context;
};

struct intercell_link {
	struct intercell_node *node;
	uint16_t peer;
	bool away;
	bool stalled;
	bool held;      /* the layer above holds the next record back */
	bool held_over; /* and the session it belongs to is over */
	bool starved;   /* a write found no room since the last sleep */
	enum intercell_phase phase;
	unsigned char *control;       /* this side's control block for the peer */
	const unsigned char *section; /* the peer's output section */
	struct intercell_writer tx;
	struct intercell_geometry peer_geometry;
	uint32_t epoch;      /* E: this side's for the peer, 0 while closed */
	uint32_t peer_epoch; /* the one this side echoes */
	uint32_t spent;      /* an epoch of the peer that had its session with @epoch, or that is refused */
	uint32_t session;    /* counts sessions, to notice one that ended in a callback */
	uint32_t head;       /* how far the peer's ring is read */
	uint32_t sequence;   /* expected next */
	uint32_t wake;       /* this side's wake word */
	uint32_t rang;       /* the peer's wake word for which it was rung last */
	uint32_t told;       /* the peer's fault word for @epoch that was reported last */
	uint32_t heartbeat;
	uint32_t heartbeat_at;
	uint32_t beat_session;
	struct intercell_finding suspicion;
	struct intercell_statistics statistics;
};

/* Begins with the members of struct intercell_node_options, in its order: intercell_node_init() copies them whole. */
struct intercell_node {
	const struct intercell_platform *platform;
	const void *state_table; /* one u32 for each peer */
	unsigned char *output;
	const unsigned char *inputs; /* all output sections, in the order of peer ids */
	struct intercell_layout layout;
	struct intercell_link *links; /* max_peers of them, by peer id */
	void *scratch;                /* 8-aligned */
	uint32_t scratch_size;
	uint32_t epoch_seed;
	uint32_t heartbeat_ms;
	uint16_t vector;
	bool interrupts;
	void (*on_event)(void *context, struct intercell_link *link, const struct intercell_event *event);
	void *context;
	struct intercell_layer layer;
	uint32_t epoch_counter;
	uint32_t beat_at;
	uint32_t beat;
	uint32_t delivered; /* records and broadcasts given to the layer above */
	bool running;
	bool busy; /* inside intercell_node_poll() */
};

INTERCELL_ACCESS bool intercell_node_serves(const struct intercell_node *node, uint32_t peer)
{
	return peer < node->layout.max_peers && (node->layout.peers >> peer & 1u) != 0;
}

/* The peer's epoch for this side, E'. */
INTERCELL_ACCESS uint32_t intercell_link_peer_epoch(const struct intercell_link *link)
{
	return intercell_observe(link->section, intercell_entry(link->node->layout.id) + INTERCELL_ENTRY_EPOCH);
}

/* A word of the peer's control block for this side, by the geometry taken. */
INTERCELL_ACCESS uint32_t intercell_link_peer_word(const struct intercell_link *link, uint32_t offset)
{
	return intercell_observe(link->section, link->peer_geometry.control + offset);
}

/* True if the peer ended the session, by another epoch or by no longer echoing this side's. */
INTERCELL_FN bool intercell_link_is_over(const struct intercell_link *link)
{
	if (intercell_link_peer_epoch(link) != link->peer_epoch)
		return true;
	return link->phase >= INTERCELL_PHASE_OPEN &&
	       intercell_link_peer_word(link, INTERCELL_CONTROL_ECHO) != link->epoch;
}

INTERCELL_FN void intercell_link_emit(struct intercell_link *link, const struct intercell_event *event)
{
	if (link->node->on_event)
		link->node->on_event(link->node->context, link, event);
}

INTERCELL_COLD void intercell_link_report(struct intercell_link *link, enum intercell_event_kind kind, uint32_t lost,
                                          uint32_t code)
{
	struct intercell_event event;

	event.kind = kind;
	event.epoch = link->peer_epoch;
	event.lost = lost;
	event.code = code;
	event.wanted = 0;
	event.found = 0;
	intercell_link_emit(link, &event);
}

/* Rings the peer whatever it asked for: for changes of epoch, echo, open and fault. Costs a trap. */
INTERCELL_COLD void intercell_link_ring(struct intercell_link *link)
{
	const struct intercell_platform *platform = link->node->platform;

	link->statistics.rung++;
	platform->write_register(platform->context, INTERCELL_REGISTER_DOORBELL,
	                         (link->peer_geometry.vector & 0xffffu) | (uint32_t)link->peer << 16);
}

/* Rings the peer if it asked to be for one of @bits. The caller has put a full fence after what it published. */
INTERCELL_FN void intercell_link_ring_for(struct intercell_link *link, uint32_t bits)
{
	uint32_t wake = intercell_link_peer_word(link, INTERCELL_CONTROL_WAKE);

	if ((wake & bits) == 0 || wake == link->rang) {
		link->statistics.saved++;
		return;
	}
	link->rang = wake;
	intercell_link_ring(link);
}

/*
 * Notes a finding that was made outside a poll, where the session cannot be closed as the scratch buffer may be in use:
 * the next poll closes it.
 */
INTERCELL_COLD int intercell_link_suspect(struct intercell_link *link, uint32_t code, uint32_t wanted, uint32_t found)
{
	intercell_find(&link->suspicion, code, wanted, found);
	return INTERCELL_EPROTO;
}

/* True if records may be written to the peer. */
INTERCELL_FN bool intercell_link_writable(const struct intercell_link *link)
{
	return link->phase == INTERCELL_PHASE_READY && !link->away && !link->stalled;
}

#endif
