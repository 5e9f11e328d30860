// SPDX-License-Identifier: BSD-3-Clause
#include "link/uplinks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <utility>

namespace sluice::link {
namespace {

/// The second word of what is hashed of a host; that of a tuple has a protocol.
constexpr uint64_t kOfHost = 0;

/// As likely each number below `size`, from the upper half of a hash.
constexpr uint32_t below(uint32_t size, uint64_t hash) {
    return static_cast<uint32_t>((hash >> 32) * size >> 32);
}

}  // namespace

Uplinks::Uplinks(UplinksParams params) : params_(std::move(params)) {
    assert(size() <= kMostUplinks);
    for (const Uplink& uplink : params_.uplinks)
        weights_ += uplink.weight;
    std::vector<net::Numbered> prefixes;
    for (const Belonging& belonging : params_.belongings)
        prefixes.push_back({belonging.prefix, belonging.uplink});
    owner_ = net::longest_prefix(prefixes);
}

std::optional<UplinkId> Uplinks::of(Be32 address) const {
    const uint32_t uplink = owner_.find(address.host());
    return uplink == net::kNone ? std::nullopt : std::optional(static_cast<UplinkId>(uplink));
}

std::optional<UplinkId> Uplinks::on(InterfaceId interface) const {
    for (UplinkId id = 0; id < size(); ++id)
        if (params_.uplinks[id].gateway.interface == interface)
            return id;
    return std::nullopt;
}

std::vector<net::AddressRange> Uplinks::part(const std::vector<net::AddressRange>& ranges,
                                             UplinkId id) const {
    if (!are_several())
        return ranges;
    std::vector<net::AddressRange> result;
    for (const net::AddressRange& range : ranges)
        for (uint64_t first = range.first.host(); first <= range.last.host();) {
            const auto from = static_cast<uint32_t>(first);
            const uint64_t last = std::min<uint64_t>(owner_.last_alike(from), range.last.host());
            if (owner_.find(from) == id)
                result.push_back(
                    {Be32::from_host(from), Be32::from_host(static_cast<uint32_t>(last))});
            first = last + 1;
        }
    return result;
}

bool Uplinks::may_have(InterfaceId interface, Be32 address) const {
    const auto owner = of(address);
    return !are_several() || (owner && params_.uplinks[*owner].gateway.interface == interface);
}

std::vector<Toward> Uplinks::watched() const {
    std::vector<Toward> gateways;
    for (const Uplink& uplink : params_.uplinks)
        gateways.push_back(uplink.gateway);
    return are_several() ? gateways : std::vector<Toward>{};
}

UplinkId Uplinks::choose(const net::Tuple& original, UplinkSet among) const {
    if (params_.by_host)
        return choose_for_host(original.inside_source(), among);
    const auto words = std::bit_cast<std::array<uint64_t, 2>>(original);
    return draw(sip_hash(params_.key, words[0], words[1]), among);
}

UplinkId Uplinks::choose_for_host(net::InsideAddress host, UplinkSet among) const {
    return draw(sip_hash(params_.key, host.bits(), kOfHost), among);
}

/// Draws uplinks by weight, and puts none back, until one may be taken.
UplinkId Uplinks::draw(uint64_t hash, UplinkSet among) const {
    assert((among & all()) != 0);
    UplinkSet rest = all();
    for (uint32_t weights = weights_;;) {
        uint32_t point = below(weights, hash);
        auto drawn = static_cast<UplinkId>(std::countr_zero(rest));
        for (UplinkSet left = rest; point >= params_.uplinks[drawn].weight;) {
            point -= params_.uplinks[drawn].weight;
            left &= static_cast<UplinkSet>(left - 1);
            drawn = static_cast<UplinkId>(std::countr_zero(left));
        }
        if (contains(among, drawn))
            return drawn;
        rest &= static_cast<UplinkSet>(~only(drawn));
        weights -= params_.uplinks[drawn].weight;
        hash = sip_hash(params_.key, hash, drawn);
    }
}

}  // namespace sluice::link
