// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration space that the function of a peer would have.
 *
 *   0x00 vendor 110a, device 4106   0x06 status: has capabilities
 *   0x08 class ff, protocol         0x34 first capability
 *   0x40 vendor capability, layout of the ivshmem v2 specification
 *   0x60 MSI-X capability, absent with INTx
 */
#include "machine.h"

#include <asm/unaligned.h>
#include <linux/pci_ids.h>
#include <linux/pci_regs.h>

#define VENDOR_CAPABILITY	0x40
#define VENDOR_BYTES		0x20
#define MSIX_CAPABILITY		0x60

static void write_msix(u8 *at, unsigned int vectors)
{
	at[PCI_CAP_LIST_ID] = PCI_CAP_ID_MSIX;
	put_unaligned_le16((vectors - 1) | PCI_MSIX_FLAGS_ENABLE,
			   at + PCI_MSIX_FLAGS);
}

void peer_write_config(struct peer *peer)
{
	const struct machine_geometry *geometry = &peer->machine->geometry;
	u8 *config = peer->config;
	u8 *vendor = config + VENDOR_CAPABILITY;

	put_unaligned_le16(PCI_VENDOR_ID_SIEMENS, config + PCI_VENDOR_ID);
	put_unaligned_le16(0x4106, config + PCI_DEVICE_ID);
	put_unaligned_le16(PCI_STATUS_CAP_LIST, config + PCI_STATUS);
	put_unaligned_le16(geometry->protocol, config + PCI_CLASS_PROG);
	config[PCI_CLASS_DEVICE + 1] = PCI_CLASS_OTHERS;
	config[PCI_CAPABILITY_LIST] = VENDOR_CAPABILITY;

	vendor[PCI_CAP_LIST_ID] = PCI_CAP_ID_VNDR;
	vendor[2] = VENDOR_BYTES;
	put_unaligned_le32(PAGE_SIZE, vendor + 0x04);
	put_unaligned_le64(geometry->rw_bytes, vendor + 0x08);
	put_unaligned_le64(geometry->output_bytes, vendor + 0x10);
	put_unaligned_le64(machine_state_table(peer->machine), vendor + 0x18);
	if (geometry->vectors) {
		vendor[PCI_CAP_LIST_NEXT] = MSIX_CAPABILITY;
		write_msix(config + MSIX_CAPABILITY, geometry->vectors);
	}
}
