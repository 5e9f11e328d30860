// SPDX-License-Identifier: BSD-3-Clause
#include "listing/flow_list.h"

#include "conntrack/status.h"
#include "listing/flow_text.h"
#include "sample_flows.h"

#include <atomic>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <set>
#include <thread>
#include <vector>

namespace flow_list_test {

using namespace sluice;
using namespace sluice::listing;
using namespace sluice::listing::testing;

namespace {

const Background kHere{.cpus = {}, .idle_class = false};

std::string all_of(FlowList::Listing listing) {
    std::string text;
    std::string piece;
    while (listing.next(piece, kNow)) {
        CHECK_FALSE(piece.empty());
        text += piece;
    }
    CHECK_FALSE(listing.next(piece, kNow));
    return text;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = text.find('\n', begin);
        REQUIRE(end != std::string::npos);  // no line without an end
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

}  // namespace

TEST_CASE("flow list: an empty table gives no line, and an empty array", "[listing]") {
    const auto table = make_table(5000);
    const FlowList list(*table, kHere, 2);
    CHECK(list.count({}, kNow) == 0);
    CHECK(list.kill({}, kNow) == 0);
    CHECK(all_of({list, {}, Format::Text}).empty());
    const auto json = nlohmann::json::parse(all_of({list, {}, Format::Json}));
    CHECK(json.is_array());
    CHECK(json.empty());
}

TEST_CASE("flow list: every flow stands in the list once, in pieces of bounded size", "[listing]") {
    constexpr uint32_t kFlows = 40'000;  // three pieces, the last of them short
    const auto table = make_table(kFlows);
    flow::Member member(*table);
    for (uint32_t n = 0; n < kFlows; ++n)
        open(*table, member, nth(n));
    const FlowList list(*table, kHere, 2);
    CHECK(list.count({}, kNow) == kFlows);

    FlowList::Listing listing(list, {}, Format::Text);
    std::set<std::string> seen;
    std::string piece;
    unsigned pieces = 0;
    while (listing.next(piece, kNow)) {
        ++pieces;
        CHECK(piece.size() <= 16u * 1024 * 220);
        for (std::string& line : lines_of(piece))
            seen.insert(std::move(line));
    }
    CHECK(pieces == 3);
    CHECK(seen.size() == kFlows);

    const auto json = nlohmann::json::parse(all_of({list, {}, Format::Json}));
    CHECK(json.size() == kFlows);
    CHECK(json[kFlows - 1]["protocol"] == "tcp");
}

TEST_CASE("flow list: a filter holds for lists, counts and deletions alike", "[listing]") {
    const auto table = make_table(3000);
    flow::Member member(*table);
    for (uint32_t n = 0; n < 2000; ++n)
        open(*table, member, nth(n));
    for (uint16_t id = 0; id < 10; ++id)
        open(*table, member, {.protocol = Protocol::Icmp, .source_port = id});
    const FlowList list(*table, kHere, 2);
    FlowFilter pings;
    pings.protocol = Protocol::Icmp;

    CHECK(list.count(pings, kNow) == 10);
    CHECK(lines_of(all_of({list, pings, Format::Text})).size() == 10);
    CHECK(nlohmann::json::parse(all_of({list, pings, Format::Json})).size() == 10);
    CHECK(list.kill(pings, kNow) == 10);
    CHECK(list.kill(pings, kNow) == 0);
    CHECK(list.count(pings, kNow) == 0);
    CHECK(list.count({}, kNow) == 2000);
    CHECK(table->size() == 2000);
    CHECK(list.kill({}, kNow) == 2000);
    CHECK(table->size() == 0);
}

TEST_CASE("flow list: what is past its deadline is gone for operators too", "[listing]") {
    const auto table = make_table(10);
    flow::Member member(*table);
    open(*table, member, {.seconds = 10, .state = TcpState::SynSent});
    const FlowList list(*table, kHere, 1);
    CHECK(list.count({}, kNow + Duration::seconds(9)) == 1);
    CHECK(list.count({}, kNow + Duration::seconds(10)) == 0);
    CHECK(list.kill({}, kNow + Duration::seconds(10)) == 0);
}

TEST_CASE("flow list: records of deleted flows are used again", "[listing]") {
    const auto table = make_table(2000);
    const FlowList list(*table, kHere, 2);
    flow::Member member(*table);
    for (unsigned round = 0; round < 3; ++round) {
        for (uint32_t n = 0; n < 2000; ++n)
            open(*table, member, nth(n));
        CHECK(list.kill({}, kNow) == 2000);
        // Two grace periods: one takes over what the list's members left, one frees it.
        for (unsigned turn = 0; turn < 3; ++turn)
            member.quiescent();
    }
    CHECK(table->size() == 0);
}

namespace {

/// Which classes of the scheduler those were in who ended a flow.
struct Classes final : flow::Ending {
    void ended(uint32_t, flow::FlowRecord&) override {
        (sched_getscheduler(0) == SCHED_IDLE ? idle : other) += 1;
    }
    void expect(uint32_t) override {}
    std::atomic<unsigned> idle{0}, other{0};
};

}  // namespace

TEST_CASE("flow list: whoever ends flows is not in the idle class while others wait for him",
          "[listing]") {
    Classes classes;
    flow::FlowTableParams params;
    params.capacity = 4000;
    params.ending = &classes;
    const auto table = std::move(flow::FlowTable::create(params).value());
    {
        flow::Member member(*table);
        for (uint32_t n = 0; n < 3000; ++n)
            open(*table, member, nth(n));
    }
    const bool may_leave = permit_rest();
    const Background background{.idle_class = true};
    std::thread([&] {
        background.enter();
        const FlowList list(*table, background, 2);
        CHECK(list.kill({}, kNow) == 3000);
        CHECK(sched_getscheduler(0) == SCHED_IDLE);
    }).join();
    CHECK(classes.idle + classes.other == 3000);
    if (may_leave)
        CHECK(classes.idle == 0);
}

TEST_CASE("flow list: flows may end and open while they are listed", "[listing]") {
    constexpr uint32_t kFlows = 30'000;
    constexpr uint32_t kLasting = 20'000;
    const auto table = make_table(kFlows + 4096);
    const FlowList list(*table, kHere, 2);
    std::atomic<bool> ready{false};
    std::atomic<bool> stop{false};
    std::thread worker([&] {
        flow::Member member(*table);
        std::vector<uint32_t> fleeting;
        for (uint32_t n = 0; n < kFlows; ++n) {
            const uint32_t record = open(*table, member, nth(n));
            if (n >= kLasting)
                fleeting.push_back(record);
        }
        ready = true;
        for (size_t i = 0; !stop; i = (i + 1) % fleeting.size()) {
            member.kill(fleeting[i], table->record(fleeting[i]).life.load());
            member.quiescent();
            const auto n = static_cast<uint32_t>(kLasting + i);
            fleeting[i] = open(*table, member, nth(n));
        }
    });
    while (!ready)
        std::this_thread::yield();
    for (unsigned round = 0; round < 5; ++round) {
        const auto lines = lines_of(all_of({list, {}, Format::Text}));
        const std::set<std::string> different(lines.begin(), lines.end());
        unsigned lasting = 0;
        for (uint32_t n = 0; n < kLasting; ++n) {
            std::string line;
            append_line(line, entry(nth(n)));
            line.pop_back();
            lasting += different.contains(line);
        }
        CHECK(lasting == kLasting);
        CHECK(lines.size() <= kFlows + 4096);
    }
    stop = true;
    worker.join();
    CHECK(list.count({}, kNow) == kFlows);
}

TEST_CASE("flow list: every flow is deleted once, whoever else deletes", "[listing]") {
    constexpr uint32_t kFlows = 20'000;
    const auto table = make_table(kFlows);
    const FlowList list(*table, kHere, 2);
    {
        flow::Member member(*table);
        for (uint32_t n = 0; n < kFlows; ++n)
            open(*table, member, nth(n));
    }
    std::atomic<uint64_t> killed{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 2; ++i)
        threads.emplace_back([&] { killed += list.kill({}, kNow); });
    threads.emplace_back([&] {
        flow::Member member(*table);
        for (uint32_t record = 0; record < kFlows; ++record)
            killed += member.kill(record, table->record(record).life.load());
    });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(killed == kFlows);
    CHECK(table->size() == 0);
}

TEST_CASE("flow list: mappings are listed, counted and ended like flows, and told from them",
          "[listing]") {
    const auto table = make_table(100);
    flow::Member member(*table);
    const uint32_t flow = open(*table, member, {.protocol = Protocol::Udp});
    const auto hold = [&](flow::Kind kind, uint16_t port) {
        uint32_t index = 0;
        REQUIRE(member.take({&index, 1}) == 1);
        flow::FlowRecord& record = table->record(index);
        const uint8_t number = static_cast<uint8_t>(kind);
        const auto inside = *net::parse_address("10.1.0.10");
        const auto outside = *net::parse_address("198.51.100.1");
        record.tuple = {net::Tuple{inside, {}, Be16::from_host(port), {}, Protocol::Udp, number},
                        net::Tuple{{}, outside, {}, Be16::from_host(port), Protocol::Udp, number}};
        record.deadline = kNow + Duration::seconds(287);
        record.status = conntrack::kAssured;
        record.sides = {};
        new (record.tracker.data()) flow::Holding;
        REQUIRE(member.insert(index, kNow).outcome == flow::InsertOutcome::Inserted);
    };
    hold(flow::Kind::Mapping, 5000);
    hold(flow::Kind::Contact, 5001);
    hold(flow::Kind::Block, 0);

    const FlowList list(*table, kHere, 2);
    CHECK(list.count({}, kNow) == 3);
    FlowFilter mappings;
    mappings.kind = flow::Kind::Mapping;
    CHECK(all_of({list, mappings, Format::Text}) ==
          "udp      17 287 src=10.1.0.10 dst=0.0.0.0 sport=5000 dport=0 src=0.0.0.0 "
          "dst=198.51.100.1 sport=0 dport=5000 [MAPPING] mark=0 use=1\n");
    const auto json = nlohmann::json::parse(all_of({list, mappings, Format::Json}));
    REQUIRE(json.size() == 1);
    CHECK(json[0]["kind"] == "mapping");
    FlowFilter tcp;
    tcp.state = TcpState::Established;
    CHECK(list.count(tcp, kNow) == 0);
    CHECK(FlowFilter::parse({{"kind", "contact"}}).value().kind == flow::Kind::Contact);
    CHECK_FALSE(FlowFilter::parse({{"kind", "block"}}));

    CHECK(list.kill({}, kNow) == 1);
    CHECK(table->record(flow).life.load().life() == flow::Life::Dying);
    CHECK(list.kill({}, kNow, flow::Kind::Contact) == 1);
    CHECK(list.kill({}, kNow, flow::Kind::Mapping) == 1);
    CHECK(list.count({}, kNow) == 0);
}

}  // namespace flow_list_test
