// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "served_gateway.h"

#include <atomic>
#include <mutex>
#include <thread>

namespace events_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using conntrack::TcpState;

namespace {

/// A client that reads events until it is told to stop, or has what it waits for.
class Follower {
public:
    Follower(const ServedGateway& gateway, const std::string& path)
        : thread_([this, client = gateway.client(), path]() mutable {
              client.Get(path, [this](const char* bytes, size_t count) {
                  const std::lock_guard lock(mutex_);
                  text_.append(bytes, count);
                  return !stop_;
              });
          }) {}
    ~Follower() {
        stop_ = true;
        thread_.join();
    }

    std::string text() const {
        const std::lock_guard lock(mutex_);
        return text_;
    }
    void stop() { stop_ = true; }

private:
    mutable std::mutex mutex_;
    std::string text_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

template <typename Condition>
bool becomes_true(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    return condition();
}

}  // namespace

TEST_CASE("server: events of flows are sent as they happen", "[command][events]") {
    ServedGateway gateway;
    Follower follower(gateway, "/v1/events?proto=tcp");
    REQUIRE(becomes_true([&] { return gateway.table->journal().is_heard(); }));
    gateway.open_flow({.seconds = 120, .state = TcpState::SynSent});
    CHECK(becomes_true([&] {
        return follower.text().starts_with("    [NEW] tcp      6 120 SYN_SENT src=10.1.0.10 ");
    }));
    follower.stop();
    gateway.open_flow({.source_port = 1});  // what it reads last
}

TEST_CASE("server: that the table is nearly full is an event, for those who follow all",
          "[command][events]") {
    ServedGateway gateway(1000, {.record_every = std::chrono::milliseconds(1)});
    Follower all(gateway, "/v1/events?format=json");
    REQUIRE(becomes_true([&] { return gateway.table->journal().is_heard(); }));
    Follower udp(gateway, "/v1/events?proto=udp");
    uint16_t port = 1000;
    const auto is_followed_by_both = [&] {
        const size_t before = all.text().size();
        gateway.open_flow({.protocol = net::Protocol::Udp, .source_port = port++});
        return becomes_true([&] { return all.text().size() > before; }) && !udp.text().empty();
    };
    REQUIRE(becomes_true(is_followed_by_both));
    gateway.open_flows(800);
    CHECK(becomes_true([&] {
        return all.text().find(R"("event":"full","flows":{"percent":)") != std::string::npos;
    }));
    const size_t before = udp.text().size();
    gateway.open_flow({.protocol = net::Protocol::Udp, .source_port = port++});
    CHECK(becomes_true([&] { return udp.text().size() > before; }));
    CHECK(udp.text().find("[FULL]") == std::string::npos);
    all.stop();
    udp.stop();
    gateway.open_flow({.protocol = net::Protocol::Udp, .source_port = port++});
}

TEST_CASE("server: a client that goes is noticed although nothing happens", "[command][events]") {
    ServedGateway gateway;
    {
        httplib::Client client = gateway.client();
        client.set_read_timeout(std::chrono::milliseconds(50));
        CHECK_FALSE(client.Get("/v1/events"));  // it waits for events in vain, and closes
    }
    CHECK(becomes_true([&] { return !gateway.table->journal().is_heard(); }));
}

TEST_CASE("server: events that cannot be asked for are refused", "[command][events]") {
    ServedGateway gateway;
    for (const char* path :
         {"/v1/events?timestamps=2", "/v1/events?extended=yes", "/v1/events?colour=red"}) {
        const auto answer = gateway.client().Get(path);
        REQUIRE(answer);
        CHECK(answer->status == 400);
    }
    CHECK_FALSE(gateway.table->journal().is_heard());
}

TEST_CASE("server: it stops while somebody waits for events", "[command][events]") {
    ServedGateway gateway;
    Follower follower(gateway, "/v1/events");
    REQUIRE(becomes_true([&] { return gateway.table->journal().is_heard(); }));
    gateway.server.reset();
    CHECK_FALSE(gateway.table->journal().is_heard());
}

}  // namespace events_test
