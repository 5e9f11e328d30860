// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Scene: TCP connections that stand, and new flows that come and go among them.
///
/// Shape    New flows live for a second of the rig's clock, which stands but for what the scene
///          puts it forward: kStep for each batch, so that a quarter of a million flows open a
///          second. The control core ends what is over.
/// Threads  One, but for what Crew::each() makes.

#include "config/config.h"
#include "rig/crew.h"
#include "rig/options.h"

#include <functional>
#include <memory>

namespace sluice::bench {

inline constexpr Duration kStep{4};

struct SceneParams {
    net::Protocol fresh = net::Protocol::Udp;  ///< Of new flows.
    uint32_t standing = 0;
    uint32_t room = 0;  ///< In the table, for new flows.
    unsigned workers = 1;
    uint32_t addresses = 16;  ///< Of the pool.
    std::function<void(config::Config&)> configure = [](config::Config&) {};
};

class Scene {
public:
    static Result<std::unique_ptr<Scene>> create(const SceneParams& params, const Options& options);

    Rig& rig() { return *rig_; }
    Book& standing() { return standing_; }
    Book& fresh() { return fresh_; }
    std::vector<Lane>& lanes() { return crew_->lanes(); }  ///< Of new flows.
    Crew& crew() { return *crew_; }

    /// The numbers of kBatch flows that never were.
    std::vector<uint64_t> next_flows();

    /// One packet of each flow through a lane; nanoseconds of CPU time that the worker took.
    double send(Lane& lane, std::span<const uint64_t> flows, net::Direction direction, Kind kind);
    uint64_t lost() const { return lost_; }  ///< Of these, what did not come out.

    /// Puts the clock forward by kStep and lets the control core work; nanoseconds that it took.
    double step();

private:
    explicit Scene(const SceneParams& params);

    Book standing_;
    Book fresh_;
    std::unique_ptr<Rig> rig_;
    std::unique_ptr<Crew> crew_;
    uint64_t next_ = uint64_t{1} << 24;  // behind all that stand: Book::original()
    uint64_t lost_ = 0;
};

}  // namespace sluice::bench
