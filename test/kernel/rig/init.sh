#!/bin/busybox sh
# First process of the guest: makes a root of the host's, with a layer above it that takes what is written, runs the command
# that the host left in the exchange folder, and leaves its exit code there.
B=/bin/busybox
$B mount -t proc proc /proc
$B mount -t sysfs sysfs /sys
$B mount -t devtmpfs devtmpfs /dev
while read -r module; do
	$B insmod "/modules/$module" || echo "rig: cannot load $module"
done </modules/order

$B mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose hostroot /host || echo "rig: no host root"
$B mount -t tmpfs -o size=75% top /top
$B mkdir /top/upper /top/work /top/root
$B mount -t overlay -o lowerdir=/host,upperdir=/top/upper,workdir=/top/work overlay /top/root || echo "rig: no overlay"

R=/top/root
$B mount --move /proc $R/proc
$B mount --move /sys $R/sys
$B mount --move /dev $R/dev
$B mkdir -p $R/dev/pts $R/dev/shm
$B mount -t devpts devpts $R/dev/pts
$B mount -t tmpfs shm $R/dev/shm
$B mount -t tmpfs run $R/run
$B mount -t tmpfs tmp $R/tmp
$B mkdir $R/run/exchange
$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none exchange $R/run/exchange || echo "rig: no exchange"
$B ln -sf /proc/self/fd $R/dev/fd
$B ln -sf /proc/self/fd/0 $R/dev/stdin
$B ln -sf /proc/self/fd/1 $R/dev/stdout
$B ln -sf /proc/self/fd/2 $R/dev/stderr
$B ip link set lo up
$B stty -F $R/dev/ttyS1 raw -echo
read -r up _ <$R/proc/uptime
echo "rig: up after $up s"
echo "$up" >$R/run/exchange/uptime
# Through a pipe, as vitest would paint on a terminal.
{
	$B chroot $R /bin/sh /run/exchange/command <$R/dev/null 2>&1
	echo $? >$R/run/exchange/exit-code
} | $B cat >$R/dev/ttyS1
$B sync
$B poweroff -f
