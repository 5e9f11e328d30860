// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/clustering.h"

#include "catch.h"
#include "packet_builder.h"

namespace clustering_test {

using namespace sluice;
using sluice::test::ip;

namespace {

config::Config sharing(const char* first, const char* last) {
    config::Config config;
    config.inside = {{ip("10.1.0.0"), 24}};
    config.pool = {{ip(first), ip(last)}};
    config.cluster = config::Cluster{{"http://192.0.2.1:2379"}, "a"};
    return config;
}

}  // namespace

TEST_CASE("clustering: what is shared is every public address, each once", "[app]") {
    config::Config config = sharing("198.51.100.10", "198.51.100.12");
    config.forwards = {{net::Protocol::Tcp,
                        {ip("198.51.100.20"), Be16::from_host(80)},
                        {ip("10.1.0.5"), Be16::from_host(80)}},
                       {net::Protocol::Tcp,
                        {ip("198.51.100.11"), Be16::from_host(80)},
                        {ip("10.1.0.5"), Be16::from_host(81)}}};
    app::Clustering clustering(config);
    REQUIRE(clustering.holdings() != nullptr);
    CHECK(clustering.holdings()->addresses() ==
          std::vector<Be32>{ip("198.51.100.10"), ip("198.51.100.11"), ip("198.51.100.12"),
                            ip("198.51.100.20")});
    CHECK_FALSE(clustering.report());
}

TEST_CASE("clustering: a gateway that shares nothing has no holdings and starts nothing", "[app]") {
    config::Config config = sharing("198.51.100.10", "198.51.100.12");
    config.cluster.reset();
    app::Clustering clustering(config);
    CHECK(clustering.holdings() == nullptr);
    CHECK(clustering.start(config, {}, {}, {}).ok());
    CHECK_FALSE(clustering.report());
}

TEST_CASE("clustering: a reload may change all but the public addresses", "[app]") {
    const config::Config before = sharing("198.51.100.10", "198.51.100.12");
    config::Config after = before;
    after.inside = {{ip("10.2.0.0"), 24}};
    CHECK(app::refuse_change(before, after).ok());
    after.pool = {{ip("198.51.100.10"), ip("198.51.100.13")}};
    CHECK_FALSE(app::refuse_change(before, after).ok());
    config::Config alone = before;
    alone.cluster.reset();
    CHECK(app::refuse_change(alone, after).ok());
}

TEST_CASE("clustering: the report is the agent's view", "[app]") {
    cluster::View view{.name = "a", .left = std::chrono::microseconds(4'712'900)};
    view.members = {{.name = "a"}, {.name = "b", .leaves = true}};
    view.addresses = {{ip("198.51.100.10"), "a", true}, {ip("198.51.100.11"), "", false}};
    const command::ClusterReport report = app::report_of(view);
    CHECK(report.name == "a");
    CHECK(report.left == std::chrono::milliseconds(4712));
    REQUIRE(report.members.size() == 2);
    CHECK(report.members[1].name == "b");
    CHECK(report.members[1].leaves);
    REQUIRE(report.addresses.size() == 2);
    CHECK(report.addresses[0].address == "198.51.100.10");
    CHECK(report.addresses[0].owner == "a");
    CHECK(report.addresses[0].is_held);
    CHECK(report.addresses[1].owner.empty());
    view.left = cluster::Moment(-5);
    CHECK(app::report_of(view).left == std::chrono::milliseconds(0));
}

}  // namespace clustering_test
