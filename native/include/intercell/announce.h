/* SPDX-License-Identifier: MIT */
/*
 * Announcing channels to peers, and matching theirs with one's own (section 4 of the page).
 *
 * +0  | u64 type hash | u32 latest offset | u32 latest size |
 * +16 | u8 n | u8 p | u16 zero | channel name, n bytes | protocol name, p bytes |
 */
#ifndef INTERCELL_ANNOUNCE_H
#define INTERCELL_ANNOUNCE_H

#include "request.h"

/* Queues the announcement of one channel. */
INTERCELL_COLD int intercell_hub_announce_one(struct intercell_channel *channel, struct intercell_link *link)
{
	uint32_t name = intercell_text_length(channel->name);
	uint32_t protocol = intercell_text_length(channel->protocol->name);
	uint32_t room = INTERCELL_ANNOUNCE_HEADER + name + protocol;
	unsigned char *payload;
	int status = intercell_link_reserve(link, room, &payload);

	if (status < 0)
		return status;
	intercell_store(payload, 0, (uint32_t)channel->protocol->hash);
	intercell_store(payload, 4, (uint32_t)(channel->protocol->hash >> 32));
	intercell_store(payload, 8, channel->latest_offset);
	intercell_store(payload, 12, channel->latest_size);
	intercell_store(payload, 16, name | protocol << 8);
	intercell_copy_bytes(payload + INTERCELL_ANNOUNCE_HEADER, channel->name, name);
	intercell_copy_bytes(payload + INTERCELL_ANNOUNCE_HEADER + name, channel->protocol->name, protocol);
	(void)intercell_link_append(link, room, room, INTERCELL_KIND_ANNOUNCE, channel->number, 0);
	channel->announced |= intercell_link_bit(link);
	return INTERCELL_OK;
}

/* Announces what the peer has not been told yet, as far as there is room. Bounded by the open channels. */
INTERCELL_COLD void intercell_hub_announce(struct intercell_hub *hub, struct intercell_link *link)
{
	struct intercell_channel *channel;

	if (link->phase != INTERCELL_PHASE_READY)
		return;
	for (channel = hub->channels; channel; channel = channel->next) {
		if (channel->closing || (channel->announced & intercell_link_bit(link)) != 0)
			continue;
		if (intercell_hub_announce_one(channel, link) < 0)
			break;
	}
	intercell_hub_at(hub, link)->due = channel != NULL;
	(void)intercell_link_flush(link);
}

/* Joins a peer's channel with the one of the same name on this side, if both are there. */
INTERCELL_COLD void intercell_hub_join(struct intercell_hub *hub, struct intercell_link *link,
                                       struct intercell_remote *remote)
{
	struct intercell_channel *channel = hub->channels;
	uint32_t bit = intercell_link_bit(link);

	while (channel && (channel->closing || !intercell_text_equal(channel->name, remote->name, remote->name_length)))
		channel = channel->next;
	if (!channel || (channel->matched & bit) != 0)
		return;
	if (channel->protocol->hash != remote->hash) {
		channel->mismatched |= bit;
		intercell_channel_notice(channel, link, INTERCELL_NOTICE_MISMATCHED, remote);
		return;
	}
	remote->channel = channel;
	channel->mismatched &= ~bit;
	channel->matched |= bit;
	intercell_channel_notice(channel, link, INTERCELL_NOTICE_MATCHED, remote);
}

/* Joins what the peer announced before this side opened a channel. */
INTERCELL_COLD void intercell_hub_join_all(struct intercell_hub *hub, struct intercell_link *link)
{
	struct intercell_remote *remotes = hub->remotes + (size_t)link->peer * hub->remotes_per_link;
	uint32_t i;

	for (i = 0; i < hub->remotes_per_link; i++)
		if (remotes[i].number != 0 && !remotes[i].channel)
			intercell_hub_join(hub, link, &remotes[i]);
}

/* Takes a remote entry out of use, with the requests that wait for it. */
INTERCELL_COLD void intercell_hub_part(struct intercell_hub *hub, struct intercell_link *link,
                                       struct intercell_remote *remote)
{
	struct intercell_channel *channel = remote->channel;
	uint32_t bit = intercell_link_bit(link);

	remote->number = 0;
	remote->channel = NULL;
	if (!channel) {
		for (channel = hub->channels; channel; channel = channel->next)
			if (intercell_text_equal(channel->name, remote->name, remote->name_length))
				channel->mismatched &= ~bit;
		return;
	}
	channel->matched &= ~bit;
	intercell_pending_fail(hub, link, channel, INTERCELL_ECONNRESET);
	intercell_channel_notice(channel, link, INTERCELL_NOTICE_WITHDRAWN, remote);
}

/* The finding about an announcement's payload; its code is 0 if all is well. */
INTERCELL_COLD void intercell_announce_check(const struct intercell_link *link, const struct intercell_record *record,
                                             struct intercell_finding *finding)
{
	const intercell_u32 *words = (const intercell_u32 *)(const void *)record->payload;
	uint32_t name = words[4] & 0xffu;
	uint32_t protocol = words[4] >> 8 & 0xffu;
	uint32_t length = INTERCELL_ANNOUNCE_HEADER + name + protocol;
	uint32_t offset = words[2];
	uint32_t size = words[3];
	uint32_t start = link->peer_geometry.latest_offset;
	uint32_t room = link->peer_geometry.latest_size;

	if ((words[4] >> 16) != 0 || record->message != 0)
		intercell_find(finding, INTERCELL_FAULT_RESERVED, 0, words[4] >> 16);
	else if (record->channel == 0)
		intercell_find(finding, INTERCELL_FAULT_ANNOUNCE, 1, 0);
	else if (name == 0 || name > INTERCELL_NAME_MAX || protocol == 0 || protocol > INTERCELL_NAME_MAX ||
	         record->length != length)
		intercell_find(finding, INTERCELL_FAULT_ANNOUNCE, length, record->length);
	else if (!intercell_utf8_valid(record->payload + INTERCELL_ANNOUNCE_HEADER, name) ||
	         !intercell_utf8_valid(record->payload + INTERCELL_ANNOUNCE_HEADER + name, protocol))
		intercell_find(finding, INTERCELL_FAULT_ANNOUNCE, 0, record->channel);
	else if ((offset | size) != 0 && (size == 0 || ((offset | size) & (INTERCELL_SLOT_ALIGN - 1u)) != 0 ||
	                                  offset < start || offset - start > room || size > room - (offset - start)))
		intercell_find(finding, INTERCELL_FAULT_ANNOUNCE, start, offset);
}

/* True if the peer has a channel of that number or of that name already. */
INTERCELL_COLD bool intercell_hub_knows(struct intercell_hub *hub, const struct intercell_link *link, uint32_t number,
                                        const unsigned char *name, uint32_t length)
{
	const struct intercell_remote *remotes = hub->remotes + (size_t)link->peer * hub->remotes_per_link;
	uint32_t i, at;

	for (i = 0; i < hub->remotes_per_link; i++) {
		if (remotes[i].number == 0)
			continue;
		for (at = 0; at < length && remotes[i].name[at] == name[at]; at++)
			;
		if (remotes[i].number == number || (at == length && remotes[i].name_length == length))
			return true;
	}
	return false;
}

/* Takes an announcement. One for which there is no room is counted, and its channel is as if it were not there. */
INTERCELL_COLD int intercell_hub_announced(struct intercell_hub *hub, struct intercell_link *link,
                                           const struct intercell_record *record, struct intercell_finding *finding)
{
	const intercell_u32 *words = (const intercell_u32 *)(const void *)record->payload;
	struct intercell_remote *remote;

	intercell_announce_check(link, record, finding);
	if (finding->code == 0 &&
	    intercell_hub_knows(hub, link, record->channel, record->payload + INTERCELL_ANNOUNCE_HEADER, words[4] & 0xffu))
		intercell_find(finding, INTERCELL_FAULT_ANNOUNCE, 0, record->channel);
	if (finding->code != 0)
		return INTERCELL_EPROTO;
	remote = intercell_hub_remote(hub, link, 0);
	if (!remote) {
		intercell_hub_at(hub, link)->overflow++;
		return INTERCELL_OK;
	}
	remote->channel = NULL;
	remote->number = record->channel;
	remote->hash = words[0] | (uint64_t)words[1] << 32;
	remote->latest_offset = words[2];
	remote->latest_size = words[3];
	remote->name_length = (uint8_t)(words[4] & 0xffu);
	remote->protocol_length = (uint8_t)(words[4] >> 8 & 0xffu);
	intercell_copy_bytes(remote->name, record->payload + INTERCELL_ANNOUNCE_HEADER, remote->name_length);
	intercell_copy_bytes(remote->protocol, record->payload + INTERCELL_ANNOUNCE_HEADER + remote->name_length,
	                     remote->protocol_length);
	intercell_hub_join(hub, link, remote);
	return INTERCELL_OK;
}

INTERCELL_COLD int intercell_hub_withdrawn(struct intercell_hub *hub, struct intercell_link *link,
                                           const struct intercell_record *record, struct intercell_finding *finding)
{
	struct intercell_remote *remote =
		record->channel != 0 ? intercell_hub_remote(hub, link, record->channel) : NULL;

	if (record->message != 0) {
		intercell_find(finding, INTERCELL_FAULT_RESERVED, 0, record->message);
		return INTERCELL_EPROTO;
	}
	if (record->length != 0 || (!remote && intercell_hub_at(hub, link)->overflow == 0)) {
		intercell_find(finding, INTERCELL_FAULT_ANNOUNCE, 0, record->channel);
		return INTERCELL_EPROTO;
	}
	if (remote)
		intercell_hub_part(hub, link, remote);
	return INTERCELL_OK;
}

#endif
