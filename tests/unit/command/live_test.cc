// SPDX-License-Identifier: BSD-3-Clause
#include "command/live.h"

#include "catch.h"
#include "command/notices.h"
#include "command/page.h"
#include "web_gateway.h"

#include <nlohmann/json.hpp>

namespace live_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using namespace std::chrono_literals;

TEST_CASE("live: an event has statistics, health and the last lines of the log", "[command]") {
    Gateway gateway;
    gateway.counters[0].count[stats::Count::Received].add(7);
    Subject subject = gateway.subject();
    subject.notices = [] { return std::vector<Notice>{{1'800'000'000, "a \"line\"\nof the log"}}; };
    subject.standstill = [] { return Standstill{.workers = 1}; };
    Live live(subject);
    const auto event = live.event();
    REQUIRE(event->text.starts_with("data: "));
    REQUIRE(event->text.ends_with("\n\n"));
    CHECK(event->text.find('\n') == event->text.size() - 2);
    const auto json = nlohmann::json::parse(event->text.substr(6));
    CHECK(json["stats"]["packets"]["received"] == 7);
    CHECK(json["health"]["troubles"].at(0) == "worker 0 stands still");
    CHECK(json["notices"].at(0)["text"] == "a \"line\"\nof the log");
    CHECK(live.event() == event);  // all who watch share it
}

TEST_CASE("live: who watches is told again and again", "[command]") {
    WebGateway gateway;
    unsigned events = 0;
    gateway.web().Get("/v1/live", [&](const char* bytes, size_t size) {
        events += std::string(bytes, size).find("\n\n") != std::string::npos;
        return events < 2;
    });
    CHECK(events == 2);
    CHECK(gateway.web().Get("/v1/live?x=1")->status == 400);
}

TEST_CASE("live: only so many watch at once, and leave room for others", "[command]") {
    WebGateway gateway;
    std::vector<Descriptor> watchers;
    for (unsigned i = 0; i < 9; ++i) {
        watchers.push_back(gateway.connect());
        const std::string request = "GET /v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
        send(watchers.back().get(), request.data(), request.size(), MSG_NOSIGNAL);
    }
    unsigned refused = 0;
    for (const Descriptor& watcher : watchers) {
        char head[64] = {};
        REQUIRE(recv(watcher.get(), head, sizeof head - 1, 0) > 0);
        refused += std::string(head).find(" 503 ") != std::string::npos;
    }
    CHECK(refused == 1);
    CHECK(gateway.web().Get("/healthz")->status == 200);
}

TEST_CASE("page: it is whole, and runs nothing but its own script", "[command]") {
    WebGateway gateway;
    const auto page = gateway.web().Get("/");
    REQUIRE(page);
    CHECK(page->body == kPage);
    CHECK(page->get_header_value("Content-Type") == "text/html; charset=utf-8");
    const std::string policy = page->get_header_value("Content-Security-Policy");
    CHECK(policy.starts_with("default-src 'none'; script-src 'sha256-"));
    CHECK(policy.find("unsafe") == std::string::npos);
    for (const char* outside : {"http://", "https://", "src=", "@import", "url("}) {
        CAPTURE(outside);
        std::string body = page->body;
        const std::string svg = "http://www.w3.org/2000/svg";  // a name, which nobody asks for
        body.erase(body.find(svg), svg.size());
        CHECK(body.find(outside) == std::string::npos);
    }
}

TEST_CASE("notices: the newest stay", "[command]") {
    Notices notices;
    for (unsigned i = 0; i < 60; ++i)
        notices.add(std::to_string(i));
    const auto all = notices.all();
    REQUIRE(all.size() == Notices::kMost);
    CHECK(all.front().text == "10");
    CHECK(all.back().text == "59");
}

TEST_CASE("recording: rows come by themselves, and end with the server", "[command]") {
    WebGateway gateway({.record_every = 5ms});
    nlohmann::json rows;
    while (rows.size() < 1)
        rows = nlohmann::json::parse(
            gateway.web().Get("/v1/history?of=flows&format=json")->body)["rows"];
    CHECK(rows[0].size() == 6);
}

}  // namespace live_test
