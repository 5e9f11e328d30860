// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Recording: the thread that looks ahead and writes down, every ten seconds.
///
/// Shape    A row is due by the steady clock; one that comes late, for the thread got no CPU, tells
///          of its whole time.
/// Threads  One, in the background, from the start of this object to its end.
/// Errors   Where memory for a row is short it is left out, and counted (tally.h).

#include "command/address_traffic.h"
#include "command/outlooks.h"
#include "command/recorder.h"
#include "command/tally.h"
#include "listing/background.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace sluice::command {

/// What looks, and writes down; all outlive the thread.
struct Looks {
    Outlooks& outlooks;
    Recorder& recorder;
    AddressTraffic& addresses;
    Tally& tally;
};

class Recording {
public:
    Recording(const Looks& looks, const listing::Background& background,
              std::chrono::milliseconds interval = std::chrono::seconds(10));
    ~Recording();
    Recording(const Recording&) = delete;

private:
    void run();

    Looks looks_;
    listing::Background background_;
    std::chrono::milliseconds interval_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ends_ = false;
    std::thread thread_;  // last: all else is there when it starts
};

}  // namespace sluice::command
