// SPDX-License-Identifier: BSD-3-Clause
#include "state/state_file.h"

#include <chrono>
#include <cstdio>
#include <span>

namespace sluice::state {
namespace {

/// Beside the file, while its records are moved.
constexpr const char* kMovedSuffix = ".new";

Error of_flag(const Error& error) {
    return Error{"--state " + error.message};
}

/// Zeros where the file is shorter than a header.
void read_header(const MemoryFile& file, Header& header) {
    file.read(std::as_writable_bytes(std::span(&header, 1)));
}

}  // namespace

Result<StateFile> StateFile::open(const StateParams& params) {
    using enum Reading::Worth;
    auto file = MemoryFile::open(params.path);
    if (!file)
        return of_flag(file.error());
    StateFile state(std::move(*file));
    Header header;
    read_header(state.file_, header);
    const Moment moment = read_moment();
    const Reading reading = read_image(header, state.file_.size(), params.shape, moment);
    const bool is_refused = reading.worth == Mismatch && params.refuses;
    if (reading.worth == Foreign || is_refused)
        return Error{"--state " + params.path + ": " + reading.why +
                     (is_refused ? " (--state-mismatch refuse)" : "")};
    const bool is_good = reading.worth == Good || reading.worth == OtherShape;
    if (!is_good && reading.worth != Nothing)
        state.found_.emptied = reading.why;
    const Status status =
        is_good ? state.adopt(params, moment, reading.worth == Good) : state.begin(params, moment);
    if (!status)
        return of_flag(status.error());
    return state;
}

Status StateFile::begin(const StateParams& params, const Moment& moment) {
    if (Status status = file_.map(image_bytes(params.shape), params.numa_node, false); !status)
        return status;
    state::begin(header(), params.shape, moment);
    return Done{};
}

Status StateFile::adopt(const StateParams& params, const Moment& moment, bool is_in_shape) {
    // As long as it says itself: so much is to be read, and is reserved.
    Header header;
    read_header(file_, header);
    if (Status status = file_.map(image_bytes(header.shape()), params.numa_node, true); !status)
        return status;
    if (!is_in_shape)
        if (Status status = move(params, moment); !status)
            return status;
    Header& own = this->header();
    // relaxed: no other thread is there, and no other process.
    found_.has_records = true;
    found_.was_stopped = own.phase.load(std::memory_order_relaxed) == Phase::Stopped;
    found_.absence = moment.now - own.last_seen.load(std::memory_order_relaxed);
    own.phase.store(Phase::Running, std::memory_order_relaxed);
    return Done{};
}

/// Into a file of the wanted shape, whose header is the old one's but for that.
Status StateFile::move(const StateParams& params, const Moment& moment) {
    auto opened = MemoryFile::open(params.path + kMovedSuffix);
    if (!opened)
        return opened.error();
    MemoryFile file = std::move(*opened);
    if (Status status = file.map(image_bytes(params.shape), params.numa_node, false); !status) {
        std::remove((params.path + kMovedSuffix).c_str());
        return status;
    }
    const Image from(file_.memory());
    const Image to(file.memory());
    Header& made = to.header();
    made.set_shape(params.shape);
    found_.without_room = move_image(from, to);
    state::begin(made, params.shape, moment);
    made.clock_start = from.header().clock_start;
    made.last_seen.store(from.header().last_seen.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
    made.phase.store(from.header().phase.load(std::memory_order_relaxed),
                     std::memory_order_relaxed);
    if (Status status = file.rename(params.path); !status)
        return status;
    file_ = std::move(file);
    return Done{};
}

MonotonicClock StateFile::clock() const {
    return MonotonicClock(MonotonicClock::Time(std::chrono::nanoseconds(header().clock_start)));
}

// relaxed: the next process reads these when this one is gone.

void StateFile::touch() {
    using std::chrono::steady_clock;
    const auto now = std::chrono::nanoseconds(steady_clock::now().time_since_epoch());
    header().last_seen.store(now.count(), std::memory_order_relaxed);
}

void StateFile::stop() {
    touch();
    header().phase.store(Phase::Stopped, std::memory_order_relaxed);
}

}  // namespace sluice::state
