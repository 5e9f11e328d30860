// SPDX-License-Identifier: BSD-3-Clause
#include "command/connection.h"

#include "listing/background.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace sluice::command {

/// Until the client reads. False when it does not, or when all stops.
bool Connection::wait_for_reader() const {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point deadline = Clock::now() + stall_;
    std::array<pollfd, 2> ready{{{peer_.socket, POLLOUT, 0}, {stop_, POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), 0) > 0)
        return ready[1].revents == 0;
    const listing::AtRest rest;
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        const int timeout = static_cast<int>(std::max<int64_t>(left.count(), 0));
        const int count = poll(ready.data(), ready.size(), timeout);
        if (count < 0 && errno == EINTR)
            continue;
        return count > 0 && ready[1].revents == 0;
    }
}

bool Connection::has_gone() const {
    std::array<pollfd, 2> ready{{{peer_.socket, 0, 0}, {stop_, POLLIN, 0}}};
    return poll(ready.data(), ready.size(), 0) > 0;  // POLLHUP and POLLERR need not be asked for
}

ssize_t Connection::read(char* out, size_t size) {
    if (rest_.empty())
        return -1;
    const size_t count = rest_.copy(out, size);
    rest_.remove_prefix(count);
    return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* bytes, size_t size) {
    if (!cut_ && wait_for_reader()) {
        const ssize_t count = send(peer_.socket, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0)
            return count;
        if (errno == EAGAIN || errno == EINTR)
            return 0;
    }
    cut_ = true;
    return -1;
}

}  // namespace sluice::command
