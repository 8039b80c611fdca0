// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process sees of a peer: a UIO device with the names and maps of
 * uio_ivshmem, below a device that has the files of its PCI function. That
 * device is on a bus of its own, so that unbind and bind in sysfs take the
 * peer's driver away while it is in use, and give it back.
 */
#include "face.h"
#include "machine.h"
#include "trap.h"

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci_ids.h>

/* No memory is there; the page is trapped. */
#define REGISTERS_ADDRESS	0x1fe000000ull

static struct peer *peer_of(struct device *dev)
{
	return container_of(dev, struct peer, dev);
}

static ssize_t vendor_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "0x%04x\n", PCI_VENDOR_ID_SIEMENS);
}
static DEVICE_ATTR_RO(vendor);

static ssize_t device_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "0x4106\n");
}
static DEVICE_ATTR_RO(device);

static ssize_t class_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "0xff%04x\n",
			  peer_of(dev)->machine->geometry.protocol);
}
static DEVICE_ATTR_RO(class);

static ssize_t delivered_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(peer_of(dev)->delivered));
}
static DEVICE_ATTR_RO(delivered);

static ssize_t lost_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(peer_of(dev)->lost));
}
static DEVICE_ATTR_RO(lost);

static ssize_t lose_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(peer_of(dev)->lose));
}

static ssize_t lose_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct peer *peer = peer_of(dev);
	unsigned long flags;
	u32 value;
	int error = kstrtou32(buf, 0, &value);

	if (error)
		return error;
	spin_lock_irqsave(&peer->machine->lock, flags);
	peer->lose = value;
	spin_unlock_irqrestore(&peer->machine->lock, flags);
	return count;
}
static DEVICE_ATTR_RW(lose);

static ssize_t config_read(struct file *file, struct kobject *kobj,
			   struct bin_attribute *attr, char *buf, loff_t off,
			   size_t count)
{
	return memory_read_from_buffer(buf, count, &off,
				       peer_of(kobj_to_dev(kobj))->config,
				       CONFIG_BYTES);
}
static BIN_ATTR_RO(config, CONFIG_BYTES);

static struct attribute *face_attributes[] = {
	&dev_attr_vendor.attr, &dev_attr_device.attr, &dev_attr_class.attr,
	&dev_attr_delivered.attr, &dev_attr_lost.attr, &dev_attr_lose.attr,
	NULL,
};

static struct bin_attribute *face_binaries[] = { &bin_attr_config, NULL };

static const struct attribute_group face_group = {
	.attrs = face_attributes,
	.bin_attrs = face_binaries,
};
__ATTRIBUTE_GROUPS(face);

static int face_mmap(struct uio_info *info, struct vm_area_struct *vma)
{
	const struct uio_mem *mem = &info->mem[vma->vm_pgoff];

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (!strcmp(mem->name, "registers"))
		return trap_mmap(info->priv, vma);
	if (!strcmp(mem->name, "state_table") ||
	    !strcmp(mem->name, "input_sections")) {
		if (vma->vm_flags & VM_WRITE)
			return -EINVAL;
		vma->vm_flags &= ~VM_MAYWRITE;
	}
	return remap_pfn_range(vma, vma->vm_start, mem->addr >> PAGE_SHIFT,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

/* The driver does so for each file, though others may have the device open. */
static int face_release(struct uio_info *info, struct inode *inode)
{
	peer_write(info->priv, REG_STATE, 0);
	return 0;
}

static void add_map(struct uio_info *info, const char *name, phys_addr_t addr,
		    size_t bytes)
{
	struct uio_mem *mem = info->mem;

	if (!bytes)
		return;
	while (mem->size)
		mem++;
	mem->name = name;
	mem->addr = addr;
	mem->size = bytes;
	mem->memtype = UIO_MEM_PHYS;
}

static int face_probe(struct device *dev)
{
	struct peer *peer = peer_of(dev);
	struct machine *machine = peer->machine;
	const struct machine_geometry *geometry = &machine->geometry;
	struct uio_info *info = &peer->info;
	int error;

	snprintf(peer->name, sizeof(peer->name), "uio_ivshmem[%s]",
		 dev_name(dev));
	*info = (struct uio_info){
		.name = peer->name,
		.version = "1.0",
		.irq = UIO_IRQ_CUSTOM,
		.mmap = face_mmap,
		.release = face_release,
		.priv = peer,
	};
	add_map(info, "registers", REGISTERS_ADDRESS + peer->id * PAGE_SIZE,
		PAGE_SIZE);
	add_map(info, "state_table", machine_state_table(machine), PAGE_SIZE);
	add_map(info, "rw_section", machine_rw_section(machine),
		geometry->rw_bytes);
	add_map(info, "input_sections", machine_output_section(machine, 0),
		geometry->peers * geometry->output_bytes);
	add_map(info, "output_section",
		machine_output_section(machine, peer->id),
		geometry->output_bytes);
	error = uio_register_device(dev, info);
	if (!error)
		peer_plug(peer);
	return error;
}

static int face_unbind(struct device *dev)
{
	struct peer *peer = peer_of(dev);

	peer_unplug(peer);
	uio_unregister_device(&peer->info);
	return 0;
}

static struct bus_type face_bus = {
	.name = "intercell_test",
};

static struct device_driver face_driver = {
	.name = "uio_ivshmem",
	.owner = THIS_MODULE,
	.bus = &face_bus,
	.probe = face_probe,
	.remove = face_unbind,
};

static void face_released(struct device *dev)
{
	complete(&peer_of(dev)->released);
}

int face_init(void)
{
	int error = bus_register(&face_bus);

	if (error)
		return error;
	error = driver_register(&face_driver);
	if (error)
		bus_unregister(&face_bus);
	return error;
}

void face_exit(void)
{
	driver_unregister(&face_driver);
	bus_unregister(&face_bus);
}

int face_add(struct peer *peer)
{
	struct device *dev = &peer->dev;
	int error;

	init_completion(&peer->released);
	dev->bus = &face_bus;
	dev->groups = face_groups;
	dev->release = face_released;
	/* The root cell sees Jailhouse's devices behind a host bridge of their own. */
	dev_set_name(dev, "%04x:00:%02x.0", peer->machine->number + 1,
		     peer->id);
	error = device_register(dev);
	if (error) {
		put_device(dev);
		wait_for_completion(&peer->released);
	}
	return error;
}

void face_remove(struct peer *peer)
{
	device_unregister(&peer->dev);
	wait_for_completion(&peer->released);
}
