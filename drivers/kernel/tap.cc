// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/tap.h"

#include "kernel/interface_request.h"
#include "net/text.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace sluice::kernel {
namespace {

Error failed(const std::string& what) {
    return Error{what + ": " + std::strerror(errno)};
}

void set_address(ifreq& request, Be32 address) {
    sockaddr_in socket_address{};
    socket_address.sin_family = AF_INET;
    socket_address.sin_addr.s_addr = address.raw;
    std::memcpy(&request.ifr_addr, &socket_address, sizeof socket_address);
}

}  // namespace

Tap::Tap(std::string name, Descriptor frames, Descriptor control)
    : name_(std::move(name)), frames_(std::move(frames)), control_(std::move(control)) {}

Result<std::unique_ptr<Tap>> Tap::create(const TapParams& params) {
    if (if_nametoindex(params.name.c_str()) != 0)
        return Error{"an interface of this name is there already"};
    Descriptor frames(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!frames)
        return failed("/dev/net/tun cannot be opened (`modprobe tun`)");
    ifreq request = request_for(params.name);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(frames.get(), TUNSETIFF, &request) != 0)
        return failed("the kernel does not make it");
    Descriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!control)
        return failed("no socket to set it up by");
    std::unique_ptr<Tap> tap(new Tap(params.name, std::move(frames), std::move(control)));
    if (Status status = tap->configure(params); !status)
        return status.error();
    return tap;
}

Status Tap::configure(const TapParams& params) {
    ifreq request = request_for(name_);
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    std::copy(params.mac.begin(), params.mac.end(), request.ifr_hwaddr.sa_data);
    if (ioctl(control_.get(), SIOCSIFHWADDR, &request) != 0)
        return failed("it does not take the port's MAC");
    if (!set_mtu(params.mtu))
        return failed("it does not take the port's MTU of " + std::to_string(params.mtu));
    if (auto guard = ForwardGuard::install(name_))
        guard_ = std::move(*guard);
    else
        warning_ = guard.error().message;
    if (Status status = set_addresses(params.addresses); !status)
        return status;
    // No IPv6 passes by it, so the kernel need not try. Where it cannot be told, it tries in vain.
    std::ofstream("/proc/sys/net/ipv6/conf/" + name_ + "/disable_ipv6") << 1;
    request = request_for(name_);
    if (ioctl(control_.get(), SIOCGIFFLAGS, &request) != 0)
        return failed("its state cannot be read");
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (ioctl(control_.get(), SIOCSIFFLAGS, &request) != 0)
        return failed("it cannot be set up");
    return Done{};
}

/// One interface has one address by ioctl(); others are given to labels of it, as sl0:1.
Status Tap::set_addresses(const std::vector<net::Prefix>& addresses) {
    for (size_t i = 0; i < addresses.size(); ++i) {
        ifreq request = request_for(i == 0 ? name_ : name_ + ':' + std::to_string(i));
        set_address(request, addresses[i].address);
        if (ioctl(control_.get(), SIOCSIFADDR, &request) != 0)
            return failed("it does not take the address " + net::to_string(addresses[i]));
        set_address(request, Be32::from_host(addresses[i].mask()));
        if (ioctl(control_.get(), SIOCSIFNETMASK, &request) != 0)
            return failed("it does not take the subnet of " + net::to_string(addresses[i]));
        if (addresses[i].length >= 31)
            continue;
        set_address(request, addresses[i].broadcast());
        if (ioctl(control_.get(), SIOCSIFBRDADDR, &request) != 0)
            return failed("it does not take the broadcast address of " +
                          net::to_string(addresses[i]));
    }
    return Done{};
}

bool Tap::write(const rte_mbuf& frame) {
    constexpr size_t kMostSegments = 64;
    std::array<iovec, kMostSegments> segments;
    size_t count = 0;
    for (const rte_mbuf* segment = &frame; segment != nullptr; segment = segment->next) {
        if (count == segments.size())
            return false;
        segments[count++] = {rte_pktmbuf_mtod(segment, void*), rte_pktmbuf_data_len(segment)};
    }
    return writev(frames_.get(), segments.data(), static_cast<int>(count)) > 0;
}

size_t Tap::read(std::span<uint8_t> room) {
    const ssize_t bytes = ::read(frames_.get(), room.data(), room.size());
    return bytes > 0 ? static_cast<size_t>(bytes) : 0;
}

void Tap::follow(bool has_link, uint16_t mtu) {
    if (has_link != has_link_) {
        has_link_ = has_link;
        int carrier = has_link ? 1 : 0;
        ioctl(frames_.get(), TUNSETCARRIER, &carrier);  // Linux 5.0; before that it keeps one
    }
    if (mtu != mtu_)
        set_mtu(mtu);
}

bool Tap::set_mtu(uint16_t mtu) {
    mtu_ = mtu;  // what is refused is not tried again and again
    ifreq request = request_for(name_);
    request.ifr_mtu = mtu;
    return ioctl(control_.get(), SIOCSIFMTU, &request) == 0;
}

}  // namespace sluice::kernel
