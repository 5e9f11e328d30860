// SPDX-License-Identifier: BSD-3-Clause
#include "sync/message.h"

#include "catch.h"

#include <cstring>
#include <vector>

namespace message_test {

using namespace sluice;
using namespace sluice::sync;

namespace {

/// What `outgoing` has, as it arrives `at_once` bytes at a time.
std::vector<Type> types_of(const Outgoing& outgoing, size_t at_once) {
    std::vector<Type> types;
    Incoming incoming;
    auto bytes = outgoing.bytes();
    while (!bytes.empty()) {
        const auto part = bytes.first(std::min(at_once, bytes.size()));
        bytes = bytes.subspan(part.size());
        incoming.add(part);
        for (auto message = incoming.take(); message.ok() && *message; message = incoming.take())
            types.push_back((*message)->type);
    }
    return types;
}

/// The first thing that is said of these bytes behind a hello.
std::string complaint(const Header& header, std::vector<std::byte> payload = {}) {
    Outgoing outgoing;
    outgoing.add(Hello());
    Incoming incoming;
    incoming.add(outgoing.bytes());
    REQUIRE(incoming.take().value().has_value());
    incoming.add(std::as_bytes(std::span(&header, 1)));
    incoming.add(payload);
    const auto taken = incoming.take();
    return taken ? "" : taken.error().message;
}

}  // namespace

TEST_CASE("sync message: what is said is heard, however it is cut on its way", "[sync]") {
    Outgoing outgoing;
    outgoing.add(Hello());
    outgoing.add(State{});
    outgoing.begin();
    Record record;
    record.index = 7;
    outgoing.add(record);
    record.index = 8;
    outgoing.add(record);
    outgoing.add(End{9, 1});
    outgoing.add(Host{});
    outgoing.add(Host{});
    outgoing.complete();
    using enum Type;
    const std::vector<Type> expected{Type::Hello, Type::State, Begin,   Records,
                                     Ends,        Hosts,       Complete};
    for (const size_t at_once : {size_t{1}, size_t{7}, size_t{4096}})
        CHECK(types_of(outgoing, at_once) == expected);
    CHECK(outgoing.sequence() == 7);
}

TEST_CASE("sync message: records of one message come back in their order", "[sync]") {
    Outgoing outgoing;
    outgoing.add(Hello());
    for (uint32_t i = 0; i < 1000; ++i) {
        Record record;
        record.index = i;
        record.left = -5;
        outgoing.add(record);
    }
    Incoming incoming;
    incoming.add(outgoing.bytes());
    CHECK(incoming.take().value()->as<Hello>() == Hello());
    uint32_t next = 0;
    for (auto message = incoming.take(); *message; message = incoming.take()) {
        CHECK((*message)->payload.size() <= kMostPayload);
        for (size_t i = 0; i < (*message)->count<Record>(); ++i, ++next) {
            REQUIRE((*message)->entry<Record>(i).index == next);
            REQUIRE((*message)->entry<Record>(i).left == -5);
        }
    }
    CHECK(next == 1000);
}

TEST_CASE("sync message: what has begun to be sent does not grow", "[sync]") {
    Outgoing outgoing;
    outgoing.add(Hello());
    outgoing.add(End{1, 1});
    std::vector<std::byte> wire(outgoing.bytes().begin(), outgoing.bytes().end() - 3);
    outgoing.sent(wire.size());
    outgoing.add(End{2, 1});
    wire.insert(wire.end(), outgoing.bytes().begin(), outgoing.bytes().end());
    Incoming incoming;
    incoming.add(wire);
    REQUIRE(incoming.take().value()->type == Type::Hello);
    CHECK(incoming.take().value()->entry<End>(0) == End{1, 1});
    CHECK(incoming.take().value()->entry<End>(0) == End{2, 1});
}

TEST_CASE("sync message: what has not the form of its type is refused", "[sync]") {
    CHECK(complaint({16, Type::State, {}, 2}, std::vector<std::byte>(16)).empty());
    CHECK(complaint({17, Type::State, {}, 2}) == "a message of type 2 with 17 bytes is none");
    CHECK(complaint({0, Type::Records, {}, 2}) == "a message of type 4 with 0 bytes is none");
    CHECK(complaint({127, Type::Records, {}, 2}) == "a message of type 4 with 127 bytes is none");
    CHECK_FALSE(complaint({0xffffff80, Type::Records, {}, 2}).empty());
    CHECK(complaint({20, Type::Hosts, {}, 2}, std::vector<std::byte>(20)).empty());
    CHECK(complaint({21, Type::Hosts, {}, 2}) == "a message of type 7 with 21 bytes is none");
    CHECK_FALSE(complaint({0, Type::Hosts, {}, 2}).empty());
    CHECK(complaint({32, Type::Owned, {}, 2}, std::vector<std::byte>(32)).empty());
    CHECK(complaint({17, Type::Owned, {}, 2}) == "a message of type 8 with 17 bytes is none");
    CHECK_FALSE(complaint({1, Type::Begin, {}, 2}).empty());
    CHECK_FALSE(complaint({0, static_cast<Type>(0), {}, 2}).empty());
    CHECK_FALSE(complaint({0, static_cast<Type>(200), {}, 2}).empty());
}

TEST_CASE("sync message: a message that is left out is missed", "[sync]") {
    CHECK(complaint({0, Type::Begin, {}, 2}).empty());
    CHECK(complaint({0, Type::Begin, {}, 3}) == "message 3 has followed message 1");
    CHECK(complaint({0, Type::Begin, {}, 1}) == "message 1 has followed message 1");
    CHECK(complaint({32, Type::Hello, {}, 2}) ==
          "the peer has not begun with a hello, or has said it twice");
    Outgoing outgoing;
    outgoing.begin();
    Incoming incoming;
    incoming.add(outgoing.bytes());
    CHECK_FALSE(incoming.take().ok());
}

TEST_CASE("sync message: what TLS has been given stays as it was, whatever is said after it",
          "[sync]") {
    Outgoing outgoing;
    outgoing.add(Hello());
    outgoing.add(Record{});
    outgoing.seal();
    const std::vector<std::byte> given(outgoing.bytes().begin(), outgoing.bytes().end());
    outgoing.add(Record{});
    REQUIRE(outgoing.size() > given.size());
    CHECK(std::memcmp(outgoing.bytes().data(), given.data(), given.size()) == 0);
}

TEST_CASE("sync message: what is left to be sent follows what was sent", "[sync]") {
    Outgoing outgoing;
    Incoming incoming;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < 1000; ++i) {
        const End end{i, 1};
        if (i == 0)
            outgoing.add(Hello());
        outgoing.add(end);
        const size_t some = outgoing.size() * 3 / 4;
        incoming.add(outgoing.bytes().first(some));
        outgoing.sent(some);
        for (auto message = incoming.take(); *message; message = incoming.take())
            for (size_t entry = 0;
                 (*message)->type == Type::Ends && entry < (*message)->count<End>(); ++entry)
                CHECK((*message)->entry<End>(entry) == End{taken++, 1});
    }
    CHECK(taken > 900);
}

}  // namespace message_test
