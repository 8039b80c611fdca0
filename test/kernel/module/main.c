// SPDX-License-Identifier: GPL-2.0-only
/*
 * intercell_uio_test: machines of several peers on one kernel, each peer with
 * the face of uio_ivshmem, so that processes talk over real UIO where there is
 * no hypervisor. Machine m has its functions at PCI addresses <m + 1>:00:<id>.0.
 *
 * Each parameter has one number for each machine; one that is left out is that
 * of the Raspberry Pi 4 demo link.
 */
#include "face.h"
#include "machine.h"

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#define MOST_MACHINES	16

/* configs/arm64/rpi4.c of Jailhouse */
#define DEFAULT_PEERS		3
#define DEFAULT_RW_BYTES	0x9000
#define DEFAULT_OUTPUT_BYTES	0x2000

static uint peers[MOST_MACHINES] = { DEFAULT_PEERS };
static uint vectors[MOST_MACHINES];
static uint protocol[MOST_MACHINES];
static ulong rw_bytes[MOST_MACHINES];
static ulong output_bytes[MOST_MACHINES];
static int peers_given = 1, vectors_given, protocol_given, rw_given,
	   output_given;

module_param_array(peers, uint, &peers_given, 0444);
MODULE_PARM_DESC(peers, "Peers of each machine, 2 to 12; so many numbers, so many machines");
module_param_array(vectors, uint, &vectors_given, 0444);
MODULE_PARM_DESC(vectors, "MSI-X vectors, 1 to 16, or 0 for INTx");
module_param_array(protocol, uint, &protocol_given, 0444);
MODULE_PARM_DESC(protocol, "Protocol of the class code, 0 to 0xffff");
module_param_array(rw_bytes, ulong, &rw_given, 0444);
MODULE_PARM_DESC(rw_bytes, "Size of the R/W section, whole pages or 0");
module_param_array(output_bytes, ulong, &output_given, 0444);
MODULE_PARM_DESC(output_bytes, "Size of each output section, whole pages or 0");

static struct machine *machines[MOST_MACHINES];

static void remove_peers(struct machine *machine, unsigned int count)
{
	while (count--)
		face_remove(&machine->peers[count]);
	machine_free(machine);
}

static int add_machine(unsigned int number)
{
	const struct machine_geometry geometry = {
		.peers = peers[number],
		.vectors = number < vectors_given ? vectors[number] : 0,
		.protocol = number < protocol_given ? protocol[number] : 0,
		.rw_bytes = number < rw_given ? rw_bytes[number] :
						DEFAULT_RW_BYTES,
		.output_bytes = number < output_given ? output_bytes[number] :
							DEFAULT_OUTPUT_BYTES,
	};
	struct machine *machine = machine_create(number, &geometry);
	unsigned int id;
	int error;

	if (IS_ERR(machine))
		return PTR_ERR(machine);
	for (id = 0; id < geometry.peers; id++) {
		error = face_add(&machine->peers[id]);
		if (error) {
			remove_peers(machine, id);
			return error;
		}
	}
	machines[number] = machine;
	return 0;
}

static void remove_machines(void)
{
	unsigned int number;

	for (number = 0; number < MOST_MACHINES; number++)
		if (machines[number])
			remove_peers(machines[number],
				     machines[number]->geometry.peers);
}

static int __init intercell_uio_test_init(void)
{
	unsigned int number;
	int error;

	error = face_init();
	for (number = 0; !error && number < peers_given; number++) {
		error = add_machine(number);
		if (error) {
			remove_machines();
			face_exit();
		}
	}
	return error;
}

static void __exit intercell_uio_test_exit(void)
{
	remove_machines();
	face_exit();
}

module_init(intercell_uio_test_init);
module_exit(intercell_uio_test_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Peers with the face of uio_ivshmem, for the tests of intercell");
MODULE_AUTHOR("intercell maintainers");
