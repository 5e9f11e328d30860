// SPDX-License-Identifier: BSD-3-Clause
#include "listing/port_pressure.h"

#include "base/bits.h"
#include "listing/walk.h"
#include "net/text.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <tuple>
#include <unordered_map>

namespace sluice::listing {
namespace {

constexpr size_t kCells = size_t{1} << 20;
constexpr size_t kMostCandidates = size_t{1} << 16;
constexpr uint16_t kFirstUserPort = 1024;

struct Key {
    Be32 address;
    Be32 destination;
    Be16 port;
    net::Protocol protocol{};

    bool operator==(const Key&) const = default;
};

uint64_t hash(const Key& key) {
    uint64_t word = uint64_t{key.address.raw} << 32 | key.destination.raw;
    word ^= (uint64_t{key.port.raw} << 8 | static_cast<uint8_t>(key.protocol)) * 0x9e3779b97f4a7c15;
    return mix(word);
}

struct Hash {
    size_t operator()(const Key& key) const { return hash(key); }
};

/// Where a flow takes a port that counts. Of a flow from outside the port is its mapping's.
std::optional<Key> key_of(const Seen& record) {
    const net::Tuple& reply = record.key(net::Direction::Reply);
    const bool is_outbound = record.sides.leave(net::Direction::Original) == net::Side::Outside;
    const bool is_translated = reply.destination != record.key(net::Direction::Original).source;
    if (!is_outbound || !is_translated || reply.destination_port.host() < kFirstUserPort)
        return std::nullopt;
    return Key{reply.destination, reply.source, reply.source_port, reply.protocol};
}

/// The count that at most kMostCandidates cells reach.
uint32_t threshold(const std::vector<uint32_t>& cells) {
    std::vector<uint32_t> sorted(cells);
    const auto nth = sorted.begin() + kMostCandidates;
    std::ranges::nth_element(sorted, nth, std::greater());
    return *nth + 1;
}

}  // namespace

std::vector<Pressure> port_pressure(flow::FlowTable& flows, size_t count, Tick now) {
    std::vector<uint32_t> cells(kCells);
    for_each_flow(flows, now, [&](const Seen& record) {
        if (const auto key = key_of(record))
            ++cells[hash(*key) % kCells];
    });
    const uint32_t least = threshold(cells);
    std::unordered_map<Key, uint32_t, Hash> used;
    for_each_flow(flows, now, [&](const Seen& record) {
        if (const auto key = key_of(record); key && cells[hash(*key) % kCells] >= least)
            ++used[*key];
    });

    std::vector<Pressure> result;
    for (const auto& [key, ports] : used)
        result.push_back({key.address, key.destination, key.port, key.protocol, ports});
    std::ranges::sort(result, [](const Pressure& a, const Pressure& b) {
        return std::tuple(b.used, a.address, a.destination, a.destination_port, a.protocol) <
               std::tuple(a.used, b.address, b.destination, b.destination_port, b.protocol);
    });
    result.resize(std::min(count, result.size()));
    return result;
}

std::string destination_of(const Pressure& pressure) {
    if (pressure.protocol == net::Protocol::Icmp)
        return net::to_string(pressure.destination);
    return net::to_string(pressure.destination) + ':' +
           std::to_string(pressure.destination_port.host());
}

}  // namespace sluice::listing
