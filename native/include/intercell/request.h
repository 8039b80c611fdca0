/* SPDX-License-Identifier: MIT */
/*
 * Requests: ask and wait for one reply, an error, or the end of the time allowed. Belongs to the node's context;
 * bounded by one copy and, where it is said, by the number of requests under way.
 */
#ifndef INTERCELL_REQUEST_H
#define INTERCELL_REQUEST_H

#include "hub.h"

/* Takes a pending slot off the list. Bounded by the requests under way. */
INTERCELL_COLD void intercell_pending_remove(struct intercell_hub *hub, struct intercell_pending *pending)
{
	struct intercell_pending **at = &hub->pendings;

	while (*at && *at != pending)
		at = &(*at)->next;
	if (*at)
		*at = pending->next;
	pending->active = false;
}

INTERCELL_COLD void intercell_pending_finish(struct intercell_hub *hub, struct intercell_pending *pending, int status,
                                             const struct intercell_message *reply)
{
	intercell_pending_remove(hub, pending);
	pending->done(pending, status, reply);
}

/* Ends all requests of a link, of a channel, or of both; NULL stands for any. */
INTERCELL_COLD void intercell_pending_fail(struct intercell_hub *hub, const struct intercell_link *link,
                                           const struct intercell_channel *channel, int status)
{
	struct intercell_pending *pending = hub->pendings;

	while (pending) {
		if ((!link || pending->link == link) && (!channel || pending->channel == channel)) {
			intercell_pending_finish(hub, pending, status, NULL);
			pending = hub->pendings;
		} else {
			pending = pending->next;
		}
	}
}

/*
 * Sends a request. @pending->done and @pending->context are set by the caller, and the slot stays in use until @done
 * is called. @timeout_ms 0 waits as long as the session lasts; a time needs the platform's clock.
 *
 * Returns 0, or what intercell_channel_send() returns; INTERCELL_EBUSY if the slot is in use; INTERCELL_EINVAL for a
 * time without a clock.
 */
INTERCELL_COLD int intercell_channel_request(struct intercell_channel *channel, uint32_t peer, uint32_t message,
                                             const void *data, uint32_t length, struct intercell_pending *pending,
                                             uint32_t timeout_ms)
{
	struct intercell_hub *hub = channel->hub;
	struct intercell_link *link;
	uint32_t sequence;
	int status = intercell_channel_check(channel, peer, message, length, &link);

	if (status < 0)
		return status;
	if (pending->active)
		return INTERCELL_EBUSY;
	if (!pending->done || (timeout_ms != 0 && !hub->node->platform->clock_ms))
		return INTERCELL_EINVAL;
	status = intercell_hub_queue(link, INTERCELL_KIND_REQUEST, channel, message, NULL, 0, data, length, &sequence);
	if (status < 0)
		return status;
	pending->channel = channel;
	pending->link = link;
	pending->sequence = sequence;
	pending->timed = timeout_ms != 0;
	pending->deadline = intercell_node_now(hub->node) + timeout_ms;
	pending->active = true;
	pending->next = hub->pendings;
	hub->pendings = pending;
	return intercell_link_flush(link);
}

/*
 * Gives a request up: tells the peer if its ring has room, and calls @done with @status. Returns 0, or INTERCELL_ENOENT
 * if it is not under way.
 */
INTERCELL_COLD int intercell_pending_give_up(struct intercell_pending *pending, int status)
{
	struct intercell_channel *channel = pending->channel;
	struct intercell_link *link = pending->link;
	uint32_t head[2];

	if (!pending->active)
		return INTERCELL_ENOENT;
	head[0] = pending->sequence;
	head[1] = 0;
	if (intercell_hub_queue(link, INTERCELL_KIND_CANCEL, channel, 0, head, 8, NULL, 0, NULL) == INTERCELL_OK)
		(void)intercell_link_flush(link);
	intercell_pending_finish(channel->hub, pending, status, NULL);
	return INTERCELL_OK;
}

INTERCELL_FN int intercell_pending_cancel(struct intercell_pending *pending)
{
	return intercell_pending_give_up(pending, INTERCELL_ECANCELED);
}

/* Gives up the requests on a link whose time is over. Bounded by the requests under way. */
INTERCELL_COLD void intercell_pending_expire(struct intercell_hub *hub, const struct intercell_link *link)
{
	struct intercell_pending *pending = hub->pendings;
	uint32_t now = intercell_node_now(hub->node);

	while (pending) {
		if (pending->link == link && pending->timed && (now - pending->deadline) <= 0x7fffffffu) {
			(void)intercell_pending_give_up(pending, INTERCELL_ETIMEDOUT);
			pending = hub->pendings;
		} else {
			pending = pending->next;
		}
	}
}

/* Finds who waits for the reply or error in @record and hands it over. */
INTERCELL_COLD int intercell_hub_reply(struct intercell_hub *hub, struct intercell_channel *channel,
                                       struct intercell_link *link, const struct intercell_record *record,
                                       struct intercell_finding *finding)
{
	const intercell_u32 *words = (const intercell_u32 *)(const void *)record->payload;
	bool error = record->kind == INTERCELL_KIND_ERROR;
	uint32_t header = error ? INTERCELL_ERROR_HEADER : INTERCELL_REPLY_HEADER;
	struct intercell_pending *pending = hub->pendings;
	struct intercell_message message;

	message.channel = channel;
	message.link = link;
	message.data = record->payload + header;
	message.length = record->length - header;
	message.sequence = record->sequence;
	message.number = error ? (uint16_t)words[1] : record->message;
	message.kind = record->kind;
	message.broadcast = false;
	if (error) {
		uint32_t length = words[2] & 0xffffu;

		if (length > message.length || length > INTERCELL_ERROR_TEXT_MAX) {
			intercell_find(finding, INTERCELL_FAULT_KIND, message.length, length);
			return INTERCELL_EPROTO;
		}
		message.length = length;
	} else if (words[1] != 0) {
		intercell_find(finding, INTERCELL_FAULT_RESERVED, 0, words[1]);
		return INTERCELL_EPROTO;
	}
	while (pending && (pending->link != link || pending->channel != channel || pending->sequence != words[0]))
		pending = pending->next;
	if (!pending) {
		hub->late++;
	} else if (!error && !intercell_protocol_accepts(channel->protocol, message.number, message.length)) {
		channel->undecodable++;
		intercell_pending_finish(hub, pending, INTERCELL_EPROTO, NULL);
	} else {
		intercell_pending_finish(hub, pending, error ? INTERCELL_EREMOTEIO : INTERCELL_OK, &message);
	}
	return INTERCELL_OK;
}

/* Checks that a request's session still stands. */
INTERCELL_FN int intercell_request_check(const struct intercell_request *request)
{
	return request->link->session == request->session ? INTERCELL_OK : INTERCELL_ECONNRESET;
}

/*
 * Answers a request, in its callback or later. Returns 0; INTERCELL_ECONNRESET if the requester's session is over;
 * INTERCELL_ENOBUFS if the ring is full (hold the request, or answer in a later poll); or as intercell_channel_send().
 */
INTERCELL_COLD int intercell_request_reply(struct intercell_channel *channel, const struct intercell_request *request,
                                           uint32_t message, const void *data, uint32_t length)
{
	uint32_t head[2];
	int status = intercell_request_check(request);

	if (status == INTERCELL_OK && !intercell_protocol_accepts(channel->protocol, message, length))
		status = INTERCELL_EINVAL;
	if (status < 0)
		return status;
	head[0] = request->sequence;
	head[1] = 0;
	status =
		intercell_hub_queue(request->link, INTERCELL_KIND_REPLY, channel, message, head, 8, data, length, NULL);
	return status < 0 ? status : intercell_link_flush(request->link);
}

/*
 * Answers a request with an error: @code is one of INTERCELL_ERROR_*, @text at most 200 bytes of UTF-8 (more is cut off
 * by the caller). Returns as intercell_request_reply().
 */
INTERCELL_COLD int intercell_request_fail(struct intercell_channel *channel, const struct intercell_request *request,
                                          uint32_t code, const char *text, uint32_t length)
{
	unsigned char *payload;
	uint32_t room = INTERCELL_ERROR_HEADER + length;
	uint16_t bytes = (uint16_t)length;
	int status = intercell_request_check(request);

	if (status == INTERCELL_OK && length > INTERCELL_ERROR_TEXT_MAX)
		status = INTERCELL_EINVAL;
	if (status == INTERCELL_OK)
		status = intercell_link_reserve(request->link, room, &payload);
	if (status < 0)
		return status;
	intercell_store(payload, 0, request->sequence);
	intercell_store(payload, 4, code);
	intercell_copy_bytes(payload + 8, &bytes, 2);
	intercell_copy_bytes(payload + INTERCELL_ERROR_HEADER, text, length);
	(void)intercell_link_append(request->link, room, room, INTERCELL_KIND_ERROR, channel->number, 0);
	return intercell_link_flush(request->link);
}

/* Takes a request or its cancellation to the channel's callback. */
INTERCELL_COLD int intercell_hub_request(struct intercell_channel *channel, struct intercell_link *link,
                                         const struct intercell_record *record, const struct intercell_message *message)
{
	struct intercell_request request;
	int status;

	request.link = link;
	request.session = link->session;
	request.sequence = record->sequence;
	if (record->kind == INTERCELL_KIND_CANCEL) {
		request.sequence = ((const intercell_u32 *)(const void *)record->payload)[0];
		if (channel->on_cancel)
			channel->on_cancel(channel, &request);
		return INTERCELL_OK;
	}
	if (channel->on_request && intercell_protocol_accepts(channel->protocol, message->number, message->length))
		return channel->on_request(channel, message, &request);
	status = intercell_request_fail(channel, &request,
	                                channel->on_request ? INTERCELL_ERROR_UNDECODABLE : INTERCELL_ERROR_NO_HANDLER,
	                                "", 0);
	if (status == INTERCELL_ENOBUFS)
		return INTERCELL_HOLD;
	if (channel->on_request) {
		channel->undecodable++;
		intercell_channel_notice(channel, link, INTERCELL_NOTICE_UNDECODABLE, NULL);
	}
	return INTERCELL_OK;
}

#endif
