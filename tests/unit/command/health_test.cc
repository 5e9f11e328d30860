// SPDX-License-Identifier: BSD-3-Clause
#include "command/health.h"

#include "catch.h"
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
    CHECK(health_json({}) == R"({"healthy":true,"troubles":[]})");
}

TEST_CASE("health: what is wrong is named, each by itself", "[command]") {
    Patient patient;
    patient.standstill = {.control_core = true, .workers = 2};
    patient.ports[1].has_link = false;
    const auto found = troubles(patient.subject());
    CHECK(health_text(found) ==
          "the control core stands still\nworker 1 stands still\nwan has no link\n");
    CHECK(nlohmann::json::parse(health_json(found))["troubles"].size() == 3);
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
    CHECK(health_text(troubles(subject)) == "the other gateway of the pair is active too\n");
    pair.peer = PairReport::Peer::Away;
    pair.suspects_peer = true;
    CHECK(troubles(subject).empty());
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
