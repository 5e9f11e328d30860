// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Restarts: gateways one after the other, each of which ends as by a crash, at the moment at which
/// the next one begins, and leaves it an estate.

#include "estate.h"
#include "testbed.h"

#include <functional>
#include <memory>
#include <utility>

namespace sluice::test {

/// Of a testbed, or of one with something in it.
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
