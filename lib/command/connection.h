// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Connection: one client of the command socket, as the HTTP library reads from and writes to it.
///
/// Shape    What it reads has been received before (reception.h), so that a client which is slow to
///          ask keeps no thread. A client that stops reading has Patience::stall.
/// Threads  One.
/// Errors   read() returns -1 behind the request; write() when the client reads nothing for too
///          long, and when the server stops. After a write that failed nothing more is written, so
///          that no answer has a hole.

#include "command/patience.h"
#include "command/question.h"

#include <chrono>
#include <cstddef>
#include <httplib.h>
#include <string>
#include <string_view>

namespace sluice::command {

class Connection : public httplib::Stream {
public:
    /// Who asks.
    struct Peer {
        int socket = -1;
        Access access = Access::Read;
    };

    /// `stop` is a descriptor that becomes readable when the server stops; `request` outlives this
    /// object.
    Connection(const Peer& peer, std::string_view request, int stop, const Patience& patience)
        : peer_(peer), rest_(request), stop_(stop), stall_(patience.stall) {}

    // No `override`: which of these the library asks for depends on its version.
    bool is_readable() const { return true; }
    bool is_writable() const { return !cut_ && !has_gone(); }
    bool wait_readable() const { return true; }
    bool wait_writable() const { return !cut_; }
    time_t duration() const { return 0; }
    ssize_t read(char* out, size_t size);
    ssize_t write(const char* bytes, size_t size);
    /// What the library hands to the endpoints as the client's address: what it may do.
    void get_remote_ip_and_port(std::string& address, int&) const {
        address = address_of(peer_.access);
    }
    void get_local_ip_and_port(std::string&, int&) const {}
    socket_t socket() const { return peer_.socket; }
    using httplib::Stream::write;

    static const char* address_of(Access access) {
        return access == Access::All ? "all" : access == Access::Read ? "read" : "web";
    }
    static Access access_of(std::string_view address) {
        return address == "all" ? Access::All : address == "read" ? Access::Read : Access::Web;
    }

private:
    /// The client has closed its end, or all stops.
    bool has_gone() const;
    bool wait_for_reader() const;

    Peer peer_;
    std::string_view rest_;  // of the request
    int stop_;
    std::chrono::milliseconds stall_;
    bool cut_ = false;  // a write has failed: nothing may follow it
};

}  // namespace sluice::command
