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

link::Interface interface(link::PortIndex port, link::Realm realm, const char* own) {
    link::Interface made;
    made.port = port;
    made.realm = realm;
    made.mac = {2, 0, 0, 0, 0, static_cast<uint8_t>(port + 1)};
    made.own = {{ip(own), 24}};
    return made;
}

/// Outside, and two inside.
link::Interfaces interfaces() {
    return link::Interfaces::create({interface(0, link::Realm::Outside, "198.51.100.2"),
                                     interface(1, link::Realm::Inside, "10.1.0.1"),
                                     interface(2, link::Realm::Inside, "10.2.0.1")})
        .value();
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

TEST_CASE("clustering: a gateway that shares nothing has no holdings and takes no flows", "[app]") {
    config::Config config = sharing("198.51.100.10", "198.51.100.12");
    config.cluster.reset();
    app::Clustering clustering(config);
    CHECK(clustering.holdings() == nullptr);
    CHECK(clustering.inbox() == nullptr);
    CHECK_FALSE(clustering.report());
}

TEST_CASE("clustering: flows are taken where the gateway listens", "[app]") {
    config::Config config = sharing("198.51.100.10", "198.51.100.12");
    CHECK(app::Clustering(config).inbox() == nullptr);
    config.cluster->listen = net::Endpoint{ip("10.9.0.1"), Be16::from_host(3781)};
    CHECK(app::Clustering(config).inbox() != nullptr);
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

TEST_CASE("clustering: others reach a gateway by its first inside interface", "[app]") {
    const cluster::Inside inside = app::inside_of(interfaces());
    CHECK(inside.address == ip("10.1.0.1"));
    CHECK(inside.mac == net::MacAddress{2, 0, 0, 0, 0, 2});
}

TEST_CASE("clustering: the owner of a packet's address is named", "[app]") {
    command::ClusterReport report{.name = "a"};
    report.addresses = {{"198.51.100.10", "a", true}, {"198.51.100.11", "b", false}};
    why::Answer answer;
    CHECK_FALSE(app::name_owner(answer, report).owner);
    answer.owner = why::OwnerWords{ip("198.51.100.11"), {}};
    CHECK(app::name_owner(answer, report).owner->name == "b");
    CHECK(app::name_owner(answer, {}).owner->name.empty());
}

TEST_CASE("clustering: the report is the agent's view", "[app]") {
    cluster::View view{.name = "a", .left = std::chrono::microseconds(4'712'900)};
    view.members = {{.name = "a", .inside = {ip("10.1.0.1"), {}}}, {.name = "b", .leaves = true}};
    view.addresses = {{ip("198.51.100.10"), "a", true, "b"}, {ip("198.51.100.11"), "", false}};
    view.is_copying = true;
    view.copies = 3;
    view.copies_refused = 2;
    const command::ClusterReport report = app::report_of(view);
    CHECK(report.name == "a");
    CHECK(report.left == std::chrono::milliseconds(4712));
    REQUIRE(report.members.size() == 2);
    CHECK(report.members[1].name == "b");
    CHECK(report.members[1].leaves);
    CHECK(report.members[0].inside == "10.1.0.1");
    CHECK(report.members[1].inside.empty());
    REQUIRE(report.addresses.size() == 2);
    CHECK(report.addresses[0].address == "198.51.100.10");
    CHECK(report.addresses[0].owner == "a");
    CHECK(report.addresses[0].is_held);
    CHECK(report.addresses[0].copy_at == "b");
    CHECK(report.addresses[1].owner.empty());
    CHECK(report.addresses[1].copy_at.empty());
    CHECK(report.is_copying);
    CHECK(report.copies == 3);
    CHECK(report.copies_refused == 2);
    view.left = cluster::Moment(-5);
    CHECK(app::report_of(view).left == std::chrono::milliseconds(0));
}

}  // namespace clustering_test
