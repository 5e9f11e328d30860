// SPDX-License-Identifier: BSD-3-Clause
#include "listing/flow_list.h"

#include "flow/reading.h"
#include "listing/doomed.h"
#include "listing/flow_text.h"
#include "listing/walk.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <vector>

namespace sluice::listing {
namespace {

constexpr uint32_t kPieceSegments = 16;

/// Some of the table's segments: [first, last).
struct Segments {
    uint32_t first;
    uint32_t last;
};

Segments all_segments(const flow::FlowTable& table) {
    return {0, (table.capacity() + kSegment - 1) / kSegment};
}

/// Which records of a segment are meant.
struct Meant {
    const FlowFilter& filter;
    std::optional<flow::Kind> kind = {};  ///< Nothing: all but blocks of ports.
};

/// Calls visit(index, entry) for those of one segment that match and have not expired.
template <typename Visit>
void visit_segment(flow::FlowTable& table, uint32_t segment, const Meant& meant, Tick now,
                   Visit visit) {
    // No structured binding: clang 14, which builds the fuzz targets, lets no lambda refer to one.
    const FlowFilter& filter = meant.filter;
    const std::optional<flow::Kind>& kind = meant.kind;
    const uint32_t first = segment * kSegment;
    table.for_each_live(first, first + kSegment, [&](uint32_t i, const flow::FlowRecord& record) {
        if (kind ? record.kind() != *kind
                 : record.kind() == flow::Kind::Block || record.kind() == flow::Kind::Expectation)
            return;
        const FlowEntry entry = read_entry(table, i, now);
        if (!entry.is_expired() && filter.matches(entry))
            visit(i, entry);
    });
}

// What is told of a segment, each within a reading of its own.

uint64_t count_in(flow::FlowTable& table, uint32_t segment, const Meant& meant, Tick now) {
    return flow::read_records(table, [&] {
        uint64_t matching = 0;
        visit_segment(table, segment, meant, now, [&](uint32_t, const FlowEntry&) { ++matching; });
        return matching;
    });
}

std::vector<Doomed> doomed_in(flow::FlowTable& table, uint32_t segment, const Meant& meant,
                              Tick now) {
    return flow::read_records(table, [&] {
        std::vector<Doomed> result;
        visit_segment(table, segment, meant, now, [&](uint32_t i, const FlowEntry&) {
            // relaxed: in a reading that is in time the record is of one flow only.
            result.push_back({i, table.record(i).life.load(std::memory_order_relaxed)});
        });
        return result;
    });
}

std::vector<FlowEntry> entries_in(flow::FlowTable& table, uint32_t segment, const Meant& meant,
                                  Tick now) {
    return flow::read_records(table, [&] {
        std::vector<FlowEntry> result;
        visit_segment(table, segment, meant, now,
                      [&](uint32_t, const FlowEntry& entry) { result.push_back(entry); });
        return result;
    });
}

/// In JSON each flow follows a comma; the listing takes the first one away.
std::string format_flows(const std::vector<FlowEntry>& entries, Format format,
                         const nat64::Naming& naming) {
    std::string text;
    text.reserve(entries.size() * (format == Format::Text ? 160 : 320));
    for (const FlowEntry& entry : entries) {
        if (format == Format::Text) {
            append_line(text, entry, naming);
        } else {
            text += ",\n";
            append_json(text, entry, naming);
        }
    }
    return text;
}

}  // namespace

class FlowList::Arena {
public:
    Arena(const Background& background, unsigned threads)
        : background_(background),
          parallelism_(tbb::global_control::max_allowed_parallelism, threads + 1),
          arena_(static_cast<int>(threads), 1) {}

    /// Runs work(segment) for each, in any order, and returns when all is done. The threads that
    /// TBB makes for that stay, so they are made at rest.
    template <typename Work>
    void for_each(Segments segments, const Work& work) {
        using Range = tbb::blocked_range<uint32_t>;
        const AtRest rest;
        arena_.execute([&] {
            tbb::parallel_for(
                Range(segments.first, segments.last, 1),
                [&](const Range& range) {
                    const AtWork working(background_);
                    for (uint32_t segment = range.begin(); segment != range.end(); ++segment)
                        work(segment);
                },
                tbb::simple_partitioner());
        });
    }

private:
    const Background background_;
    // Without this TBB starts no thread where the main thread is bound to one CPU, as EAL binds it.
    tbb::global_control parallelism_;
    tbb::task_arena arena_;
};

FlowList::FlowList(flow::FlowTable& table, const Background& background, unsigned threads)
    : table_(table), arena_(std::make_unique<Arena>(background, std::max(1u, threads))) {}

FlowList::~FlowList() = default;

uint64_t FlowList::count(const FlowFilter& filter, Tick now) const {
    std::atomic<uint64_t> total{0};
    arena_->for_each(all_segments(table_), [&](uint32_t segment) {
        // relaxed: read when all have ended
        total.fetch_add(count_in(table_, segment, {filter}, now), std::memory_order_relaxed);
    });
    return total.load(std::memory_order_relaxed);
}

uint64_t FlowList::kill(const FlowFilter& filter, Tick now, flow::Kind kind) const {
    std::atomic<uint64_t> total{0};
    arena_->for_each(all_segments(table_), [&](uint32_t segment) {
        const auto doomed = doomed_in(table_, segment, {filter, kind}, now);
        // relaxed: read when all have ended
        total.fetch_add(end_all(table_, doomed), std::memory_order_relaxed);
    });
    return total.load(std::memory_order_relaxed);
}

/// Walks the next segments and appends their flows.
void FlowList::Listing::append_piece(std::string& out, Tick now) {
    const uint32_t first = position_;
    const uint32_t last = std::min(first + kPieceSegments, all_segments(list_.table_).last);
    // From before the walk: a number that is given on meanwhile is not the next host's flow.
    const nat64::Naming naming = filter_.naming.now();
    std::array<std::string, kPieceSegments> texts;
    list_.arena_->for_each({first, last}, [&](uint32_t segment) {
        const auto entries = entries_in(list_.table_, segment, {filter_}, now);
        texts[segment - first] = format_flows(entries, format_, naming);
    });
    for (const std::string& text : texts)
        out += text;
    position_ = last;
}

bool FlowList::Listing::next(std::string& out, Tick now) {
    out.clear();
    const uint32_t end = all_segments(list_.table_).last;
    while (out.empty() && position_ < end)
        append_piece(out, now);
    if (format_ == Format::Text)
        return !out.empty();

    if (!opened_ && !out.empty()) {
        out.front() = '[';  // in the place of the first comma
        opened_ = true;
    }
    if (position_ == end && !closed_) {
        out += opened_ ? "\n]\n" : "[\n]\n";
        closed_ = true;
    }
    return !out.empty();
}

}  // namespace sluice::listing
