// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/interface.h"

#include "base/descriptor.h"
#include "kernel/interface_request.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace sluice::kernel {
namespace {

unsigned count_rx_queues(int descriptor, const std::string& name) {
    ethtool_channels channels{};
    channels.cmd = ETHTOOL_GCHANNELS;
    ifreq request = request_for(name);
    request.ifr_data = reinterpret_cast<char*>(&channels);
    if (ioctl(descriptor, SIOCETHTOOL, &request) != 0)
        return 1;
    return std::max(1U, channels.combined_count + channels.rx_count);
}

/// What ethtool says of one setting; 0 where it says nothing.
uint32_t ethtool_setting(int descriptor, const std::string& name, uint32_t command) {
    ethtool_value value{};
    value.cmd = command;
    ifreq request = request_for(name);
    request.ifr_data = reinterpret_cast<char*>(&value);
    return ioctl(descriptor, SIOCETHTOOL, &request) == 0 ? value.data : 0;
}

}  // namespace

Result<Interface> look_up_interface(const std::string& name) {
    // No packet socket: closing one waits until all CPUs have left what they were in, for tens of
    // milliseconds, and the control core looks ten times a second.
    const Descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!any)
        return Error{"no socket to ask of it by: " + std::string(std::strerror(errno))};
    Interface interface;
    interface.index = static_cast<int>(if_nametoindex(name.c_str()));
    if (interface.index == 0)
        return Error{"there is no such interface here; `ip link` lists those that are"};

    ifreq request = request_for(name);
    if (ioctl(any.get(), SIOCGIFHWADDR, &request) != 0 ||
        request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return Error{"it is no Ethernet interface; choose one that has a MAC address"};
    std::copy_n(request.ifr_hwaddr.sa_data, interface.mac.size(), interface.mac.begin());
    request = request_for(name);
    if (ioctl(any.get(), SIOCGIFMTU, &request) != 0)
        return Error{"its MTU cannot be read: " + std::string(std::strerror(errno))};
    interface.mtu = static_cast<uint32_t>(request.ifr_mtu);
    request = request_for(name);
    if (ioctl(any.get(), SIOCGIFFLAGS, &request) == 0) {
        interface.is_running = (request.ifr_flags & IFF_RUNNING) != 0;
        // Word of a carrier goes round once a second, and nothing is sent before.
        interface.is_settling = (request.ifr_flags & IFF_UP) != 0 && !interface.is_running &&
                                ethtool_setting(any.get(), name, ETHTOOL_GLINK) != 0;
    }
    interface.cuts_tcp = ethtool_setting(any.get(), name, ETHTOOL_GTSO) != 0;
    interface.strips_tags =
        (ethtool_setting(any.get(), name, ETHTOOL_GFLAGS) & ETH_FLAG_RXVLAN) != 0;
    interface.rx_queues = count_rx_queues(any.get(), name);
    return interface;
}

bool may_still_be(const std::string& name, int index) {
    const auto found = static_cast<int>(if_nametoindex(name.c_str()));
    return found == 0 ? errno != ENODEV : found == index;
}

Status check_raw_sockets() {
    const Descriptor raw(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (raw)
        return Done{};
    return Error{errno == EPERM ? std::string("raw sockets are not permitted; start sluice as root")
                                : "no raw socket: " + std::string(std::strerror(errno))};
}

}  // namespace sluice::kernel
