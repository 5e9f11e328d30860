// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/notifier.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <sys/socket.h>
#include <sys/un.h>

namespace sluice::app {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::optional<uint64_t> number(const std::string& text) {
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (text.empty() || read.ec != std::errc{} || read.ptr != end)
        return std::nullopt;
    return value;
}

/// Nothing when there is no watchdog, or it is another process's.
std::optional<Duration> read_watchdog(long pid) {
    const std::optional<uint64_t> microseconds = number(variable("WATCHDOG_USEC"));
    const std::string whose = variable("WATCHDOG_PID");
    if (!microseconds || (!whose.empty() && whose != std::to_string(pid)))
        return std::nullopt;
    constexpr uint64_t kMost = std::numeric_limits<int32_t>::max();
    return Duration{static_cast<int32_t>(std::clamp<uint64_t>(*microseconds / 1000, 2, kMost))};
}

/// A socket whose peer is the service manager's; none where it cannot be.
Descriptor connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() < 2 || path.size() >= sizeof address.sun_path ||
        (path.front() != '/' && path.front() != '@'))
        return {};
    path.copy(address.sun_path, path.size());
    if (path.front() == '@')
        address.sun_path[0] = '\0';
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    Descriptor own(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (own && connect(own.get(), reinterpret_cast<const sockaddr*>(&address), bytes) == 0)
        return own;
    return {};
}

}  // namespace

NotifySettings read_notify_settings(long pid) {
    return {variable("NOTIFY_SOCKET"), read_watchdog(pid)};
}

Notifier::Notifier(const NotifySettings& settings) : socket_(connect_to(settings.socket)) {
    if (settings.watchdog)
        between_meals_ = Duration{settings.watchdog->milliseconds / 2};
}

void Notifier::ready() {
    send("READY=1");
}

void Notifier::stopping() {
    send("STOPPING=1");
}

void Notifier::status(std::string_view text) {
    send("STATUS=" + std::string(text));
}

void Notifier::feed(Tick now) {
    if (!between_meals_ || (fed_ && now - *fed_ < *between_meals_))
        return;
    send("WATCHDOG=1");
    fed_ = now;
}

void Notifier::send(std::string_view message) const {
    if (socket_)
        (void)::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace sluice::app
