/* SPDX-License-Identifier: MIT */
/*
 * A session of reliable.h: who it is with, and what its frames say. Knows no port: what is due is sent by a poll.
 */
#ifndef INTERCELL_RELIABLE_SESSION_H
#define INTERCELL_RELIABLE_SESSION_H

#include "reliable_frame.h"

/* All in milliseconds. */
#define INTERCELL_RELIABLE_HELLO_MS 100u
#define INTERCELL_RELIABLE_HELLO_AGAIN_MS 5u
#define INTERCELL_RELIABLE_FIRST_MS 100u
#define INTERCELL_RELIABLE_LEAST_MS 20u
#define INTERCELL_RELIABLE_MOST_MS 1000u

#define INTERCELL_RELIABLE_ATTEMPTS 10u
#define INTERCELL_RELIABLE_SPENT 8u

/* on_event: a session is open; or over, for one of the reasons that follow, with @lost records not acknowledged. */
#define INTERCELL_RELIABLE_OPEN 0u
#define INTERCELL_RELIABLE_RESTARTED 1u      /* the peer began another one */
#define INTERCELL_RELIABLE_SILENT 2u         /* nothing was heard of it in time */
#define INTERCELL_RELIABLE_UNACKNOWLEDGED 3u /* it is there, but a record does not get through */
#define INTERCELL_RELIABLE_BROKE 4u          /* it acknowledged what was never sent */
#define INTERCELL_RELIABLE_PEER_CLOSED 5u
#define INTERCELL_RELIABLE_CLOSED 6u

struct intercell_reliable_options {
	const struct intercell_platform *platform; /* only the clock is used, and needed */
	unsigned char address[6];                  /* the own one */
	uint16_t ether_type;                       /* such as INTERCELL_RELIABLE_ETHER_TYPE */
	uint32_t window;                           /* records under way at once: a power of two, up to 32768 */
	uint32_t frame_size;                       /* longest frame: its record is shorter by INTERCELL_RELIABLE_HEADER */
	unsigned char *frames;                     /* (window + 1) * frame_size bytes */
	uint32_t *lengths;                         /* window words */
	uint32_t seed;          /* another one at each start, such as a count of the timer: epochs are made of it */
	uint32_t keep_alive_ms; /* such as 200 */
	uint32_t timeout_ms;    /* such as 1000 */
	/* Sends a frame, or copies it to be sent. Returns less than 0 if there is no room: it is tried again. */
	int (*transmit)(void *context, const unsigned char *frame, uint32_t length);
	/* INTERCELL_HOLD leaves the record to the peer: it is sent again after intercell_reliable_resume(). */
	int (*on_record)(void *context, uint8_t kind, const unsigned char *record, uint32_t length);
	void (*on_datagram)(void *context, uint8_t kind, const unsigned char *datagram, uint32_t length);
	void (*on_event)(void *context, uint32_t event, uint32_t lost);
	void *context;
};

/* Counted since init, modulo 2^32. */
struct intercell_reliable_statistics {
	uint32_t sessions;
	uint32_t sent;     /* records, and how often one of them was sent again */
	uint32_t resent;
	uint32_t lost;     /* not acknowledged when their session ended */
	uint32_t received;
	uint32_t repeated; /* records that had come before, and such that came behind a gap */
	uint32_t early;
	uint32_t stale;    /* frames of another session, and such that are none */
	uint32_t invalid;
};

struct intercell_reliable {
	struct intercell_reliable_options options INTERCELL_ALIGNED;
	struct intercell_reliable_statistics statistics;
	unsigned char peer_address[6];
	bool open;
	bool closed;
	bool acknowledge_due;
	bool again;
	bool held;   /* a record was not taken: the peer is told to send no more */
	bool timing; /* the time of record timed_end - 1 is taken */
	uint32_t own;
	uint32_t peer;
	uint32_t spent[INTERCELL_RELIABLE_SPENT];
	uint32_t spent_next;
	uint32_t expected; /* record of the peer's that comes next */
	/* Numbers of records, in order: acknowledged, sent next, ever sent, to be added next. */
	uint32_t acknowledged;
	uint32_t next;
	uint32_t highest;
	uint32_t tail;
	uint32_t peer_window;
	uint32_t limit;
	uint32_t attempts;
	uint32_t asked; /* the peer was heard for the gap at this record */
	bool has_asked;
	uint32_t timed_end, timed_ms;
	uint32_t smoothed, variation; /* of the round trip, times 8 and times 4; none yet if smoothed is 0 */
	uint32_t backoff;
	uint32_t progress_ms, sent_ms, heard_ms, hello_ms;
	bool hello_now, hello_said;
};

INTERCELL_FN uint32_t intercell_reliable_now(const struct intercell_reliable *session)
{
	return session->options.platform->clock_ms(session->options.platform->context);
}

INTERCELL_COLD uint32_t intercell_reliable_epoch(struct intercell_reliable *session)
{
	/* A full period modulo 2^32 (Numerical Recipes), so that no epoch comes twice soon. */
	do
		session->options.seed = session->options.seed * 1664525u + 1013904223u;
	while (session->options.seed == 0);
	return session->options.seed;
}

/* Forgets all of a session but whom it was with. */
INTERCELL_COLD void intercell_reliable_clear(struct intercell_reliable *session)
{
	session->acknowledge_due = false;
	session->again = false;
	session->held = false;
	session->timing = false;
	session->has_asked = false;
	session->expected = 0;
	session->acknowledged = 0;
	session->next = 0;
	session->highest = 0;
	session->tail = 0;
	session->peer_window = 1;
	session->limit = session->options.window;
	session->attempts = 0;
	session->smoothed = 0;
	session->variation = 0;
	session->backoff = 0;
}

/* Takes over what @options name. Returns 0, or INTERCELL_EINVAL if they make no sense. */
INTERCELL_COLD int intercell_reliable_init(struct intercell_reliable *session,
                                           const struct intercell_reliable_options *options)
{
	if (options->platform == NULL || options->platform->clock_ms == NULL || options->window == 0 ||
	    options->window > 32768u || (options->window & (options->window - 1u)) != 0 ||
	    options->frame_size <= INTERCELL_RELIABLE_HEADER ||
	    options->frame_size > 0xffffu + INTERCELL_RELIABLE_HEADER)
		return INTERCELL_EINVAL;
	intercell_zero(session, (uint32_t)sizeof(*session));
	intercell_copy_words(&session->options, options, (uint32_t)sizeof(session->options));
	intercell_reliable_clear(session);
	session->own = intercell_reliable_epoch(session);
	session->hello_now = true;
	return INTERCELL_OK;
}

/* A new epoch for another session, so that nothing of this one is taken for its own. */
INTERCELL_COLD void intercell_reliable_end(struct intercell_reliable *session, uint32_t reason)
{
	uint32_t lost = session->tail - session->acknowledged;

	session->statistics.lost += lost;
	session->spent[session->spent_next++ % INTERCELL_RELIABLE_SPENT] = session->peer;
	session->open = false;
	session->peer = 0;
	session->own = intercell_reliable_epoch(session);
	session->hello_now = true;
	intercell_reliable_clear(session);
	session->options.on_event(session->options.context, reason, lost);
}

INTERCELL_COLD void intercell_reliable_begin(struct intercell_reliable *session, const unsigned char *frame)
{
	session->open = true;
	session->heard_ms = intercell_reliable_now(session);
	session->sent_ms = session->heard_ms;
	intercell_reliable_address(session->peer_address, frame + 6);
	/* By which the peer learns that this side knows its epoch. */
	session->acknowledge_due = true;
	session->statistics.sessions++;
	session->options.on_event(session->options.context, INTERCELL_RELIABLE_OPEN, 0);
}

/* While there is no session: the peer's epoch, and then a frame that shows that it knows the own one, which is new. */
INTERCELL_COLD void intercell_reliable_seek(struct intercell_reliable *session,
                                            const struct intercell_reliable_header *header,
                                            const unsigned char *frame)
{
	if (header->type == INTERCELL_RELIABLE_BYE)
		return;
	if (header->echo == session->own || header->type == INTERCELL_RELIABLE_HELLO)
		session->peer = header->epoch;
	if (header->echo == session->own)
		intercell_reliable_begin(session, frame);
	else
		session->hello_now = true;
}

/* In a session: a frame that is of another. */
INTERCELL_COLD void intercell_reliable_meet(struct intercell_reliable *session,
                                            const struct intercell_reliable_header *header)
{
	bool is_new = header->type == INTERCELL_RELIABLE_HELLO && header->epoch != session->peer;
	uint32_t i;

	for (i = 0; i < INTERCELL_RELIABLE_SPENT; i++)
		is_new = is_new && session->spent[i] != header->epoch;
	if (is_new) {
		intercell_reliable_end(session, INTERCELL_RELIABLE_RESTARTED);
		session->peer = header->epoch;
		return;
	}
	session->statistics.stale++;
	if (header->epoch == session->peer)
		session->acknowledge_due = true;
}

/* How long to wait for an acknowledgement (RFC 6298). */
INTERCELL_FN uint32_t intercell_reliable_patience(const struct intercell_reliable *session)
{
	uint32_t ms = INTERCELL_RELIABLE_FIRST_MS;

	if (session->smoothed != 0)
		ms = (session->smoothed >> 3) + session->variation;
	if (ms < INTERCELL_RELIABLE_LEAST_MS)
		ms = INTERCELL_RELIABLE_LEAST_MS;
	if (ms > INTERCELL_RELIABLE_MOST_MS >> session->backoff)
		return INTERCELL_RELIABLE_MOST_MS;
	return ms << session->backoff;
}

INTERCELL_FN void intercell_reliable_measure(struct intercell_reliable *session, uint32_t ms)
{
	uint32_t smoothed = session->smoothed >> 3;
	uint32_t off = ms > smoothed ? ms - smoothed : smoothed - ms;

	if (session->smoothed == 0) {
		session->smoothed = ms << 3 | 1u;
		session->variation = ms << 1;
		return;
	}
	session->variation += off - (session->variation >> 2);
	session->smoothed = (session->smoothed + ms - smoothed) | 1u;
}

INTERCELL_FN void intercell_reliable_go_back(struct intercell_reliable *session)
{
	session->next = session->acknowledged;
	session->timing = false;
	session->limit = session->limit > 1u ? session->limit >> 1 : 1u;
}

/* Takes what a frame of the session says of the own records. Returns false if that cannot be. */
INTERCELL_FN bool intercell_reliable_take_word(struct intercell_reliable *session,
                                               const struct intercell_reliable_header *header)
{
	uint32_t count = header->acknowledged - session->acknowledged;

	/* What is late is old. */
	if (count > 0x80000000u)
		return true;
	if (count > session->highest - session->acknowledged)
		return false;
	session->peer_window = header->window;
	if (count > 0) {
		session->acknowledged = header->acknowledged;
		if (session->next - session->acknowledged > 0x80000000u)
			session->next = session->acknowledged;
		session->limit += count;
		if (session->limit > session->options.window)
			session->limit = session->options.window;
		session->attempts = 0;
		session->backoff = 0;
		session->progress_ms = session->heard_ms;
		if (session->timing && session->acknowledged - session->timed_end < 0x80000000u) {
			session->timing = false;
			intercell_reliable_measure(session, session->heard_ms - session->timed_ms);
		}
	}
	if ((header->flags & INTERCELL_RELIABLE_AGAIN) != 0 && header->acknowledged == session->acknowledged &&
	    session->next != session->acknowledged &&
	    !(session->has_asked && session->asked == session->acknowledged)) {
		session->has_asked = true;
		session->asked = session->acknowledged;
		intercell_reliable_go_back(session);
	}
	return true;
}

INTERCELL_FN void intercell_reliable_take_record(struct intercell_reliable *session,
                                                 const struct intercell_reliable_header *header,
                                                 const unsigned char *record)
{
	session->acknowledge_due = true;
	if (header->sequence != session->expected) {
		if (header->sequence - session->expected < 0x80000000u) {
			session->statistics.early++;
			session->again = true;
		} else {
			session->statistics.repeated++;
		}
		return;
	}
	session->again = false;
	if (session->held || session->options.on_record(session->options.context, header->kind, record,
	                                                header->length) == INTERCELL_HOLD) {
		session->held = true;
		return;
	}
	session->expected++;
	session->statistics.received++;
}

/* A frame of the own session. */
INTERCELL_FN void intercell_reliable_accept(struct intercell_reliable *session,
                                            const struct intercell_reliable_header *header,
                                            const unsigned char *frame)
{
	const struct intercell_reliable_options *options = &session->options;

	session->heard_ms = intercell_reliable_now(session);
	if (header->type == INTERCELL_RELIABLE_BYE)
		intercell_reliable_end(session, INTERCELL_RELIABLE_PEER_CLOSED);
	else if (!intercell_reliable_take_word(session, header))
		intercell_reliable_end(session, INTERCELL_RELIABLE_BROKE);
	else if (header->type == INTERCELL_RELIABLE_HELLO)
		session->acknowledge_due = true;
	else if (header->type == INTERCELL_RELIABLE_DATAGRAM)
		options->on_datagram(options->context, header->kind, frame + INTERCELL_RELIABLE_HEADER, header->length);
	else if (header->type == INTERCELL_RELIABLE_DATA)
		intercell_reliable_take_record(session, header, frame + INTERCELL_RELIABLE_HEADER);
}

/*
 * Takes a frame in private memory, from the destination address on; one of another type or for another station is left
 * alone. Returns whether it was for this protocol. A poll is to follow.
 */
INTERCELL_COLD bool intercell_reliable_receive(struct intercell_reliable *session, const unsigned char *frame,
                                               uint32_t length)
{
	struct intercell_reliable_header header;
	bool is_of_session;

	if (length < 14u || ((uint32_t)frame[12] << 8 | frame[13]) != session->options.ether_type ||
	    (frame[0] != 0xffu && !intercell_reliable_same(frame, session->options.address)))
		return false;
	if (session->closed)
		return true;
	if (!intercell_reliable_decode(frame, length, &header)) {
		session->statistics.invalid++;
		return true;
	}
	/* What comes back to who sent it is nobody else's. */
	if (header.epoch == session->own) {
		session->statistics.stale++;
		return true;
	}
	is_of_session = header.epoch == session->peer && header.echo == session->own;
	if (!session->open)
		intercell_reliable_seek(session, &header, frame);
	else if (!is_of_session)
		intercell_reliable_meet(session, &header);
	if (session->open && header.epoch == session->peer && header.echo == session->own)
		intercell_reliable_accept(session, &header, frame);
	return true;
}

#endif
