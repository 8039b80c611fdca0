/* SPDX-License-Identifier: MIT */
/*
 * Records that arrive once and in order over Ethernet frames that may get lost (docs/ivshmem-net-ethernet.md, "The
 * wire"), for an inmate on net.h or any other way for frames. Not part of intercell.h: include it by itself.
 *
 *	on_frame() of net.h:       intercell_reliable_receive(&session, frame, length);
 *	after intercell_net_poll:  intercell_reliable_poll(&session);
 *	transmit():                return intercell_net_send(&net, frame, length);
 *
 * A record is kept until it was acknowledged, or its session ends and says so. Everything belongs to one context. The
 * callbacks run inside receive and poll; they may send, but not receive, poll or close.
 */
#ifndef INTERCELL_RELIABLE_H
#define INTERCELL_RELIABLE_H

#include "reliable_session.h"

/* Doublings of the time to wait for an acknowledgement: more than the longest has. */
#define INTERCELL_RELIABLE_BACKOFF 6u

/* Fills in the headers of a frame and sends it. */
INTERCELL_COLD bool intercell_reliable_transmit(struct intercell_reliable *session, unsigned char *frame, uint8_t type,
                                                uint32_t sequence, uint32_t length)
{
	const struct intercell_reliable_options *options = &session->options;
	struct intercell_reliable_header header;
	uint32_t i;

	header.length = length;
	header.epoch = session->own;
	header.echo = session->peer;
	header.sequence = sequence;
	header.acknowledged = session->expected;
	header.window = session->held ? 0 : (uint16_t)options->window;
	header.type = type;
	header.flags = session->again ? INTERCELL_RELIABLE_AGAIN : 0;
	header.kind = type == INTERCELL_RELIABLE_DATA || type == INTERCELL_RELIABLE_DATAGRAM ? frame[37] : 0;
	for (i = 0; i < 6u; i++)
		((volatile unsigned char *)frame)[i] = session->open ? session->peer_address[i] : 0xff;
	intercell_reliable_address(frame + 6, options->address);
	frame[12] = (unsigned char)(options->ether_type >> 8);
	frame[13] = (unsigned char)options->ether_type;
	intercell_reliable_encode(frame, &header);
	return options->transmit(options->context, frame, INTERCELL_RELIABLE_HEADER + length) >= 0;
}

INTERCELL_COLD bool intercell_reliable_say(struct intercell_reliable *session, uint8_t type)
{
	unsigned char frame[INTERCELL_RELIABLE_HEADER];

	return intercell_reliable_transmit(session, frame, type, session->next, 0);
}

INTERCELL_FN unsigned char *intercell_reliable_slot(const struct intercell_reliable *session, uint32_t number)
{
	return session->options.frames + (number & (session->options.window - 1u)) * session->options.frame_size;
}

/* Bytes of the longest record or datagram. */
INTERCELL_FN uint32_t intercell_reliable_max(const struct intercell_reliable *session)
{
	return session->options.frame_size - INTERCELL_RELIABLE_HEADER;
}

/* Records that may be sent now. */
INTERCELL_FN uint32_t intercell_reliable_room(const struct intercell_reliable *session)
{
	return session->open ? session->options.window - (session->tail - session->acknowledged) : 0;
}

/* The record that was held can be taken: the next poll asks for it. Harmless if none was. */
INTERCELL_FN void intercell_reliable_resume(struct intercell_reliable *session)
{
	if (!session->held)
		return;
	session->held = false;
	session->acknowledge_due = true;
	session->again = true;
}

/*
 * Keeps a record until it has arrived; the next poll sends it. Returns 0, INTERCELL_EMSGSIZE, INTERCELL_ENOTCONN if there
 * is no session, or INTERCELL_ENOBUFS if as many as the window are under way.
 */
INTERCELL_COLD int intercell_reliable_send(struct intercell_reliable *session, uint8_t kind, const void *record,
                                           uint32_t length)
{
	unsigned char *frame = intercell_reliable_slot(session, session->tail);

	if (length > intercell_reliable_max(session))
		return INTERCELL_EMSGSIZE;
	if (!session->open)
		return INTERCELL_ENOTCONN;
	if (intercell_reliable_room(session) == 0)
		return INTERCELL_ENOBUFS;
	intercell_copy_bytes(frame + INTERCELL_RELIABLE_HEADER, record, length);
	frame[INTERCELL_RELIABLE_HEADER - 1u] = kind;
	session->options.lengths[session->tail & (session->options.window - 1u)] = length;
	session->tail++;
	session->statistics.sent++;
	return INTERCELL_OK;
}

/* Sends something once, at once. Returns as above; INTERCELL_ENOBUFS if the port has no room. */
INTERCELL_COLD int intercell_reliable_send_datagram(struct intercell_reliable *session, uint8_t kind,
                                                    const void *datagram, uint32_t length)
{
	unsigned char *frame = session->options.frames + session->options.window * session->options.frame_size;

	if (length > intercell_reliable_max(session))
		return INTERCELL_EMSGSIZE;
	if (!session->open)
		return INTERCELL_ENOTCONN;
	intercell_copy_bytes(frame + INTERCELL_RELIABLE_HEADER, datagram, length);
	frame[INTERCELL_RELIABLE_HEADER - 1u] = kind;
	if (!intercell_reliable_transmit(session, frame, INTERCELL_RELIABLE_DATAGRAM, session->next, length))
		return INTERCELL_ENOBUFS;
	return INTERCELL_OK;
}

INTERCELL_FN void intercell_reliable_note_sent(struct intercell_reliable *session, uint32_t now)
{
	session->sent_ms = now;
	session->acknowledge_due = false;
	session->again = false;
}

/* Whether a record may be sent. */
INTERCELL_FN bool intercell_reliable_sendable(const struct intercell_reliable *session)
{
	uint32_t under_way = session->next - session->acknowledged;

	return session->next != session->tail && under_way < session->peer_window && under_way < session->limit;
}

/* Returns false if the port has no room. */
INTERCELL_FN bool intercell_reliable_send_next(struct intercell_reliable *session, uint32_t now)
{
	unsigned char *frame = intercell_reliable_slot(session, session->next);
	uint32_t length = session->options.lengths[session->next & (session->options.window - 1u)];

	if (!intercell_reliable_transmit(session, frame, INTERCELL_RELIABLE_DATA, session->next, length))
		return false;
	if (session->next == session->acknowledged)
		session->progress_ms = now;
	if (session->next != session->highest) {
		session->statistics.resent++;
	} else {
		session->highest++;
		if (!session->timing) {
			session->timing = true;
			session->timed_end = session->highest;
			session->timed_ms = now;
		}
	}
	session->next++;
	intercell_reliable_note_sent(session, now);
	return true;
}

INTERCELL_COLD void intercell_reliable_greet(struct intercell_reliable *session, uint32_t now)
{
	uint32_t pause = session->hello_now ? INTERCELL_RELIABLE_HELLO_AGAIN_MS : INTERCELL_RELIABLE_HELLO_MS;

	if (session->hello_said && now - session->hello_ms < pause)
		return;
	/* Where there is no room it is said again soon. */
	session->hello_now = !intercell_reliable_say(session, INTERCELL_RELIABLE_HELLO);
	session->hello_said = true;
	session->hello_ms = now;
}

/* Does what is due by now. */
INTERCELL_COLD void intercell_reliable_poll(struct intercell_reliable *session)
{
	uint32_t now = intercell_reliable_now(session);

	if (session->closed)
		return;
	if (!session->open) {
		intercell_reliable_greet(session, now);
		return;
	}
	if (now - session->heard_ms >= session->options.timeout_ms) {
		intercell_reliable_end(session, INTERCELL_RELIABLE_SILENT);
		return;
	}
	if (session->next != session->acknowledged &&
	    now - session->progress_ms >= intercell_reliable_patience(session)) {
		if (session->backoff < INTERCELL_RELIABLE_BACKOFF)
			session->backoff++;
		intercell_reliable_go_back(session);
		if (++session->attempts >= INTERCELL_RELIABLE_ATTEMPTS) {
			intercell_reliable_end(session, INTERCELL_RELIABLE_UNACKNOWLEDGED);
			return;
		}
	}
	while (intercell_reliable_sendable(session))
		if (!intercell_reliable_send_next(session, now))
			return;
	if ((session->acknowledge_due || now - session->sent_ms >= session->options.keep_alive_ms) &&
	    intercell_reliable_say(session, INTERCELL_RELIABLE_ACK))
		intercell_reliable_note_sent(session, now);
}

INTERCELL_FN uint32_t intercell_reliable_left(uint32_t now, uint32_t since, uint32_t pause, uint32_t least)
{
	uint32_t left = now - since < pause ? pause - (now - since) : 0;

	return left < least ? left : least;
}

/* Milliseconds until a poll has something to do if no frame comes; for the timer that ends a sleep. */
INTERCELL_COLD uint32_t intercell_reliable_due(const struct intercell_reliable *session)
{
	const struct intercell_reliable_options *options = &session->options;
	uint32_t now = intercell_reliable_now(session);
	uint32_t least = UINT32_MAX;

	if (session->closed)
		return least;
	if (!session->open) {
		if (!session->hello_said)
			return 0;
		return intercell_reliable_left(
			now, session->hello_ms,
			session->hello_now ? INTERCELL_RELIABLE_HELLO_AGAIN_MS : INTERCELL_RELIABLE_HELLO_MS, least);
	}
	if (session->acknowledge_due || intercell_reliable_sendable(session))
		return 0;
	least = intercell_reliable_left(now, session->sent_ms, options->keep_alive_ms, least);
	least = intercell_reliable_left(now, session->heard_ms, options->timeout_ms, least);
	if (session->next != session->acknowledged)
		least = intercell_reliable_left(now, session->progress_ms, intercell_reliable_patience(session), least);
	return least;
}

/* Says goodbye, once, and ends for good. Idempotent. */
INTERCELL_COLD void intercell_reliable_close(struct intercell_reliable *session)
{
	if (session->closed)
		return;
	if (session->open) {
		(void)intercell_reliable_say(session, INTERCELL_RELIABLE_BYE);
		intercell_reliable_end(session, INTERCELL_RELIABLE_CLOSED);
	}
	session->closed = true;
}

#endif
