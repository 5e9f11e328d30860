// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/etcd_text.h"

#include "catch.h"

#include <nlohmann/json.hpp>

namespace etcd_text_test {

using namespace sluice;
using namespace sluice::cluster;
using nlohmann::json;

namespace {

const Speaker kSpeaker{"sluice", "a", std::chrono::seconds(5)};
const Be32 kAddress = Be32::from_host(0xc6336407);
constexpr std::string_view kHeader =
    R"("header":{"cluster_id":"324952591200643719","member_id":"3319814642761637952",)"
    R"("revision":"21","raft_term":"2"})";

/// As etcd 3.4.23 says it.
std::string body(std::string_view rest) {
    return std::string("{").append(kHeader).append(rest).append("}");
}

json posted(const Request& request) {
    return json::parse(post_of(request, kSpeaker).body);
}

std::string decoded(const json& text) {
    return from_base64(text.get<std::string>()).value();
}

std::string entry(std::string_view key, std::string_view value, std::string_view rest) {
    return R"({"key":")" + to_base64(key) + R"(","value":")" + to_base64(value) + R"(",)" +
           std::string(rest) + "}";
}

Answer ask(const Request& request, std::string_view rest) {
    return answer_of(request, 200, body(rest), kSpeaker);
}

constexpr std::string_view kNoLease =
    R"({"error":"etcdserver: requested lease not found",)"
    R"("message":"etcdserver: requested lease not found","code":5})";

}  // namespace

TEST_CASE("etcd text: a lease is granted, kept alive and given back by its number") {
    CHECK(posted(Grant{}) == json{{"TTL", "5"}});
    CHECK(post_of(Grant{}, kSpeaker).path == "/v3/lease/grant");
    CHECK(posted(KeepAlive{77}) == json{{"ID", "77"}});
    CHECK(post_of(KeepAlive{77}, kSpeaker).path == "/v3/lease/keepalive");
    CHECK(posted(Revoke{77}) == json{{"ID", "77"}});
    CHECK(post_of(Revoke{77}, kSpeaker).path == "/v3/lease/revoke");

    const Answer granted = ask(Grant{}, R"(,"ID":"2324035724232483845","TTL":"5")");
    CHECK(granted.kind == Answer::Kind::Done);
    CHECK(granted.lease == 2324035724232483845);
    CHECK(ask(Revoke{77}, "").kind == Answer::Kind::Done);
}

TEST_CASE("etcd text: a lease that is over is kept alive with no TTL") {
    const std::string alive = R"({"result":)" + body(R"(,"ID":"77","TTL":"5")") + "}";
    const std::string over = R"({"result":)" + body(R"(,"ID":"79")") + "}";
    CHECK(answer_of(KeepAlive{77}, 200, alive, kSpeaker).kind == Answer::Kind::Done);
    CHECK(answer_of(KeepAlive{79}, 200, over, kSpeaker).kind == Answer::Kind::Refused);
}

TEST_CASE("etcd text: a member's key is written if it has its revision, else it is read") {
    const json request = posted(PutMember{{"a", 18446744073709551615U, true, 77, 12}});
    const json& compare = request["compare"];
    REQUIRE(compare.is_array());
    REQUIRE(compare.size() == 1);
    CHECK(decoded(compare[0]["key"]) == "sluice/node/a");
    CHECK(compare[0]["target"] == "MOD");
    CHECK(compare[0]["result"] == "EQUAL");
    CHECK(compare[0]["mod_revision"] == "12");
    REQUIRE(request["success"].is_array());
    const json& put = request["success"][0]["request_put"];
    CHECK(decoded(put["key"]) == "sluice/node/a");
    CHECK(put["lease"] == "77");
    CHECK(json::parse(decoded(put["value"])) ==
          json{{"instance", "18446744073709551615"}, {"leaves", true}});
    REQUIRE(request["failure"].is_array());
    CHECK(decoded(request["failure"][0]["request_range"]["key"]) == "sluice/node/a");
}

TEST_CASE("etcd text: a member says where it is inside, if it knows") {
    const Inside inside{Be32::from_host(0x0a000002), {2, 0, 0, 0, 0xab, 0xcd}};
    const json request = posted(PutMember{{"a", 3, false, 77, 12, inside}});
    const json put = request["success"][0]["request_put"];
    const std::string value = decoded(put["value"]);
    CHECK(json::parse(value) == json{{"instance", "3"},
                                     {"leaves", false},
                                     {"inside", "10.0.0.2"},
                                     {"mac", "02:00:00:00:ab:cd"}});
    const auto read = [](const std::string& written) {
        const Answer answer = ask(
            Read{}, R"(,"kvs":[)" + entry("sluice/node/a", written, R"("mod_revision":"9")") + "]");
        REQUIRE(answer.read.members.size() == 1);
        return answer.read.members[0].inside;
    };
    CHECK(read(value) == inside);
    for (const char* none :
         {R"({"instance":"3","leaves":false})", R"({"inside":"10.0.0.2"})",
          R"({"mac":"02:00:00:00:ab:cd"})", R"({"inside":"10.0.0","mac":"02:00:00:00:ab:cd"})",
          R"({"inside":"10.0.0.2","mac":"02:00"})", R"({"inside":7,"mac":8})",
          R"({"inside":"0.0.0.0","mac":"02:00:00:00:ab:cd"})"})
        CHECK(read(none) == Inside{});
}

TEST_CASE("etcd text: a member says where it takes flows, if it does") {
    const net::Endpoint place{Be32::from_host(0x0a090001), Be16::from_host(3781)};
    const json request = posted(PutMember{{"a", 3, false, 77, 12, {}, place}});
    const std::string value = decoded(request["success"][0]["request_put"]["value"]);
    CHECK(json::parse(value) ==
          json{{"instance", "3"}, {"leaves", false}, {"takes_at", "10.9.0.1:3781"}});
    const auto read = [](const std::string& written) {
        const Answer answer = ask(
            Read{}, R"(,"kvs":[)" + entry("sluice/node/a", written, R"("mod_revision":"9")") + "]");
        REQUIRE(answer.read.members.size() == 1);
        return answer.read.members[0].takes_at;
    };
    CHECK(read(value) == place);
    for (const char* none : {R"({"instance":"3","leaves":false})", R"({"takes_at":"10.9.0.1"})",
                             R"({"takes_at":"10.9.0.1:0"})", R"({"takes_at":3781})"})
        CHECK_FALSE(read(none));
}

TEST_CASE("etcd text: keys of addresses are written if they and the writer's own have theirs") {
    const Be32 other = Be32::from_host(0xc6336408);
    const json request =
        posted(PutOwners{{{kAddress, "b", 5, 78, 9}, {other, "c", 6, 79, 0}}, "a", 12});
    const json& compare = request["compare"];
    REQUIRE(compare.is_array());
    REQUIRE(compare.size() == 3);
    CHECK(decoded(compare[0]["key"]) == "sluice/node/a");
    CHECK(compare[0]["mod_revision"] == "12");
    CHECK(decoded(compare[1]["key"]) == "sluice/address/198.51.100.7");
    CHECK(compare[1]["mod_revision"] == "9");
    CHECK(decoded(compare[2]["key"]) == "sluice/address/198.51.100.8");
    CHECK(compare[2]["mod_revision"] == "0");
    REQUIRE(request["success"].is_array());
    REQUIRE(request["success"].size() == 2);
    const json& put = request["success"][0]["request_put"];
    CHECK(decoded(put["key"]) == "sluice/address/198.51.100.7");
    CHECK(put["lease"] == "78");
    CHECK(json::parse(decoded(put["value"])) == json{{"owner", "b"}, {"instance", "5"}});
    CHECK(request["success"][1]["request_put"]["lease"] == "79");
}

TEST_CASE("etcd text: what was written has the revision of the answer") {
    const Answer answer = ask(PutMember{}, R"(,"succeeded":true,"responses":[{"response_put":)"
                                           R"({"header":{"revision":"21"}}}])");
    CHECK(answer.kind == Answer::Kind::Done);
    CHECK(answer.revision == 21);
}

TEST_CASE("etcd text: a refusal says what is there") {
    const std::string there = entry("sluice/node/a", R"({"instance":"3","leaves":false})",
                                    R"("create_revision":"2","mod_revision":"2","version":"1",)"
                                    R"("lease":"77")");
    const Answer answer = ask(PutMember{}, R"(,"responses":[{"response_range":)"
                                           R"({"header":{"revision":"2"},"kvs":[)" +
                                               there + R"(],"count":"1"}}])");
    CHECK(answer.kind == Answer::Kind::Refused);
    REQUIRE(answer.found);
    CHECK(*answer.found == Member{"a", 3, false, 77, 2});
    CHECK(ask(PutOwners{}, "").kind == Answer::Kind::Refused);
    CHECK(!ask(PutMember{}, R"(,"responses":[{"response_range":{}}])").found);
}

TEST_CASE("etcd text: to write under a lease that is over is refused") {
    CHECK(answer_of(PutMember{}, 404, kNoLease, kSpeaker).kind == Answer::Kind::Refused);
    CHECK(answer_of(Revoke{}, 404, kNoLease, kSpeaker).kind == Answer::Kind::Refused);
}

TEST_CASE("etcd text: whatever else comes is no answer") {
    for (const char* text : {"", "{", "null", "[]", "\"no\"", "{}", R"({"header":7})",
                             R"({"error":"etcdserver: request timed out","code":14})"}) {
        INFO(text);
        for (const Request& request :
             std::vector<Request>{Grant{}, KeepAlive{}, PutMember{}, PutOwners{}, Read{}}) {
            CHECK(answer_of(request, 200, text, kSpeaker).kind == Answer::Kind::None);
            CHECK(answer_of(request, 503, text, kSpeaker).kind == Answer::Kind::None);
        }
    }
    CHECK(ask(Grant{}, "").kind == Answer::Kind::None);
}

TEST_CASE("etcd text: all keys are read, and those of others passed over") {
    const Post post = post_of(Read{}, kSpeaker);
    CHECK(post.path == "/v3/kv/range");
    CHECK(decoded(json::parse(post.body)["key"]) == "sluice/");
    CHECK(decoded(json::parse(post.body)["range_end"]) == "sluice0");

    const Answer answer = ask(
        Read{}, R"(,"kvs":[)" +
                    entry("sluice/address/198.51.100.7", R"({"instance":"5","owner":"b"})",
                          R"("mod_revision":"9","lease":"78")") +
                    "," + entry("sluice/address/no", "{}", R"("mod_revision":"9","lease":"78")") +
                    "," + entry("sluice/other", "{}", R"("mod_revision":"9")") + "," +
                    entry("sluice/node/b", R"({"instance":"5","leaves":true})",
                          R"("mod_revision":"20","lease":"78")") +
                    R"(],"count":"4")");
    CHECK(answer.kind == Answer::Kind::Done);
    CHECK(answer.read == News{.revision = 21,
                              .members = {{"b", 5, true, 78, 20}},
                              .owners = {{kAddress, "b", 5, 78, 9}}});
}

TEST_CASE("etcd text: a value that is none of ours names nobody") {
    const Answer answer = ask(Read{}, R"(,"kvs":[)" +
                                          entry("sluice/address/198.51.100.7", "rubbish",
                                                R"("mod_revision":"9","lease":"78")") +
                                          "]");
    REQUIRE(answer.read.owners.size() == 1);
    CHECK(answer.read.owners[0].name.empty());
}

TEST_CASE("etcd text: news are told revision by revision") {
    const Post post = watch_from(22, kSpeaker);
    CHECK(post.path == "/v3/watch");
    const json create = json::parse(post.body)["create_request"];
    CHECK(decoded(create["key"]) == "sluice/");
    CHECK(create["start_revision"] == "22");

    CHECK(told(R"({"result":)" + body(R"(,"created":true)") + "}", kSpeaker) == Told{});
    const std::string gone = R"({"type":"DELETE","kv":{"key":")" + to_base64("sluice/node/b") +
                             R"(","mod_revision":"24"}})";
    const std::string free = R"({"type":"DELETE","kv":{"key":")" +
                             to_base64("sluice/address/198.51.100.7") +
                             R"(","mod_revision":"24"}})";
    const std::string put =
        R"({"kv":)" +
        entry("sluice/node/b", R"({"instance":"5"})", R"("mod_revision":"23","lease":"78")") + "}";
    const auto news =
        told(R"({"result":)" + body(R"(,"events":[)" + put + "," + free + "," + gone + "]") + "}",
             kSpeaker);
    REQUIRE(news);
    CHECK(!news->is_over);
    REQUIRE(news->news.size() == 2);
    CHECK(news->news[0] == News{.revision = 23, .members = {{"b", 5, false, 78, 23}}});
    CHECK(news->news[1] == News{.revision = 24, .gone = {"b"}, .free = {kAddress}});
}

TEST_CASE("etcd text: who asks for what is forgotten is told so") {
    const auto late =
        told(R"({"result":)" + body(R"(,"canceled":true,"compact_revision":"30")") + "}", kSpeaker);
    REQUIRE(late);
    CHECK(late->is_late);
    CHECK(late->is_over);
    const auto over = told(R"({"result":)" + body(R"(,"canceled":true)") + "}", kSpeaker);
    CHECK(over->is_over);
    CHECK(!over->is_late);
    CHECK(!told(R"({"error":{"grpc_code":14}})", kSpeaker));
    CHECK(!told("", kSpeaker));
}

}  // namespace etcd_text_test
