/* SPDX-License-Identifier: MIT */
/*
 * Channels over the links of a node. All functions belong to the node's context: they are called from the main loop or
 * from a callback, not from an interrupt handler. None waits. A send is bounded by its copy and a doorbell; open and
 * close are bounded by the number of open channels, links and announced channels.
 */
#ifndef INTERCELL_CHANNEL_H
#define INTERCELL_CHANNEL_H

#include "dispatch.h"

/* Takes the channel's slots out of the latest-value region and empties them. */
INTERCELL_COLD int intercell_channel_take_slots(struct intercell_hub *hub, struct intercell_channel *channel)
{
	const struct intercell_layout *layout = &hub->node->layout;
	uint32_t size = 0;
	uint32_t i, slot;

	for (i = 0; i < channel->protocol->topic_count; i++) {
		if (channel->protocol->topics[i] > layout->latest_size)
			return INTERCELL_ENOSPC;
		slot = intercell_slot_size(channel->protocol->topics[i]);
		if (slot > layout->latest_size - hub->latest_used - size)
			return INTERCELL_ENOSPC;
		size += slot;
	}
	channel->latest_size = size;
	channel->latest_offset = size != 0 ? layout->latest_offset + hub->latest_used : 0;
	hub->latest_used += size;
	intercell_zero_words(hub->node->output, channel->latest_offset, size);
	return INTERCELL_OK;
}

/*
 * Opens a channel towards all peers; @name, @protocol, the callbacks and @context are set by the caller and the rest is
 * zero. The struct is in use until intercell_channel_close() returns 0. The slots of a closed channel are not given out
 * again, as a peer may still be reading them.
 *
 * Returns 0; INTERCELL_EINVAL for a name that is not 1 to 32 bytes of UTF-8; INTERCELL_EBUSY if the name is in use;
 * INTERCELL_ENOSPC if the latest-value region has no room for the protocol's topics.
 */
INTERCELL_COLD int intercell_channel_open(struct intercell_hub *hub, struct intercell_channel *channel)
{
	uint32_t length = channel->name ? intercell_text_length(channel->name) : 0;
	struct intercell_channel *other;
	uint32_t i;
	int status;

	if (length == 0 || length > INTERCELL_NAME_MAX || !channel->protocol || !channel->protocol->name ||
	    !intercell_utf8_valid((const unsigned char *)channel->name, length))
		return INTERCELL_EINVAL;
	length = intercell_text_length(channel->protocol->name);
	if (length == 0 || length > INTERCELL_NAME_MAX)
		return INTERCELL_EINVAL;
	for (other = hub->channels; other; other = other->next)
		if (other == channel || intercell_text_equal(channel->name, (const unsigned char *)other->name,
		                                             intercell_text_length(other->name)))
			return INTERCELL_EBUSY;
	status = intercell_channel_take_slots(hub, channel);
	if (status < 0)
		return status;
	do {
		hub->next_number++;
		for (other = hub->channels; other && other->number != hub->next_number; other = other->next)
			;
	} while (hub->next_number == 0 || other);
	channel->number = hub->next_number;
	channel->hub = hub;
	channel->closing = false;
	channel->announced = 0;
	channel->matched = 0;
	channel->mismatched = 0;
	channel->next = hub->channels;
	hub->channels = channel;
	for (i = 0; i < hub->node->layout.max_peers; i++) {
		hub->links[i].due = true;
		intercell_hub_join_all(hub, &hub->node->links[i]);
	}
	return INTERCELL_OK;
}

/*
 * Closes a channel: nothing is delivered from here on, requests end with INTERCELL_ECANCELED, and the peers are told.
 * Returns 0, or INTERCELL_EAGAIN if a peer's ring is full: poll, then call it again. Doing it twice does nothing.
 */
INTERCELL_COLD int intercell_channel_close(struct intercell_channel *channel)
{
	struct intercell_hub *hub = channel->hub;
	struct intercell_channel **at;
	uint32_t i;

	if (!hub)
		return INTERCELL_OK;
	channel->closing = true;
	intercell_pending_fail(hub, NULL, channel, INTERCELL_ECANCELED);
	for (i = 0; i < hub->node->layout.max_peers; i++) {
		struct intercell_link *link = &hub->node->links[i];

		if ((channel->announced >> i & 1u) == 0)
			continue;
		if (intercell_hub_queue(link, INTERCELL_KIND_WITHDRAW, channel, 0, NULL, 0, NULL, 0, NULL) < 0)
			return INTERCELL_EAGAIN;
		channel->announced &= ~(1u << i);
		(void)intercell_link_flush(link);
	}
	for (i = 0; i < hub->node->layout.max_peers * hub->remotes_per_link; i++)
		if (hub->remotes[i].channel == channel)
			hub->remotes[i].channel = NULL;
	for (at = &hub->channels; *at && *at != channel; at = &(*at)->next)
		;
	if (*at)
		*at = channel->next;
	channel->hub = NULL;
	return INTERCELL_OK;
}

/*
 * Queues a message for a peer; intercell_link_flush() commits it, so that many share one store and one doorbell.
 *
 * Returns 0; INTERCELL_EINVAL for a message that is not of the protocol; INTERCELL_EPROTOTYPE, INTERCELL_ENOTCONN as
 * intercell_channel_check(); and what intercell_link_reserve() returns.
 */
INTERCELL_FN int intercell_channel_queue(struct intercell_channel *channel, uint32_t peer, uint32_t message,
                                         const void *data, uint32_t length)
{
	struct intercell_link *link;
	int status = intercell_channel_check(channel, peer, message, length, &link);

	if (status < 0)
		return status;
	return intercell_hub_queue(link, INTERCELL_KIND_DATA, channel, message, NULL, 0, data, length, NULL);
}

/* Sends a message to a peer, with all that was queued before it. Returns as intercell_channel_queue(). */
INTERCELL_FN int intercell_channel_send(struct intercell_channel *channel, uint32_t peer, uint32_t message,
                                        const void *data, uint32_t length)
{
	int status = intercell_channel_queue(channel, peer, message, data, length);

	return status < 0 ? status : intercell_link_flush(&channel->hub->node->links[peer]);
}

/*
 * Points @data at room for a message of @length bytes in one's own ring, 8-aligned, to be built there and then given to
 * intercell_channel_commit() with the same arguments; nothing else may be sent to this peer in between. Not
 * committing it is fine. Returns as intercell_channel_queue().
 */
INTERCELL_FN int intercell_channel_reserve(struct intercell_channel *channel, uint32_t peer, uint32_t message,
                                           uint32_t length, void **data)
{
	struct intercell_link *link;
	unsigned char *payload;
	int status = intercell_channel_check(channel, peer, message, length, &link);

	if (status == INTERCELL_OK)
		status = intercell_link_reserve(link, length, &payload);
	if (status == INTERCELL_OK)
		*data = payload;
	return status;
}

/* Sends what was built in the place that intercell_channel_reserve() gave. Returns 0. */
INTERCELL_FN int intercell_channel_commit(struct intercell_channel *channel, uint32_t peer, uint32_t message,
                                          uint32_t length)
{
	struct intercell_link *link = &channel->hub->node->links[peer];

	(void)intercell_link_append(link, length, length, INTERCELL_KIND_DATA, channel->number, message);
	return intercell_link_flush(link);
}

/*
 * Writes a message to the broadcast ring, for all peers that have the channel, and rings those that sleep. Never waits:
 * a peer that is too slow misses it, and counts that.
 *
 * Returns 0; INTERCELL_EINVAL for a message that is not of the protocol; INTERCELL_ENOSPC without a broadcast ring;
 * INTERCELL_EMSGSIZE if it is larger than half the ring.
 */
INTERCELL_FN int intercell_channel_broadcast(struct intercell_channel *channel, uint32_t message, const void *data,
                                             uint32_t length)
{
	struct intercell_hub *hub = channel->hub;
	uint32_t peer;

	if (!hub || channel->closing || !intercell_protocol_accepts(channel->protocol, message, length))
		return INTERCELL_EINVAL;
	if (!hub->broadcast.control)
		return INTERCELL_ENOSPC;
	if (length > intercell_ring_payload_max(hub->broadcast.capacity))
		return INTERCELL_EMSGSIZE;
	intercell_broadcast_write(&hub->broadcast, channel->number, message, data, length);
	INTERCELL_FENCE();
	for (peer = 0; peer < hub->node->layout.max_peers; peer++)
		if (hub->node->links[peer].phase == INTERCELL_PHASE_READY)
			intercell_link_ring_for(&hub->node->links[peer], INTERCELL_WAKE_COMMIT);
	return INTERCELL_OK;
}

/* Broadcasts of the peer that were overwritten before this side read them, in this session. */
INTERCELL_FN uint32_t intercell_channel_missed(const struct intercell_channel *channel, uint32_t peer)
{
	return channel->hub->links[peer].broadcast.missed;
}

/* Offset of a topic's slot from the start of the channel's region. */
INTERCELL_FN uint32_t intercell_channel_slot(const struct intercell_channel *channel, uint32_t topic)
{
	uint32_t offset = 0;
	uint32_t i;

	for (i = 0; i < topic; i++)
		offset += intercell_slot_size(channel->protocol->topics[i]);
	return offset;
}

/* Publishes the newest value of a topic, for all peers. Rings nobody. Returns 0 or INTERCELL_EINVAL. */
INTERCELL_FN int intercell_latest_publish(struct intercell_channel *channel, uint32_t topic, const void *value,
                                          uint32_t length)
{
	if (!channel->hub || topic >= channel->protocol->topic_count || length > channel->protocol->topics[topic])
		return INTERCELL_EINVAL;
	intercell_slot_write(channel->hub->node->output + channel->latest_offset +
	                             intercell_channel_slot(channel, topic),
	                     value, length);
	return INTERCELL_OK;
}

/*
 * Reads a peer's newest value of a topic. @value is 8-aligned and has room for the topic's size rounded up to 8.
 *
 * Returns the value's length; INTERCELL_ENOENT if there is none yet; INTERCELL_EAGAIN if the writer was in the way
 * (keep the value read before); INTERCELL_ENOTCONN without a session or channel; INTERCELL_EPROTO if the peer's region
 * is too small for the topic; INTERCELL_EINVAL for a topic that is not of the protocol.
 */
INTERCELL_COLD int intercell_latest_read(struct intercell_channel *channel, uint32_t peer, uint32_t topic, void *value)
{
	struct intercell_link *link;
	struct intercell_remote *remote;
	uint32_t offset;

	if (!channel->hub || !intercell_node_serves(channel->hub->node, peer) ||
	    topic >= channel->protocol->topic_count || ((uintptr_t)value & 7u) != 0)
		return INTERCELL_EINVAL;
	link = &channel->hub->node->links[peer];
	if ((channel->matched >> peer & 1u) == 0)
		return INTERCELL_ENOTCONN;
	remote = intercell_hub_match(channel->hub, link, channel);
	offset = intercell_channel_slot(channel, topic);
	if (!remote || offset + intercell_slot_size(channel->protocol->topics[topic]) > remote->latest_size)
		return INTERCELL_EPROTO;
	return intercell_slot_read(link, remote->latest_offset + offset, channel->protocol->topics[topic], value);
}

#endif
