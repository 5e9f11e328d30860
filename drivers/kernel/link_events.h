// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Link events: the kernel's word that some interface has come, gone or changed.
///
/// Threads  One.
/// Errors   Without a socket, nothing is ever said; who listens looks from time to time anyway.
/// Source   rtnetlink(7), RTMGRP_LINK.

#include "base/descriptor.h"

namespace sluice::kernel {

class LinkEvents {
public:
    LinkEvents();

    /// True when there was something since the last call. Does not wait.
    bool take();

private:
    Descriptor socket_;
};

}  // namespace sluice::kernel
