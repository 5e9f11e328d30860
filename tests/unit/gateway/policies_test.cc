// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/policies.h"

#include "catch.h"
#include "packet_builder.h"
#include "testing/no_memory.h"

#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace policies_test {

using namespace sluice;
using namespace sluice::gateway;
using sluice::test::ip;

namespace {

config::Config configuration() {
    config::Config config;
    config.lans = {{{"inside wire"}, {ip("10.1.0.1"), 24}}};
    config.wans = {{{"outside wire"}, {ip("198.51.100.1"), 24}, ip("198.51.100.254")}};
    config.pool = {{ip("198.51.100.1"), ip("198.51.100.1")}};
    config.inside = {{ip("10.1.0.0"), 24}};
    return config;
}

constexpr uint32_t kMostDoors = 4094;

/// `count` forwards of TCP with that limit, from that one on.
std::vector<pool::Forward> forwards(uint32_t first, uint32_t count, uint32_t max_flows = 5) {
    std::vector<pool::Forward> all;
    for (uint32_t n = first; n < first + count; ++n) {
        const Be16 port = Be16::from_host(static_cast<uint16_t>(n));
        all.push_back({.protocol = net::Protocol::Tcp,
                       .external = {ip("198.51.100.1"), port},
                       .internal = {ip("10.1.0.10"), port},
                       .door = {.max_flows = max_flows}});
    }
    return all;
}

/// Policies, and a worker that goes by them and turns when the test says so.
struct Bench {
    config::Config config = configuration();
    std::unique_ptr<hosts::HostTable> hosts =
        std::move(hosts::HostTable::create({.capacity = 8, .flows = 16}).value());
    std::unique_ptr<hosts::Quotas> quotas =
        std::move(hosts::Quotas::create({.flows = 16, .prefixes = 8}, *hosts).value());
    std::unique_ptr<flow::FlowTable> table = std::move(
        flow::FlowTable::create({.capacity = 16, .max_members = 4, .ending = quotas.get()})
            .value());
    Policies policies{config, pool::AddressKey{1}, *table, *quotas};
    flow::Member worker{*table};

    Policies::Pointer compile() {
        auto policy = policies.compile(config);
        REQUIRE(policy);
        return std::move(*policy);
    }
    /// Without patience for the worker; true when it goes by none before any more.
    bool reload() { return policies.use(compile(), 0); }
    /// While the worker sleeps.
    void reload_at_once() {
        worker.offline();
        REQUIRE(reload());
        worker.online();
    }
    /// Of a dry run; empty for none.
    std::string refusal() {
        auto policy = policies.compile(config);
        if (!policy)
            return policy.error().message;
        policies.discard(std::move(*policy));
        return "";
    }
    uint16_t door_of(uint16_t port) const {
        const auto policy = policies.current();
        return policy->statics
            .door_of(net::Protocol::Tcp, {ip("198.51.100.1"), Be16::from_host(port)})
            .number;
    }
};

}  // namespace

TEST_CASE("policies: one that a worker may go by is kept until it does not", "[gateway]") {
    Bench bench;
    const std::weak_ptr<const policy::Policy> first = bench.policies.current();
    CHECK_FALSE(bench.reload());
    const std::weak_ptr<const policy::Policy> second = bench.policies.current();
    CHECK_FALSE(bench.reload());
    CHECK(bench.policies.waiting() == 2);
    CHECK(bench.policies.free_waiting() == 2);
    CHECK_FALSE(first.expired());

    bench.worker.quiescent();
    CHECK(bench.policies.waiting() == 2);  // nobody has looked yet
    CHECK(bench.policies.free_waiting() == 1);
    CHECK(bench.policies.waiting() == 1);
    CHECK(first.expired());
    CHECK_FALSE(second.expired());  // it was replaced while the first one waited
    CHECK(bench.policies.free_waiting() == 1);

    bench.worker.quiescent();
    CHECK(bench.policies.free_waiting() == 0);
    CHECK(second.expired());
}

TEST_CASE("policies: a reload frees those before that nobody goes by any more", "[gateway]") {
    Bench bench;
    const std::weak_ptr<const policy::Policy> first = bench.policies.current();
    CHECK_FALSE(bench.reload());
    const std::weak_ptr<const policy::Policy> second = bench.policies.current();
    bench.worker.quiescent();
    CHECK_FALSE(bench.reload());
    CHECK(first.expired());
    CHECK_FALSE(second.expired());
    CHECK(bench.policies.waiting() == 1);

    bench.worker.offline();  // a worker that sleeps goes by none
    CHECK(bench.reload());
    CHECK(second.expired());
    bench.worker.online();
}

TEST_CASE("policies: a reload is refused by name while as many wait as may", "[gateway]") {
    Bench bench;
    for (size_t i = 0; i < Policies::kMostWaiting; ++i)
        CHECK_FALSE(bench.reload());
    const Policies::Pointer holds = bench.policies.current();
    CHECK(bench.refusal().starts_with("8 configurations that reloads have replaced are kept"));
    CHECK(bench.policies.waiting() == Policies::kMostWaiting);
    CHECK(bench.policies.current() == holds);

    bench.worker.quiescent();
    CHECK(bench.refusal().empty());
    CHECK(bench.policies.waiting() == Policies::kMostWaiting - 1);
    bench.worker.quiescent();
    CHECK(bench.policies.free_waiting() == 0);
}

TEST_CASE("policies: out of memory nothing is compiled, and what holds stays", "[gateway]") {
    Bench bench;
    const Policies::Pointer holds = bench.policies.current();
    bench.config.forwards = forwards(1, kMostDoors);
    bool has_failed = false;
    {
        const test::LittleMemory some(100);  // for as many doors
        try {
            static_cast<void>(bench.policies.compile(bench.config));
        } catch (const std::bad_alloc&) {
            has_failed = true;
        }
    }
    CHECK(has_failed);
    CHECK(bench.policies.current() == holds);
    bench.config.forwards = forwards(1 + kMostDoors, kMostDoors);
    CHECK(bench.refusal().empty());  // all doors are free
}

TEST_CASE("policies: what has been compiled takes no memory to hold", "[gateway]") {
    Bench bench;
    const Policies::Pointer policy = bench.compile();
    bool are_gone = true;
    {
        const test::NoMemory none;
        are_gone = bench.policies.use(policy, 0);
    }
    CHECK_FALSE(are_gone);  // the worker may go by the one before
    CHECK(bench.policies.current() == policy);
    CHECK(bench.policies.waiting() == 1);
}

TEST_CASE("policies: forwards whose flows cannot be counted are refused by name", "[gateway]") {
    Bench bench;
    bench.config.forwards = forwards(1, kMostDoors);
    bench.reload_at_once();
    CHECK(bench.door_of(1) == hosts::kFirstOwnDoor);
    CHECK(bench.door_of(kMostDoors) == hosts::kDoors - 1);
    CHECK(bench.refusal().empty());

    bench.config.forwards[9] = forwards(5000, 1)[0];
    const std::string refusal = bench.refusal();
    CAPTURE(refusal);
    CHECK(refusal.starts_with("--forward tcp 198.51.100.1:5000 -> 10.1.0.10:5000 max-flows=5: "));
    CHECK(refusal.find("4094 forwards and pairs") != std::string::npos);
    CHECK(refusal.find('\n') == std::string::npos);

    bench.config.forwards[9].door = {};  // without a limit it needs no number
    bench.reload_at_once();
    CHECK(bench.door_of(5000) == 0);
    bench.config.forwards[9].door.rate = 7;  // the tenth has given its own back
    bench.reload_at_once();
    CHECK(bench.door_of(5000) == hosts::kFirstOwnDoor + 9);
}

TEST_CASE("policies: dry runs and what is refused take no numbers", "[gateway]") {
    Bench bench;
    bench.config.forwards = forwards(1, 10);
    bench.reload_at_once();
    for (uint32_t i = 1; i <= 5; ++i) {
        bench.config.forwards = forwards(i * 5000, kMostDoors - 10);
        CHECK(bench.refusal().empty());
        bench.config.forwards = forwards(i * 5000, kMostDoors - 9);
        CHECK_FALSE(bench.refusal().empty());
    }
    bench.config.forwards = forwards(1, kMostDoors);
    bench.reload_at_once();
    CHECK(bench.door_of(10) == hosts::kFirstOwnDoor + 9);
}

TEST_CASE("policies: a forward that is gone keeps its number while it has flows", "[gateway]") {
    Bench bench;
    bench.config.forwards = forwards(1, 2);
    bench.reload_at_once();
    const hosts::QuotaRequest request{.door = bench.door_of(2)};
    const hosts::Charged charged = bench.quotas->charge(request, Tick{5000});
    bench.config.forwards.clear();
    CHECK_FALSE(bench.reload());  // the worker may go by the one with both
    bench.config.forwards = forwards(5000, kMostDoors - 1);
    CHECK_FALSE(bench.refusal().empty());
    bench.worker.quiescent();
    CHECK(bench.refusal().empty());

    bench.config.forwards = forwards(5000, kMostDoors);
    CHECK_FALSE(bench.refusal().empty());
    bench.quotas->give_back(charged.charge);
    bench.reload_at_once();
    CHECK(bench.door_of(5000) != 0);
}

}  // namespace policies_test
