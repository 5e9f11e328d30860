// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/etcd.h"

#include "catch.h"
#include "recorded_etcd.h"

#include <atomic>

namespace etcd_test {

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::testing;

namespace {

const Speaker kSpeaker{"sluice", "a", std::chrono::seconds(5)};

/// Where nobody listens.
std::string nowhere() {
    return "http://127.0.0.1:" + std::to_string(test::free_port().host());
}

std::string member_event(const std::string& revision) {
    return R"(,"events":[{"kv":{"key":")" + to_base64("sluice/node/b") + R"(","value":")" +
           to_base64(R"({"instance":"5"})") + R"(","mod_revision":")" + revision +
           R"(","lease":"78"}}])";
}

}  // namespace

TEST_CASE("etcd: a request is posted, and its answer read") {
    RecordedEtcd server;
    server.answer("/v3/lease/grant", R"(,"ID":"77","TTL":"5")");
    Etcd etcd({server.url()}, kSpeaker);
    const Answer answer = etcd.ask(Grant{});
    CHECK(answer.kind == Answer::Kind::Done);
    CHECK(answer.lease == 77);
    CHECK(server.last_body("/v3/lease/grant") == R"({"TTL":"5"})");
}

TEST_CASE("etcd: where a server fails the next one is asked") {
    RecordedEtcd failing;
    RecordedEtcd server;
    server.answer("/v3/lease/grant", R"(,"ID":"77","TTL":"5")");
    Etcd etcd({nowhere(), failing.url(), server.url()}, kSpeaker);
    CHECK(etcd.ask(Grant{}).kind == Answer::Kind::None);
    CHECK(etcd.url() == failing.url());
    CHECK(etcd.ask(Grant{}).kind == Answer::Kind::None);
    CHECK(etcd.ask(Grant{}).kind == Answer::Kind::Done);
    CHECK(etcd.ask(Grant{}).kind == Answer::Kind::Done);
    CHECK(etcd.url() == server.url());
    CHECK(failing.asked("/v3/lease/grant") == 1);
}

TEST_CASE("etcd: a refusal is an answer, of the server that is asked again") {
    RecordedEtcd server;
    server.answer("/v3/kv/txn", "");
    Etcd etcd({server.url(), nowhere()}, kSpeaker);
    CHECK(etcd.ask(PutOwners{}).kind == Answer::Kind::Refused);
    CHECK(etcd.url() == server.url());
}

TEST_CASE("etcd: a watch is told line by line, until it has heard enough") {
    RecordedEtcd server;
    server.add_news(R"(,"created":true)");
    server.add_news(member_event("23"));
    server.add_news(member_event("24"));
    Etcd etcd({server.url()}, kSpeaker);
    std::vector<Revision> revisions;
    etcd.watch(22, [&](const Told& told) {
        for (const News& news : told.news)
            revisions.push_back(news.revision);
        return revisions.size() < 2;
    });
    CHECK(revisions == std::vector<Revision>{23, 24});
    CHECK(server.last_body("/v3/watch") == watch_from(22, kSpeaker).body);
}

TEST_CASE("etcd: a watch ends when etcd ends it") {
    RecordedEtcd server;
    server.add_news(R"(,"canceled":true,"compact_revision":"30")");
    server.add_news(member_event("23"));
    Etcd etcd({server.url()}, kSpeaker);
    std::vector<Told> all;
    etcd.watch(22, [&](const Told& told) {
        all.push_back(told);
        return true;
    });
    REQUIRE(all.size() == 1);
    CHECK(all[0].is_late);
}

TEST_CASE("etcd: a watch is ended from another thread") {
    RecordedEtcd server;
    server.add_news(R"(,"created":true)");
    Etcd etcd({server.url()}, kSpeaker);
    std::atomic<bool> has_begun{false};
    std::thread other([&] {
        while (!has_begun.load())
            std::this_thread::yield();
        etcd.stop();
    });
    etcd.watch(22, [&](const Told&) {
        has_begun.store(true);
        server.add_news(member_event("23"));  // so it would never end by itself
        return true;
    });
    other.join();
    CHECK(etcd.ask(Grant{}).kind == Answer::Kind::None);
    CHECK(server.asked("/v3/lease/grant") == 0);
}

}  // namespace etcd_test
