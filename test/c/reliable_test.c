/* SPDX-License-Identifier: MIT */
/* The reliable layer: opening, repetition, windows, ends of sessions, and two stations over a way that does anything. */
#include "intercell/reliable.h"

#include "check.h"

#include <string.h>

#define WINDOW 8u
#define FRAME 100u
#define QUEUE 4096u

struct station {
	struct intercell_reliable session;
	unsigned char frames[(WINDOW + 1) * FRAME];
	uint32_t lengths[WINDOW];
	unsigned side;
	uint32_t life;     /* sessions that were opened, over all lives */
	uint32_t sent;     /* records of this session */
	uint32_t from;     /* session of the peer's that they come from, 0 before the first */
	uint32_t expected; /* record that is to come next */
	uint32_t datagrams;
	uint32_t last_end;
	uint32_t last_lost;
	uint32_t room;  /* frames that the port still takes */
	uint32_t takes; /* records that it still takes */
};

struct under_way {
	unsigned to;
	uint32_t due;
	uint32_t length;
	unsigned char frame[FRAME];
};

static struct station stations[2];
static struct under_way queue[QUEUE];
static uint32_t queued;
static uint32_t now_ms = 0xffffff00u; /* soon to wrap */
/* Out of 100: frames that get lost, come twice, and come late. */
static uint32_t loss, doubling, delay;

static uint32_t clock_ms(void *context)
{
	(void)context;
	return now_ms;
}

static const struct intercell_platform platform = { NULL, NULL, clock_ms, NULL };

static int transmit(void *context, const unsigned char *frame, uint32_t length)
{
	struct station *station = context;
	uint32_t copies = random_below(100) < loss ? 0 : random_below(100) < doubling ? 2 : 1;

	CHECK(length <= FRAME);
	if (station->room == 0)
		return INTERCELL_ENOBUFS;
	station->room--;
	for (; copies > 0 && queued < QUEUE; copies--) {
		queue[queued].to = 1u - station->side;
		queue[queued].due = now_ms + 1 + (random_below(100) < delay ? random_below(300) : 0);
		queue[queued].length = length;
		memcpy(queue[queued++].frame, frame, length);
	}
	return 0;
}

static int take_record(void *context, uint8_t kind, const unsigned char *record, uint32_t length)
{
	struct station *station = context;
	uint32_t words[3];

	if (station->takes == 0)
		return INTERCELL_HOLD;
	station->takes--;
	CHECK_EQUAL(kind, 7);
	CHECK_EQUAL(length, sizeof(words));
	memcpy(words, record, sizeof(words));
	CHECK_EQUAL(words[0], 1u - station->side);
	if (station->from == 0)
		station->from = words[1];
	CHECK_EQUAL(words[1], station->from);
	CHECK_EQUAL(words[2], station->expected);
	station->expected++;
	return INTERCELL_OK;
}

static void take_datagram(void *context, uint8_t kind, const unsigned char *datagram, uint32_t length)
{
	struct station *station = context;

	CHECK_EQUAL(kind, 9);
	CHECK_EQUAL(length, 1);
	CHECK_EQUAL(datagram[0], 42);
	station->datagrams++;
}

static void take_event(void *context, uint32_t event, uint32_t lost)
{
	struct station *station = context;

	if (event != INTERCELL_RELIABLE_OPEN) {
		station->last_end = event;
		station->last_lost = lost;
		return;
	}
	station->life++;
	station->sent = 0;
	station->from = 0;
	station->expected = 0;
}

static void start(unsigned side)
{
	static uint32_t seed = 1;
	struct station *station = &stations[side];
	struct intercell_reliable_options options = { 0 };

	options.platform = &platform;
	options.address[0] = 2;
	options.address[5] = (unsigned char)(1 + side);
	options.ether_type = INTERCELL_RELIABLE_ETHER_TYPE;
	options.window = WINDOW;
	options.frame_size = FRAME;
	options.frames = station->frames;
	options.lengths = station->lengths;
	options.seed = seed++;
	options.keep_alive_ms = 50;
	options.timeout_ms = 400;
	options.transmit = transmit;
	options.on_record = take_record;
	options.on_datagram = take_datagram;
	options.on_event = take_event;
	options.context = station;
	station->side = side;
	station->room = UINT32_MAX;
	station->takes = UINT32_MAX;
	CHECK_EQUAL(intercell_reliable_init(&station->session, &options), 0);
}

static void world(void)
{
	memset(stations, 0, sizeof(stations));
	queued = 0;
	loss = doubling = delay = 0;
	start(0);
	start(1);
}

static int send_next(struct station *station)
{
	uint32_t words[3] = { station->side, station->life, station->sent };
	int error = intercell_reliable_send(&station->session, 7, words, sizeof(words));

	if (error == 0)
		station->sent++;
	return error;
}

/* Lets milliseconds pass, with all that is due in them. */
static void pass(uint32_t ms)
{
	for (; ms > 0; ms--) {
		now_ms++;
		for (uint32_t i = 0; i < queued;) {
			if ((int32_t)(now_ms - queue[i].due) < 0) {
				i++;
				continue;
			}
			(void)intercell_reliable_receive(&stations[queue[i].to].session, queue[i].frame,
			                                 queue[i].length);
			queued--;
			memmove(&queue[i], &queue[i + 1], (queued - i) * sizeof(queue[i]));
		}
		for (unsigned side = 0; side < 2; side++)
			if (intercell_reliable_due(&stations[side].session) == 0)
				intercell_reliable_poll(&stations[side].session);
	}
}

static void come_up(void)
{
	pass(500);
	CHECK(stations[0].session.open && stations[1].session.open);
}

static void records_arrive_both_ways_and_the_two_come_to_rest(void)
{
	world();
	come_up();
	for (unsigned record = 0; record < 100; record++)
		for (unsigned side = 0; side < 2; side++)
			while (send_next(&stations[side]) < 0)
				pass(1);
	pass(20);
	for (unsigned side = 0; side < 2; side++) {
		struct intercell_reliable_statistics *counts = &stations[side].session.statistics;

		CHECK_EQUAL(stations[side].expected, 100);
		CHECK_EQUAL(counts->sessions, 1);
		CHECK_EQUAL(counts->sent, 100);
		CHECK_EQUAL(counts->received, 100);
		CHECK_EQUAL(counts->resent + counts->repeated + counts->early + counts->stale + counts->invalid, 0);
	}
	pass(10000);
	CHECK_EQUAL(stations[0].life, 1);
}

static void header_is_written_byte_by_byte(void)
{
	/* As in test/ivshmem-net/reliable/frame.test.ts. */
	static const unsigned char bytes[] = { 0x1c, 0x11, 2,    0,    1, 2, 3, 4,    0x11, 0x12, 0x13, 0x14, 0xfe,
		                               0xff, 0xff, 0xff, 1,    0, 0, 0x80, 0x22, 0x40, 1,    0x7f, 0xaa, 0xbb };
	struct intercell_reliable_header header = { 2,      0x04030201, 0x14131211, 0xfffffffe, 0x80000001, 0x4022,
		                                    INTERCELL_RELIABLE_DATA, INTERCELL_RELIABLE_AGAIN, 0x7f };
	struct intercell_reliable_header read;
	unsigned char frame[14 + sizeof(bytes)] = { 0 };

	frame[38] = 0xaa;
	frame[39] = 0xbb;
	intercell_reliable_encode(frame, &header);
	CHECK(memcmp(frame + 14, bytes, sizeof(bytes)) == 0);
	CHECK(intercell_reliable_decode(frame, sizeof(frame), &read));
	CHECK_EQUAL(read.length, header.length);
	CHECK_EQUAL(read.epoch, header.epoch);
	CHECK_EQUAL(read.echo, header.echo);
	CHECK_EQUAL(read.sequence, header.sequence);
	CHECK_EQUAL(read.acknowledged, header.acknowledged);
	CHECK_EQUAL(read.window, header.window);
	CHECK_EQUAL(read.type, header.type);
	CHECK_EQUAL(read.flags, header.flags);
	CHECK_EQUAL(read.kind, header.kind);
}

static void refusals_say_why(void)
{
	static const unsigned char record[FRAME];
	struct intercell_reliable *session = &stations[0].session;
	unsigned char datagram = 42;

	world();
	CHECK_EQUAL(send_next(&stations[0]), INTERCELL_ENOTCONN);
	CHECK_EQUAL(intercell_reliable_send_datagram(session, 9, &datagram, 1), INTERCELL_ENOTCONN);
	come_up();
	CHECK_EQUAL(intercell_reliable_send(session, 7, record, FRAME - 37), INTERCELL_EMSGSIZE);
	for (unsigned i = 0; i < WINDOW; i++)
		CHECK_EQUAL(send_next(&stations[0]), 0);
	CHECK_EQUAL(send_next(&stations[0]), INTERCELL_ENOBUFS);
	stations[0].room = 0;
	CHECK_EQUAL(intercell_reliable_send_datagram(session, 9, &datagram, 1), INTERCELL_ENOBUFS);
	pass(10);
	CHECK_EQUAL(stations[1].expected, 0);
	stations[0].room = UINT32_MAX;
	CHECK_EQUAL(intercell_reliable_send_datagram(session, 9, &datagram, 1), 0);
	pass(100);
	CHECK_EQUAL(stations[1].expected, WINDOW);
	CHECK_EQUAL(stations[1].datagrams, 1);
}

static void take_again(struct station *station)
{
	station->takes = UINT32_MAX;
	intercell_reliable_resume(&station->session);
}

static void held_record_stops_the_peer_until_it_is_taken(void)
{
	struct intercell_reliable_statistics *counts = &stations[0].session.statistics;

	world();
	come_up();
	stations[1].takes = 2;
	for (unsigned i = 0; i < WINDOW; i++)
		send_next(&stations[0]);
	/* For much longer than a record may be in vain. */
	pass(30000);
	CHECK_EQUAL(stations[1].expected, 2);
	CHECK_EQUAL(stations[0].life, 1);
	CHECK(counts->resent < 2 * WINDOW);
	/* What tells the peer gets lost: the next that it hears does it. */
	loss = 100;
	take_again(&stations[1]);
	pass(3);
	loss = 0;
	pass(200);
	CHECK_EQUAL(stations[1].expected, WINDOW);
	stations[1].takes = 0;
	send_next(&stations[0]);
	pass(5);
	take_again(&stations[1]);
	pass(3);
	CHECK_EQUAL(stations[1].expected, WINDOW + 1);
}

static void each_end_of_a_session_is_told(void)
{
	world();
	come_up();
	loss = 100;
	for (unsigned i = 0; i < 3; i++)
		send_next(&stations[0]);
	pass(1000);
	CHECK_EQUAL(stations[0].last_end, INTERCELL_RELIABLE_SILENT);
	CHECK_EQUAL(stations[0].last_lost, 3);
	loss = 0;
	come_up();
	start(1);
	pass(50);
	CHECK_EQUAL(stations[0].last_end, INTERCELL_RELIABLE_RESTARTED);
	come_up();
	intercell_reliable_close(&stations[1].session);
	intercell_reliable_close(&stations[1].session);
	pass(5);
	CHECK_EQUAL(stations[0].last_end, INTERCELL_RELIABLE_PEER_CLOSED);
	CHECK_EQUAL(stations[1].last_end, INTERCELL_RELIABLE_CLOSED);
	pass(1000);
	CHECK(!stations[0].session.open);
}

static void impossible_acknowledgement_ends_the_session(void)
{
	world();
	come_up();
	stations[1].session.expected = 5;
	send_next(&stations[1]);
	pass(3);
	CHECK_EQUAL(stations[0].last_end, INTERCELL_RELIABLE_BROKE);
}

static void frames_of_others_are_left_alone(void)
{
	static const unsigned char hello[38] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,    0, 0, 0,
		                                 0,    9,    0x88, 0xb5, 0x1c, 0x10, 0,    0, 1, 0 };
	struct intercell_reliable *session = &stations[0].session;
	unsigned char frame[60];

	world();
	memset(frame, 0, sizeof(frame));
	memcpy(frame, hello, sizeof(hello));
	CHECK(!intercell_reliable_receive(session, frame, 13));
	frame[13] = 0xb6;
	CHECK(!intercell_reliable_receive(session, frame, sizeof(frame)));
	frame[13] = 0xb5;
	frame[0] = 4;
	CHECK(!intercell_reliable_receive(session, frame, sizeof(frame)));
	frame[0] = 0xff;
	CHECK_EQUAL(session->statistics.invalid, 0);
	CHECK(intercell_reliable_receive(session, frame, 37));
	frame[16] = 23;
	CHECK(intercell_reliable_receive(session, frame, sizeof(frame)));
	frame[16] = 22;
	frame[15] = 0x15;
	CHECK(intercell_reliable_receive(session, frame, sizeof(frame)));
	CHECK_EQUAL(session->statistics.invalid, 3);
	frame[15] = 0x10;
	CHECK(intercell_reliable_receive(session, frame, sizeof(frame)));
	CHECK_EQUAL(session->peer, 1);
}

/* Each record arrives once and in order, or its session ends: take_record() checks it. */
static void anything_may_happen_to_frames_and_programs(void)
{
	uint32_t arrived = 0;

	random_seed();
	for (unsigned run = 0; run < 300; run++) {
		world();
		loss = random_below(40);
		doubling = random_below(40);
		delay = random_below(40);
		for (unsigned event = 0; event < 300; event++) {
			struct station *station = &stations[random_below(2)];
			uint32_t what = random_below(100);

			if (what < 60)
				send_next(station);
			else if (what < 97)
				pass(1 + random_below(30));
			else if (what < 98)
				pass(500);
			else if (what < 99)
				station->room = station->takes = random_below(5);
			else
				start(station->side);
			if (what < 60 || what >= 98)
				continue;
			for (unsigned side = 0; side < 2; side++) {
				stations[side].room = UINT32_MAX;
				if (random_below(4) == 0)
					take_again(&stations[side]);
			}
		}
		loss = doubling = delay = 0;
		for (unsigned side = 0; side < 2; side++) {
			stations[side].room = UINT32_MAX;
			take_again(&stations[side]);
		}
		pass(3000);
		for (unsigned side = 0; side < 2; side++) {
			CHECK(stations[side].session.open);
			CHECK_EQUAL(stations[1 - side].expected, stations[side].sent);
			CHECK_EQUAL(stations[side].session.tail, stations[side].session.acknowledged);
			arrived += stations[side].session.statistics.received;
		}
	}
	CHECK(arrived > 3000);
}

static void any_bytes_are_survived(void)
{
	unsigned char frame[FRAME];

	world();
	come_up();
	for (unsigned i = 0; i < 200000; i++) {
		uint32_t length = random_below(FRAME);

		for (uint32_t at = 0; at < length; at++)
			frame[at] = (unsigned char)random_below(random_below(2) == 0 ? 256 : 3);
		if (length > 38) {
			memset(frame, 0xff, 6);
			frame[12] = 0x88;
			frame[13] = 0xb5;
			frame[14] = 0x1c;
			frame[15] = (unsigned char)(0x10 + random_below(5));
			if (random_below(2) == 0)
				intercell_reliable_put(frame + 18, stations[0].session.peer, 4);
			if (random_below(2) == 0)
				intercell_reliable_put(frame + 22, stations[0].session.own, 4);
			/* What arrives as a record then is the test's own to check. */
			if (frame[15] == 0x11 || frame[15] == 0x13)
				intercell_reliable_put(frame + 26, 0x7fffffff, 4);
			if (frame[15] == 0x13)
				continue;
		}
		intercell_reliable_receive(&stations[0].session, frame, length);
		if (random_below(4) == 0)
			pass(1);
	}
	pass(2000);
	CHECK(stations[0].session.open && stations[1].session.open);
}

int main(void)
{
	records_arrive_both_ways_and_the_two_come_to_rest();
	printf("ok records\n");
	header_is_written_byte_by_byte();
	refusals_say_why();
	printf("ok refusals\n");
	held_record_stops_the_peer_until_it_is_taken();
	printf("ok holding\n");
	each_end_of_a_session_is_told();
	impossible_acknowledgement_ends_the_session();
	printf("ok ends\n");
	frames_of_others_are_left_alone();
	printf("ok frames\n");
	anything_may_happen_to_frames_and_programs();
	printf("ok anything\n");
	any_bytes_are_survived();
	printf("ok bytes\n");
	return 0;
}
