// SPDX-License-Identifier: BSD-3-Clause
#include "pool/own_ports.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace sluice::pool {

using net::Protocol;

namespace {

constexpr Protocol kNumbered[] = {Protocol::Icmp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp,
                                  Protocol::UdpLite};
constexpr uint16_t kDhcpClient = 68;

/// The protocol's place in kNumbered; its size for one that goes by address.
size_t place_of(Protocol protocol) {
    const auto found = std::find(std::begin(kNumbered), std::end(kNumbered), protocol);
    return static_cast<size_t>(found - std::begin(kNumbered));
}

}  // namespace

void OwnPorts::Bits::set(uint16_t number, bool is_in) {
    // One thread writes, so there is nothing between the load and the store.
    std::atomic<uint64_t>& word = words_[number / 64];
    const uint64_t bit = uint64_t{1} << (number % 64);
    const uint64_t before = word.load(std::memory_order_relaxed);
    word.store(is_in ? before | bit : before & ~bit, std::memory_order_relaxed);
}

bool OwnPorts::Ports::has(Protocol protocol, uint16_t port) const {
    const size_t place = place_of(protocol);
    return place == numbers.size() ? protocols.has(static_cast<uint16_t>(protocol))
                                   : numbers[place].has(port);
}

void OwnPorts::Ports::set(Protocol protocol, uint16_t port, bool is_in) {
    const size_t place = place_of(protocol);
    if (place == numbers.size())
        protocols.set(static_cast<uint16_t>(protocol), is_in);
    else
        numbers[place].set(port, is_in);
}

OwnPorts::OwnPorts(std::span<const Be32> addresses, std::span<const PortRange> ranges) {
    for (const Be32 address : addresses) {
        Ports& ports = *all_.emplace_back(std::make_unique<Ports>());
        ports.address = address;
        ports.set(Protocol::Udp, kDhcpClient, true);
        for (const Protocol protocol : kNumbered)
            for (const PortRange& range : ranges)
                for (uint32_t port = range.first; protocol != Protocol::Icmp && port <= range.last;
                     ++port)
                    ports.set(protocol, static_cast<uint16_t>(port), true);
    }
}

const OwnPorts::Ports* OwnPorts::of(Be32 address) const {
    for (const auto& ports : all_)
        if (ports->address == address)
            return ports.get();
    return nullptr;
}

void OwnPorts::change(Protocol protocol, net::Endpoint endpoint, bool is_in) {
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& ports) {
        return ports->address == endpoint.address;
    });
    assert(found != all_.end());
    (*found)->set(protocol, endpoint.port.host(), is_in);
}

}  // namespace sluice::pool
