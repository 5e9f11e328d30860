// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// State file: where the flows of this process lie, so that the next one has them too (--state).
///
/// Shape    A file in memory (base/memory_file.h) with an image in it (state/image.h). What another
///          process has left there is adopted where it is; where that had room for another number
///          of flows, other accounts or other numbers, it is moved into a file of the wanted shape,
///          which then takes the other's place: whoever is killed meanwhile leaves the first as it
///          was.
/// Errors   open() says in one sentence what is wrong with the file. An image that is of no use is
///          emptied, and found() says so, unless it is of another build or another size of blocks
///          and `refuses` is set; somebody else's file is never emptied.
/// Threads  Opened by one; touch() and stop() are the control core's.

#include "base/memory_file.h"
#include "base/monotonic.h"
#include "base/result.h"
#include "flow/record_memory.h"
#include "state/image.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sluice::state {

struct StateParams {
    std::string path;
    Shape shape;
    int numa_node = -1;
    bool refuses = false;  ///< An image that does not fit is an error.
};

class StateFile {
public:
    static Result<StateFile> open(const StateParams& params);

    /// What was in it.
    struct Found {
        bool has_records = false;                 ///< They are to be adopted.
        bool was_stopped = false;                 ///< The process before ended in order.
        int64_t absence = 0;                      ///< Nanoseconds since it last turned.
        uint64_t without_room = 0;                ///< Of its records, those left out in moving.
        std::optional<std::string> emptied = {};  ///< Why what was there was of no use.
    };
    const Found& found() const { return found_; }

    /// For the flow table.
    flow::RecordMemory records() const { return Image(file_.memory()).records(); }
    /// For nat64::Numbers.
    std::span<std::byte> numbers() const { return Image(file_.memory()).numbers(); }
    std::span<std::byte> peers() const { return Image(file_.memory()).peers(); }
    /// The clock of the ticks in it.
    MonotonicClock clock() const;
    size_t bytes() const { return file_.memory().size(); }

    /// The process turns; how often this is said decides how well an absence is known.
    void touch();
    /// No flow changes any more: the process ends in order.
    void stop();

private:
    explicit StateFile(MemoryFile file) : file_(std::move(file)) {}
    Status begin(const StateParams& params, const Moment& moment);
    Status adopt(const StateParams& params, const Moment& moment, bool is_in_shape);
    Status move(const StateParams& params, const Moment& moment);
    Header& header() const { return Image(file_.memory()).header(); }

    MemoryFile file_;
    Found found_;
};

}  // namespace sluice::state
