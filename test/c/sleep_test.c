/* SPDX-License-Identifier: MIT */
/* Sleeping, doorbells, and finding the device. */
#include "mail.h"

static void sleeper_is_rung_once(void)
{
	mail_start(2);
	world_settle();
	CHECK(intercell_node_prepare_sleep(&cells[1].node));
	unsigned before = cells[1].doorbells;

	for (int i = 0; i < 5; i++)
		CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	CHECK_EQUAL(cells[1].doorbells, before + 1);
	unsigned armed = cells[1].armed;

	intercell_node_wake(&cells[1].node);
	CHECK_EQUAL(cells[1].armed, armed + 1);
	CHECK_EQUAL(*world_word(1, world_control(1, 0) + INTERCELL_CONTROL_WAKE) & 3, 0);
	CHECK_EQUAL(intercell_node_poll(&cells[1].node), 5);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	CHECK_EQUAL(cells[1].doorbells, before + 1);
}

static void polling_peer_is_not_rung(void)
{
	mail_start(2);
	unsigned before = cells[1].doorbells + cells[0].doorbells;

	uint32_t saved = cells[0].links[1].statistics.saved;

	for (int i = 0; i < 1000; i++) {
		CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
		intercell_node_poll(&cells[1].node);
	}
	CHECK_EQUAL(cells[1].doorbells + cells[0].doorbells, before);
	CHECK_EQUAL(cells[0].links[1].statistics.saved, saved + 1000);
}

static void each_sleep_is_worth_one_doorbell(void)
{
	mail_start(2);
	unsigned before = cells[1].doorbells;

	for (unsigned i = 0; i < 100; i++) {
		CHECK(intercell_node_prepare_sleep(&cells[1].node));
		CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
		CHECK_EQUAL(cells[1].doorbells, before + i + 1);
		intercell_node_wake(&cells[1].node);
		world_settle();
	}
}

static void nobody_sleeps_over_something(void)
{
	mail_start(2);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	CHECK(!intercell_node_prepare_sleep(&cells[1].node));
	CHECK_EQUAL(*world_word(1, world_control(1, 0) + INTERCELL_CONTROL_WAKE) & 3, 0);
	world_settle();
	CHECK_EQUAL(intercell_channel_broadcast(&boxes[0].channel, 0, "abcd", 4), 0);
	CHECK(!intercell_node_prepare_sleep(&cells[1].node));
	world_settle();
	CHECK(intercell_node_prepare_sleep(&cells[1].node));
	intercell_node_wake(&cells[1].node);
	state_table[0] = 0;
	CHECK(!intercell_node_prepare_sleep(&cells[1].node));
	world_settle();
	CHECK(intercell_node_prepare_sleep(&cells[1].node));
	intercell_node_wake(&cells[1].node);
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	CHECK(!intercell_node_prepare_sleep(&cells[1].node));
}

static void sleeper_is_rung_for_each_step_of_a_session(void)
{
	world_start(1);
	while (!intercell_node_prepare_sleep(&cells[0].node))
		intercell_node_poll(&cells[0].node);
	CHECK_EQUAL(intercell_node_start(&world_boot(1)->node), 0);
	for (int i = 0; i < 10; i++) {
		unsigned id = (unsigned)i & 1;

		intercell_node_wake(&cells[id].node);
		intercell_node_poll(&cells[id].node);
		if (intercell_node_prepare_sleep(&cells[id].node))
			continue;
		intercell_node_wake(&cells[id].node);
		intercell_node_poll(&cells[id].node);
	}
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_READY);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_READY);
	CHECK(cells[0].doorbells >= 2 && cells[1].doorbells >= 2);
}

static void waiting_for_room_is_rung_for_the_acknowledgement(void)
{
	mail_start(2);
	while (mail_send(0, 1, 1, 100) == 0)
		;
	CHECK(intercell_node_prepare_sleep(&cells[0].node));
	CHECK_EQUAL(*world_word(0, world_control(0, 1) + INTERCELL_CONTROL_WAKE) & 3, 3);
	unsigned before = cells[0].doorbells;

	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[0].doorbells, before + 1);
	intercell_node_wake(&cells[0].node);
	CHECK_EQUAL(mail_send(0, 1, 1, 100), 0);
}

static void wake_words_of_a_previous_life_are_forgotten(void)
{
	mail_start(2);
	CHECK(intercell_node_prepare_sleep(&cells[1].node));
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	uint32_t value = cells[0].links[1].rang;

	world_kill(1);
	CHECK_EQUAL(intercell_node_start(&world_boot(1)->node), 0);
	mail_open(1, &mail_protocol);
	world_settle();
	CHECK(intercell_node_prepare_sleep(&cells[1].node));
	CHECK_EQUAL(*world_word(1, world_control(1, 0) + INTERCELL_CONTROL_WAKE), value);
	unsigned before = cells[1].doorbells;

	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	CHECK_EQUAL(cells[1].doorbells, before + 1);
}

static uint32_t pci_space[2][64];

static uint32_t pci_read(void *context, uint32_t function, uint32_t offset)
{
	(void)context;
	CHECK(offset < 256 && (offset & 3) == 0);
	return function == 0x08 ? pci_space[0][offset / 4] : function == 0x18 ? pci_space[1][offset / 4] : 0xffffffffu;
}

static void pci_write(void *context, uint32_t function, uint32_t offset, uint32_t value)
{
	(void)context;
	CHECK_EQUAL(function, 0x18);
	pci_space[1][offset / 4] = offset == 4 ? (pci_space[1][1] & 0xffff0000u) | (value & 0xffffu) : value;
}

static void device_is_found_by_its_capability(void)
{
	struct intercell_pci pci = { pci_read, pci_write, NULL };
	struct intercell_ivshmem device;

	pci_space[0][0] = 0x12345678;
	pci_space[1][0] = INTERCELL_PCI_ID;
	pci_space[1][1] = 0x00100000;
	pci_space[1][2] = 0xff400000;
	pci_space[1][0x34 / 4] = 0x40;
	pci_space[1][0x40 / 4] = 0x01206009;
	pci_space[1][0x44 / 4] = 0x1000;
	pci_space[1][0x48 / 4] = 0x9000;
	pci_space[1][0x50 / 4] = 0x2000;
	pci_space[1][0x58 / 4] = 0x7f000000;
	pci_space[1][0x5c / 4] = 0x1;
	pci_space[1][0x60 / 4] = 0x000f4011;
	CHECK_EQUAL(intercell_ivshmem_find(&pci, 0, &device), 0);
	CHECK_EQUAL(device.function, 0x18);
	CHECK_EQUAL(device.protocol, 0x4000);
	CHECK_EQUAL(device.state_table, 0x17f000000ll);
	CHECK_EQUAL(device.shared, 0x17f001000ll);
	CHECK_EQUAL(device.outputs, 0x17f00a000ll);
	CHECK_EQUAL(device.output_size, 0x2000);
	CHECK_EQUAL(device.vectors, 16);
	intercell_ivshmem_enable(&pci, &device, 0x10000000, false);
	CHECK_EQUAL(pci_space[1][4], 0x10000000);
	CHECK_EQUAL(pci_space[1][5], 0x10001000);
	CHECK_EQUAL(pci_space[1][1] & 6, 6);
	CHECK_EQUAL(pci_space[1][0x40 / 4] >> 24, 0);
	CHECK_EQUAL(intercell_ivshmem_find(&pci, 0x19, &device), INTERCELL_ENODEV);
	pci_space[1][0x40 / 4] = 0x01184009;
	pci_space[1][6] = 0x2000000c;
	pci_space[1][7] = 0x2;
	CHECK_EQUAL(intercell_ivshmem_find(&pci, 0, &device), 0);
	CHECK_EQUAL(device.state_table, 0x220000000ll);
	pci_space[1][0x40 / 4] = 0x01084009;
	CHECK_EQUAL(intercell_ivshmem_find(&pci, 0, &device), INTERCELL_ENODEV);
}

static void poll_inside_a_callback_is_refused(void)
{
	mail_start(2);
	cells[0].node.busy = true;
	CHECK_EQUAL(intercell_node_poll(&cells[0].node), INTERCELL_EBUSY);
	cells[0].node.busy = false;
	intercell_node_stop(&cells[0].node);
	CHECK_EQUAL(intercell_node_poll(&cells[0].node), INTERCELL_ENOTCONN);
}

int main(void)
{
	RUN(sleeper_is_rung_once);
	RUN(polling_peer_is_not_rung);
	RUN(each_sleep_is_worth_one_doorbell);
	RUN(nobody_sleeps_over_something);
	RUN(sleeper_is_rung_for_each_step_of_a_session);
	RUN(waiting_for_room_is_rung_for_the_acknowledgement);
	RUN(wake_words_of_a_previous_life_are_forgotten);
	RUN(device_is_found_by_its_capability);
	RUN(poll_inside_a_callback_is_refused);
	return 0;
}
