// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/agent.h"

#include "catch.h"
#include "comes_true.h"
#include "recorded_etcd.h"

#include <chrono>
#include <mutex>

namespace agent_test {

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::testing;
using std::chrono::steady_clock;

namespace {

const Be32 kHeld = Be32::from_host(0xc6336401);
const Be32 kOther = Be32::from_host(0xc6336402);

/// By which the first address is a's, under the lease that it is granted, and the second is b's.
void answer_all(RecordedEtcd& server) {
    server.answer("/v3/lease/grant", R"(,"ID":"77","TTL":"5")");
    server.answer("/v3/lease/revoke", "");
    server.answer("/v3/kv/txn", R"(,"succeeded":true)");
    server.answer("/v3/kv/range",
                  R"(,"kvs":[)" +
                      RecordedEtcd::entry("sluice/address/198.51.100.1", R"({"owner":"a"})", "77") +
                      "," +
                      RecordedEtcd::entry("sluice/address/198.51.100.2", R"({"owner":"b"})", "78") +
                      "," + RecordedEtcd::entry("sluice/node/a", "{}", "77") + "]");
}

struct Log {
    std::mutex mutex;
    std::vector<std::string> lines;

    bool has(const std::string& words) {
        const std::lock_guard lock(mutex);
        for (const std::string& line : lines)
            if (line.find(words) != std::string::npos)
                return true;
        return false;
    }
};

std::unique_ptr<Agent> start(RecordedEtcd& server, pool::Holdings& holdings, Log& log) {
    AgentParams params{.urls = {server.url()},
                       .name = "a",
                       .holdings = holdings,
                       .notice =
                           [&log](const std::string& line) {
                               const std::lock_guard lock(log.mutex);
                               log.lines.push_back(line);
                           },
                       .background = {{}, false, 0}};
    auto agent = Agent::start(std::move(params));
    REQUIRE(agent.ok());
    return std::move(*agent);
}

}  // namespace

TEST_CASE("agent: an address is held whose key names the gateway, until a moment that moves on") {
    RecordedEtcd server;
    answer_all(server);
    pool::Holdings holdings({kHeld, kOther});
    Log log;
    const auto agent = start(server, holdings, log);
    REQUIRE(comes_true([&] { return holdings.has(kHeld); }));
    CHECK(!holdings.has(kOther));
    CHECK(comes_true([&] { return holdings.is_lost(kOther); }));
    CHECK(!holdings.is_others(0));
    const auto until = holdings.until();
    CHECK(until > steady_clock::now().time_since_epoch());
    CHECK(until < steady_clock::now().time_since_epoch() + Timing{}.ttl);
    CHECK(comes_true([&] { return holdings.until() > until; }));
    CHECK(comes_true([&] { return log.has("this gateway has taken 198.51.100.1"); }));
}

TEST_CASE("agent: the owner of an address is known where it says where it is") {
    RecordedEtcd server;
    answer_all(server);
    const auto entry = RecordedEtcd::entry;
    server.answer(
        "/v3/kv/range",
        R"(,"kvs":[)" + entry("sluice/address/198.51.100.1", R"({"owner":"a"})", "77") + "," +
            entry("sluice/address/198.51.100.2", R"({"owner":"b"})", "78") + "," +
            entry("sluice/node/a", R"({"inside":"10.1.0.1","mac":"02:00:00:00:00:01"})", "77") +
            "," +
            entry("sluice/node/b", R"({"inside":"10.1.0.2","mac":"02:00:00:00:00:02"})", "78") +
            "]");
    pool::Holdings holdings({kHeld, kOther});
    Log log;
    const auto agent = start(server, holdings, log);
    REQUIRE(comes_true([&] { return holdings.owner_of(kOther).has_value(); }));
    CHECK(holdings.owner_of(kOther) == Be32::from_host(0x0a010002));
    CHECK(holdings.is_member(net::mac_bits({2, 0, 0, 0, 0, 2})));
    CHECK(!holdings.owner_of(kHeld));
    CHECK(!holdings.is_member(net::mac_bits({2, 0, 0, 0, 0, 1})));  // itself
    const std::string key = R"("key":")" + to_base64("sluice/node/b");
    const std::string moved = R"({"inside":"10.1.0.9","mac":"02:00:00:00:00:09"})";
    server.add_news(R"(,"events":[{"kv":{)" + key + R"(","value":")" + to_base64(moved) +
                    R"(","mod_revision":"40","lease":"78"}}])");
    CHECK(comes_true([&] { return holdings.owner_of(kOther) == Be32::from_host(0x0a010009); }));
    CHECK(holdings.is_member(net::mac_bits({2, 0, 0, 0, 0, 9})));
    CHECK(comes_true([&] { return !holdings.is_member(net::mac_bits({2, 0, 0, 0, 0, 2})); }));
    server.add_news(R"(,"events":[{"type":"DELETE","kv":{)" + key + R"(","mod_revision":"41"}}])");
    CHECK(comes_true([&] { return !holdings.owner_of(kOther); }));
    CHECK(comes_true([&] { return !holdings.is_member(net::mac_bits({2, 0, 0, 0, 0, 9})); }));
}

TEST_CASE("agent: while etcd does not answer the moment comes") {
    RecordedEtcd server;
    answer_all(server);
    pool::Holdings holdings({kHeld, kOther});
    Log log;
    const auto agent = start(server, holdings, log);
    REQUIRE(comes_true([&] { return holdings.has(kHeld); }));
    server.answer_none();
    CHECK(comes_true([&] { return holdings.until() < steady_clock::now().time_since_epoch(); }));
    CHECK(comes_true([&] { return log.has("no write to etcd was confirmed in time"); }));
    for (const View::Address& address : agent->view().addresses)
        CHECK(!address.is_held);
    answer_all(server);
    CHECK(comes_true([&] { return holdings.until() > steady_clock::now().time_since_epoch(); }));
}

TEST_CASE("agent: its view says whose each address is") {
    RecordedEtcd server;
    answer_all(server);
    pool::Holdings holdings({kHeld, kOther});
    Log log;
    const auto agent = start(server, holdings, log);
    REQUIRE(comes_true([&] { return holdings.has(kHeld); }));
    const View view = agent->view();
    CHECK(view.name == "a");
    CHECK(view.left > Moment{});
    REQUIRE(view.members.size() == 1);
    CHECK(view.members[0].name == "a");
    REQUIRE(view.addresses.size() == 2);
    CHECK(view.addresses[0].owner == "a");
    CHECK(view.addresses[0].is_held);
    CHECK(view.addresses[1].owner == "b");
    CHECK(!view.addresses[1].is_held);
}

TEST_CASE("agent: an end of its own lease that it is told of ends all at once") {
    RecordedEtcd server;
    answer_all(server);
    pool::Holdings holdings({kHeld, kOther});
    Log log;
    const auto agent = start(server, holdings, log);
    REQUIRE(comes_true([&] { return holdings.has(kHeld); }));
    server.answer("/v3/lease/grant", R"(,"ID":"79","TTL":"5")");
    server.add_news(R"(,"events":[{"type":"DELETE","kv":{"key":")" + to_base64("sluice/node/a") +
                    R"(","mod_revision":"40"}}])");
    CHECK(comes_true([&] { return !holdings.has(kHeld); }));
    CHECK(comes_true([&] { return log.has("this gateway has given up 198.51.100.1"); }));
}

TEST_CASE("agent: a name that is none, or a server that is none, is refused in a sentence") {
    pool::Holdings holdings({kHeld});
    const auto error = [&](const std::string& url, const std::string& name) {
        AgentParams params{.urls = {url}, .name = name, .holdings = holdings};
        return Agent::start(std::move(params)).error().message;
    };
    for (const std::string& name : {std::string(), std::string("a/b"), std::string(64, 'a')})
        CHECK(error("http://127.0.0.1:2379", name).starts_with("--cluster name=" + name + ": "));
    for (const char* url : {"", "127.0.0.1:2379", "https://127.0.0.1:2379"})
        CHECK(error(url, "a").starts_with("--cluster etcd=" + std::string(url) + ": "));
}

TEST_CASE("agent: at its end it gives its lease back") {
    RecordedEtcd server;
    answer_all(server);
    pool::Holdings holdings({kHeld, kOther});
    Log log;
    auto agent = start(server, holdings, log);
    REQUIRE(comes_true([&] { return holdings.has(kHeld); }));
    server.end_watches();
    agent.reset();
    CHECK(server.asked("/v3/lease/revoke") == 1);
    CHECK(server.last_body("/v3/lease/revoke") == R"({"ID":"77"})");
    CHECK(holdings.until() < steady_clock::now().time_since_epoch());
}

}  // namespace agent_test
