// SPDX-License-Identifier: BSD-3-Clause
#include "listing/top_hosts.h"

#include "listing/walk.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace sluice::listing {
namespace {

uint64_t value(const TopHost& top, HostOrder order) {
    switch (order) {
        case HostOrder::Flows:
            return top.host.flows;
        case HostOrder::Ports:
            return top.ports;
        case HostOrder::Rate:
            return top.host.rate;
        case HostOrder::Bytes:
            return top.traffic.bytes();
    }
    return 0;
}

auto order_of(const hosts::Host& host) {
    return std::pair(host.address, host.zone);
}

/// Most first; of equals the lower address, and the lower zone.
void sort_by(std::vector<TopHost>& hosts, HostOrder order) {
    std::ranges::sort(hosts, [order](const TopHost& a, const TopHost& b) {
        return value(a, order) != value(b, order) ? value(a, order) > value(b, order)
                                                  : order_of(a.host) < order_of(b.host);
    });
}

/// Different words, of which many come more than once.
class Distinct {
public:
    void add(uint64_t word) {
        words_.push_back(word);
        if (words_.size() >= limit_)
            limit_ = std::max(limit_, 2 * compact().size());
    }
    const std::vector<uint64_t>& compact() {
        std::ranges::sort(words_);
        words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
        return words_;
    }

private:
    std::vector<uint64_t> words_;
    size_t limit_ = size_t{1} << 20;
};

/// Counts the external ports of these hosts.
void count_ports(std::vector<TopHost>& tops, const hosts::HostTable& hosts, flow::FlowTable& flows,
                 Tick now) {
    std::unordered_map<hosts::HostIndex, size_t> place;
    for (size_t i = 0; i < tops.size(); ++i)
        if (tops[i].host.index != hosts::kNoHost)
            place.emplace(tops[i].host.index, i);
    // host 24 | low byte of the address 8 | protocol 8 | port 16: a host has one address, or few.
    Distinct ports;
    for_each_flow(flows, now, [&](const Seen& record) {
        // Another flow may have the record by now: then one port is counted for its host.
        const auto found = place.find(hosts.host_of(record.index));
        if (found == place.end())
            return;
        const net::Tuple& reply = record.key(net::Direction::Reply);
        ports.add(uint64_t{found->second} << 32 | uint64_t{reply.destination.host() & 0xff} << 24 |
                  uint64_t{static_cast<uint8_t>(reply.protocol)} << 16 |
                  reply.destination_port.host());
    });
    for (const uint64_t word : ports.compact())
        ++tops[word >> 32].ports;
}

void count_blocks(std::vector<TopHost>& tops, flow::FlowTable& flows, Tick now) {
    std::unordered_map<uint64_t, size_t> place;
    for (size_t i = 0; i < tops.size(); ++i) {
        const net::InsideAddress host(tops[i].host.address, tops[i].host.zone);
        place.emplace(host.bits(), i);
    }
    for_each_of(flow::Kind::Block, flows, now, [&](const Seen& record) {
        const auto found = place.find(record.key(net::Direction::Original).inside_source().bits());
        if (found != place.end())
            ++tops[found->second].blocks;
    });
}

std::vector<TopHost> all_hosts(const hosts::HostTable& hosts, const TopHostsWish& wish, Tick now) {
    std::vector<TopHost> tops;
    std::unordered_set<uint64_t> listed;
    hosts.for_each(0, hosts.capacity(), now, [&](const hosts::Host& host) {
        const net::InsideAddress address(host.address, host.zone);
        tops.push_back({host, 0, 0, {}});
        if (wish.totals == nullptr)
            return;
        tops.back().traffic = wish.totals->of(address);
        listed.insert(address.bits());
    });
    if (wish.totals == nullptr || wish.order != HostOrder::Bytes)
        return tops;
    for (const auto& [bits, traffic] : wish.totals->hosts())
        if (!listed.contains(bits)) {
            hosts::Host host;
            host.address = Be32{static_cast<uint32_t>(bits)};
            host.zone = static_cast<uint16_t>(bits >> 32);
            tops.push_back({host, 0, 0, traffic});
        }
    return tops;
}

}  // namespace

std::vector<TopHost> top_hosts(const hosts::HostTable& hosts, flow::FlowTable& flows,
                               const TopHostsWish& wish, Tick now) {
    const HostOrder order = wish.order;
    const size_t count = wish.count;
    std::vector<TopHost> tops = all_hosts(hosts, wish, now);
    const bool by_ports = order == HostOrder::Ports;
    sort_by(tops, by_ports ? HostOrder::Flows : order);

    // A host has no more ports than flows: whoever comes behind the last that is counted may be
    // among the first only if it has more flows than they have ports.
    size_t counted = std::min(by_ports ? count * 4 : count, tops.size());
    for (;;) {
        std::vector<TopHost> listed(tops.begin(), tops.begin() + static_cast<ptrdiff_t>(counted));
        count_ports(listed, hosts, flows, now);
        sort_by(listed, order);
        const bool is_sure = !by_ports || counted == tops.size() || listed.size() < count ||
                             listed[count - 1].ports >= tops[counted].host.flows;
        if (is_sure) {
            listed.resize(std::min(count, listed.size()));
            count_blocks(listed, flows, now);
            return listed;
        }
        counted = std::min(counted * 8, tops.size());
    }
}

}  // namespace sluice::listing
