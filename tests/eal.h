// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// EAL for tests: started by the first that needs it, without hugepages, devices or root, and
/// leaving nothing behind.
///
/// Threads  The first caller becomes EAL's main thread; it may run on all the CPUs it had before.
/// Errors   Stops the test program with a sentence when EAL does not start.

namespace sluice::test {

void start_eal();

}  // namespace sluice::test
