// SPDX-License-Identifier: BSD-3-Clause
#include "command/reception.h"

#include "catch.h"
#include "command/control_socket.h"
#include "temporary_directory.h"

#include <chrono>
#include <filesystem>
#include <future>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace reception_test {

using namespace sluice::command;
using sluice::Descriptor;
using sluice::test::TemporaryDirectory;
using namespace std::chrono_literals;

namespace {

constexpr uid_t kStranger = 54321;
constexpr const char* kRequest = "GET / HTTP/1.1\r\n\r\n";

/// A reception on a socket of its own, which everybody may use.
class Open {
public:
    explicit Open(const Patience& patience = {.request = 20s}, uid_t owner = 0)
        : socket_(ControlSocket::open(directory_.file("s")).value()),
          stop_(eventfd(0, EFD_CLOEXEC)),
          reception_(socket_.listener(), stop_.get(),
                     Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), patience, owner),
          thread_([this] { reception_.run(); }) {
        namespace fs = std::filesystem;
        fs::permissions(directory_.file(""), fs::perms::all);
        fs::permissions(directory_.file("s"), fs::perms::all);
    }
    ~Open() { stop(); }

    Reception& operator*() { return reception_; }
    Reception* operator->() { return &reception_; }

    void stop() {
        const uint64_t one = 1;
        if (thread_.joinable() && write(stop_.get(), &one, sizeof one) == sizeof one)
            thread_.join();
    }

    Descriptor connect() const {
        Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_.path().copy(address.sun_path, sizeof(address.sun_path) - 1);
        REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        return fd;
    }

    /// As another user, which only root can be: the kernel keeps users by thread.
    Descriptor connect_as(uid_t user) const {
        return std::async(std::launch::async,
                          [&] {
                              REQUIRE(syscall(SYS_setresuid, user, user, user) == 0);
                              return connect();
                          })
            .get();
    }

private:
    TemporaryDirectory directory_;
    ControlSocket socket_;
    Descriptor stop_;
    Reception reception_;
    std::thread thread_;
};

void say(const Descriptor& fd, const std::string& text) {
    REQUIRE(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
}

/// Waits until the other end has taken all that was said.
void wait_until_read(const Descriptor& fd) {
    int unread = 0;
    do
        std::this_thread::yield();
    while (ioctl(fd.get(), SIOCOUTQ, &unread) == 0 && unread != 0);
}

/// Waits until the other end has closed.
bool is_closed(const Descriptor& fd) {
    char byte = 0;
    return recv(fd.get(), &byte, 1, 0) <= 0;
}

}  // namespace

TEST_CASE("reception: a request is handed on when it is whole, whoever began before", "[command]") {
    Open reception;
    const Descriptor slow = reception.connect();
    say(slow, "GET /slow HTTP/1.1\r\nHost: x\r\n");
    const Descriptor quick = reception.connect();
    say(quick, kRequest);
    const auto first = reception->take();
    REQUIRE(first);
    CHECK(first->request == kRequest);
    CHECK(first->origin.is_user_of(geteuid()));
    say(slow, "\r\n");
    const auto second = reception->take();
    REQUIRE(second);
    CHECK(second->request == "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST_CASE("reception: of an origin that has its threads the next request waits", "[command]") {
    if (geteuid() != 0)
        return;  // only root can come as others
    Open reception({.request = 20s, .threads_for_one = 1});
    const Descriptor first = reception.connect_as(kStranger);
    say(first, "GET /1 HTTP/1.1\r\n\r\n");
    const auto answered = reception->take();
    REQUIRE(answered);
    const Descriptor second = reception.connect_as(kStranger);
    say(second, "GET /2 HTTP/1.1\r\n\r\n");
    wait_until_read(second);
    const Descriptor other = reception.connect_as(kStranger + 1);
    say(other, kRequest);
    const auto others = reception->take();
    REQUIRE(others);
    CHECK(others->origin.is_user_of(kStranger + 1));
    auto waiting = std::async(std::launch::async, [&] { return reception->take(); });
    reception->finish(answered->origin);
    const auto next = waiting.get();
    REQUIRE(next);
    CHECK(next->request == "GET /2 HTTP/1.1\r\n\r\n");
}

TEST_CASE("reception: a request is whole with its body", "[command]") {
    Open reception;
    const std::string head = "POST / HTTP/1.1\r\nCONTENT-Length:  5\r\n\r\n";
    const Descriptor client = reception.connect();
    say(client, head + "1234");
    const Descriptor other = reception.connect();
    say(other, kRequest);
    CHECK(reception->take()->request == kRequest);
    say(client, "5");
    CHECK(reception->take()->request == head + "12345");
}

TEST_CASE("reception: what is too long, or ends early, is handed on as it is", "[command]") {
    Open reception;
    const Descriptor long_one = reception.connect();
    say(long_one, std::string(kMostRequest + 100, 'x'));
    CHECK(reception->take()->request == std::string(kMostRequest, 'x'));
    const Descriptor huge_body = reception.connect();
    const std::string head = "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n";
    say(huge_body, head + std::string(kMostRequest, 'x'));
    CHECK(reception->take()->request.size() == kMostRequest);
    const Descriptor half = reception.connect();
    say(half, "GET /");
    shutdown(half.get(), SHUT_WR);
    CHECK(reception->take()->request == "GET /");
}

TEST_CASE("reception: who has not asked, or not closed, in time is sent away", "[command]") {
    Open reception({.request = 50ms});
    const Descriptor silent = reception.connect();
    CHECK(is_closed(silent));
    const Descriptor client = reception.connect();
    say(client, kRequest);
    auto visitor = reception->take();
    REQUIRE(visitor);
    reception->part(std::move(*visitor));
    CHECK(is_closed(client));           // at first for writing only
    pollfd closed{client.get(), 0, 0};  // POLLHUP: in both directions
    REQUIRE(poll(&closed, 1, -1) == 1);
}

TEST_CASE("reception: stopping wakes who waits, and closes what is open", "[command]") {
    Open reception;
    const Descriptor client = reception.connect();
    const Descriptor later = reception.connect();
    say(later, kRequest);
    CHECK(reception->take());  // so that both have come in
    auto waiting = std::async(std::launch::async, [&] { return reception->take(); });
    reception.stop();
    CHECK_FALSE(waiting.get());
    CHECK(is_closed(client));
}

TEST_CASE("reception: one user's flood keeps no other out, and the owner goes first", "[command]") {
    if (geteuid() != 0) {
        WARN("only root can be several users");
        return;
    }
    Open reception;
    const Descriptor mine = reception.connect();
    std::vector<Descriptor> flood;
    for (size_t i = 0; i < kMostGuests + 10; ++i) {
        flood.push_back(reception.connect_as(kStranger));
        say(flood.back(), kRequest);
    }
    CHECK(is_closed(flood.front()));
    say(mine, "GET /mine HTTP/1.1\r\n\r\n");  // it is the oldest of all, and still there
    wait_until_read(mine);
    CHECK(reception->take()->request == "GET /mine HTTP/1.1\r\n\r\n");
    CHECK(reception->take()->origin.is_user_of(kStranger));
}

}  // namespace reception_test
