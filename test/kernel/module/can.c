// SPDX-License-Identifier: GPL-2.0-only
/*
 * intercell_can_test: a CAN controller of the kernel's device core, which has
 * no bus. What it would see there is written to its parameter "event":
 *
 *   hold     frames stay in the controller, as nobody acknowledges them
 *   carry    what it holds is on the wire, and so is each frame from now on
 *   passive  its transmit error counter reaches 128
 *   bus-off  its transmit error counter runs over, frames in it are lost
 *
 * State, counters, carrier, restart and error frames are the kernel's.
 */
#include <linux/can/dev.h>
#include <linux/can/error.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#define CLOCK_HZ	8000000
#define PASSIVE_ERRORS	128

struct controller {
	/* The device core takes this for its own: it must be first. */
	struct can_priv can;
	struct can_berr_counter counters;
	/* Guards held and full against the transmit path. */
	spinlock_t lock;
	bool held;
	/* A frame is in it. */
	bool full;
};

static struct net_device *device;

static const struct can_bittiming_const timing = {
	.name = "intercell_test",
	.tseg1_min = 1,
	.tseg1_max = 16,
	.tseg2_min = 1,
	.tseg2_max = 8,
	.sjw_max = 4,
	.brp_min = 1,
	.brp_max = 64,
	.brp_inc = 1,
};

/* The frame in the controller went over the wire. */
static void complete_frame(struct net_device *dev)
{
	struct controller *controller = netdev_priv(dev);

	if (!controller->full)
		return;
	controller->full = false;
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += can_get_echo_skb(dev, 0, NULL);
	netif_wake_queue(dev);
}

static netdev_tx_t start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct controller *controller = netdev_priv(dev);
	unsigned long flags;

	if (can_dev_dropped_skb(dev, skb))
		return NETDEV_TX_OK;
	netif_stop_queue(dev);
	can_put_echo_skb(skb, dev, 0, 0);
	spin_lock_irqsave(&controller->lock, flags);
	controller->full = true;
	if (!controller->held)
		complete_frame(dev);
	spin_unlock_irqrestore(&controller->lock, flags);
	return NETDEV_TX_OK;
}

static int start(struct net_device *dev)
{
	struct controller *controller = netdev_priv(dev);

	controller->counters.txerr = 0;
	controller->full = false;
	controller->held = false;
	controller->can.state = CAN_STATE_ERROR_ACTIVE;
	return 0;
}

static int set_mode(struct net_device *dev, enum can_mode mode)
{
	if (mode != CAN_MODE_START)
		return -EOPNOTSUPP;
	start(dev);
	netif_wake_queue(dev);
	return 0;
}

static int get_counters(const struct net_device *dev,
			struct can_berr_counter *counters)
{
	*counters = ((struct controller *)netdev_priv(dev))->counters;
	return 0;
}

static int open(struct net_device *dev)
{
	int error = open_candev(dev);

	if (error)
		return error;
	start(dev);
	netif_start_queue(dev);
	return 0;
}

static int stop(struct net_device *dev)
{
	struct controller *controller = netdev_priv(dev);

	netif_stop_queue(dev);
	controller->can.state = CAN_STATE_STOPPED;
	close_candev(dev);
	return 0;
}

static const struct net_device_ops operations = {
	.ndo_open = open,
	.ndo_stop = stop,
	.ndo_start_xmit = start_xmit,
	.ndo_change_mtu = can_change_mtu,
};

static void enter_state(struct net_device *dev, enum can_state state)
{
	struct controller *controller = netdev_priv(dev);
	struct can_frame *frame;
	struct sk_buff *skb = alloc_can_err_skb(dev, &frame);

	if (!skb)
		return;
	can_change_state(dev, frame, state, CAN_STATE_ERROR_ACTIVE);
	if (state == CAN_STATE_BUS_OFF) {
		can_bus_off(dev);
	} else {
		frame->can_id |= CAN_ERR_CNT;
		frame->data[6] = controller->counters.txerr;
	}
	netif_rx(skb);
}

static int set_event(const char *text, const struct kernel_param *parameter)
{
	struct controller *controller;
	unsigned long flags;
	int result = 0;

	if (!device)
		return -ENODEV;
	rtnl_lock();
	controller = netdev_priv(device);
	if (!netif_running(device)) {
		result = -ENETDOWN;
	} else if (sysfs_streq(text, "hold") || sysfs_streq(text, "carry")) {
		spin_lock_irqsave(&controller->lock, flags);
		controller->held = sysfs_streq(text, "hold");
		if (!controller->held)
			complete_frame(device);
		spin_unlock_irqrestore(&controller->lock, flags);
	} else if (sysfs_streq(text, "passive")) {
		controller->counters.txerr = PASSIVE_ERRORS;
		enter_state(device, CAN_STATE_ERROR_PASSIVE);
	} else if (sysfs_streq(text, "bus-off")) {
		enter_state(device, CAN_STATE_BUS_OFF);
	} else {
		result = -EINVAL;
	}
	rtnl_unlock();
	return result;
}

static const struct kernel_param_ops event_operations = { .set = set_event };
module_param_cb(event, &event_operations, NULL, 0200);
MODULE_PARM_DESC(event, "What happens on the bus: hold, carry, passive or bus-off");

static int __init can_test_init(void)
{
	struct net_device *dev = alloc_candev(sizeof(struct controller), 1);
	struct controller *controller;
	int error;

	if (!dev)
		return -ENOMEM;
	controller = netdev_priv(dev);
	spin_lock_init(&controller->lock);
	controller->can.clock.freq = CLOCK_HZ;
	controller->can.bittiming_const = &timing;
	controller->can.ctrlmode_supported = CAN_CTRLMODE_LISTENONLY |
					     CAN_CTRLMODE_ONE_SHOT;
	controller->can.do_set_mode = set_mode;
	controller->can.do_get_berr_counter = get_counters;
	dev->netdev_ops = &operations;
	dev->flags |= IFF_ECHO;
	error = register_candev(dev);
	if (error) {
		free_candev(dev);
		return error;
	}
	device = dev;
	return 0;
}

static void __exit can_test_exit(void)
{
	unregister_candev(device);
	free_candev(device);
}

module_init(can_test_init);
module_exit(can_test_exit);

MODULE_DESCRIPTION("A CAN controller whose bus is made up, for tests of intercell");
MODULE_LICENSE("GPL");
