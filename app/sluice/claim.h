// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Claim: no two instances of sluice on one interface or NIC, whatever their control sockets are.
///
/// Shape    An abstract UNIX socket named after the resource. Such names belong to a network
///          namespace, as interfaces do, and are gone with the process that has them, however it
///          ends: there is nothing to clean up.
/// Errors   One sentence that names the process that has it.
/// Source   unix(7).

#include "base/descriptor.h"
#include "base/result.h"
#include "io/port_name.h"

#include <optional>
#include <string>
#include <utility>

namespace sluice::app {

class Claim {
public:
    /// `subject` begins the error: "--lan af_packet:eth1".
    static Result<Claim> take(const std::string& resource, const std::string& subject);

private:
    explicit Claim(Descriptor socket) : socket_(std::move(socket)) {}

    Descriptor socket_;
};

/// What of `port` only one process can use; nothing where two may have one each of the same name.
std::optional<std::string> claimed_resource(const io::PortName& port);

}  // namespace sluice::app
