/* SPDX-License-Identifier: MIT */
#ifndef INTERCELL_REGISTERS_H
#define INTERCELL_REGISTERS_H

#include "addon.h"
#include "sim_hypervisor.h"

/* A simulated device as mapped by one process. */
struct sim_device {
	struct sim_hv *hv;
	uint32_t *state;
	size_t state_bytes;
	uint32_t self;
	uint32_t max_peers;
	int efds[SIM_HV_MAX_PEERS];
};

/* A register page: the one of a device, or of a simulated one. */
struct registers {
	struct node node;
	/* The JavaScript handle and each poller that re-arms through it. */
	unsigned int users;
	bool open;
	size_t length;
	volatile uint32_t *page;
	bool simulated;
	struct sim_device sim;
};

extern const napi_type_tag registers_tag;

/* Fills in what concerns the environment and makes the JavaScript handle. */
napi_value registers_wrap(napi_env env, struct addon *addon,
			  struct registers *registers);
void registers_unuse(struct registers *registers);
bool get_register_offset(napi_env env, napi_value value,
			 const struct registers *registers, uint32_t *offset);

/* Return -EBADF once the page is unmapped, else the value read, or 0. */
int64_t registers_read(const struct registers *registers, uint32_t offset);
int registers_write(struct registers *registers, uint32_t offset,
		    uint32_t value);

void sim_device_close(struct sim_device *device);

#endif
