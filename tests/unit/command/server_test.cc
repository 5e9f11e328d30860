// SPDX-License-Identifier: BSD-3-Clause
#include "command/server.h"

#include "catch.h"
#include "served_gateway.h"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace server_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using conntrack::TcpState;
using net::Protocol;

namespace {

/// The answer's body; the test fails unless the status is the expected one.
std::string remove(const ServedGateway& gateway, const std::string& path, int status = 200) {
    const auto answer = gateway.client().Delete(path);
    REQUIRE(answer);
    CHECK(answer->status == status);
    return answer->body;
}

}  // namespace

TEST_CASE("server: flows come as lines of conntrack", "[command]") {
    ServedGateway gateway;
    CHECK(get(gateway, "/v1/flows").empty());
    gateway.open_flow({.seconds = 117, .state = TcpState::SynSent});
    const auto answer = gateway.client().Get("/v1/flows");
    REQUIRE(answer);
    CHECK(answer->body ==
          "tcp      6 117 SYN_SENT src=10.1.0.10 dst=203.0.113.10 sport=40000 dport=80 "
          "[UNREPLIED] src=203.0.113.10 dst=198.51.100.1 sport=80 dport=40000 mark=0 use=1\n");
    CHECK(answer->get_header_value("Content-Type") == "text/plain; charset=utf-8");
    CHECK(answer->get_header_value("Transfer-Encoding") == "chunked");
}

TEST_CASE("server: flows come as JSON for who asks", "[command]") {
    ServedGateway gateway;
    gateway.open_flow({.state = TcpState::SynSent});
    const httplib::Headers accept{{"Accept", "application/json"}};
    const auto by_header = gateway.client().Get("/v1/flows", accept);
    REQUIRE(by_header);
    CHECK(by_header->get_header_value("Content-Type") == "application/json");
    const auto flows = nlohmann::json::parse(by_header->body);
    CHECK(flows.size() == 1);
    CHECK(flows[0]["original"]["src"] == "10.1.0.10");
    CHECK(get(gateway, "/v1/flows?format=json") == by_header->body);
    const auto text = gateway.client().Get("/v1/flows?format=text", accept);
    REQUIRE(text);
    CHECK(text->body.starts_with("tcp "));
}

TEST_CASE("server: many flows arrive whole", "[command]") {
    ServedGateway gateway(50'000);
    gateway.open_flows(50'000);
    const std::string text = get(gateway, "/v1/flows");
    CHECK(std::count(text.begin(), text.end(), '\n') == 50'000);
    CHECK(nlohmann::json::parse(get(gateway, "/v1/flows?format=json")).size() == 50'000);
}

TEST_CASE("server: filters select, and count", "[command]") {
    ServedGateway gateway;
    gateway.open_flow({.state = TcpState::Established});
    gateway.open_flow({.protocol = Protocol::Udp, .source_port = 5000, .destination_port = 53});
    CHECK(get(gateway, "/v1/flows?proto=udp").starts_with("udp "));
    CHECK(get(gateway, "/v1/flows/count") == "2\n");
    CHECK(get(gateway, "/v1/expectations").empty());
    CHECK(get(gateway, "/v1/expectations?format=json") == "[]\n");
    CHECK(get(gateway, "/v1/ipv6-hosts").empty());
    CHECK(get(gateway, "/v1/ipv6-hosts?format=json") == "[]\n");
    CHECK(get(gateway, "/v1/flows/count?src=10.1.0.0%2F24&dport=53") == "1\n");
    CHECK(get(gateway, "/v1/flows/count?src=10.2.0.0/16&format=json") == "{\"count\":0}\n");
}

TEST_CASE("server: deletes what a filter selects, and counts it", "[command]") {
    ServedGateway gateway;
    gateway.open_flow({.state = TcpState::Established});
    gateway.open_flow({.protocol = Protocol::Udp, .source_port = 5000, .destination_port = 53});
    CHECK(remove(gateway, "/v1/flows?dport=53") == "1\n");
    CHECK(get(gateway, "/v1/flows/count") == "1\n");
    CHECK(remove(gateway, "/v1/flows?dport=53&format=json") == "{\"deleted\":0}\n");
    CHECK(remove(gateway, "/v1/flows?all=1") == "1\n");
    CHECK(gateway.table->size() == 0);
    CHECK(gateway.counters[2].count[stats::Count::FlowsDeleted].read() == 2);
}

TEST_CASE("server: deletes everything only when told so", "[command]") {
    ServedGateway gateway;
    gateway.open_flow({.state = TcpState::Established});
    CHECK(remove(gateway, "/v1/flows", 400) ==
          "To delete every flow say all=1; to delete some give a filter.\n");
    CHECK(remove(gateway, "/v1/flows?all=yes", 400).starts_with("all=yes is not all=1"));
    CHECK(remove(gateway, "/v1/flows?all=1&dport=80", 400).starts_with("all=1 does not go"));
    CHECK(remove(gateway, "/v1/flows?dprt=80", 400).starts_with("There is no filter called dprt"));
    CHECK(gateway.table->size() == 1);
}

TEST_CASE("server: what it cannot do it says in a sentence", "[command]") {
    ServedGateway gateway;
    CHECK(get(gateway, "/v1/flows?src=10.1.0.300", 400).starts_with("src=10.1.0.300 is not"));
    CHECK(get(gateway, "/v1/flows?all=1", 400).starts_with("There is no filter called all"));
    CHECK(get(gateway, "/v1/flows?format=xml", 400).starts_with("format=xml is neither"));
    CHECK(get(gateway, "/v1/stats?dport=1", 400).starts_with("/v1/stats takes"));
    CHECK(get(gateway, "/v2", 404).starts_with("There is nothing at this path"));
    CHECK(nlohmann::json::parse(get(gateway, "/nowhere?format=json", 404)).contains("error"));

    const auto post = gateway.client().Post("/v1/flows", "x=1", "text/plain");
    REQUIRE(post);
    CHECK(post->status == 405);
    CHECK(post->get_header_value("Allow") == "GET, DELETE");
}

TEST_CASE("server: a reload tells what it changes, or why it changes nothing", "[command]") {
    ServedGateway gateway;
    const auto post = [&](const std::string& path, int status) {
        const auto answer = gateway.client().Post(path, "", "text/plain");
        REQUIRE(answer);
        CHECK(answer->status == status);
        return answer->body;
    };
    CHECK(post("/v1/reload?dry_run=1", 200) == "- deny = 10.0.0.0/8\n");
    CHECK(post("/v1/reload", 409) == "sluice.conf:1:1: worker: there is no such flag\n");
    CHECK(nlohmann::json::parse(post("/v1/reload?format=json", 409)).contains("error"));
    CHECK(nlohmann::json::parse(post("/v1/reload?dry_run=1&format=json", 200))["report"] ==
          "- deny = 10.0.0.0/8\n");
    CHECK(post("/v1/reload?dry_run=0", 400).starts_with("/v1/reload takes"));
    CHECK(get(gateway, "/v1/reload", 405) == "This path knows POST only.\n");
    CHECK(get(gateway, "/v1/config") == "workers = 2\n");
    CHECK(get(gateway, "/v1/config?x=1", 400).starts_with("/v1/config takes"));
}

TEST_CASE("server: statistics come as a table, as JSON and as metrics", "[command]") {
    ServedGateway gateway;
    gateway.counters[0].count[stats::Count::Received].add(7);
    gateway.counters[1].drop[stats::Drop::InvalidUntrackedFin].add(7);
    const std::string table = get(gateway, "/v1/stats");
    CHECK(table.find("invalid_untracked_fin") != std::string::npos);
    CHECK(table.find("invalid_untracked_rst") == std::string::npos);
    CHECK(get(gateway, "/v1/stats?all=1").find("invalid_untracked_rst") != std::string::npos);
    CHECK(nlohmann::json::parse(get(gateway, "/v1/stats?format=json"))["packets"]["dropped"] == 7);

    const auto metrics = gateway.client().Get("/metrics");
    REQUIRE(metrics);
    CHECK(metrics->get_header_value("Content-Type").starts_with("text/plain; version=0.0.4"));
    CHECK(metrics->body.find("\nsluice_packets_received_total 7\n") != std::string::npos);
}

TEST_CASE("server: its socket is the owner's, and goes with it", "[command]") {
    ServedGateway gateway;
    struct stat found {};
    REQUIRE(lstat(gateway.path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);

    const auto second = Server::start({.path = gateway.path}, gateway.subject());
    REQUIRE_FALSE(second);
    CHECK(second.error().message.find("another instance") != std::string::npos);
    CHECK(get(gateway, "/v1/flows/count") == "0\n");

    gateway.server.reset();
    CHECK(gateway.directory.is_empty());
    CHECK_FALSE(gateway.client().Get("/v1/flows/count"));
}

TEST_CASE("server: who asks why is answered in text, in a line or in JSON", "[command]") {
    ServedGateway gateway;
    const std::string packet = "/v1/why?proto=tcp&src=10.1.0.10:1&dst=203.0.113.10:80";
    CHECK(get(gateway, packet + "&line=1") ==
          "a frame that is no sound IPv4 packet: dropped: not_for_us\n");
    CHECK(get(gateway, packet).find("\ndropped: not_for_us\n    ") != std::string::npos);
    const auto json = nlohmann::json::parse(get(gateway, packet + "&format=json"));
    CHECK(json["fate"] == "dropped");
    CHECK(json["reason"] == "not_for_us");
    CHECK(json["flow"].is_null());
    CHECK(get(gateway, packet + "&line=2", 400) == "line=2 is not line=1.\n");
    CHECK(get(gateway, "/v1/why?proto=tcp", 400).find("A packet needs") == 0);
}

}  // namespace server_test
