// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "command/reception.h"
#include "web_gateway.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace web_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

int status_of(const httplib::Result& result) {
    return result ? result->status : 0;
}

}  // namespace

TEST_CASE("web: who comes over TCP may ask what the page needs, and nothing else", "[command]") {
    WebGateway gateway;
    httplib::Client web = gateway.web();
    for (const char* path : {"/metrics", "/healthz", "/v1/stats", "/v1/hosts", "/v1/ports",
                             "/v1/why?proto=tcp&src=10.1.0.10:1&dst=203.0.113.10:80"}) {
        CAPTURE(path);
        CHECK(status_of(web.Get(path)) == 200);
        CHECK(status_of(web.Head(path)) == 200);
    }
    for (const char* path : {"/v1/flows", "/v1/flows/count", "/v1/expectations", "/v1/events",
                             "/v1/capture", "/v1/trace", "/v1/config",
                             "/v1/who?public=198.51.100.1", "/v1/rules", "/v1/ipv6-hosts"}) {
        CAPTURE(path);
        CHECK(status_of(web.Get(path)) == 403);
    }
    CHECK(status_of(web.Get("/v1/nothing")) == 404);
}

TEST_CASE("web: nothing can be changed over TCP", "[command]") {
    WebGateway gateway;
    gateway.open_flow({.state = conntrack::TcpState::Established});
    httplib::Client web = gateway.web();
    const auto refused = [](const httplib::Result& result) {
        REQUIRE(result);
        CHECK(result->status == 405);
        CHECK(result->get_header_value("Allow") == "GET, HEAD");
    };
    refused(web.Delete("/v1/flows?all=1"));
    refused(web.Post("/v1/reload", "", "text/plain"));
    refused(web.Put("/metrics", "", "text/plain"));
    refused(web.Options("/v1/stats"));
    CHECK(gateway.table->size() == 1);
    CHECK(status_of(gateway.client().Delete("/v1/flows?all=1")) == 200);  // the owner may
}

TEST_CASE("web: on loopback it answers to loopback's names alone", "[command]") {
    WebGateway gateway;
    httplib::Client web = gateway.web();
    const auto asked_as = [&](const char* host) {
        return status_of(web.Get("/healthz", {{"Host", host}}));
    };
    CHECK(asked_as("127.0.0.1:9100") == 200);
    CHECK(asked_as("localhost") == 200);
    CHECK(asked_as("evil.example:9100") == 421);
    CHECK(asked_as("127.0.0.1.evil.example") == 421);
    CHECK(status_of(gateway.client().Get("/healthz", {{"Host", "anything"}})) == 200);
}

TEST_CASE("web: no other site can read or frame what is answered", "[command]") {
    WebGateway gateway;
    const auto answer = gateway.web().Get("/v1/stats?format=json");
    REQUIRE(answer);
    CHECK(answer->get_header_value("Cross-Origin-Resource-Policy") == "same-origin");
    CHECK(answer->get_header_value("X-Content-Type-Options") == "nosniff");
    CHECK_FALSE(answer->has_header("Access-Control-Allow-Origin"));
}

TEST_CASE("web: metrics come in the format that is asked for", "[command]") {
    WebGateway gateway;
    const auto plain = gateway.web().Get("/metrics");
    REQUIRE(plain);
    CHECK(plain->get_header_value("Content-Type").starts_with("text/plain; version=0.0.4"));
    const auto open = gateway.web().Get(
        "/metrics", {{"Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}});
    REQUIRE(open);
    CHECK(open->get_header_value("Content-Type") ==
          "application/openmetrics-text; version=1.0.0; charset=utf-8");
    CHECK(open->body.ends_with("\n# EOF\n"));
}

TEST_CASE("web: a second server at the same address is refused in a sentence", "[command]") {
    WebGateway gateway;
    TemporaryDirectory directory;
    const auto second =
        Server::start(on_loopback(gateway.port, {.path = directory.file("s")}), gateway.subject());
    REQUIRE_FALSE(second);
    CHECK(second.error().message == "--http 127.0.0.1:" + std::to_string(gateway.port.host()) +
                                        ": nothing can be served there: Address already in use");
    CHECK(directory.is_empty());
}

TEST_CASE("web: an address that is not this machine's is refused in a sentence", "[command]") {
    const auto listener =
        listen_at({Be32::from_host(0xc0000201), Be16::from_host(9100)});  // 192.0.2.1
    REQUIRE_FALSE(listener);
    CHECK(listener.error().message.starts_with("--http 192.0.2.1:9100: nothing can be served"));
}

TEST_CASE("web: hundreds of silent connections delay neither door", "[command]") {
    WebGateway gateway({.patience = {.request = 20s}, .http_patience = {.request = 20s}});
    std::vector<Descriptor> crowd;
    for (unsigned i = 0; i < 600; ++i)
        crowd.push_back(gateway.connect());
    const auto begin = Clock::now();
    CHECK(status_of(gateway.client().Get("/v1/flows/count")) == 200);
    CHECK(status_of(gateway.web().Get("/healthz")) == 200);
    CHECK(Clock::now() - begin < 10s);
}

TEST_CASE("web: one address's flood keeps no other out", "[command]") {
    WebGateway gateway({.http_patience = {.request = 20s}});
    const Descriptor early = gateway.connect(INADDR_LOOPBACK + 1);
    say(early, "GET /healthz HTTP/1.1\r\n");
    std::vector<Descriptor> flood;
    for (unsigned i = 0; i < 2 * kMostGuests; ++i)
        flood.push_back(gateway.connect());
    CHECK(hear(flood.front()).empty());  // it was the oldest of the address with the most
    say(early, "Host: localhost\r\n\r\n");
    CHECK(hear(early).find(" 200 ") != std::string::npos);
}

TEST_CASE("web: readers that take nothing leave the control socket its threads", "[command]") {
    WebGateway gateway({.threads = 2, .http_threads = 2, .http_patience = {.stall = 20s}});
    std::vector<Descriptor> crowd;
    for (unsigned i = 0; i < 100; ++i) {
        crowd.push_back(gateway.connect());
        say(crowd.back(), "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    }
    CHECK(status_of(gateway.client().Get("/v1/flows/count")) == 200);
}

TEST_CASE("web: half a request is given up in time, a huge one at once", "[command]") {
    WebGateway gateway({.http_patience = {.request = 100ms}});
    const Descriptor half = gateway.connect();
    say(half, "GET /metrics HTTP/1.1\r\nHost: ");
    CHECK(hear(half).empty());
    WebGateway patient;
    const Descriptor huge = patient.connect();
    const auto begin = Clock::now();
    say(huge, "GET /" + std::string(1 << 20, 'a'));
    CHECK(hear(huge).find(" 200 ") == std::string::npos);
    CHECK(Clock::now() - begin < 1500ms);
    CHECK(status_of(patient.web().Get("/healthz")) == 200);
}

}  // namespace web_test
