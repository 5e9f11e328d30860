// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Volume: how much has come and gone by an interface.
///
/// Units    Frames, and their bytes as they are in memory: without check sequence, with padding,
///          and without the VLAN tag, wherever a port keeps that.
/// Threads  Each worker has counters of its own, by interface, and alone writes them.

#include "stats/counter.h"

#include <cstdint>

namespace sluice::stats {

struct Volume {
    uint64_t packets = 0;
    uint64_t bytes = 0;

    Volume& operator+=(const Volume& more) {
        packets += more.packets;
        bytes += more.bytes;
        return *this;
    }
    constexpr bool operator==(const Volume&) const = default;
};

struct BothVolumes {
    Volume in;
    Volume out;
};

class VolumeCounter {
public:
    void add(const Volume& more) {
        packets_.add(more.packets);
        bytes_.add(more.bytes);
    }
    Volume read() const { return {packets_.read(), bytes_.read()}; }

private:
    Counter packets_;
    Counter bytes_;
};

/// Of one interface, by one worker: a line of its own, so that workers do not write into another's.
struct alignas(64) InterfaceCounters {
    VolumeCounter in;
    VolumeCounter out;
};

}  // namespace sluice::stats
