// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Crew: the lanes of a rig, and a thread for each while they are at work.
///
/// Threads  The first lane is the caller's; each other has a thread of its own for the time of
///          each(), on another CPU where there is one.

#include "rig/lane.h"

#include <functional>
#include <string>
#include <vector>

namespace sluice::bench {

class Crew {
public:
    Crew(Rig& rig, Book& book);

    std::vector<Lane>& lanes() { return lanes_; }
    Rig& rig() { return rig_; }

    /// Calls work(lane) for all lanes at once; returns when all have come back.
    void each(const std::function<void(Lane&)>& work);

    /// What is wrong with what came out of any lane; empty if nothing.
    std::string fault() const;

private:
    Rig& rig_;
    std::vector<Lane> lanes_;
};

/// Opens the book's first `flows` flows, each from the lane of its number: the first packet and the
/// answer, of TCP the handshake. Then lets so much time pass that all of them are old. Returns how
/// many did not open.
uint32_t open_flows(Crew& crew, uint32_t flows);

}  // namespace sluice::bench
