/* SPDX-License-Identifier: MIT */
/*
 * Stands in for <zephyr/kernel.h> when the program of docs/zephyr.md is compiled in a test: declarations only, written for
 * this test from Zephyr's documented interface.
 */
#ifndef TEST_ZEPHYR_KERNEL_H
#define TEST_ZEPHYR_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARG_UNUSED(x) (void)(x)

typedef struct {
	int64_t ticks;
} k_timeout_t;

struct k_poll_signal {
	unsigned int signaled;
	int result;
};

struct k_poll_event {
	uint32_t type : 8;
	uint32_t state : 8;
	struct k_poll_signal *signal;
};

enum { K_POLL_STATE_NOT_READY = 0, K_POLL_TYPE_SIGNAL = 1, K_POLL_MODE_NOTIFY_ONLY = 0 };

k_timeout_t K_NSEC(uint64_t nanoseconds);
void k_poll_signal_init(struct k_poll_signal *signal);
void k_poll_signal_reset(struct k_poll_signal *signal);
void k_poll_event_init(struct k_poll_event *event, uint32_t type, int mode, void *object);
int k_poll(struct k_poll_event *events, int count, k_timeout_t timeout);
uint32_t k_cycle_get_32(void);
uint64_t k_cycle_get_64(void);
uint64_t k_cyc_to_ns_floor64(uint64_t cycles);
uint32_t k_uptime_get_32(void);
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
