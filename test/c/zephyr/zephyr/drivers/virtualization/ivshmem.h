/* SPDX-License-Identifier: MIT */
/* Stands in for <zephyr/drivers/virtualization/ivshmem.h>: see kernel.h. */
#ifndef TEST_ZEPHYR_IVSHMEM_H
#define TEST_ZEPHYR_IVSHMEM_H

#include <zephyr/device.h>
#include <zephyr/kernel.h>

uint32_t ivshmem_get_id(const struct device *device);
uint32_t ivshmem_get_max_peers(const struct device *device);
uint32_t ivshmem_get_state(const struct device *device, uint32_t peer);
int ivshmem_set_state(const struct device *device, uint32_t state);
int ivshmem_enable_interrupts(const struct device *device, bool enable);
int ivshmem_int_peer(const struct device *device, uint32_t peer, uint16_t vector);
int ivshmem_register_handler(const struct device *device, struct k_poll_signal *signal, uint16_t vector);
size_t ivshmem_get_output_mem_section(const struct device *device, uint32_t peer, uintptr_t *memory);

#endif
