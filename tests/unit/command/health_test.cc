// SPDX-License-Identifier: BSD-3-Clause
#include "command/health.h"

#include "catch.h"
#include "command/metrics.h"
#include "command/stats_text.h"
#include "served_gateway.h"

#include <nlohmann/json.hpp>

namespace health_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;

namespace {

/// A gateway of whom a test says what has happened to it.
struct Patient : Gateway {
    Standstill standstill{};
    std::vector<PortReport> ports{{"lan", true, 1500, {}}, {"wan", true, 1500, {}}};

    Subject subject() {
        Subject subject = Gateway::subject();
        subject.standstill = [this] { return standstill; };
        subject.ports = [this] { return ports; };
        return subject;
    }
};

}  // namespace

TEST_CASE("health: it is healthy while all turn and every port has its link", "[command]") {
    Patient patient;
    CHECK(troubles(patient.subject()).empty());
    CHECK(health_text({}) == "healthy\n");
    CHECK(health_json({}) == R"({"healthy":true,"troubles":[],"remarks":[]})");
}

TEST_CASE("health: what is wrong is named, each by itself", "[command]") {
    Patient patient;
    patient.standstill = {.control_core = true, .workers = 2};
    patient.ports[1].has_link = false;
    const auto found = troubles(patient.subject());
    CHECK(health_text({found}) ==
          "the control core stands still\nworker 1 stands still\nwan has no link\n");
    CHECK(nlohmann::json::parse(health_json({found}))["troubles"].size() == 3);
    Patient fresh;
    fresh.standstill.before_start = true;
    CHECK(troubles(fresh.subject()) == std::vector<std::string>{"the gateway is starting"});
}

TEST_CASE("health: two of a pair that are active are named, what one forged frame says is not",
          "[command]") {
    Patient patient;
    Subject subject = patient.subject();
    PairReport pair;
    subject.pair = [&] { return std::optional(pair); };
    CHECK(troubles(subject).empty());
    pair.peer = PairReport::Peer::Active;
    CHECK(health_text({troubles(subject)}) == "the other gateway of the pair is active too\n");
    pair.peer = PairReport::Peer::Away;
    pair.suspects_peer = true;
    CHECK(troubles(subject).empty());
}

namespace {

/// A flow table in which a worker has held up all others, for so long.
struct HeldUp {
    explicit HeldUp(int32_t milliseconds) {
        Grace& grace = patient.table->grace();
        const Tick begun{1000};
        grace.begin();
        grace.longest_delay(begun, true);
        grace.longest_delay(begun + Duration{milliseconds}, false);
    }

    Patient patient;
    flow::Member worker{*patient.table, {flow::MemberName::Kind::Worker, 7}};
};

}  // namespace

TEST_CASE("health: who delays reuse for more than 100 ms is remarked on, by name and for how long",
          "[command]") {
    HeldUp shortly(100);
    CHECK(remarks(shortly.patient.subject()).empty());
    HeldUp long_ago(2345);
    const Health health = Health::of(long_ago.patient.subject());
    CHECK(health.troubles.empty());
    CHECK(health_text(health) ==
          "healthy\nnote: worker 7 has kept what has ended from being used again for 2345 ms\n");
    const auto json = nlohmann::json::parse(health_json(health));
    CHECK(json["healthy"] == true);
    CHECK(json["remarks"].size() == 1);
    const std::string metrics = metrics_text(long_ago.patient.subject());
    CHECK(metrics.find("sluice_reuse_delay_seconds 2.345\n") != std::string::npos);
    CHECK(metrics.find("sluice_reuse_delayed_by{reader=\"worker 7\"} 1\n") != std::string::npos);
    CHECK(stats_table(long_ago.patient.subject(), DropRows::All)
              .find("ms that these wait for worker 7") != std::string::npos);
}

TEST_CASE("health: who asks gets a status that a load balancer understands", "[command]") {
    Patient patient;
    TemporaryDirectory directory;
    const std::string path = directory.file("s");
    listing::Background background{.idle_class = false};
    const auto server =
        Server::start({.path = path, .background = background}, patient.subject()).value();
    const auto ask = [&](const char* target) {
        httplib::Client client(path);
        client.set_address_family(AF_UNIX);
        client.set_default_headers({{"Host", "sluice"}});
        return client.Get(target);
    };
    CHECK(ask("/healthz")->status == 200);
    patient.ports[0].has_link = false;
    CHECK(ask("/healthz")->status == 503);
    CHECK(ask("/healthz")->body == "lan has no link\n");
    CHECK(nlohmann::json::parse(ask("/healthz?format=json")->body)["healthy"] == false);
}

}  // namespace health_test
