// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Both: two gateways of a pair, and between them what the pair's threads do, at the moment at
/// which a test says.

#include "catch.h"
#include "gateway/numbering.h"
#include "net/text.h"
#include "sync/mailbox.h"
#include "sync/teller.h"
#include "testbed.h"

#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <vector>

namespace sluice::test {

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

template <typename Bed>
class BothOf {
public:
    explicit BothOf(const TestbedOptions& options = {})
        : active(role(options, config::Role::Active)),
          standby(role(options, config::Role::Standby)),
          teller_({forwarding_.gateway().table(), [this] { return forwarding_.now(); }, 0,
                   [this] { return forwarding_.gateway().replica()->standing().is_active.load(); },
                   gateway::ipv6_hosts(forwarding_.config(), forwarding_.gateway().naming())}) {
        out_.add(sync::Hello());
        standing_by_.run();
        REQUIRE(standing_by_.gateway().replica()->standing().is_ready.load());
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
        put(changes);
        return message.ok();
    }
    void put(std::vector<sync::Change>& changes) {
        standing_by_.gateway().replica()->mailbox().put(changes);
        standing_by_.run();
    }
    /// The one that forwards is heard no more.
    void take_over() {
        standing_by_.gateway().replica()->standing().wants_active.store(true);
        standing_by_.run();
        REQUIRE(standing_by_.gateway().replica()->standing().is_active.load());
    }

    Bed active;
    Bed standby;

private:
    Testbed& forwarding_ = testbed_of(active);
    Testbed& standing_by_ = testbed_of(standby);
    sync::Teller teller_;
    sync::Outgoing out_;
    sync::Incoming incoming_;
};

using Both = BothOf<Testbed>;

}  // namespace sluice::test
