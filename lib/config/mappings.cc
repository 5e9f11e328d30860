// SPDX-License-Identifier: BSD-3-Clause
#include "config/mappings.h"

#include "config/addresses.h"
#include "config/read.h"
#include "config/read_door.h"
#include "config/read_independence.h"
#include "net/text.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace sluice::config {
namespace {

using pool::Forward;
using pool::OneToOne;
using std::string;

/// ":80" or ":8000-8009"
string ports_text(Be16 first, uint16_t count) {
    const uint16_t port = first.host();
    return ':' + to_string(pool::PortRange{port, static_cast<uint16_t>(port + count - 1)});
}

string prefix_text(Be32 address, uint8_t length) {
    return length == net::kHostLength ? net::to_string(address)
                                      : net::to_string(net::Prefix{address, length});
}

net::Prefix inside_of(const OneToOne& pair) {
    return {pair.internal, pair.length};
}

/// In the order of zones.
uint64_t number_of(net::InsideAddress address) {
    return uint64_t{address.zone} << 32 | address.address.host();
}

/// Runs of numbers that are given to somebody each, and to whom.
template <typename Holder>
class Holdings {
public:
    /// Who has a number of the run; null, and the run is `holder`'s, where nobody has.
    const Holder* give(uint64_t first, uint64_t last, const Holder& holder) {
        const Holder* other = holder_in(first, last);
        if (other == nullptr)
            runs_.emplace(first, Run{last, &holder});
        return other;
    }
    const Holder* holder_in(uint64_t first, uint64_t last) const {
        const auto behind = runs_.upper_bound(last);
        if (behind == runs_.begin() || std::prev(behind)->second.last < first)
            return nullptr;
        return std::prev(behind)->second.holder;
    }

private:
    struct Run {
        uint64_t last;
        const Holder* holder;
    };
    std::map<uint64_t, Run> runs_;  // by first; they lie apart
};

/// Addresses of one zone.
struct Internals {
    net::Prefix prefix;
    uint16_t zone = 0;
};

/// Why inside hosts cannot be given the addresses of `externals`; empty where they can.
string why_not(const Config& config, const Networks& networks, const AddressRange& externals,
               const Internals& inside) {
    const auto& [internals, zone] = inside;
    if (const string why = networks.why_not_public(externals); !why.empty())
        return "outside: it " + why;
    if (internals.length == net::kHostLength && is_own_inside(config, {internals.address, zone}))
        return "inside: this is the address of --lan-address";
    if (!has_zone(config, zone))
        return "inside: there is no --lan of zone " + std::to_string(zone);
    if (!networks.are_served(internals, zone))
        return internals.length == net::kHostLength
                   ? "inside: the gateway does not serve this address"
                   : "inside: there is no rule that serves all of these addresses";
    return {};
}

/// The ports of a forward, in order of protocol, address and port.
std::pair<uint64_t, uint64_t> ports_of(const Forward& forward) {
    const uint64_t first = uint64_t{static_cast<uint8_t>(forward.protocol)} << 48 |
                           uint64_t{forward.external.address.host()} << 16 |
                           forward.external.port.host();
    return {first, first + forward.ports - 1};
}

/// Forwards that let different sources in to the same.
bool are_one(const Forward& a, const Forward& b) {
    return a.from != b.from && a.from.length != 0 && b.from.length != 0 &&
           std::tie(a.protocol, a.external, a.internal, a.ports) ==
               std::tie(b.protocol, b.external, b.internal, b.ports);
}

Status check_forwards(const Config& config, const Networks& networks) {
    Holdings<Forward> holdings;
    for (const Forward& forward : config.forwards) {
        const string text = to_string(forward);
        const Be32 external = forward.external.address;
        if (const string why =
                why_not(config, networks, {external, external},
                        {{forward.internal.address, net::kHostLength}, forward.internal.zone});
            !why.empty())
            return wrong("forward", text, why);
        const auto [first, last] = ports_of(forward);
        const Forward* twin = holdings.give(first, last, forward);
        if (twin != nullptr && !are_one(*twin, forward))
            return wrong("forward", text,
                         (forward.ports == 1 ? "the port is given away by "
                                             : "ports of it are given away by ") +
                             to_string(*twin));
    }
    return Done{};
}

/// What else external addresses of a pair are; empty where they are nothing else.
string what_else(const Config& config, const Networks& networks, const AddressRange& externals,
                 const std::map<Be32, const Forward*>& forwards) {
    for (const Wan& wan : config.wans)
        if (externals.contains(wan.own.address))
            return "it has the address of --wan-address " + net::to_string(wan.own);
    if (const auto pool = networks.pool_in(externals))
        return "outside: it has addresses of a pool, " + net::to_string(*pool);
    const auto forward = forwards.lower_bound(externals.first);
    return forward == forwards.end() || forward->first > externals.last
               ? string()
               : "outside: it has the address of --forward " + to_string(*forward->second);
}

Status check_one_to_one(const Config& config, const Networks& networks) {
    std::map<Be32, const Forward*> forwards;  // by external address
    for (const Forward& forward : config.forwards)
        forwards.emplace(forward.external.address, &forward);
    Holdings<OneToOne> outside, inside;
    for (const OneToOne& pair : config.one_to_one) {
        const string text = to_string(pair);
        const AddressRange externals = pair.externals();
        const net::Prefix internals = inside_of(pair);
        if (const string why = why_not(config, networks, externals, {internals, pair.zone});
            !why.empty())
            return wrong("one-to-one", text, why);
        if (const string what = what_else(config, networks, externals, forwards); !what.empty())
            return wrong("one-to-one", text, what);
        const OneToOne* twin = outside.give(externals.first.host(), externals.last.host(), pair);
        if (twin == nullptr)
            twin = inside.give(number_of({internals.network().address, pair.zone}),
                               number_of({internals.broadcast(), pair.zone}), pair);
        if (twin != nullptr)
            return wrong("one-to-one", text, "an address of it is in " + to_string(*twin));
    }
    return Done{};
}

/// For which no number is left.
Error no_door(std::string_view flag, const string& text) {
    return wrong(flag, text,
                 "flows can be counted for " +
                     std::to_string(hosts::kDoors - hosts::kFirstOwnDoor) +
                     " forwards and pairs, and as many have a number: none is left for its "
                     "max-flows= and rate=");
}

}  // namespace

std::string to_string(const Forward& forward) {
    return (forward.protocol == net::Protocol::Tcp ? "tcp " : "udp ") +
           net::to_string(forward.external.address) +
           ports_text(forward.external.port, forward.ports) + " -> " +
           (forward.internal6 ? '[' + net::to_string(*forward.internal6) + ']'
                              : net::to_string(forward.internal.address)) +
           ports_text(forward.internal.port, forward.ports) + zone_text(forward.internal.zone) +
           (forward.from.length == 0 ? "" : " from " + net::to_string(forward.from)) +
           to_string(forward.door);
}

std::string to_string(const OneToOne& pair) {
    return prefix_text(pair.external, pair.length) + " = " +
           prefix_text(pair.internal, pair.length) + zone_text(pair.zone) + to_string(pair.door);
}

std::vector<net::InsideAddress> left_out(const Config& config) {
    std::vector<net::InsideAddress> addresses;
    for (const Lan& lan : config.lans) {
        const net::Prefix& own = lan.own;
        addresses.emplace_back(own.address, lan.zone);
        if (own.length > 30)
            continue;
        addresses.emplace_back(own.network().address, lan.zone);
        addresses.emplace_back(own.broadcast(), lan.zone);
    }
    return addresses;
}

Status number_doors(const Config& config, pool::Doors& doors, uint32_t edition) {
    for (const bool is_limited : {true, false}) {
        for (const Forward& forward : config.forwards)
            if (forward.door.is_limited() == is_limited && !doors.take(forward, edition))
                return no_door("forward", to_string(forward));
        for (const OneToOne& pair : config.one_to_one)
            if (pair.door.is_limited() == is_limited && !doors.take(pair, edition))
                return no_door("one-to-one", to_string(pair));
    }
    return Done{};
}

Status check_mappings(const Config& config, const Networks& networks) {
    if (Status status = check_forwards(config, networks); !status)
        return status;
    return check_one_to_one(config, networks);
}

}  // namespace sluice::config
