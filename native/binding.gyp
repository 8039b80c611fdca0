{
  "targets": [
    {
      "target_name": "intercell",
      "sources": [
        "addon.c",
        "arguments.c",
        "can_batch.c",
        "can_interface.c",
        "can_receiver.c",
        "can_socket.c",
        "descriptor.c",
        "ethtool.c",
        "frames.c",
        "isotp_socket.c",
        "memory.c",
        "netlink.c",
        "packet_socket.c",
        "poller.c",
        "registers.c",
        "ring.c",
        "sim_registers.c",
        "socket.c",
        "tap.c"
      ],
      "defines": ["_GNU_SOURCE"],
      "cflags": ["-std=c11", "-fvisibility=hidden", "-Wall", "-Wextra"],
      "ldflags": ["-s"]
    }
  ]
}
