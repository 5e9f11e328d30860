// SPDX-License-Identifier: BSD-3-Clause
#include "table.h"

#include "eal.h"
#include "huge_pages.h"
#include "report.h"
#include "rig/bench.h"
#include "tables.h"

#include <rte_cycles.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <pthread.h>
#include <random>
#include <thread>

namespace sluice::bench {
namespace {

// Flows are powers of two, because rte_hash rounds up to one: so both have the same load.
constexpr unsigned kFindLoad = 80;
constexpr unsigned kExtendFrom = 95;  // percent, where rte_hash needs its extra buckets

constexpr size_t kLookups = 1u << 16;  // of a round
constexpr uint32_t kPairs = 1u << 14;  // opened and closed in a round

uint32_t live_at(uint32_t flows, unsigned load) {
    return static_cast<uint32_t>(uint64_t{flows} * load / 100);
}

double per_operation(uint64_t cycles, uint64_t operations) {
    return static_cast<double>(cycles) / static_cast<double>(operations);
}

/// Tuples of random flows of [first, last), both directions mixed.
std::vector<net::Tuple> random_tuples(uint32_t first, uint32_t last, std::mt19937& random) {
    std::vector<net::Tuple> tuples(kLookups);
    std::uniform_int_distribution<uint32_t> number(first, last - 1);
    for (net::Tuple& tuple : tuples)
        tuple = random() % 2 == 0 ? original_of(number(random)) : reply_of(number(random));
    return tuples;
}

/// What this thread has used of a CPU, in cycles of the TSC: others on the machine take no part.
uint64_t cycles_used() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    const auto nanoseconds =
        static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(used.tv_nsec);
    static const double per_nanosecond = static_cast<double>(rte_get_tsc_hz()) / 1e9;
    return static_cast<uint64_t>(static_cast<double>(nanoseconds) * per_nanosecond);
}

template <typename Work>
double cycles_of(uint64_t operations, Work work) {
    const uint64_t start = cycles_used();
    work();
    return per_operation(cycles_used() - start, operations);
}

nlohmann::ordered_json case_of(const char* operation, uint32_t flows, unsigned load) {
    return {{"op", operation}, {"flows", flows}, {"load", load}};
}

Peer compared(const char* name, const Samples& ours, const Samples& theirs) {
    return {name, theirs.median(), theirs.median() / ours.median()};
}

/// All tables with the same flows in them: numbers [0, live).
class Field {
public:
    static Result<std::unique_ptr<Field>> create(uint32_t flows, unsigned load, bool with_tbb,
                                                 PageKind pages) {
        auto ours = OurTable::create(flows, pages);
        if (!ours)
            return ours.error();
        std::unique_ptr<Field> field(new Field(flows, load, std::move(ours.value())));
        auto peer = RteHash::create(flows, load >= kExtendFrom, field->ours_);
        if (!peer)
            return peer.error();
        field->rte_ = std::make_unique<RteHash>(std::move(peer.value()));
        if (with_tbb)
            field->tbb_ = std::make_unique<TbbMap>(field->ours_);
        if (const uint32_t missing = field->fill(); missing != 0)
            return Error{std::to_string(missing) + " flows found no room"};
        return field;
    }

    Figure find(bool hits, unsigned rounds, double target) {
        Figure figure = figure_of(hits ? "find hit" : "find miss", "cycles/lookup", target);
        Samples rte;
        Samples tbb;
        for (unsigned round = 0; round < rounds; ++round) {
            // Each in its turn comes first, and none finds the records that another has warmed.
            if (round % 2 == 0)
                figure.ours.add(time_find(ours_, hits));
            rte.add(time_find(*rte_, hits));
            if (round % 2 == 1)
                figure.ours.add(time_find(ours_, hits));
            ours_.member().quiescent();
        }
        for (unsigned round = 0; tbb_ && round < rounds; ++round)
            tbb.add(time_find(*tbb_, hits));
        figure.peer = compared("rte_hash", figure.ours, rte);
        if (tbb_)
            figure.context = compared("tbb", figure.ours, tbb);
        figure.reached = figure.peer->ratio >= target;
        return figure;
    }

    /// Opens and closes flows; as many are live after a round as before.
    Figure open_close(unsigned rounds, double target) {
        Figure figure = figure_of("open and close", "cycles/flow", target);
        Samples rte;
        for (unsigned round = 0; round < rounds; ++round) {
            const uint32_t first = live_ + round * kPairs;
            figure.ours.add(cycles_of(kPairs, [&] { churn_ours(first); }));
            rte.add(cycles_of(kPairs, [&] { churn_rte(first); }));
        }
        figure.peer = compared("rte_hash", figure.ours, rte);
        figure.reached = figure.peer->ratio >= target;
        return figure;
    }

    Figure find_beside_writer(unsigned rounds, double target);

private:
    static constexpr uint32_t kOpen = kBurst;  // opened before the first of them is closed

    Field(uint32_t flows, unsigned load, OurTable ours)
        : flows_(flows), load_(load), live_(live_at(flows, load)), ours_(std::move(ours)) {}

    Figure figure_of(const char* operation, const char* unit, double target) const {
        Figure figure;
        figure.of = case_of(operation, flows_, load_);
        figure.unit = unit;
        figure.target = target;
        return figure;
    }

    /// Cycles per lookup of random tuples, all of them present or none; the answers are checked.
    template <typename Table>
    double time_find(Table& table, bool hits) {
        const auto tuples =
            hits ? random_tuples(0, live_, random_) : random_tuples(live_, live_ + flows_, random_);
        uint64_t found = 0;
        const double cycles = cycles_of(kLookups, [&] { found = table.find(tuples); });
        if (found != (hits ? tuples.size() : 0)) {
            std::fprintf(stderr, "sluice-bench: a lookup gave a wrong answer\n");
            std::abort();
        }
        return cycles;
    }

    uint32_t fill() {
        uint32_t missing = 0;
        for (uint32_t n = 0; n < live_; ++n) {
            const int64_t index = ours_.open(n);
            const bool opened = index >= 0 && rte_->open(n, static_cast<uint32_t>(index));
            missing += opened ? 0 : 1;
            if (tbb_ && opened)
                tbb_->open(n, static_cast<uint32_t>(index));
        }
        return missing;
    }

    void churn_ours(uint32_t first) {
        std::array<int64_t, kOpen> indexes;
        for (uint32_t n = first; n < first + kPairs; n += kOpen) {
            ours_.open_burst(n, indexes);
            for (const int64_t index : indexes)
                if (index >= 0)
                    ours_.close(static_cast<uint32_t>(index));
            ours_.member().quiescent();
        }
    }

    void churn_rte(uint32_t first) {
        for (uint32_t n = first; n < first + kPairs; n += kOpen) {
            for (uint32_t i = 0; i < kOpen; ++i)
                rte_->open(n + i, i);
            for (uint32_t i = 0; i < kOpen; ++i)
                rte_->close(n + i);
            ours_.member().quiescent();
        }
    }

    uint32_t flows_;
    unsigned load_;
    uint32_t live_;
    OurTable ours_;
    std::unique_ptr<RteHash> rte_;
    std::unique_ptr<TbbMap> tbb_;
    std::mt19937 random_{1};
};

/// A thread on the second CPU that opens and closes flows as fast as it can while asked to.
class Writer {
public:
    Writer(OurTable& ours, uint32_t first)
        : ours_(ours), first_(first), thread_([this] { run(); }) {}
    ~Writer() {
        stop_ = true;
        thread_.join();
    }
    void set_busy(bool busy) {
        busy_ = busy;
        while (is_busy_ != busy) {
        }
    }

private:
    void run() {
        pin_to_another_cpu();
        flow::Member member(ours_.table());
        for (uint32_t n = 0; !stop_; n = (n + 32) % (1u << 18)) {
            is_busy_ = busy_.load();
            member.quiescent();
            if (busy_)
                churn(member, first_ + n);
        }
    }

    void churn(flow::Member& member, uint32_t n) {
        std::array<uint32_t, 32> indexes{};
        const unsigned taken = member.take(indexes);
        for (unsigned i = 0; i < taken; ++i) {
            flow::FlowRecord& record = ours_.table().record(indexes[i]);
            record.tuple = {original_of(n + i), reply_of(n + i)};
            record.deadline.store(kFar, std::memory_order_relaxed);
            member.insert(indexes[i], kNow);
        }
        for (unsigned i = 0; i < taken; ++i)
            member.kill(indexes[i], ours_.table().record(indexes[i]).life.load());
    }

    OurTable& ours_;
    uint32_t first_;
    std::atomic<bool> stop_ = false;
    std::atomic<bool> busy_ = false;
    std::atomic<bool> is_busy_ = false;
    std::thread thread_;
};

Figure Field::find_beside_writer(unsigned rounds, double target) {
    Figure figure = figure_of("find beside writer", "cycles/lookup", target);
    Samples quiet;
    Writer writer(ours_, live_ + flows_);
    for (unsigned round = 0; round < rounds; ++round) {
        const auto tuples = random_tuples(0, live_, random_);
        const auto find = [&] { ours_.find(tuples); };
        writer.set_busy(false);
        quiet.add(cycles_of(kLookups, find));
        writer.set_busy(true);
        figure.ours.add(cycles_of(kLookups, find));
        ours_.member().quiescent();
    }
    figure.peer = compared("quiet", figure.ours, quiet);
    figure.reached = figure.peer->ratio >= target;
    return figure;
}

/// How full the table is when it first finds no room.
Result<Figure> fill_up(PageKind pages) {
    auto ours = OurTable::create(k1M, pages);
    if (!ours)
        return ours.error();
    uint32_t n = 0;
    while (ours->open(n) >= 0)
        ++n;
    Figure figure;
    figure.unit = "% of slots";
    figure.ours.add(100.0 * 2 * n / static_cast<double>(ours->table().slots()));
    figure.of = case_of("fill", k1M, static_cast<unsigned>(figure.ours.median()));
    figure.at_least(97);
    return figure;
}

Result<Figure> bytes_per_flow(PageKind pages) {
    flow::FlowTableParams params;
    params.capacity = k1M;
    params.pages = pages;
    params.index_load = 85;
    const auto table = flow::FlowTable::create(params);
    if (!table)
        return table.error();
    Figure figure;
    figure.of = case_of("memory", k1M, 85);
    figure.unit = "bytes/flow";
    figure.ours.add(static_cast<double>(table.value()->bytes()) / k1M);
    figure.at_most(160);
    return figure;
}

/// How long a start waits for the memory of a large table: it is taken and zeroed.
Result<Figure> start(const TableOptions& options) {
    Figure figure;
    figure.of = case_of("start", k10M, 85);
    figure.unit = "s";
    for (unsigned round = 0; round < options.rounds; ++round) {
        const uint64_t before = rte_rdtsc_precise();
        const auto table = flow::FlowTable::create({.capacity = k10M, .pages = options.pages});
        if (!table)
            return table.error();
        const uint64_t cycles = rte_rdtsc_precise() - before;
        figure.ours.add(static_cast<double>(cycles) / static_cast<double>(rte_get_tsc_hz()));
    }
    figure.at_most(5);
    return figure;
}

struct Case {
    enum Kind { Find, Churn, Beside, Fill, Memory, Start };
    Kind kind;
    uint32_t flows;
    unsigned load;
    double hit_target = 0;
};

constexpr Case kCases[] = {
    {Case::Find, k64K, kFindLoad, 1.2},
    {Case::Find, k1M, kFindLoad, 1.5},
    {Case::Find, k8M, kFindLoad, 1.5},
    {Case::Churn, k1M, 50},
    {Case::Churn, k1M, 80},
    {Case::Churn, k1M, 95},
    {Case::Beside, k1M, kFindLoad},
    {Case::Fill, k1M, 97},
    {Case::Memory, k1M, 85},
    {Case::Start, k10M, 85},
};

constexpr double kMissTarget = 2;
constexpr double kChurnTarget = 2;
constexpr double kBesideTarget = 0.8;

Status run_case(const Case& c, const TableOptions& options, Report& report) {
    if (c.kind >= Case::Fill) {
        auto figure = c.kind == Case::Fill     ? fill_up(options.pages)
                      : c.kind == Case::Memory ? bytes_per_flow(options.pages)
                                               : start(options);
        if (!figure)
            return figure.error();
        report.add(figure.value());
        return Done{};
    }
    // Sixteen million nodes of TBB's would take more memory than the rest together.
    const bool with_tbb = c.kind == Case::Find && c.flows <= k1M;
    auto field = Field::create(c.flows, c.load, with_tbb, options.pages);
    if (!field)
        return field.error();
    if (c.kind == Case::Find) {
        report.add(field.value()->find(true, options.rounds, c.hit_target));
        report.add(field.value()->find(false, options.rounds, kMissTarget));
    } else if (c.kind == Case::Churn) {
        report.add(field.value()->open_close(options.rounds, kChurnTarget));
    } else {
        report.add(field.value()->find_beside_writer(options.rounds, kBesideTarget));
    }
    return Done{};
}

template <typename T>
bool is_wanted(const std::vector<T>& wanted, T value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

}  // namespace

int run_table(const TableOptions& options) {
    std::vector<Case> cases;
    uint32_t most = 0;
    for (const Case& c : kCases)
        if (is_wanted(options.flows, c.flows) && is_wanted(options.loads, c.load)) {
            cases.push_back(c);
            most = std::max(most, c.flows);
        }
    if (cases.empty())
        return fail({"no case has these --flows and --load: see --help"});

    const size_t eal_bytes = RteHash::bytes_needed(most);
    HugePages pages;
    if (options.pages == PageKind::Huge) {
        auto reserved =
            HugePages::reserve(eal_bytes + flow::FlowTable::bytes_needed(most) * 11 / 10);
        if (!reserved)
            return fail(reserved.error());
        pages = std::move(reserved.value());
    }
    auto eal = Eal::start(eal_bytes, options.pages);
    if (!eal)
        return fail(eal.error());
    Report report("table", options.json);
    for (const Case& c : cases)
        if (const Status status = run_case(c, options, report); !status)
            return fail(status.error());
    report.end();
    return 0;
}

}  // namespace sluice::bench
