/* SPDX-License-Identifier: MIT */
/* Stands in for <zephyr/device.h>: see kernel.h. */
#ifndef TEST_ZEPHYR_DEVICE_H
#define TEST_ZEPHYR_DEVICE_H

#include <stdbool.h>

struct device {
	const char *name;
};

extern const struct device test_device_ivshmem0;

#define DT_NODELABEL(label) test_device_##label
#define DEVICE_DT_GET(node) (&(node))

bool device_is_ready(const struct device *device);

#endif
