// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/naming.h"

#include "net/text.h"

namespace sluice::nat64 {
namespace {

Naming::Usage usage_of(const Numbers& numbers) {
    return {numbers.count(), numbers.capacity(), numbers.bytes()};
}

}  // namespace

WireAddress Naming::host(Be32 address) const {
    if (addresses_ == nullptr || !addresses_->is_number(address))
        return {address};
    return {address, addresses_->told(address, when_)};
}

WireEnds Naming::ends(const net::Tuple& tuple) const {
    WireEnds ends{{tuple.source}, {tuple.destination}};
    if (addresses_ == nullptr ||
        !(addresses_->is_number(tuple.source) || addresses_->is_number(tuple.destination)))
        return ends;
    // That of a mapping goes to nobody, or comes from there.
    const auto told = [&](Be32 address) {
        return address == Be32{} ? net::Ipv6Address{} : addresses_->told(address, when_);
    };
    const auto source = told(tuple.source);
    const auto destination = told(tuple.destination);
    if (source && destination) {
        ends.source.ipv6 = source;
        ends.destination.ipv6 = destination;
    }
    return ends;
}

std::optional<Be32> Naming::source(const net::Ipv6Address& address) const {
    const auto host = is_on() ? addresses_->host(address) : std::nullopt;
    return host || !has_peers() ? host : addresses_->peer(address);
}

std::optional<Naming::Usage> Naming::usage() const {
    return is_on() ? std::optional(usage_of(addresses_->numbers())) : std::nullopt;
}

std::optional<Naming::Usage> Naming::usage_of_peers() const {
    return has_peers() ? std::optional(usage_of(*addresses_->params().peers->numbers))
                       : std::nullopt;
}

char* write(char* out, const WireAddress& address) {
    return address.ipv6 ? net::write(out, *address.ipv6) : net::write(out, address.ipv4);
}

std::string to_string(const WireAddress& address) {
    return address.ipv6 ? net::to_string(*address.ipv6) : net::to_string(address.ipv4);
}

std::string with_port(const WireAddress& address, Be16 port) {
    const std::string text = to_string(address);
    return (address.ipv6 ? '[' + text + ']' : text) + ':' + std::to_string(port.host());
}

}  // namespace sluice::nat64
