// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Watcher: what somebody sees who watches packets of a testbed from now on.

#include "catch.h"
#include "net/text.h"
#include "testbed.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::test {

struct Told {
    observe::PacketEntry entry;  ///< Its own frame() does not come with it.
    Bytes frame;
};

class Watcher {
public:
    explicit Watcher(Testbed& bed, const observe::Wish& wish = {}) {
        auto opened = bed.gateway().watches().open(wish);
        REQUIRE(opened);
        reader_ = std::move(*opened);
    }
    /// The packets of IPv6 hosts with this prefix, whether or not they have numbers yet.
    Watcher(Testbed& bed, const std::string& prefix, observe::Which which)
        : Watcher(bed, wish(bed, prefix, which)) {}

    /// But for what the port did not take.
    std::vector<Told> take() {
        std::vector<Told> told;
        reader_->read([&](const observe::PacketEntry& entry) {
            if (entry.outcome != observe::Outcome::Void)
                told.push_back({entry, {entry.frame().begin(), entry.frame().end()}});
        });
        return told;
    }
    Told only() {
        const auto told = take();
        REQUIRE(told.size() == 1);
        return told.front();
    }
    uint64_t lost() const { return reader_->lost(); }

private:
    static observe::Wish wish(Testbed& bed, const std::string& prefix, observe::Which which) {
        observe::Wish wish{.which = which};
        wish.filter.source6 = net::parse_ipv6_prefix(prefix);
        wish.filter.naming = bed.gateway().naming();
        return wish;
    }

    std::unique_ptr<observe::Watches::Reader> reader_;
};

}  // namespace sluice::test
