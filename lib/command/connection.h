// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Connection: one client of the command socket, as the HTTP library reads from and writes to it.
///
/// Shape    The library by itself takes lines and headers of any length for any time. Here a
///          request has kMaxRequest bytes and kRequestTime in all, and a client that stops reading
///          has kStallTime, so that none can keep memory or a thread.
/// Threads  One.
/// Errors   read() and write() return -1 beyond these limits, and when the server stops. After a
///          write that failed nothing more is written, so that no answer has a hole.

#include "command/patience.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <httplib.h>
#include <string>

namespace sluice::command {

class Connection : public httplib::Stream {
public:
    static constexpr size_t kMaxRequest = 16384;  ///< Bytes, headers and all.

    /// `stop` is a descriptor that becomes readable when the server stops.
    Connection(int socket, int stop, const Patience& patience);

    // No `override`: which of these the library asks for depends on its version.
    bool is_readable() const { return true; }
    bool is_writable() const { return !cut_; }
    bool wait_readable() const { return true; }
    bool wait_writable() const { return !cut_; }
    time_t duration() const { return 0; }
    ssize_t read(char* out, size_t size);
    ssize_t write(const char* bytes, size_t size);
    void get_remote_ip_and_port(std::string&, int&) const {}
    void get_local_ip_and_port(std::string&, int&) const {}
    socket_t socket() const { return socket_; }
    using httplib::Stream::write;

    /// Ends the answer, and takes what the client still sends, within the request's limits: closing
    /// before that would make the kernel throw away what the client has not read yet.
    void finish();

private:
    using Clock = std::chrono::steady_clock;

    /// Waits until the socket is ready for `events`. False at the deadline or when all stops.
    bool wait(short events, Clock::time_point deadline) const;

    int socket_;
    int stop_;
    std::chrono::milliseconds stall_;
    Clock::time_point request_deadline_;
    size_t received_ = 0;
    bool cut_ = false;  // a write has failed: nothing may follow it
    // What has been received and not read yet: [begin_, end_).
    std::array<char, 4096> buffer_;
    size_t begin_ = 0;
    size_t end_ = 0;
};

}  // namespace sluice::command
