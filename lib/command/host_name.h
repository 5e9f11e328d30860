// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Host name: whom a request was meant for, by its header Host.
///
/// Shape    A browser that was made to believe that some name is this machine ("DNS rebinding")
///          sends that name. Loopback is asked for by its own names.
/// Source   RFC 9110 §7.2, RFC 6761 §6.3.

#include <string_view>

namespace sluice::command {

/// Of "127.0.0.1:9100" or "localhost", and of who names nobody, as no browser does.
bool names_loopback(std::string_view host);

}  // namespace sluice::command
