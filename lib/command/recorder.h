// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Recorder: writes down every ten seconds what the gateway does, and answers for the last day.
///
/// Shape    Columns have a group each: packets, flows, drops (by reason), workers, load (of them),
///          ports, interfaces (the first 32). What was counted before the first row is in no row.
/// Threads  record() is one thread's, which is Recording's; answer() is any thread's.
/// Errors   A question that cannot be read is one sentence.
/// Memory   history/series.h. An answer has as many rows at most.

#include "base/result.h"
#include "command/outlooks.h"
#include "command/subject.h"
#include "history/series.h"
#include "listing/flow_filter.h"
#include "listing/flow_list.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::command {

class Recorder {
public:
    /// What is written down of whom; both outlive it.
    Recorder(const Subject& subject, const Outlooks& outlooks);

    /// A row that ends now.
    void record(std::time_t end, std::chrono::milliseconds since_last);

    /// Reads of=GROUP, since=SECONDS (an hour by default) and step=SECONDS (by default so that
    /// there are some 360). `now` is what the rows end with.
    Result<std::string> answer(listing::Query query, listing::Format format, std::time_t now) const;

private:
    struct Column {
        std::string group;
        std::string name;
        history::Kind kind;
    };
    struct Wish;

    static std::vector<Column> columns_of(const Subject& subject);
    static std::vector<history::Kind> kinds_of(const std::vector<Column>& columns);
    static Result<Wish> read(listing::Query query);
    std::vector<uint64_t> measure() const;
    std::string text(const history::Series::Wish& wish,
                     const std::vector<history::Series::Point>& points) const;
    std::string json(const history::Series::Wish& wish,
                     const std::vector<history::Series::Point>& points) const;

    const Subject& subject_;
    const Outlooks& outlooks_;
    const std::vector<Column> columns_;
    std::vector<uint64_t> before_;  // of each column

    mutable std::mutex mutex_;  // of what follows
    history::Series series_;
};

}  // namespace sluice::command
