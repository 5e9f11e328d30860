// SPDX-License-Identifier: BSD-3-Clause
#include "control/kept_addresses.h"

#include "catch.h"
#include "fixed_policy.h"
#include "nat/holders.h"
#include "packet_builder.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kept_addresses_test {

using namespace sluice;
using control::KeptAddresses;
using net::Protocol;
using net::Side;
using sluice::test::ip;

namespace {

constexpr link::InterfaceId kOutside = 1;
constexpr auto kServer = "203.0.113.10";

link::Interfaces two_interfaces() {
    link::Interface inside;
    inside.own = {{ip("10.1.0.1"), 24}};
    link::Interface outside;
    outside.port = 1;
    outside.realm = link::Realm::Outside;
    outside.own = {{ip("198.51.100.1"), 24}};
    return std::move(link::Interfaces::create({inside, outside})).value();
}

/// The configuration has 198.51.100.8; the one before had 198.51.100.4 to 198.51.100.8.
struct Bed {
    explicit Bed(uint32_t capacity = 1024) {
        flow::FlowTableParams params;
        params.capacity = capacity;
        params.secret = {1, 2, 3, 4};
        table = std::move(flow::FlowTable::create(params).value());
        owner.emplace(*table);
        control.emplace(*table);
        kept.emplace(*table, policy.current, interfaces,
                     [this](const std::string& sentence) { log.push_back(sentence); });
    }

    uint32_t open(const char* host, const char* external, net::Sides sides = {}) {
        const Be16 port = Be16::from_host(++ports);
        const Be16 service = Be16::from_host(80);
        return insert({ip(host), ip(kServer), port, service, Protocol::Udp},
                      {ip(kServer), ip(external), service, port, Protocol::Udp}, sides);
    }
    uint32_t insert(const net::Tuple& original, const net::Tuple& reply, net::Sides sides = {}) {
        std::array<uint32_t, 1> index{};
        REQUIRE(owner->take(index) == 1);
        flow::FlowRecord& record = table->record(index[0]);
        record.tuple = {original, reply};
        record.sides = sides;
        record.deadline = now + Duration::seconds(1000);
        if (record.kind() != flow::Kind::Flow)
            record.holding().dependents = 0;
        REQUIRE(owner->insert(index[0], now).outcome == flow::InsertOutcome::Inserted);
        return index[0];
    }
    void end(uint32_t index) { REQUIRE(control->kill(index, table->record(index).life.load())); }

    void begin() {
        const std::array before{
            policy::Answered{kOutside, {ip("198.51.100.4"), ip("198.51.100.8")}}};
        kept->begin(before);
    }
    void pass(Duration time) {
        for (const Tick after = now + time; after.is_after(now); now = now + Duration{100}) {
            owner->quiescent();
            kept->turn(now);
            control->quiescent();
        }
    }
    bool is_kept(const char* address, link::InterfaceId interface = kOutside) const {
        return kept->contain(ip(address), interface);
    }

    Tick now{0xffff'f000};
    uint16_t ports = 1000;
    link::Interfaces interfaces = two_interfaces();
    std::vector<policy::RuleParams> rules{
        {.inside = {ip("10.1.0.0"), 24}, .addresses = {{ip("198.51.100.8"), ip("198.51.100.8")}}}};
    test::FixedPolicy policy{rules};
    std::vector<std::string> log;
    std::unique_ptr<flow::FlowTable> table;
    std::optional<flow::Member> owner;
    std::optional<flow::Member> control;
    std::optional<KeptAddresses> kept;
};

}  // namespace

TEST_CASE("kept addresses: one that has gone is answered for until its last flow has gone",
          "[control][reload]") {
    Bed bed;
    CHECK_FALSE(bed.is_kept("198.51.100.5"));
    const uint32_t one = bed.open("10.1.0.10", "198.51.100.5");
    const uint32_t other = bed.open("10.1.0.11", "198.51.100.5");
    bed.open("10.1.0.10", "198.51.100.8");
    bed.begin();
    for (const char* address : {"198.51.100.4", "198.51.100.5", "198.51.100.7"})
        CHECK(bed.is_kept(address));  // until it is known whether flows have it
    CHECK_FALSE(bed.is_kept("198.51.100.9"));
    CHECK_FALSE(bed.is_kept("198.51.100.5", 0));

    bed.pass(Duration::seconds(1));
    CHECK(bed.is_kept("198.51.100.5"));
    CHECK_FALSE(bed.is_kept("198.51.100.5", 0));
    for (const char* address : {"198.51.100.4", "198.51.100.7", "198.51.100.8"})
        CHECK_FALSE(bed.is_kept(address));
    REQUIRE(bed.log.size() == 1);
    CHECK(bed.log[0].starts_with("flows have 198.51.100.5, which"));

    bed.end(one);
    bed.pass(control::kLookAgain);
    bed.pass(Duration::seconds(1));
    CHECK(bed.is_kept("198.51.100.5"));
    bed.end(other);
    bed.pass(control::kLookAgain);
    bed.pass(Duration::seconds(1));
    CHECK_FALSE(bed.is_kept("198.51.100.5"));
    REQUIRE(bed.log.size() == 2);
    CHECK(bed.log[1].starts_with("no flow has 198.51.100.5 any more"));
}

TEST_CASE("kept addresses: of one that the configuration has again nothing is said",
          "[control][reload]") {
    Bed bed;
    bed.open("10.1.0.10", "198.51.100.5");
    bed.begin();
    bed.pass(Duration::seconds(1));
    REQUIRE(bed.log.size() == 1);
    const std::vector<policy::RuleParams> again{
        {.inside = {ip("10.1.0.0"), 24}, .addresses = {{ip("198.51.100.5"), ip("198.51.100.8")}}}};
    test::FixedPolicy with(again);
    bed.policy.current.replace(with.policy);
    bed.begin();
    bed.pass(Duration::seconds(1));
    CHECK(bed.log.size() == 1);
    CHECK_FALSE(bed.is_kept("198.51.100.5"));  // here: the policy answers
    bed.policy.current.replace(bed.policy.policy);
}

TEST_CASE("kept addresses: of two reloads in a walk all addresses are answered for meanwhile",
          "[control][reload]") {
    Bed bed;
    bed.begin();
    const std::array second{policy::Answered{kOutside, {ip("198.51.100.6"), ip("198.51.100.6")}}};
    bed.kept->begin(second);
    for (const char* address : {"198.51.100.4", "198.51.100.6", "198.51.100.7"})
        CHECK(bed.is_kept(address));
}

TEST_CASE("kept addresses: flows from outside, mappings and blocks of ports keep theirs",
          "[control][reload]") {
    Bed bed;
    const Be16 port = Be16::from_host(2048);
    bed.insert({ip(kServer), ip("198.51.100.4"), port, port, Protocol::Udp},
               {ip("10.1.0.10"), ip(kServer), port, port, Protocol::Udp},
               {Side::Outside, Side::Inside});
    const nat::HolderKeys mapping =
        nat::mapping_keys(Protocol::Udp, {ip("10.1.0.10"), port}, {ip("198.51.100.5"), port});
    bed.insert(mapping.original, mapping.reply);
    constexpr auto kBlock = static_cast<uint8_t>(flow::Kind::Block);
    bed.insert({ip("10.1.0.10"), {}, Be16::from_host(1), {}, {}, kBlock},
               {{}, ip("198.51.100.6"), {}, port, {}, kBlock});
    bed.begin();
    bed.pass(Duration::seconds(1));
    for (const char* address : {"198.51.100.4", "198.51.100.5", "198.51.100.6"})
        CHECK(bed.is_kept(address));
    CHECK_FALSE(bed.is_kept("198.51.100.7"));
}

TEST_CASE("kept addresses: nobody answers for inside hosts that are seen as they are",
          "[control][reload]") {
    Bed bed;
    const Be16 port = Be16::from_host(2048);
    bed.open("192.0.2.10", "192.0.2.10");  // without NAT
    bed.insert({ip(kServer), ip("192.0.2.11"), port, port, Protocol::Udp},
               {ip("192.0.2.11"), ip(kServer), port, port, Protocol::Udp},
               {Side::Outside, Side::Inside});
    bed.open("10.1.0.10", "10.1.0.11", {Side::Inside, Side::Inside});
    bed.begin();
    bed.pass(Duration::seconds(1));
    for (const char* address : {"192.0.2.10", "192.0.2.11", "10.1.0.11"})
        CHECK_FALSE(bed.is_kept(address));
    CHECK(bed.log.empty());
}

TEST_CASE("kept addresses: it waits until every worker goes by the new policy",
          "[control][reload]") {
    Bed bed;
    bed.begin();
    for (int i = 0; i < 10; ++i)
        bed.kept->turn(bed.now);
    CHECK(bed.is_kept("198.51.100.5"));  // a worker may be giving it to a flow
    bed.open("10.1.0.10", "198.51.100.5");
    bed.pass(Duration::seconds(1));
    CHECK(bed.is_kept("198.51.100.5"));
    CHECK_FALSE(bed.is_kept("198.51.100.4"));
}

TEST_CASE("kept addresses: all of a large table is looked at, a part each turn",
          "[control][reload]") {
    Bed bed(3 * control::kRecordsPerLook);
    std::vector<uint32_t> taken(bed.table->capacity() - 1);
    REQUIRE(bed.owner->take(taken) == taken.size());
    const uint32_t last = bed.open("10.1.0.10", "198.51.100.5");
    CHECK(last >= 2 * control::kRecordsPerLook);
    bed.begin();
    bed.owner->quiescent();
    bed.control->quiescent();
    for (int turn = 0; turn < 3; ++turn) {
        CHECK(bed.is_kept("198.51.100.4"));
        bed.kept->turn(bed.now);
    }
    CHECK_FALSE(bed.is_kept("198.51.100.4"));
    CHECK(bed.is_kept("198.51.100.5"));
    bed.owner->give_back(taken);
}

}  // namespace kept_addresses_test
