/* SPDX-License-Identifier: MIT */
/*
 * What channels, requests and broadcasts share: the channels that are open on this side, those each peer announced, and
 * the requests under way. All memory is the caller's.
 */
#ifndef INTERCELL_HUB_H
#define INTERCELL_HUB_H

#include "broadcast.h"
#include "latest.h"
#include "node.h"
#include "utf8.h"

/* Bytes a message of one number may have; a gap in the numbers has @minimum above @maximum. */
struct intercell_message_size {
	uint32_t minimum;
	uint32_t maximum;
};

/* A protocol as the generator writes it: see docs/schema.md. */
struct intercell_protocol {
	const char *name; /* 1 to 32 bytes UTF-8, ended by NUL */
	uint64_t hash;
	const struct intercell_message_size *messages; /* by message number */
	const uint32_t *topics;                        /* size of each latest value, bytes */
	uint16_t message_count;
	uint16_t topic_count;
};

struct intercell_channel;
struct intercell_remote;

/* A message as a callback gets it; @data is 8-aligned private memory, valid until the callback returns. */
struct intercell_message {
	struct intercell_channel *channel;
	struct intercell_link *link;
	const void *data;
	uint32_t length;
	uint32_t sequence;
	uint16_t number; /* of the message in its protocol; in an error, the error's code */
	uint8_t kind;
	bool broadcast;
};

/* Names a request to reply to it later. */
struct intercell_request {
	struct intercell_link *link;
	uint32_t session;
	uint32_t sequence;
};

enum intercell_notice {
	INTERCELL_NOTICE_MATCHED,    /* the peer has the channel with the same type */
	INTERCELL_NOTICE_MISMATCHED, /* the peer has the channel with another type: names and hashes are in @remote */
	INTERCELL_NOTICE_WITHDRAWN,  /* the peer closed the channel, or its session ended */
	INTERCELL_NOTICE_UNDECODABLE /* a message does not have a length of its type; counted */
};

struct intercell_channel {
	struct intercell_channel *next;
	struct intercell_hub *hub;
	const char *name;
	const struct intercell_protocol *protocol;
	/* Return INTERCELL_OK, or INTERCELL_HOLD to get the same message in a later poll; a broadcast is not held. */
	int (*on_message)(struct intercell_channel *channel, const struct intercell_message *message);
	int (*on_request)(struct intercell_channel *channel, const struct intercell_message *message,
	                  const struct intercell_request *request);
	void (*on_cancel)(struct intercell_channel *channel, const struct intercell_request *request);
	/* @remote is NULL for a message that is not decodable. */
	void (*on_notice)(struct intercell_channel *channel, struct intercell_link *link, enum intercell_notice notice,
	                  const struct intercell_remote *remote);
	void *context;
	uint32_t announced;  /* bit j: peer j was told of this channel in this session */
	uint32_t matched;    /* bit j: peer j has it too */
	uint32_t mismatched; /* bit j: peer j has it with another type */
	uint32_t latest_offset;
	uint32_t latest_size;
	uint32_t undecodable;
	uint16_t number;
	bool closing;
};

/* A channel that a peer announced. */
struct intercell_remote {
	struct intercell_channel *channel; /* the one of the same name and type on this side, or NULL */
	uint64_t hash;
	uint32_t latest_offset;
	uint32_t latest_size;
	uint16_t number; /* 0: this entry is free */
	uint8_t name_length;
	uint8_t protocol_length;
	unsigned char name[INTERCELL_NAME_MAX];
	unsigned char protocol[INTERCELL_NAME_MAX];
};

/* What the hub keeps for each link. */
struct intercell_hub_link {
	struct intercell_broadcast_reader broadcast;
	uint32_t overflow; /* announcements for which there was no room in this session */
	bool due;          /* there are channels to announce */
};

/* A request under way; the caller's until @done was called. */
struct intercell_pending {
	struct intercell_pending *next;
	struct intercell_channel *channel;
	struct intercell_link *link;
	/*
	 * @status is INTERCELL_OK with the reply; INTERCELL_EREMOTEIO with the peer's error, whose number is the code
	 * and whose data is the text; otherwise @reply is NULL.
	 */
	void (*done)(struct intercell_pending *pending, int status, const struct intercell_message *reply);
	void *context;
	uint32_t sequence;
	uint32_t deadline;
	bool timed;
	bool active;
};

struct intercell_hub {
	struct intercell_node *node;
	struct intercell_channel *channels;
	struct intercell_pending *pendings;
	struct intercell_hub_link *links; /* max_peers of them */
	struct intercell_remote *remotes; /* max_peers times @remotes_per_link */
	uint32_t remotes_per_link;
	struct intercell_broadcast_writer broadcast;
	uint32_t latest_used;
	uint32_t late; /* replies and errors that nobody waits for */
	uint16_t next_number;
};

INTERCELL_FN struct intercell_hub_link *intercell_hub_at(struct intercell_hub *hub, const struct intercell_link *link)
{
	return &hub->links[link->peer];
}

INTERCELL_FN uint32_t intercell_link_bit(const struct intercell_link *link)
{
	return 1u << link->peer;
}

INTERCELL_FN uint32_t intercell_text_length(const char *text)
{
	uint32_t length = 0;

	while (length <= INTERCELL_NAME_MAX && text[length] != 0)
		length++;
	return length;
}

INTERCELL_FN bool intercell_text_equal(const char *text, const unsigned char *bytes, uint32_t length)
{
	uint32_t i;

	for (i = 0; i < length; i++)
		if ((unsigned char)text[i] != bytes[i])
			return false;
	return text[length] == 0;
}

/* The entry for the peer's channel @number; with 0 a free entry. NULL if there is none. */
INTERCELL_FN struct intercell_remote *intercell_hub_remote(struct intercell_hub *hub, const struct intercell_link *link,
                                                           uint32_t number)
{
	struct intercell_remote *remotes = hub->remotes + (size_t)link->peer * hub->remotes_per_link;
	uint32_t i;

	for (i = 0; i < hub->remotes_per_link; i++)
		if (remotes[i].number == number)
			return &remotes[i];
	return NULL;
}

/* The entry of the peer's channel that is matched with one of this side, or NULL. */
INTERCELL_FN struct intercell_remote *intercell_hub_match(struct intercell_hub *hub, const struct intercell_link *link,
                                                          const struct intercell_channel *channel)
{
	struct intercell_remote *remotes = hub->remotes + (size_t)link->peer * hub->remotes_per_link;
	uint32_t i;

	for (i = 0; i < hub->remotes_per_link; i++)
		if (remotes[i].number != 0 && remotes[i].channel == channel)
			return &remotes[i];
	return NULL;
}

INTERCELL_FN void intercell_channel_notice(struct intercell_channel *channel, struct intercell_link *link,
                                           enum intercell_notice notice, const struct intercell_remote *remote)
{
	if (channel->on_notice)
		channel->on_notice(channel, link, notice, remote);
}

/* True if a message of that number may have that length. */
INTERCELL_FN bool intercell_protocol_accepts(const struct intercell_protocol *protocol, uint32_t number,
                                             uint32_t length)
{
	return number < protocol->message_count && length >= protocol->messages[number].minimum &&
	       length <= protocol->messages[number].maximum;
}

/*
 * Checks that a message may be sent on a channel to a peer, and finds the link. Returns 0; INTERCELL_EINVAL for a peer
 * that is not served or a message that is not of the protocol; INTERCELL_EPROTOTYPE if the peer gives the channel
 * another type; INTERCELL_ENOTCONN if it has not announced the channel.
 */
INTERCELL_FN int intercell_channel_check(const struct intercell_channel *channel, uint32_t peer, uint32_t message,
                                         uint32_t length, struct intercell_link **link)
{
	if (!channel->hub || !intercell_node_serves(channel->hub->node, peer) ||
	    !intercell_protocol_accepts(channel->protocol, message, length))
		return INTERCELL_EINVAL;
	*link = &channel->hub->node->links[peer];
	if ((channel->mismatched >> peer & 1u) != 0)
		return INTERCELL_EPROTOTYPE;
	return (channel->matched >> peer & 1u) != 0 && !channel->closing ? INTERCELL_OK : INTERCELL_ENOTCONN;
}

/* Writes one whole record to a link and queues it; @head is a first part of the payload, a multiple of 4 bytes. */
INTERCELL_FN int intercell_hub_queue(struct intercell_link *link, uint32_t kind,
                                     const struct intercell_channel *channel, uint32_t message, const uint32_t *head,
                                     uint32_t head_length, const void *data, uint32_t length, uint32_t *sequence)
{
	unsigned char *payload;
	uint32_t room = head_length + length;
	uint32_t i;
	int status;

	if (length > INTERCELL_CAPACITY_MAX)
		return INTERCELL_EMSGSIZE;
	status = intercell_link_reserve(link, room, &payload);
	if (status < 0)
		return status;
	for (i = 0; i < head_length; i += 4)
		intercell_store(payload, i, head[i / 4u]);
	INTERCELL_COPY_OUT(payload + head_length, data, length);
	i = intercell_link_append(link, room, room, kind, channel->number, message);
	if (sequence)
		*sequence = i;
	return INTERCELL_OK;
}

#endif
