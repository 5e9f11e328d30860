// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Both: two gateways of a pair, and between them what the pair's threads do, at the moment at
/// which a test says.

#include "catch.h"
#include "sync/mailbox.h"
#include "sync/teller.h"
#include "testbed.h"

#include <cstddef>
#include <functional>
#include <span>
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

class Both {
public:
    explicit Both(const TestbedOptions& options = {})
        : active(role(options, config::Role::Active)),
          standby(role(options, config::Role::Standby)),
          teller_({active.gateway().table(), [this] { return active.now(); }, 0,
                   [this] { return active.gateway().replica()->standing().is_active.load(); }}) {
        out_.add(sync::Hello());
        standby.run();
        REQUIRE(standby.gateway().replica()->standing().is_ready.load());
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
        standby.gateway().replica()->mailbox().put(changes);
        standby.run();
    }
    /// The one that forwards is heard no more.
    void take_over() {
        standby.gateway().replica()->standing().wants_active.store(true);
        standby.run();
        REQUIRE(standby.gateway().replica()->standing().is_active.load());
    }

    Testbed active;
    Testbed standby;

private:
    sync::Teller teller_;
    sync::Outgoing out_;
    sync::Incoming incoming_;
};

}  // namespace sluice::test
