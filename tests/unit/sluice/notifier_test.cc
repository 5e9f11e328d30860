// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/notifier.h"

#include "catch.h"

#include <array>
#include <cstddef>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace notifier_test {

using namespace sluice;
using namespace sluice::app;

namespace {

/// A service manager's end: an abstract socket.
class Listener {
public:
    Listener() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name_.copy(address.sun_path, name_.size());
        address.sun_path[0] = '\0';
        const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
        REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), bytes) == 0);
    }
    ~Listener() { close(socket_); }
    Listener(const Listener&) = delete;

    const std::string& name() const { return name_; }
    /// The next message; empty when there is none.
    std::string take() {
        std::array<char, 256> text;
        const ssize_t bytes = recv(socket_, text.data(), text.size(), 0);
        return bytes > 0 ? std::string(text.data(), static_cast<size_t>(bytes)) : "";
    }

private:
    std::string name_ = "@sluice-notifier-test-" + std::to_string(getpid());
    int socket_;
};

/// A variable of the environment while it lives.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) {
        setenv(name, value.c_str(), 1);
    }
    ~Variable() { unsetenv(name_); }
    Variable(const Variable&) = delete;

private:
    const char* name_;
};

}  // namespace

TEST_CASE("notifier: the service manager hears what becomes of sluice", "[sluice]") {
    Listener listener;
    Notifier notifier({listener.name(), std::nullopt});
    notifier.ready();
    notifier.status("forwarding");
    notifier.stopping();
    CHECK(listener.take() == "READY=1");
    CHECK(listener.take() == "STATUS=forwarding");
    CHECK(listener.take() == "STOPPING=1");
}

TEST_CASE("notifier: the watchdog is fed at half its interval", "[sluice]") {
    Listener listener;
    Notifier notifier({listener.name(), Duration{1000}});
    for (uint32_t at = 0; at < 1000; at += 100)
        notifier.feed(Tick{0xffffff00 + at});  // the clock runs round meanwhile
    CHECK(listener.take() == "WATCHDOG=1");
    CHECK(listener.take() == "WATCHDOG=1");
    CHECK(listener.take() == "");
}

TEST_CASE("notifier: without a watchdog it is not fed", "[sluice]") {
    Listener listener;
    Notifier notifier({listener.name(), std::nullopt});
    notifier.feed(Tick{1});
    CHECK(listener.take() == "");
}

TEST_CASE("notifier: a listener that does not read holds up nobody", "[sluice]") {
    Listener listener;
    Notifier notifier({listener.name(), std::nullopt});
    for (int i = 0; i < 10000; ++i)
        notifier.status("forwarding");
    CHECK(listener.take() == "STATUS=forwarding");
}

TEST_CASE("notifier: nobody need be there", "[sluice]") {
    for (const char* socket : {"", "relative", "@", "/nowhere/at/all"})
        Notifier({socket, Duration{10}}).ready();
    Notifier({std::string(200, '@'), Duration{10}}).feed(Tick{1});
    SUCCEED("none of them ended the program");
}

TEST_CASE("notifier: the environment says who listens and how often", "[sluice]") {
    CHECK(read_notify_settings(7).socket.empty());
    CHECK_FALSE(read_notify_settings(7).watchdog);
    const Variable socket("NOTIFY_SOCKET", "/run/systemd/notify");
    const Variable interval("WATCHDOG_USEC", "10000000");
    CHECK(read_notify_settings(7).socket == "/run/systemd/notify");
    CHECK(read_notify_settings(7).watchdog == Duration{10000});
    const Variable process("WATCHDOG_PID", "8");
    CHECK_FALSE(read_notify_settings(7).watchdog);
    CHECK(read_notify_settings(8).watchdog == Duration{10000});
    const Variable nonsense("WATCHDOG_USEC", "10 s");
    CHECK_FALSE(read_notify_settings(8).watchdog);
}

}  // namespace notifier_test
