// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/kernel_interface.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::ethdev {
namespace {

class Socket {
public:
    explicit Socket(int descriptor) : descriptor_(descriptor) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (descriptor_ >= 0)
            close(descriptor_);
    }
    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

ifreq request_for(const std::string& name) {
    ifreq request{};
    std::memcpy(request.ifr_name, name.data(), std::min<size_t>(name.size(), IFNAMSIZ - 1));
    return request;
}

unsigned count_rx_queues(int descriptor, const std::string& name) {
    ethtool_channels channels{};
    channels.cmd = ETHTOOL_GCHANNELS;
    ifreq request = request_for(name);
    request.ifr_data = reinterpret_cast<char*>(&channels);
    if (ioctl(descriptor, SIOCETHTOOL, &request) != 0)
        return 1;
    return std::max(1U, channels.combined_count + channels.rx_count);
}

}  // namespace

Result<KernelInterface> look_up_interface(const std::string& name) {
    if (if_nametoindex(name.c_str()) == 0)
        return Error{"there is no such interface here; `ip link` lists those that are"};
    const Socket socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (socket.descriptor() < 0)
        return Error{errno == EPERM
                         ? std::string("raw sockets are not permitted; start sluice as root")
                         : "no raw socket: " + std::string(std::strerror(errno))};

    ifreq request = request_for(name);
    if (ioctl(socket.descriptor(), SIOCGIFHWADDR, &request) != 0 ||
        request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return Error{"it is no Ethernet interface; choose one that has a MAC address"};
    request = request_for(name);
    if (ioctl(socket.descriptor(), SIOCGIFMTU, &request) != 0)
        return Error{"its MTU cannot be read: " + std::string(std::strerror(errno))};
    return KernelInterface{static_cast<uint32_t>(request.ifr_mtu),
                           count_rx_queues(socket.descriptor(), name)};
}

}  // namespace sluice::ethdev
