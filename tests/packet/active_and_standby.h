// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Both: two gateways of a pair, and between them what the pair's threads do, at the moment at
/// which a test says; and Wire, by which any gateway tells another.

#include "before_and_after.h"
#include "catch.h"
#include "gateway/numbering.h"
#include "net/text.h"
#include "sync/mailbox.h"
#include "sync/teller.h"
#include "testbed.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice::test {

/// Endpoint-independent mappings, by blocks of ports where these have a size.
inline TestbedOptions mapped(uint16_t block_size) {
    return {.configure = [=](config::Config& config) {
        config.inside.clear();
        config.pool.clear();
        config.snat = {{.inside = {ip("10.1.0.0"), 24},
                        .addresses = {{ip(kPublic), ip(kPublic)}},
                        .independence = nat::Independence{
                            {{net::Protocol::Tcp}, {net::Protocol::Udp}, {net::Protocol::Icmp}},
                            pool::kAllPorts,
                            nat::Filtering::EndpointIndependent}}};
        config.holders.blocks = {block_size, 2};
    }};
}

inline TestbedOptions role(TestbedOptions options, config::Role role) {
    options.configure = [before = options.configure, role](config::Config& config) {
        before(config);
        config.sync = config::Sync{};
        config.role = role;
    };
    options.secret = role == config::Role::Active ? 1 : 2;
    // No two clocks say the same.
    options.start = role == config::Role::Active ? Tick{1000} : Tick{0xfffffff0};
    return options;
}

/// Of a testbed, or of one with hosts around it.
template <typename Bed>
Testbed& testbed_of(Bed& bed) {
    if constexpr (std::is_same_v<Bed, Testbed>)
        return bed;
    else
        return bed.bed;
}

inline sync::Standing& standing_of(Testbed& bed) {
    return bed.gateway().replica()->standing();
}

/// One that starts as active finds a peer that has no flows, and forwards.
inline void meet_nobody(Testbed& bed) {
    standing_of(bed).peer.store(sync::Peer::Standby);
    bed.run();
    REQUIRE(standing_of(bed).is_active.load());
}

/// What a process leaves that had one flow, and how the next one begins, in that role.
struct Left {
    uint16_t external = 0;  ///< The flow's port outside.
    TestbedOptions next;
};
inline Left leave_flow(Estate& estate, config::Role next) {
    const TestbedOptions options{.estate = &estate};
    auto before = std::make_unique<Testbed>(role(options, config::Role::Active));
    meet_nobody(*before);
    Left left{send(*before, kHost, 5000), role(options, next)};
    left.next.start = before->now();
    Estate killed = estate;  // before it ends in order
    before.reset();
    estate = std::move(killed);
    return left;
}

inline void put(Testbed& bed, std::vector<sync::Change>& changes) {
    bed.gateway().replica()->mailbox().put(changes);
    bed.run();
}

/// From one gateway to another.
class Wire {
public:
    Wire(Testbed& from, Testbed& to)
        : to_(to),
          teller_({from.gateway().table(), [&from] { return from.now(); }, 0,
                   [&from] { return standing_of(from).may_tell(); },
                   gateway::ipv6_hosts(from.config(), from.gateway().naming())}) {
        out_.add(sync::Hello());
    }

    /// What there is to be told is told, and taken. What does so on the way may change it. False
    /// when what came was none of the pair's.
    [[nodiscard]] bool tell(const std::function<void(std::span<std::byte>)>& on_the_way = [](auto) {
    }) {
        teller_.turn(out_, 1 << 20);
        std::vector<std::byte> sent(out_.bytes().begin(), out_.bytes().end());
        out_.sent(out_.size());
        on_the_way(sent);
        incoming_.add(sent);
        std::vector<sync::Change> changes;
        auto message = incoming_.take();
        for (; message.ok() && *message; message = incoming_.take())
            sync::append(**message, changes);
        put(to_, changes);
        return message.ok();
    }

private:
    Testbed& to_;
    sync::Teller teller_;
    sync::Outgoing out_;
    sync::Incoming incoming_;
};

template <typename Bed>
class BothOf {
public:
    explicit BothOf(const TestbedOptions& options = {})
        : active(role(options, config::Role::Active)),
          standby(role(options, config::Role::Standby)),
          wire_(testbed_of(active), standing_by_) {
        meet_nobody(testbed_of(active));
        if constexpr (requires(Bed bed) { bed.take(); })
            active.take();  // what it says of itself
        standing_by_.run();
        REQUIRE(standing_of(standing_by_).is_ready.load());
    }

    /// As Wire::tell().
    [[nodiscard]] bool tell(const std::function<void(std::span<std::byte>)>& on_the_way = [](auto) {
    }) {
        return wire_.tell(on_the_way);
    }
    void put(std::vector<sync::Change>& changes) { test::put(standing_by_, changes); }
    /// The one that forwards is heard no more.
    void take_over() {
        standing_of(standing_by_).wish.store(sync::Wish::Active);
        standing_by_.run();
        REQUIRE(standing_of(standing_by_).is_active.load());
    }

    Bed active;
    Bed standby;

private:
    Testbed& standing_by_ = testbed_of(standby);
    Wire wire_;
};

using Both = BothOf<Testbed>;

}  // namespace sluice::test
