// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Gateways that take over the flows of others, and what hosts do before and after that.

#include "catch.h"
#include "estate.h"
#include "testbed.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace sluice::test {

inline uint16_t send(Testbed& bed, const char* host, uint16_t port, const char* server = kServer) {
    const auto out = bed.from_inside(Frame().ipv4(host, server).udp(port, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].checksums_ok());
    return out[0].source_port;
}

inline bool answers(Testbed& bed, uint16_t external, const char* host, uint16_t port,
                    const char* server = kServer) {
    const auto in = bed.from_outside(Frame().ipv4(server, kPublic).udp(53, external));
    return in.size() == 1 && in[0].destination == host && in[0].destination_port == port &&
           in[0].checksums_ok();
}

inline void connect(Testbed& bed, uint16_t port) {
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(port, 80, kSyn).seq(99)).size() == 1);
    REQUIRE(bed.from_outside(
                   Frame().ipv4(kServer, kPublic).tcp(80, port, kSyn | kAck).seq(499).ack(100))
                .size() == 1);
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(port, 80, kAck).seq(100).ack(500))
                .size() == 1);
}

/// Gateways one after the other, each of which ends as by a crash, at the moment at which the next
/// one begins, and leaves it an estate. Of a testbed, or of one with something in it.
template <typename Bed = Testbed>
class Restarts {
public:
    using Change = std::function<void(config::Config&)>;
    using Damage = std::function<void(Estate&)>;
    /// A bed of these options, whose configuration is changed.
    using Make = std::function<std::unique_ptr<Bed>(TestbedOptions, const Change&)>;

    explicit Restarts(Make make, TestbedOptions options = {})
        : make_(std::move(make)), options_(std::move(options)) {
        begin({});
    }

    Bed& bed() { return *bed_; }
    Estate& estate() { return estate_; }
    TestbedOptions& options() { return options_; }  ///< Of the next one.

    /// What it leaves is changed by `damage`, and `absence` later another one begins.
    Bed& restart(Duration absence = {}, const Damage& damage = {}, const Change& change = {}) {
        Estate left = estate_;
        options_.start = clock(*bed_) + absence;
        options_.secret += 1;
        bed_.reset();
        estate_ = std::move(left);
        if (damage)
            damage(estate_);
        begin(change);
        return *bed_;
    }
    /// Another configuration, at once.
    Bed& restart(const Change& change) { return restart({}, {}, change); }

private:
    static Tick clock(const Testbed& bed) { return bed.now(); }
    template <typename Other>
    static Tick clock(const Other& other) {
        return other.bed.now();
    }

    void begin(const Change& change) {
        options_.estate = &estate_;
        bed_ = make_(
            options_, change ? change : [](config::Config&) {});
    }

    Make make_;
    TestbedOptions options_;
    Estate estate_;
    std::unique_ptr<Bed> bed_;
};

}  // namespace sluice::test
