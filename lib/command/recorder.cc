// SPDX-License-Identifier: BSD-3-Clause
#include "command/recorder.h"

#include "command/question.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

namespace sluice::command {
namespace {

using history::Kind;
using history::Series;
using listing::Format;
using listing::Query;
using stats::Count;

constexpr std::time_t kRow = 10;  // seconds
constexpr std::time_t kDay = 86400;
constexpr std::time_t kPoints = 360;  // where nobody says how many
constexpr size_t kMostInterfaces = 32;

struct Counted {
    const char* group;
    Count count;
};
constexpr Counted kCounted[] = {
    {"packets", Count::Received},   {"packets", Count::Originated}, {"packets", Count::Transmitted},
    {"packets", Count::Consumed},   {"flows", Count::FlowsOpened},  {"flows", Count::FlowsClosed},
    {"flows", Count::FlowsExpired}, {"flows", Count::EarlyDropped},
};

/// Whole seconds in a range; what is not said is `otherwise`.
Result<std::time_t> take_seconds(Query& query, const std::string& name, std::time_t otherwise) {
    const auto word = take(query, name);
    if (!word)
        return otherwise;
    std::time_t seconds = 0;
    const char* const last = word->data() + word->size();
    const auto [end, error] = std::from_chars(word->data(), last, seconds);
    if (error != std::errc{} || end != last || seconds < kRow || seconds > kDay)
        return Error{name + "=" + *word + " is not a number of seconds from 10 to 86400."};
    return seconds;
}

uint64_t kbit(uint64_t bytes) {
    return bytes / 125;
}

std::string time_text(std::time_t time) {
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

/// "12", "0.3".
std::string number_text(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(),
                  value < 10 && value != std::floor(value) ? "%.1f" : "%.0f", value);
    return text.data();
}

}  // namespace

struct Recorder::Wish {
    std::string group;
    std::time_t since;
    std::time_t step;
};

std::vector<Recorder::Column> Recorder::columns_of(const Subject& subject) {
    std::vector<Column> columns;
    for (const Counted& each : kCounted)
        columns.push_back({each.group, std::string(stats::count_name(each.count)), Kind::Rate});
    columns.push_back({"packets", "dropped", Kind::Rate});
    columns.push_back({"flows", "live", Kind::Level});
    columns.push_back({"ports", "fullest_per_mille", Kind::Level});
    columns.push_back({"ports", "packets_without_port", Kind::Rate});
    for (size_t i = 0; i < stats::kDropCount; ++i)
        columns.push_back(
            {"drops", std::string(stats::drop_name(static_cast<stats::Drop>(i))), Kind::Rate});
    for (size_t i = 0; i < subject.workers.size(); ++i)
        columns.push_back({"workers", "worker_" + std::to_string(i), Kind::Rate});
    for (size_t i = 0; i < subject.workers.size(); ++i)
        columns.push_back({"load", "worker_" + std::to_string(i) + "_busy_per_mille", Kind::Rate});
    const std::vector<listing::InterfaceName> names = subject.interfaces();
    for (size_t i = 0; i < std::min(names.size(), kMostInterfaces); ++i)
        for (const char* what : {"_in_packets", "_in_kbit", "_out_packets", "_out_kbit"})
            columns.push_back({"interfaces", names[i].name + what, Kind::Rate});
    columns.resize(std::min(columns.size(), Series::kMostColumns), Column{{}, {}, Kind::Rate});
    return columns;
}

std::vector<Kind> Recorder::kinds_of(const std::vector<Column>& columns) {
    std::vector<Kind> kinds;
    for (const Column& column : columns)
        kinds.push_back(column.kind);
    return kinds;
}

Recorder::Recorder(const Subject& subject, const Outlooks& outlooks)
    : subject_(subject),
      outlooks_(outlooks),
      columns_(columns_of(subject)),
      before_(measure()),
      series_(kinds_of(columns_)) {}

/// In the order of columns_of().
std::vector<uint64_t> Recorder::measure() const {
    const stats::Snapshot total = subject_.snapshot();
    std::vector<uint64_t> values;
    for (const Counted& each : kCounted)
        values.push_back(total.count[each.count]);
    values.push_back(total.dropped());
    values.push_back(subject_.flows.size());
    values.push_back(outlooks_.fullest());
    uint64_t exhausted = 0;
    for (const PoolAddress& each : subject_.pools())
        exhausted += each.exhausted;
    values.push_back(exhausted);
    for (size_t i = 0; i < stats::kDropCount; ++i)
        values.push_back(total.drop[static_cast<stats::Drop>(i)]);
    for (const stats::Counters* worker : subject_.workers)
        values.push_back(worker->count[Count::Received].read());
    // Milliseconds in a second are thousandths of it.
    for (const stats::Counters* worker : subject_.workers)
        values.push_back(worker->load.busy_nanoseconds.read() / 1'000'000);
    for (size_t i = 0; i < std::min(total.interfaces.size(), kMostInterfaces); ++i)
        for (const stats::Volume& volume : {total.interfaces[i].in, total.interfaces[i].out}) {
            values.push_back(volume.packets);
            values.push_back(kbit(volume.bytes));
        }
    values.resize(columns_.size());
    return values;
}

void Recorder::record(std::time_t end, std::chrono::milliseconds since_last) {
    std::vector<uint64_t> now = measure();
    std::vector<uint64_t> row = now;
    // A sum over threads may be read a little short, and then be more than the next.
    for (size_t i = 0; i < row.size(); ++i)
        if (columns_[i].kind == Kind::Rate)
            row[i] -= std::min(before_[i], row[i]);
    before_ = std::move(now);
    const std::lock_guard lock(mutex_);
    series_.add(end, static_cast<uint32_t>(std::max<int64_t>(since_last.count(), 1)), row);
}

Result<Recorder::Wish> Recorder::read(Query query) {
    constexpr std::string_view kGroups[] = {"packets", "flows", "drops",     "workers",
                                            "load",    "ports", "interfaces"};
    const std::string group = take(query, "of").value_or("packets");
    if (std::find(std::begin(kGroups), std::end(kGroups), group) == std::end(kGroups))
        return Error{"of=" + group +
                     " is neither packets, flows, drops, workers, load, ports nor interfaces."};
    const auto since = take_seconds(query, "since", 3600);
    if (!since)
        return since.error();
    const std::time_t rows = (*since + kPoints * kRow - 1) / (kPoints * kRow);  // in a step
    const auto step = take_seconds(query, "step", rows * kRow);
    if (!step)
        return step.error();
    if (!query.empty())
        return Error{query.begin()->first +
                     " is not known here, or given twice; there are of, since, step and format."};
    return Wish{group, *since, *step};
}

Result<std::string> Recorder::answer(Query query, Format format, std::time_t now) const {
    const Result<Wish> read_wish = read(std::move(query));
    if (!read_wish)
        return read_wish.error();
    const Wish& wish = *read_wish;
    Series::Wish asked{.since = now - wish.since, .step = wish.step};
    for (size_t i = 0; i < columns_.size(); ++i)
        if (columns_[i].group == wish.group)
            asked.columns.push_back(i);
    std::vector<Series::Point> points;
    {
        const std::lock_guard lock(mutex_);
        points = series_.points(asked);
    }
    return format == Format::Text ? text(asked, points) : json(asked, points);
}

/// Of many columns those in which something happened.
std::string Recorder::text(const Series::Wish& wish,
                           const std::vector<Series::Point>& points) const {
    constexpr size_t kWidth = 12;
    std::vector<size_t> shown;
    for (size_t i = 0; i < wish.columns.size(); ++i)
        if (columns_[wish.columns[i]].group != "drops" ||
            std::any_of(points.begin(), points.end(),
                        [i](const Series::Point& point) { return point.values[i] != 0; }))
            shown.push_back(i);
    std::string table = "time                ";
    const auto add_cell = [&](const std::string& cell, size_t width) {
        table += "  " + std::string(width - std::min(width, cell.size()), ' ') + cell;
    };
    const auto width_of = [&](size_t i) {
        return std::max(kWidth, columns_[wish.columns[i]].name.size());
    };
    for (const size_t i : shown)
        add_cell(columns_[wish.columns[i]].name, width_of(i));
    table += '\n';
    for (const Series::Point& point : points) {
        table += time_text(point.begin);
        for (const size_t i : shown)
            add_cell(number_text(point.values[i]), width_of(i));
        table += '\n';
    }
    return table;
}

std::string Recorder::json(const Series::Wish& wish,
                           const std::vector<Series::Point>& points) const {
    nlohmann::ordered_json columns = nlohmann::ordered_json::array();
    for (const size_t column : wish.columns)
        columns.push_back(columns_[column].name);
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const Series::Point& point : points) {
        nlohmann::ordered_json row = nlohmann::ordered_json::array({point.begin});
        for (const double value : point.values)
            row.push_back(std::round(value * 10) / 10);
        rows.push_back(std::move(row));
    }
    return nlohmann::ordered_json{
               {"step", wish.step}, {"columns", std::move(columns)}, {"rows", std::move(rows)}}
               .dump() +
           "\n";
}

}  // namespace sluice::command
