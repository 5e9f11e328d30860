// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/socket_query.h"

#include "catch.h"
#include "listening.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <span>
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

/// A part of an answer, as the kernel writes it.
class Part {
public:
    template <typename Content>
    Part& add(uint16_t type, const Content& content) {
        nlmsghdr header{};
        header.nlmsg_len = static_cast<uint32_t>(NLMSG_HDRLEN + sizeof content);
        header.nlmsg_type = type;
        put(&header, sizeof header);
        put(&content, sizeof content);
        return *this;
    }
    Part& add_socket(uint16_t port) {
        inet_diag_msg socket{};
        socket.id.idiag_src[0] = kLoopback.raw;
        socket.id.idiag_sport = Be16::from_host(port).raw;
        return add(SOCK_DIAG_BY_FAMILY, socket);
    }
    std::span<const std::byte> bytes() const { return bytes_; }

private:
    void put(const void* bytes, size_t count) {
        static_assert(sizeof(nlmsghdr) % NLMSG_ALIGNTO == 0);
        const size_t first = bytes_.size();
        bytes_.resize(first + NLMSG_ALIGN(count));
        std::memcpy(bytes_.data() + first, bytes, count);
    }

    std::vector<std::byte> bytes_;
};

}  // namespace

TEST_CASE("socket query: an answer that ends by an error is refused", "[kernel]") {
    const auto answer_to = [](const Part& part) {
        std::vector<Bound> found;
        return SocketQuery::read_part(part.bytes(), found);
    };
    const int32_t good = 0, unknown = -ENOENT;
    CHECK(answer_to(Part().add_socket(22).add(NLMSG_DONE, good)) == SocketQuery::Answer::Last);
    CHECK(answer_to(Part().add(NLMSG_DONE, unknown)) == SocketQuery::Answer::Refused);
    CHECK(answer_to(Part().add_socket(22).add(NLMSG_DONE, unknown)) ==
          SocketQuery::Answer::Refused);
    CHECK(answer_to(Part().add_socket(22).add(NLMSG_ERROR, nlmsgerr{})) ==
          SocketQuery::Answer::Refused);
}

TEST_CASE("socket query: a part has all of its sockets, and what is cut off is refused",
          "[kernel]") {
    const Part part = Part().add_socket(22).add_socket(80);
    std::vector<Bound> found;
    CHECK(SocketQuery::read_part(part.bytes(), found) == SocketQuery::Answer::Part);
    CHECK(found.size() == 2);
    CHECK(count_of(found, kLoopback, Be16::from_host(80)) == 1);
    CHECK(SocketQuery::read_part(part.bytes().first(part.bytes().size() - 1), found) ==
          SocketQuery::Answer::Refused);
}

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
