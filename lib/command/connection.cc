// SPDX-License-Identifier: BSD-3-Clause
#include "command/connection.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace sluice::command {

Connection::Connection(int socket, int stop, const Patience& patience)
    : socket_(socket),
      stop_(stop),
      stall_(patience.stall),
      request_deadline_(Clock::now() + patience.request) {}

bool Connection::wait(short events, Clock::time_point deadline) const {
    std::array<pollfd, 2> ready{{{socket_, events, 0}, {stop_, POLLIN, 0}}};
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        const int timeout = static_cast<int>(std::max<int64_t>(left.count(), 0));
        const int count = poll(ready.data(), ready.size(), timeout);
        if (count < 0 && errno == EINTR)
            continue;
        return count > 0 && ready[1].revents == 0;
    }
}

ssize_t Connection::read(char* out, size_t size) {
    if (begin_ == end_) {
        if (received_ == kMaxRequest || !wait(POLLIN, request_deadline_))
            return -1;
        const size_t room = std::min(buffer_.size(), kMaxRequest - received_);
        const ssize_t count = recv(socket_, buffer_.data(), room, MSG_DONTWAIT);
        if (count < 0)
            return -1;
        begin_ = 0;
        end_ = static_cast<size_t>(count);
        received_ += end_;
    }
    const size_t count = std::min(size, end_ - begin_);
    std::copy_n(buffer_.data() + begin_, count, out);
    begin_ += count;
    return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* bytes, size_t size) {
    if (!cut_ && wait(POLLOUT, Clock::now() + stall_)) {
        const ssize_t count = send(socket_, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0)
            return count;
        if (errno == EAGAIN || errno == EINTR)
            return 0;
    }
    cut_ = true;
    return -1;
}

void Connection::finish() {
    shutdown(socket_, SHUT_WR);
    std::array<char, 1024> rest;
    while (read(rest.data(), rest.size()) > 0) {
    }
}

}  // namespace sluice::command
