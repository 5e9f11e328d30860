// SPDX-License-Identifier: BSD-3-Clause
#include "collectors.h"

#include <new>

namespace tcp_delivery_test {

using namespace sluice;
using namespace sluice::flowlog;
using namespace sluice::flowlog::testing;

namespace {

constexpr unsigned kSession = 256;
constexpr unsigned kLosses = 258;

/// A connection that a collector has taken.
class Session {
public:
    explicit Session(const Place& place) : descriptor_(accept(place.get(), nullptr, nullptr)) {}
    ~Session() { end(); }
    Session(const Session&) = delete;

    explicit operator bool() const { return descriptor_ >= 0; }
    int get() const { return descriptor_; }
    void end() {
        if (descriptor_ >= 0)
            close(std::exchange(descriptor_, -1));
    }
    /// Reads until there are so many records.
    void collect(Sender& sender, size_t records) {
        sender.turn_until([&] {
            bytes_ += receive(descriptor_);
            std::string_view rest = bytes_;
            while (rest.size() >= 4 && rest.size() >= length_of(rest))
                reader.read(rest);
            bytes_ = std::string(rest);
            return reader.records.size() >= records;
        });
    }

    ExportReader reader;

private:
    static size_t length_of(std::string_view message) {
        return size_t{static_cast<uint8_t>(message[2])} << 8 | static_cast<uint8_t>(message[3]);
    }

    int descriptor_;
    std::string bytes_;
};

void connect(Sender& sender, const Place& place) {
    sender.turn_until([&] {
        pollfd readable{place.get(), POLLIN, 0};
        return poll(&readable, 1, 0) == 1;
    });
}

}  // namespace

TEST_CASE("tcp delivery: records wait for a collector, and are forgotten once it has them",
          "[flowlog]") {
    Place place(SOCK_STREAM);
    Sender sender(place.target());
    sender.put(3);
    sender.put(4);
    CHECK(sender.delivery->has_waiting());
    connect(sender, place);
    Session session(place);
    REQUIRE(session);
    session.collect(sender, 7);
    CHECK(session.reader.templates == 4);
    CHECK(session.reader.sequence == 3);
    sender.turn_until([&] { return !sender.delivery->has_waiting(); });
    CHECK(sender.account.sent() == 7);
    CHECK(sender.account.lost() == 0);
}

TEST_CASE("tcp delivery: a collector that comes again gets what the last one did not take",
          "[flowlog]") {
    Place place(SOCK_STREAM);
    Sender sender(place.target());
    connect(sender, place);
    Session first(place);
    sender.put(3);
    first.collect(sender, 3);
    sender.turn_until([&] { return !sender.delivery->has_waiting(); });

    place.leave();
    first.end();
    for (int i = 0; i < 10; ++i) {
        sender.put(5);
        sender.turn(100);
    }
    CHECK(sender.account.lost() == 0);
    CHECK(sender.notices.size() == 1);
    place.come_back();
    connect(sender, place);
    Session second(place);
    second.collect(sender, 50);
    CHECK(second.reader.of(kSession).size() == 50);
    CHECK(second.reader.sequence == 45);
    sender.turn_until([&] { return !sender.delivery->has_waiting(); });
    CHECK(sender.account.sent() == 53);
    CHECK(sender.notices.size() == 2);
}

TEST_CASE("tcp delivery: what finds no room is lost, counted, and told behind what did",
          "[flowlog]") {
    Place place(SOCK_STREAM);
    place.leave();
    Sender sender(place.target());
    unsigned messages = 0;
    while (sender.account.lost() == 0) {
        sender.put(100);
        REQUIRE(++messages < 100);
    }
    CHECK(messages == 24);  // of 4220 bytes, the last of which is too many
    place.come_back();
    connect(sender, place);
    Session session(place);
    const size_t kept = size_t{messages - 1} * 100;
    session.collect(sender, kept + 1);
    CHECK(session.reader.of(kSession).size() == kept);
    const auto losses = session.reader.of(kLosses);
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].at(166) == 100);
}

TEST_CASE("tcp delivery: it tries again, the longer the rarer", "[flowlog]") {
    Place place(SOCK_STREAM);
    place.leave();
    Sender sender(place.target());
    for (int i = 0; i < 3000; ++i)
        sender.turn(100);
    CHECK(sender.notices.size() == 1);
    place.come_back();
    const int64_t back = sender.now;
    connect(sender, place);
    CHECK(sender.now - back <= 5000 + kStep);
}

TEST_CASE("tcp delivery: what waits at the end is lost", "[flowlog]") {
    Place place(SOCK_STREAM);
    place.leave();
    Sender sender(place.target());
    sender.put(8);
    sender.turn();
    sender.delivery->give_up();
    CHECK(sender.account.lost() == 8);
    CHECK_FALSE(sender.delivery->has_waiting());
}

TEST_CASE("tcp delivery: what there is no memory for is lost, and counted", "[flowlog]") {
    Place place(SOCK_STREAM);
    Sender sender(place.target());
    constexpr unsigned kMessages = 200;
    sender.put_without_memory(kMessages);
    const uint64_t lost = sender.account.lost();
    CHECK(lost > 0);
    connect(sender, place);
    Session session(place);
    REQUIRE(session);
    session.collect(sender, kMessages - lost + 1);
    CHECK(session.reader.of(kSession).size() == kMessages - lost);
    CHECK(session.reader.of(kLosses)[0].at(166) == lost);
    sender.turn_until([&] { return !sender.delivery->has_waiting(); });
    CHECK(sender.account.sent() == kMessages - lost);
}

TEST_CASE("tcp delivery: no session begins before there is memory for its templates", "[flowlog]") {
    Place place(SOCK_STREAM);
    Sender sender(place.target());
    sender.put(3);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (unsigned failed = 0; failed < 3;) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        const test::NoMemory none;
        try {
            sender.turn(kStep);
        } catch (const std::bad_alloc&) {
            ++failed;
        }
    }
    Session session(place);
    REQUIRE(session);
    session.collect(sender, 3);
    CHECK(session.reader.templates == 4);
    CHECK(sender.account.lost() == 0);
}

}  // namespace tcp_delivery_test
