// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Gateway: the control core's part of one, with a clock that the test moves, real rings and real
/// packets. The test plays the workers: it punts, and takes what is released.
///
///     inside                        outside
///     10.1.0.1/24, MAC 0a           198.51.100.1/24, MAC 0b, pool 198.51.100.1 to .4

#include "catch.h"
#include "control/neighbours.h"
#include "eal.h"
#include "link/note.h"
#include "packet_builder.h"

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace sluice::test {

using control::Neighbours;
using link::HopIndex;
using link::InterfaceId;
using stats::Count;
using stats::Drop;

inline constexpr InterfaceId kInside = 0;
inline constexpr InterfaceId kOutside = 1;
inline constexpr MacAddress kInsideMac = mac(0x0a);
inline constexpr MacAddress kOutsideMac = mac(0x0b);

/// Packets for all tests of the program; each test gives back what it took.
inline rte_mempool* packet_pool() {
    start_eal();
    static rte_mempool* const pool =
        rte_pktmbuf_pool_create("test", 2047, 0, link::kNoteBytes, 2048, SOCKET_ID_ANY);
    REQUIRE(pool != nullptr);
    return pool;
}

inline link::Interfaces two_interfaces(uint8_t outside_length = 24) {
    link::Interface inside;
    inside.mac = kInsideMac;
    inside.own = {{ip("10.1.0.1"), 24}};
    link::Interface outside;
    outside.port = 1;
    outside.mac = kOutsideMac;
    outside.realm = link::Realm::Outside;
    outside.own = {{ip("198.51.100.1"), outside_length}};
    return std::move(link::Interfaces::create({inside, outside})).value();
}

/// What a worker was given to send.
struct Sent {
    link::Note note;
    Bytes bytes;
    std::optional<net::Arp> arp() const { return net::read_arp(bytes); }
    MacAddress destination() const {
        MacAddress result;
        std::copy_n(bytes.begin(), result.size(), result.begin());
        return result;
    }
};

/// The rings of two workers, and the count of what the test made and sent.
struct Workers {
    static constexpr unsigned kCount = 2;
    std::vector<link::Ring> punt, release;
    uint64_t made = 0;
    uint64_t sent = 0;
    uint64_t put = 0;

    explicit Workers(uint32_t ring_size) {
        for (unsigned i = 0; i < kCount; ++i) {
            punt.push_back(std::move(link::Ring::create(ring_size)).value());
            release.push_back(std::move(link::Ring::create(ring_size)).value());
        }
    }

    std::vector<link::Ring*> release_rings() { return {&release[0], &release[1]}; }

    rte_mbuf* packet(const Bytes& bytes, const link::Note& note) {
        rte_mbuf* mbuf = rte_pktmbuf_alloc(packet_pool());
        REQUIRE(mbuf != nullptr);
        ++made;
        char* data = rte_pktmbuf_append(mbuf, static_cast<uint16_t>(bytes.size()));
        std::copy(bytes.begin(), bytes.end(), data);
        link::note_of(mbuf) = note;
        return mbuf;
    }

    /// Sends all that `worker` was given.
    std::vector<Sent> take(unsigned worker) {
        std::vector<Sent> result;
        rte_mbuf* mbuf = nullptr;
        while (release[worker].take({&mbuf, 1}) == 1) {
            const auto* data = rte_pktmbuf_mtod(mbuf, const uint8_t*);
            result.push_back({link::note_of(mbuf), Bytes(data, data + mbuf->data_len)});
            rte_pktmbuf_free(mbuf);
            ++sent;
        }
        return result;
    }

    /// Every packet is somewhere, and no mbuf is lost.
    void check_sum(const stats::Counters& counters) {
        stats::Snapshot sum;
        sum.add(counters);
        uint64_t in_rings = 0;
        for (unsigned i = 0; i < kCount; ++i)
            in_rings += punt[i].count() + release[i].count();
        CHECK(made + sum.count[Count::Originated] ==
              sent + sum.count[Count::Consumed] + in_rings + sum.waiting + sum.dropped());
        CHECK(sum.count[Count::Put] == sent + release[0].count() + release[1].count());
        CHECK(rte_mempool_in_use_count(packet_pool()) == in_rings + sum.waiting);
    }
};

/// Outside these are answered for as well.
inline policy::Announcing answering(std::vector<net::AddressRange> ranges = {
                                        {ip("198.51.100.1"), ip("198.51.100.4")}}) {
    policy::Announcing announcing;
    for (const net::AddressRange& range : ranges)
        announcing.answered.push_back({kOutside, range});
    return announcing;
}

/// Own addresses alone, announced at intervals.
inline policy::Announcing announced_every(Duration interval) {
    policy::Announcing announcing = answering({});
    announcing.interval = interval;
    return announcing;
}

inline policy::Announcing probing() {
    policy::Announcing announcing = answering();
    announcing.probes = true;
    return announcing;
}

/// Neighbours not yet started; packets go straight to them.
struct Gateway {
    explicit Gateway(link::Interfaces ours = two_interfaces(), uint32_t hop_count = 2000,
                     uint32_t ring_size = 2048, std::vector<link::Toward> gateways = {},
                     policy::Announcing announcing = answering(),
                     std::vector<control::FixedNeighbour> fixed = {})
        : workers(ring_size),
          interfaces(std::move(ours)),
          hops(std::move(link::NextHops::create(hop_count, 1)).value()),
          outbox(workers.release_rings(), packet_pool(), counters),
          neighbours(params(std::move(gateways), std::move(announcing), std::move(fixed)),
                     interfaces, *hops, outbox, counters) {}

    ~Gateway() {
        workers.check_sum(counters);
        neighbours.stop(stats::Drop::Shutdown);
        for (unsigned worker = 0; worker < Workers::kCount; ++worker)
            workers.take(worker);
        workers.check_sum(counters);
        CHECK(counters.waiting.read() == 0);
    }

    void pass(Duration time) {
        for (const Tick end = now + time; end.is_after(now);) {
            now = now + Duration{50};
            neighbours.turn(now);
        }
    }

    void hear(InterfaceId interface, const Bytes& frame, unsigned worker = 0) {
        neighbours.take_arp(workers.packet(frame, {.from = interface, .punt = link::Punt::Arp}),
                            worker, now);
    }

    /// A packet for a next hop without a MAC; `number` tells it from others.
    void forward(InterfaceId interface, const char* next_hop, uint8_t number = 0,
                 unsigned worker = 0) {
        link::Note note{.from = kInside, .punt = link::Punt::Unresolved};
        note.to = interface;
        note.next_hop = ip(next_hop);
        neighbours.take_unresolved(workers.packet(Bytes(60, number), note), worker, now);
    }

    /// Has the gateway know a host, as a packet to it does: the host answers with that MAC.
    void meet(InterfaceId interface, const char* address, const MacAddress& mac) {
        forward(interface, address);
        hear(interface, arp_reply(mac, ip(address), interfaces[interface].mac,
                                  interfaces[interface].source_toward(ip(address))));
        sent();
    }

    std::vector<Sent> sent(unsigned worker = 0) { return workers.take(worker); }

    /// Has every index that nobody can remember any more be taken again.
    void reuse_hops() {
        Grace nobody(1);
        hops->reuse(nobody);
        hops->reuse(nobody);
    }

    bool knows(InterfaceId interface, const char* address) {
        return hops->find(interface, ip(address)) != link::kNoHop;
    }

    link::Hop hop(InterfaceId interface, const char* address) {
        return hops->read(hops->find(interface, ip(address)));
    }
    uint64_t count(Count which) const { return counters.count[which].read(); }
    uint64_t dropped(Drop reason) const { return counters.drop[reason].read(); }

    Workers workers;
    link::Interfaces interfaces;
    stats::Counters counters;
    std::unique_ptr<link::NextHops> hops;
    std::vector<std::string> log;
    control::Outbox outbox;
    Neighbours neighbours;
    Tick now{0xffff'f000};  ///< Wraps after four seconds, so that many a test meets the wrap.

private:
    control::NeighbourParams params(std::vector<link::Toward> gateways,
                                    policy::Announcing announcing,
                                    std::vector<control::FixedNeighbour> fixed) {
        control::NeighbourParams params;
        params.own.announcing = std::move(announcing);
        params.gateways = std::move(gateways);
        params.fixed = std::move(fixed);
        params.own.notice = [this](const std::string& sentence) { log.push_back(sentence); };
        return params;
    }
};

/// One that has announced itself.
struct Running : Gateway {
    template <typename... Args>
    explicit Running(Args&&... args) : Gateway(std::forward<Args>(args)...) {
        neighbours.start(now);
        pass(Duration::seconds(3));
        sent();
    }
};

}  // namespace sluice::test
