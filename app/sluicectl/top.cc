// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/top.h"

#include "sluicectl/client.h"
#include "sluicectl/failure.h"
#include "sluicectl/row_filter.h"
#include "sluicectl/screen.h"
#include "sluicectl/top_rows.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace sluicectl {
namespace {

using Clock = std::chrono::steady_clock;
using Key = Screen::Key;

constexpr size_t kMostOnce = 20;
constexpr size_t kMostOnScreen = 100;
constexpr size_t kMostFiltered = 10'000;  ///< Hosts among which a filter looks: all that are told.
constexpr const char* kKeys = " q quit   hosts by: f flows  p ports  r rate  b bytes   / filter ";

class Gateway {
public:
    explicit Gateway(std::string socket) : socket_(std::move(socket)) {}

    const char* order() const { return order_; }
    void sort_by(const char* order) { order_ = order; }

    sluice::Result<Reading> read(size_t most) const {
        Reading reading;
        const std::string count = std::to_string(most);
        struct Part {
            const char* path;
            std::multimap<std::string, std::string> query;
            nlohmann::json* into;
        };
        const Part parts[] = {
            {"/v1/hosts", {{"top", count}, {"by", order_}}, &reading.hosts},
            {"/v1/ports", {{"top", count}}, &reading.ports},
            {"/v1/stats", {}, &reading.stats},
        };
        for (const Part& part : parts) {
            Request request{.socket = socket_, .path = part.path, .query = part.query};
            request.query.emplace("format", "json");
            const auto answer = fetch(request);
            if (!answer)
                return answer.error();
            *part.into = nlohmann::json::parse(*answer, nullptr, false);
            if (part.into->is_discarded())
                return sluice::Error{"the gateway's answer to " + std::string(part.path) +
                                     " is no JSON."};
        }
        reading.at = Clock::now();
        return reading;
    }

private:
    std::string socket_;
    const char* order_ = "flows";
};

int print_once(const Gateway& gateway, std::chrono::seconds interval) {
    const auto before = gateway.read(kMostOnce);
    if (!before)
        return fail(before.error().message);
    std::this_thread::sleep_for(interval);
    const auto now = gateway.read(kMostOnce);
    if (!now)
        return fail(now.error().message);
    std::string text;
    for (const std::string& row : top_rows(*before, *now, kMostOnce))
        text += row + '\n';
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
        return EXIT_SUCCESS;
    // When nobody reads on, as behind `| head`, there is nothing to complain of.
    return errno == EPIPE ? EXIT_SUCCESS
                          : fail(std::string("cannot write: ") + std::strerror(errno) + ".");
}

/// Rows that each of the six lists has room for, beside what is always there.
size_t most_on(const Screen& screen) {
    constexpr unsigned kFixed = 16;
    constexpr unsigned kLists = 6;
    const unsigned height = screen.height();
    return std::clamp<size_t>(height > kFixed ? (height - kFixed) / kLists : 1, 1, kMostOnScreen);
}

/// What was read last, what was before it, and what kept it from being read again.
struct Readings {
    Reading before;
    Reading now;
    std::string trouble = {};

    void add(sluice::Result<Reading> reading) {
        trouble = reading ? "" : "these figures are old: " + reading.error().message;
        if (!reading)
            return;
        before = std::move(now);
        now = std::move(*reading);
    }
    std::vector<std::string> rows(size_t most, const RowFilter& filter) const {
        std::vector<std::string> result = top_rows(before, now, most, filter);
        if (!trouble.empty())
            result.insert(result.begin(), trouble);
        return result;
    }
};

const char* order_of(Key key) {
    switch (key) {
        case Key::Ports:
            return "ports";
        case Key::Rate:
            return "rate";
        case Key::Bytes:
            return "bytes";
        default:
            return "flows";
    }
}

/// What stands on the screen, and what the keys have made of it.
class View {
public:
    View(Gateway& gateway, Screen& screen, Reading first)
        : gateway_(gateway), screen_(screen), readings_{first, first} {}

    void show() { screen_.show(readings_.rows(most_on(screen_), filter_), kKeys + filter_.text()); }
    void read() { readings_.add(ask()); }
    /// A gateway that does not count bytes says so, and the order stays.
    void sort_by(const char* order) {
        const char* const before = gateway_.order();
        gateway_.sort_by(order);
        auto reading = ask();
        if (reading)
            return readings_.add(std::move(reading));
        readings_.trouble = reading.error().message;
        gateway_.sort_by(before);
    }
    void ask_for_filter() {
        if (auto line = screen_.read_line(" only: "))
            filter_ = RowFilter(std::move(*line));
        read();
    }

private:
    sluice::Result<Reading> ask() {
        return gateway_.read(filter_.text().empty() ? kMostOnScreen : kMostFiltered);
    }

    Gateway& gateway_;
    Screen& screen_;
    Readings readings_;
    RowFilter filter_;
};

int watch(Gateway& gateway, std::chrono::seconds interval) {
    auto first = gateway.read(kMostOnScreen);
    if (!first)
        return fail(first.error().message);
    auto opened = Screen::open();
    if (!opened)
        return fail(opened.error().message);
    View view(gateway, **opened, std::move(*first));
    auto next = Clock::now() + interval;
    for (;;) {
        view.show();
        const Key key = (*opened)->wait(next);
        if (key == Key::Quit)
            return EXIT_SUCCESS;
        if (key == Key::Resized)
            continue;
        if (key == Key::None)
            view.read();
        else if (key == Key::Filter)
            view.ask_for_filter();
        else
            view.sort_by(order_of(key));
        next = Clock::now() + interval;
    }
}

}  // namespace

int top(const Request& request) {
    Gateway gateway(request.socket);
    return request.top->is_once ? print_once(gateway, request.top->interval)
                                : watch(gateway, request.top->interval);
}

}  // namespace sluicectl
