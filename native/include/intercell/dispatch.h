/* SPDX-License-Identifier: MIT */
/*
 * What a node's links call while they are polled: records go to the callbacks of channels. Bounded by the records in
 * one scratch buffer and in one broadcast ring, and by the time the callbacks take.
 */
#ifndef INTERCELL_DISPATCH_H
#define INTERCELL_DISPATCH_H

#include "announce.h"

/* Takes a data record, of a link's ring or of a broadcast, to the channel's callback. */
INTERCELL_FN int intercell_hub_deliver(struct intercell_hub *hub, struct intercell_link *link,
                                       const struct intercell_record *record, bool broadcast,
                                       struct intercell_finding *finding)
{
	struct intercell_remote *remote =
		record->channel != 0 ? intercell_hub_remote(hub, link, record->channel) : NULL;
	struct intercell_channel *channel = remote ? remote->channel : NULL;
	struct intercell_message message;

	if (!remote && !broadcast && (record->channel == 0 || intercell_hub_at(hub, link)->overflow == 0)) {
		intercell_find(finding, INTERCELL_FAULT_ANNOUNCE, 0, record->channel);
		return INTERCELL_EPROTO;
	}
	if (record->kind == INTERCELL_KIND_CANCEL && ((const intercell_u32 *)(const void *)record->payload)[1] != 0) {
		intercell_find(finding, INTERCELL_FAULT_RESERVED, 0, record->channel);
		return INTERCELL_EPROTO;
	}
	if (!channel || channel->closing) {
		link->statistics.ignored++;
		return INTERCELL_OK;
	}
	if (record->kind == INTERCELL_KIND_REPLY || record->kind == INTERCELL_KIND_ERROR)
		return intercell_hub_reply(hub, channel, link, record, finding);
	message.channel = channel;
	message.link = link;
	message.data = record->payload;
	message.length = record->length;
	message.sequence = record->sequence;
	message.number = record->message;
	message.kind = record->kind;
	message.broadcast = broadcast;
	if (record->kind != INTERCELL_KIND_DATA)
		return intercell_hub_request(channel, link, record, &message);
	if (!intercell_protocol_accepts(channel->protocol, message.number, message.length)) {
		channel->undecodable++;
		intercell_channel_notice(channel, link, INTERCELL_NOTICE_UNDECODABLE, NULL);
		return INTERCELL_OK;
	}
	if (channel->on_message)
		return channel->on_message(channel, &message);
	link->statistics.ignored++;
	return INTERCELL_OK;
}

INTERCELL_FN int intercell_hub_record(void *context, struct intercell_link *link, const struct intercell_record *record,
                                      struct intercell_finding *finding)
{
	struct intercell_hub *hub = (struct intercell_hub *)context;

	switch (record->kind) {
	case INTERCELL_KIND_ANNOUNCE:
		return intercell_hub_announced(hub, link, record, finding);
	case INTERCELL_KIND_WITHDRAW:
		return intercell_hub_withdrawn(hub, link, record, finding);
	default:
		return intercell_hub_deliver(hub, link, record, false, finding);
	}
}

INTERCELL_COLD void intercell_hub_opened(void *context, struct intercell_link *link)
{
	struct intercell_hub *hub = (struct intercell_hub *)context;

	intercell_hub_at(hub, link)->overflow = 0;
	intercell_broadcast_open(&intercell_hub_at(hub, link)->broadcast, link);
}

INTERCELL_COLD void intercell_hub_ready(void *context, struct intercell_link *link)
{
	intercell_hub_announce((struct intercell_hub *)context, link);
}

INTERCELL_COLD void intercell_hub_ended(void *context, struct intercell_link *link)
{
	struct intercell_hub *hub = (struct intercell_hub *)context;
	struct intercell_remote *remotes = hub->remotes + (size_t)link->peer * hub->remotes_per_link;
	struct intercell_channel *channel;
	uint32_t i;

	for (channel = hub->channels; channel; channel = channel->next)
		channel->announced &= ~intercell_link_bit(link);
	for (i = 0; i < hub->remotes_per_link; i++)
		if (remotes[i].number != 0)
			intercell_hub_part(hub, link, &remotes[i]);
	intercell_pending_fail(hub, link, NULL, INTERCELL_ECONNRESET);
	intercell_hub_at(hub, link)->due = false;
}

INTERCELL_FN void intercell_hub_before(void *context, struct intercell_link *link)
{
	intercell_broadcast_limit(&intercell_hub_at((struct intercell_hub *)context, link)->broadcast, link);
}

/* Reads broadcasts up to the limit that was noted. Bounded by the records the ring can hold. */
INTERCELL_FN void intercell_hub_broadcasts(struct intercell_hub *hub, struct intercell_link *link)
{
	struct intercell_broadcast_reader *reader = &intercell_hub_at(hub, link)->broadcast;
	uint32_t session = link->session;
	struct intercell_record record;
	struct intercell_finding finding;
	int status;

	while ((status = intercell_broadcast_next(reader, link, &record, &finding)) > 0) {
		if (intercell_link_is_over(link))
			return;
		if (record.kind == INTERCELL_KIND_PAD)
			continue;
		link->node->delivered++;
		status = intercell_hub_deliver(hub, link, &record, true, &finding);
		if (link->session != session)
			return;
		if (status < 0)
			break;
	}
	if (status < 0)
		intercell_link_refuse(link, &finding);
}

INTERCELL_FN void intercell_hub_after(void *context, struct intercell_link *link)
{
	struct intercell_hub *hub = (struct intercell_hub *)context;

	if (!link->held_over) {
		if (link->peer_geometry.broadcast_control != 0)
			intercell_hub_broadcasts(hub, link);
		if (intercell_hub_at(hub, link)->due)
			intercell_hub_announce(hub, link);
	}
	if (hub->pendings)
		intercell_pending_expire(hub, link);
}

INTERCELL_FN bool intercell_hub_pending(void *context, struct intercell_link *link)
{
	struct intercell_hub_link *at = intercell_hub_at((struct intercell_hub *)context, link);

	if (link->phase < INTERCELL_PHASE_OPEN)
		return false;
	if (at->due && !link->starved && intercell_link_writable(link))
		return true;
	return link->peer_geometry.broadcast_control != 0 && !link->held_over &&
	       intercell_broadcast_word(link, INTERCELL_BROADCAST_TAIL) != at->broadcast.cursor;
}

/* Empties what the broadcast ring and the slots held in an earlier life, before any peer can accept this one. */
INTERCELL_COLD void intercell_hub_started(void *context)
{
	struct intercell_hub *hub = (struct intercell_hub *)context;
	struct intercell_channel *channel;

	intercell_broadcast_attach(&hub->broadcast, hub->node);
	for (channel = hub->channels; channel; channel = channel->next)
		intercell_zero_words(hub->node->output, channel->latest_offset, channel->latest_size);
}

/*
 * Puts a hub on a node, before it starts. @links has max_peers entries, @remotes max_peers times @remotes_per_link: how
 * many channels of each peer can be known. Returns 0 or INTERCELL_EINVAL.
 */
INTERCELL_COLD int intercell_hub_init(struct intercell_hub *hub, struct intercell_node *node,
                                      struct intercell_hub_link *links, struct intercell_remote *remotes,
                                      uint32_t remotes_per_link)
{
	uint32_t peers = node->layout.max_peers;

	if (!links || !remotes || remotes_per_link == 0 || node->running)
		return INTERCELL_EINVAL;
	intercell_zero(hub, (uint32_t)sizeof(*hub));
	intercell_zero(links, peers * (uint32_t)sizeof(*links));
	intercell_zero(remotes, peers * remotes_per_link * (uint32_t)sizeof(*remotes));
	hub->node = node;
	hub->links = links;
	hub->remotes = remotes;
	hub->remotes_per_link = remotes_per_link;
	intercell_broadcast_attach(&hub->broadcast, node);
	node->layer.started = intercell_hub_started;
	node->layer.record = intercell_hub_record;
	node->layer.opened = intercell_hub_opened;
	node->layer.ready = intercell_hub_ready;
	node->layer.ended = intercell_hub_ended;
	node->layer.before = intercell_hub_before;
	node->layer.after = intercell_hub_after;
	node->layer.pending = intercell_hub_pending;
	node->layer.context = hub;
	return INTERCELL_OK;
}

#endif
