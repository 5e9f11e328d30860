// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/socket_query.h"

#include "catch.h"
#include "listening.h"

#include <algorithm>
#include <vector>

namespace socket_query_test {

using namespace sluice;
using namespace sluice::test;
using kernel::Bound;
using kernel::SocketQuery;

namespace {

/// All of a family, in so many calls.
std::vector<Bound> read_all(SocketQuery& query, uint8_t family, unsigned* calls = nullptr) {
    std::vector<Bound> found;
    unsigned count = 1;
    auto answer = query.read(family, found);
    for (; answer == SocketQuery::Answer::Part; answer = query.read(family, found))
        REQUIRE(++count < 10000);
    REQUIRE(answer == SocketQuery::Answer::Last);
    if (calls != nullptr)
        *calls = count;
    return found;
}

size_t count_of(const std::vector<Bound>& found, Be32 address, Be16 port) {
    return static_cast<size_t>(std::ranges::count_if(found, [&](const Bound& bound) {
        return bound.address[0] == address.raw && bound.port == port;
    }));
}

}  // namespace

TEST_CASE("socket query: who listens is told, and no connection", "[kernel]") {
    const Listening server;
    const Connected client(server);
    SocketQuery query;
    for (int i = 0; i < 2; ++i) {  // it is asked anew
        const std::vector<Bound> found = read_all(query, AF_INET);
        CHECK(count_of(found, kLoopback, server.port()) == 1);
        CHECK(count_of(found, kLoopback, client.port()) == 0);
    }
}

TEST_CASE("socket query: many come in parts, each once", "[kernel]") {
    const std::vector<Listening> servers(300);
    SocketQuery query;
    unsigned calls = 0;
    const std::vector<Bound> found = read_all(query, AF_INET, &calls);
    for (const Listening& server : servers)
        CHECK(count_of(found, kLoopback, server.port()) == 1);
    CHECK(calls > 1);
}

TEST_CASE("socket query: what the kernel does not answer is refused", "[kernel]") {
    SocketQuery query;
    std::vector<Bound> found;
    CHECK(query.read(255, found) == SocketQuery::Answer::Refused);
    CHECK(found.empty());
    read_all(query, AF_INET);  // and it can be asked again
}

}  // namespace socket_query_test
