/* SPDX-License-Identifier: MIT */
/* The C cell as a process on a device of the kernel, whose node its argument names. */
#define _GNU_SOURCE
#include "probe_process.h"

#include "intercell_uio.h"

static void owner_write_register(void *context, uint32_t offset, uint32_t value)
{
	intercell_uio_write(context, offset, value);
}

static int owner_take_interrupts(void *context)
{
	return intercell_uio_wait(context, 0);
}

int main(int argc, char **argv)
{
	static struct intercell_uio uio;
	struct probe_device device;
	int status = argc == 2 ? intercell_uio_open(&uio, argv[1], 0) : -EINVAL;

	if (status < 0) {
		fprintf(stderr, "probe_uio: Cannot open the device: %s\n", strerror(-status));
		return 1;
	}
	device.peer = uio.peer;
	device.output_bytes = (uint32_t)uio.output_bytes;
	device.state_table = (const void *)uio.state_table;
	device.inputs = uio.inputs[0];
	device.output = uio.output;
	device.event_fd = uio.event_fd;
	device.write_register = owner_write_register;
	device.take_interrupts = owner_take_interrupts;
	device.context = &uio;
	return probe_process(&device);
}
