// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/flow_log.h"

#include "collectors.h"
#include "testing/no_memory.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>

namespace flow_log_test {

using namespace sluice;
using namespace sluice::flowlog;
using namespace sluice::flowlog::testing;
using flow::Event;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr unsigned kSession = 256;
constexpr unsigned kLosses = 258;

std::unique_ptr<FlowLog> start(flow::Journal& journal, const Place& place) {
    FlowLogParams params;
    params.target = place.target();
    auto log = FlowLog::start(journal, params);
    REQUIRE(log);
    return std::move(*log);
}

/// Reads, counts and throws away what comes over one connection.
class Sink {
public:
    explicit Sink(const Place& place) : thread_([this, &place] { run(place.get()); }) {}
    ~Sink() {
        // relaxed: the thread needs to see it some time.
        stop_.store(true, std::memory_order_relaxed);
        thread_.join();
    }
    Sink(const Sink&) = delete;

    /// relaxed: a figure that grows.
    uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

private:
    void run(int listener) {
        pollfd readable{listener, POLLIN, 0};
        int descriptor = -1;
        while (!stop_.load(std::memory_order_relaxed)) {
            if (descriptor >= 0)
                bytes_.fetch_add(receive(descriptor, milliseconds(10)).size(),
                                 std::memory_order_relaxed);
            else if (poll(&readable, 1, 10) == 1)
                descriptor = accept(listener, nullptr, nullptr);
        }
        if (descriptor >= 0)
            close(descriptor);
    }

    std::atomic<bool> stop_{false};
    std::atomic<uint64_t> bytes_{0};
    std::thread thread_;
};

/// Nobody else takes from it what was sent.
void wait_for_bytes(const Sink& sink, uint64_t bytes) {
    const auto end = steady_clock::now() + seconds(10);
    while (sink.bytes() < bytes) {
        REQUIRE(steady_clock::now() < end);
        std::this_thread::sleep_for(milliseconds(1));
    }
}

}  // namespace

TEST_CASE("flow log: what is written into the journal reaches the collector by itself",
          "[flowlog]") {
    Place place(SOCK_DGRAM);
    flow::Journal journal(2);
    CHECK_FALSE(journal.is_heard());
    const auto log = start(journal, place);
    CHECK(journal.is_heard());
    journal.write(0, session(Event::Opened, 1000));
    journal.write(1, session(Event::Ended, 2000));
    ExportReader reader;
    const auto end = steady_clock::now() + seconds(10);
    while (reader.of(kSession).size() < 2) {
        REQUIRE(steady_clock::now() < end);
        reader.read_all(receive(place.get(), milliseconds(100)));
    }
    log->stop();
    CHECK(log->sent() == 2);
    CHECK(log->lost() == 0);
}

TEST_CASE("flow log: its end tells what was written before", "[flowlog]") {
    const int type = GENERATE(SOCK_DGRAM, SOCK_STREAM);
    Place place(type);
    flow::Journal journal(1);
    const auto log = start(journal, place);
    for (uint16_t port = 1; port <= 500; ++port)
        journal.write(0, session(Event::Opened, port));
    log->stop();
    CHECK(log->sent() == 500);
    CHECK(log->lost() == 0);
}

TEST_CASE("flow log: what it was too slow for is counted, and told", "[flowlog]") {
    Place place(SOCK_DGRAM);
    flow::Journal journal(1);
    FlowLogParams params;
    params.target = place.target();
    std::atomic<bool> may_run{false};
    params.background.on_entry = [&] { may_run.wait(false); };
    const auto log = std::move(FlowLog::start(journal, params).value());
    for (uint64_t n = 0; n < flow::Journal::kEntries + 11; ++n)
        journal.write(0, session(Event::Opened));
    may_run = true;
    may_run.notify_one();
    ExportReader reader;
    const auto end = steady_clock::now() + seconds(10);
    while (reader.of(kLosses).empty()) {
        REQUIRE(steady_clock::now() < end);
        reader.read_all(receive(place.get(), milliseconds(100)));
    }
    CHECK(reader.of(kLosses)[0].at(166) == 11);
    CHECK(log->lost() == 11);
}

TEST_CASE("flow log: what happens to copies of another gateway's flows is not told, nor lost",
          "[flowlog]") {
    Place place(SOCK_DGRAM);
    flow::Journal journal(1);
    FlowLogParams params;
    params.target = place.target();
    std::atomic<int64_t> own_from{2'000};
    params.is_own = [&](int64_t moment) { return moment >= own_from; };
    std::atomic<bool> may_run{false};
    params.background.on_entry = [&] { may_run.wait(false); };
    const auto at = [](flow::JournalEntry entry, int64_t time) {
        entry.time = time;
        return entry;
    };
    SECTION("those that were read") {
        const auto log = std::move(FlowLog::start(journal, params).value());
        journal.write(0, at(session(Event::Opened, 1000), 1'000));
        journal.write(0, at(session(Event::Ended, 1000), 1'999));
        journal.write(0, at(session(Event::Ended, 1001), 2'000));
        may_run = true;
        may_run.notify_one();
        log->stop();
        CHECK(log->sent() == 1);
        CHECK(log->lost() == 0);
    }
    SECTION("those that it was too slow for") {
        own_from = INT64_MAX;
        const auto log = std::move(FlowLog::start(journal, params).value());
        for (uint64_t n = 0; n < flow::Journal::kEntries + 11; ++n)
            journal.write(0, at(session(Event::Ended), 1'000));
        may_run = true;
        may_run.notify_one();
        log->stop();
        CHECK(log->sent() == 0);
        CHECK(log->lost() == 0);
    }
}

namespace {

/// A log whose thread may be short of memory, and what it says then.
struct Starved {
    explicit Starved(const Place& place) {
        FlowLogParams params;
        params.target = place.target();
        params.background.on_entry = [this] { test::starve(is_short); };
        params.notice = [this](const std::string& text) {
            text.copy(said.data(), said.size() - 1);
        };
        log = std::move(FlowLog::start(journal, params).value());
    }
    void write(unsigned count) {
        for (unsigned i = 0; i < count; ++i)
            journal.write(0, session(Event::Opened));
    }
    bool has_said(const char* text) const {
        return std::string(said.data()).find(text) != std::string::npos;
    }

    std::atomic<bool> is_short{false};
    std::array<char, 256> said{};
    flow::Journal journal{1};
    std::unique_ptr<FlowLog> log;
};

void wait_until_read(const Place& place, ExportReader& reader, size_t records) {
    const auto end = steady_clock::now() + seconds(10);
    while (reader.of(kSession).size() < records) {
        REQUIRE(steady_clock::now() < end);
        reader.read_all(receive(place.get(), milliseconds(100)));
    }
}

}  // namespace

TEST_CASE("flow log: what it has no memory to read in its last turn is counted, and told",
          "[flowlog]") {
    Place place(SOCK_DGRAM);
    Starved starved(place);
    starved.is_short = true;
    starved.write(500);
    starved.log->stop();
    CHECK(starved.log->sent() == 0);
    CHECK(starved.log->lost() == 500);
    CHECK(starved.has_said("it ends, and 500 records that were not delivered are lost"));
}

TEST_CASE("flow log: what it has no memory to tell of is counted, and told", "[flowlog]") {
    Place place(SOCK_DGRAM);
    Starved starved(place);
    // From now on it has room for so many that it reads.
    starved.write(20);
    ExportReader reader;
    wait_until_read(place, reader, 20);
    starved.is_short = true;
    starved.write(10);
    const bool ends = GENERATE(false, true);
    if (ends) {
        starved.log->stop();
        CHECK(starved.log->sent() == 20);
        CHECK(starved.has_said("it ends, and "));
    } else {
        const auto end = steady_clock::now() + seconds(10);
        while (starved.log->lost() != 10) {
            REQUIRE(steady_clock::now() < end);
            std::this_thread::yield();
        }
        starved.is_short = false;
        while (reader.of(kLosses).empty()) {
            REQUIRE(steady_clock::now() < end);
            reader.read_all(receive(place.get(), milliseconds(100)));
        }
        CHECK(reader.of(kLosses)[0].at(166) == 10);
    }
    CHECK(starved.log->lost() == 10);
}

TEST_CASE("flow log: what waits in the journal while memory is short is told when there is some",
          "[flowlog]") {
    Place place(SOCK_DGRAM);
    Starved starved(place);
    starved.is_short = true;
    starved.write(500);
    starved.is_short = false;
    starved.log->stop();
    CHECK(starved.log->sent() == 500);
    CHECK(starved.log->lost() == 0);
}

/// Not part of the suite, for it takes 20 s and a machine of its own. By hand, unit "[rate]" prints
/// the table of docs/performance.md, and fails where less than that is held.
TEST_CASE("flow log: how many events a second go to a collector by TCP", "[.][rate]") {
    Place place(SOCK_STREAM);
    const Sink sink(place);
    const unsigned per_millisecond = GENERATE(100u, 300u, 500u, 700u, 1000u, 1500u);
    constexpr unsigned kMilliseconds = 3000;
    constexpr unsigned kHeld = 300;  // for each millisecond, at the least
    constexpr uint64_t kRecordBytes = 42;
    flow::Journal journal(1);
    const auto log = start(journal, place);
    const flow::JournalEntry entry = session(Event::Opened);
    auto next = steady_clock::now();
    for (unsigned i = 0; i < kMilliseconds; ++i) {
        for (unsigned n = 0; n < per_millisecond; ++n)
            journal.write(0, entry);
        std::this_thread::sleep_until(next += milliseconds(1));
    }
    log->stop();
    std::printf("%7u events/s: %lu sent, %lu lost\n", per_millisecond * 1000, log->sent(),
                log->lost());
    CHECK(log->sent() + log->lost() == uint64_t{per_millisecond} * kMilliseconds);
    if (per_millisecond <= kHeld)
        CHECK(log->lost() == 0);
    wait_for_bytes(sink, log->sent() * kRecordBytes);
}

}  // namespace flow_log_test
