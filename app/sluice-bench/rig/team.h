// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Team: a rig with TCP connections that stand, of one worker or two, that sees the same traffic as
/// another; beside it the floor probe, and flows that open.
///
/// Threads  The caller's, and one more for the second worker while packets pass.

#include "rig/floor.h"
#include "rig/scene.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice::bench {

class Team {
public:
    static uint32_t flows_of(const Options& options) { return options.quick ? k64K : k1M; }
    /// Pages of one, beside EAL's memory.
    static size_t table_bytes(uint32_t flows);

    static Result<std::unique_ptr<Team>> create(unsigned workers, uint32_t flows,
                                                const Options& options);

    /// Nanoseconds of all workers' CPU time a packet of known flows, both ways.
    double known(bool through_floor);
    /// Likewise a flow that opens.
    double opening();
    /// Likewise a packet, every reply of which arrives at another worker than its flow's.
    double wrong_core();
    /// Flows that one of the others' rounds opens.
    uint64_t opened_each() const { return uint64_t{batches_} * kBatch * workers_; }

    uint64_t lost() const { return lost_; }
    double control_share() const { return 100 * control_ / (control_ + workers_time_); }
    /// Nanoseconds that the control core has taken while packets passed.
    double control_time() const { return control_; }
    uint32_t capacity() const { return flows_ + kTeamRoom; }
    Scene& scene() { return *scene_; }
    std::string drops() { return scene_->rig().drops(); }

private:
    static constexpr uint32_t kTeamRoom = k1M + k1M / 2;  ///< For what opens in five seconds.

    Team(unsigned workers, uint32_t flows, const Options& options);

    std::vector<Item> some(unsigned lane, bool with_replies, Kind kind);
    template <typename Fill, typename Run>
    double together(Crew& crew, Fill fill, Run run);

    unsigned workers_;
    uint32_t flows_;
    unsigned batches_;
    std::unique_ptr<Scene> scene_;
    std::unique_ptr<Crew> crew_;
    std::unique_ptr<Floor> floor_;
    uint32_t steps_ = 0;
    uint64_t lost_ = 0;
    double control_ = 0;
    double workers_time_ = 0;
};

}  // namespace sluice::bench
