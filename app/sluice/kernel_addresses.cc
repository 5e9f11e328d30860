// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/kernel_addresses.h"

#include "config/ports.h"
#include "gateway/rules.h"
#include "io/port_name.h"
#include "net/text.h"

#include <algorithm>
#include <bit>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace sluice::app {
namespace {

Be32 address_in(const sockaddr* address) {
    return Be32::from_host(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
}

/// The kernel has a network stack of its own on such a port.
bool is_seen_by_kernel(const config::SharedPort& port) {
    const Result<io::PortName> name = io::parse_port_name(port.port, port.flag);
    return name && ((*name).kind == io::PortKind::AfPacket || (*name).kind == io::PortKind::AfXdp ||
                    (*name).kind == io::PortKind::Tap);
}

/// The flag that makes `address` the gateway's; empty where none does.
std::string flag_of(const config::Config& config, Be32 address) {
    if (std::any_of(config.lans.begin(), config.lans.end(),
                    [&](const config::Lan& lan) { return lan.own.address == address; }))
        return "--lan-address";
    if (config::is_own_outside(config, address))
        return "--wan-address";
    const auto ranges = gateway::public_ranges(config);
    const bool is_public = std::any_of(ranges.begin(), ranges.end(),
                                       [&](const auto& range) { return range.contains(address); });
    return is_public ? "public address" : "";
}

}  // namespace

std::vector<KernelAddress> read_kernel_addresses() {
    std::vector<KernelAddress> held;
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0)
        return held;
    for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next)
        if (entry->ifa_addr != nullptr && entry->ifa_netmask != nullptr &&
            entry->ifa_addr->sa_family == AF_INET) {
            const uint32_t mask = address_in(entry->ifa_netmask).host();
            held.push_back(
                {entry->ifa_name,
                 {address_in(entry->ifa_addr), static_cast<uint8_t>(std::popcount(mask))}});
        }
    freeifaddrs(first);
    return held;
}

Status check_kernel_addresses(const config::Config& config, std::span<const KernelAddress> held) {
    const auto ports = config::ports_of(config);
    if (std::none_of(ports.begin(), ports.end(), is_seen_by_kernel))
        return Done{};
    for (const KernelAddress& kernel : held) {
        const std::string flag = flag_of(config, kernel.address.address);
        if (flag.empty())
            continue;
        const std::string address = net::to_string(kernel.address.address);
        // A label such as eth0:1 names an address, not an interface.
        const std::string device = kernel.interface.substr(0, kernel.interface.find(':'));
        return Error{flag + ' ' + address + ": the kernel has this address on " + device +
                     " and would answer too; `ip address delete " + address + '/' +
                     std::to_string(kernel.address.length) + " dev " + device + "` takes it away"};
    }
    return Done{};
}

}  // namespace sluice::app
