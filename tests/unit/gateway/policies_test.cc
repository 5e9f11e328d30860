// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/policies.h"

#include "catch.h"
#include "packet_builder.h"

#include <memory>
#include <string>

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

/// Policies, and a worker that goes by them and turns when the test says so.
struct Bench {
    config::Config config = configuration();
    std::unique_ptr<flow::FlowTable> table =
        std::move(flow::FlowTable::create({.capacity = 16, .max_members = 4}).value());
    Policies policies{config, pool::AddressKey{1}, *table};
    flow::Member worker{*table};

    Policies::Pointer compile() {
        auto policy = policies.compile(config);
        REQUIRE(policy);
        return std::move(*policy);
    }
    /// Without patience for the worker; true when it goes by none before any more.
    bool reload() { return policies.use(compile(), 0); }
    std::string refusal() {
        const auto policy = policies.compile(config);
        return policy ? "" : policy.error().message;
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
    CHECK(bench.policies.free_waiting() == 0);
    CHECK(bench.policies.waiting() == 0);
    CHECK(first.expired());
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
    CHECK(bench.policies.waiting() == 0);
}

}  // namespace policies_test
